"""Which sessions there are, and when one counts as existing."""

import pytest

from broker.admission import RESERVED
from broker.lanes import TELEMETRY_WINDOW, SessionSpec, covers, event_lane, record_subject, telemetry_lane
from devices import topics

EVENTS = {"care.v1.*.*.*.event": 1, "care.v1.*.*.*.ack": 1, "care.v1.*.*.*.foreign.>": 1}


def test_lanes_are_what_the_contract_names() -> None:
    assert event_lane() == SessionSpec("vigil-event", topics.EVENT_LANE, 1)
    lane = telemetry_lane("120105001")
    assert lane == SessionSpec("vigil-telemetry-120105001", topics.telemetry_lane("120105001"), 1, TELEMETRY_WINDOW)
    assert lane.window < event_lane().window, "presses have the largest there is"
    assert all(spec.client_id.startswith(RESERVED) for spec in (event_lane(), lane))


def test_a_record_with_every_filter_is_the_session() -> None:
    assert covers({"id": "vigil-event", "subs": EVENTS}, event_lane())
    assert covers({"id": "vigil-event", "subs": {**EVENTS, "care.v1.more": 0}}, event_lane())


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"id": "vigil-event"},
        {"id": "vigil-event", "subs": None},
        {"id": "vigil-event", "subs": []},
        {"id": "vigil-event", "subs": {}},
        {"id": "vigil-event", "subs": {**EVENTS, "care.v1.*.*.*.ack": 0}},
        {"id": "vigil-event", "subs": dict.fromkeys(list(EVENTS)[:2], 1)},
        {"id": "another", "subs": EVENTS},
        {"id": "vigil-event", "subs": EVENTS, "clean": True},
    ],
)
def test_anything_else_is_not(record: dict[str, object]) -> None:
    assert not covers(record, event_lane())


def test_a_record_is_found_by_a_hash_of_its_own() -> None:
    subjects = {record_subject(telemetry_lane(f"12010500{number}").client_id) for number in range(10)}
    assert len(subjects) == 10
    assert all(len(subject) == len("$MQTT.sess.") + 8 for subject in subjects)
