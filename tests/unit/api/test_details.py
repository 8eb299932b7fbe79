"""Details from rows: what is odd in the database does not break the page."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from api.access import Mask
from api.details import alarm_shape, dispatch_shape, ranking_shapes, trail_lines
from store.board import DispatchRow
from store.details import AlarmRow
from store.trail import TrailRow

NIGHT = datetime(2026, 3, 1, 3, 10, tzinfo=UTC)
CHOICE = {
    "responder": "r-1",
    "name": "孙",
    "kind": "nurse",
    "vehicle": "ebike",
    "skills": ["first_aid"],
    "travel_s": 240.0,
    "distance_m": 900,
    "from_station": False,
    "able": True,
    "chosen": True,
    "reasons": [{"rule": "assign.nearest", "value": 240.0, "unit": "s"}],
}


def alarm(**changes: Any) -> AlarmRow:
    values: dict[str, Any] = {
        "id": UUID(int=5), "incident": UUID(int=1), "source": "smoke-1", "kind": "smoke", "device": "smoke-1",
        "profile": "smoke_detector", "zone": "", "device_id": 3, "priority": 1, "state": "active", "at": NIGHT,
        "received_at": NIGHT, "stored_at": NIGHT, "cleared_at": None, "ended_at": None, "late_s": 0, "rule_version": "smoke/1",
        "reasons": [{"rule": "smoke.above", "value": 4.2, "limit": 3.0, "unit": "%/m", "source": "EN 54-7"}],
        "evidence": {"smoke_obscuration": 4.2}, "drill": False,
    }  # fmt: skip
    return AlarmRow(**{**values, **changes})


def test_reasons_keep_their_numbers_and_their_standard() -> None:
    [reason] = alarm_shape(alarm(), Mask.DESK).reasons
    assert (reason.rule, reason.value, reason.limit, reason.unit, reason.source) == ("smoke.above", 4.2, 3.0, "%/m", "EN 54-7")


@pytest.mark.parametrize("reason", [{}, {"rule": "x"}, {"rule": "x", "unit": None, "source": None, "more": 1}])
def test_a_reason_of_another_version_is_shown_as_far_as_it_goes(reason: dict[str, Any]) -> None:
    [shown] = alarm_shape(alarm(reasons=[reason]), Mask.DESK).reasons
    assert (shown.unit, shown.source, shown.value) == ("", "", None)


def test_evidence_that_is_no_number_stays_in_the_database() -> None:
    shown = alarm_shape(alarm(evidence={"battery": 71, "note": "x", "window": [1, 2]}), Mask.DESK)
    assert shown.evidence == {"battery": 71.0}


def test_the_trail_carries_its_costs() -> None:
    rows = [
        TrailRow(1, NIGHT, "raised", "device:sos-1", {"battery": 71}),
        TrailRow(2, NIGHT + timedelta(seconds=5), "note", "zhao", {"note": "n"}),
        TrailRow(3, NIGHT + timedelta(seconds=12), "acknowledged", "zhao", {}),
    ]
    assert [(line.kind, line.cost_s, line.target_s) for line in trail_lines(rows, Mask.DESK)] == [
        ("raised", None, None),
        ("note", None, None),
        ("acknowledged", 12.0, 60.0),
    ]


@pytest.mark.parametrize("mask", Mask)
def test_a_responder_is_not_told_why_others_were_not_sent(errand_row: Callable[..., DispatchRow], mask: Mask) -> None:
    shown = dispatch_shape(errand_row(ranking=[CHOICE]), mask)
    assert shown.route == ([] if mask is Mask.REGULATOR else [(117.2, 39.15), (117.21, 39.16)])
    assert [choice.responder for choice in shown.ranking] == ([] if mask is Mask.RESPONDER else ["r-1"])


def test_free_text_is_not_for_a_regulator() -> None:
    rows = [TrailRow(1, NIGHT, "note", "zhao", {"note": "called Li Xiuying's daughter", "level": 1})]
    assert [line.data for line in trail_lines(rows, Mask.REGULATOR)] == [{"level": 1}]
    assert "note" in trail_lines(rows, Mask.DESK)[0].data


def test_nor_is_what_somebody_calls_his_telephone_while_a_device_of_the_register_is() -> None:
    rows = [
        TrailRow(1, NIGHT, "step_done", "zhao", {"step": "call_119", "device": "Zhao Min's phone"}),
        TrailRow(2, NIGHT, "siren_on", "zhao", {"device": "siren-9"}),
    ]
    assert [line.data for line in trail_lines(rows, Mask.REGULATOR)] == [{"step": "call_119"}, {"device": "siren-9"}]
    assert trail_lines(rows, Mask.DESK)[0].data["device"] == "Zhao Min's phone"


def test_a_regulator_reads_which_vital_sign_it_was_and_not_its_value() -> None:
    values = {"heart_rate": 141.0, "breathing_rate": 26.0, "climb": 3.0, "news2_points": 5.0, "battery": 71}
    reasons = [{"rule": "heart_rate", "value": 141.0, "limit": None, "unit": "1/min", "source": "NEWS2"}]
    row = alarm(kind="vital_signs", device="bed-9", evidence=values, reasons=reasons)
    shown = alarm_shape(row, Mask.REGULATOR)
    assert shown.evidence == {"battery": 71.0}
    assert [(one.rule, one.value, one.source) for one in shown.reasons] == [("heart_rate", None, "NEWS2")]
    assert alarm_shape(row, Mask.DESK).evidence == values and alarm_shape(row, Mask.DESK).reasons[0].value == 141.0


def test_a_house_reads_of_nobody_in_a_ranking_whom_it_could_not_send(errand_row: Callable[..., DispatchRow]) -> None:
    row = errand_row(ranking=[{**CHOICE, "responder": code} for code in ("r-1", "r-2", "r-3")])
    sent = row.responder
    shown = {one.responder for one in dispatch_shape(row, Mask.DESK, frozenset({"r-3"})).ranking}
    assert shown == {"r-3", sent} & {"r-1", "r-2", "r-3"}
    assert len(dispatch_shape(row, Mask.DESK).ranking) == 3


def test_a_ranking_of_another_version_is_left_out() -> None:
    assert ranking_shapes([CHOICE])[0].reasons[0].rule == "assign.nearest"
    assert ranking_shapes([{"responder": "r-1", "score": 7}]) == []
