"""From what was said to rows and alarms: at the register's place, in the profile's order, with every reason kept."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from analytics.runtime import judge
from analytics.step import Event, Finding, Reading, Reason, Waveform
from broker.session import Arrived
from devices.keys import Key
from dispatch.alarm import alarm_id
from ingest import rows
from ingest.alarms import NoSuchSource, about, by_zone, new_alarm
from ingest.decode import decode
from ingest.said import EVENTS, TELEMETRY, Ack, Register, Rejected, Said
from store.devices import RegisteredDevice
from store.health import Heard

Deliver = Callable[..., Arrived]
HOME = "care/v1/tst001/home-1"


def said(register: Register, arrived: Arrived, lane: str = EVENTS) -> Said:
    (one,) = decode(arrived, register, lane)
    assert isinstance(one, Said)
    return one


def test_reading_in_the_profiles_order(register: Register, deliver: Deliver, now: datetime, t: int) -> None:
    one = said(
        register,
        deliver(f"{HOME}/smoke-1/telemetry", {"t": t, "b": "q", "n": 3, "v": {"temperature": 20, "signal": -3}}),
        TELEMETRY,
    )
    assert isinstance(one.item, Reading)
    row = rows.reading_row(one, one.item)
    assert row.values == [None, 20.0, -3.0]
    assert (row.device_id, row.at, row.b, row.n, row.received_at) == (one.known.device_id, now, "q", 3, now)
    assert row.profile_version == one.known.profile.version
    health = rows.health_row(one)
    assert (health.telemetry_at, health.seen_at, health.signal, health.battery, health.event_at) == (now, now, -3.0, None, None)


def test_event_row_is_where_the_register_has_the_device(register: Register, deliver: Deliver, now: datetime, t: int) -> None:
    one = said(register, deliver("care/v1/tst009/nowhere/sos-1/event", {"t": t - 90_000, "n": 1, "e": "sos", "v": {"battery": 9}}))
    assert isinstance(one.item, Event)
    row = rows.event_row(one, one.item)
    assert (row.area, row.site_id, row.kind, row.flags) == ("tst001", 1, "sos", ["late", "wrong_place"])
    assert (row.t, row.at, row.received_at) == (t - 90_000, now - timedelta(seconds=90), now)
    health = rows.health_row(one)
    assert (health.event_at, health.seen_at, health.battery, health.test_at) == (row.at, now, 9.0, None)


def test_test_event_stamps_the_test_and_a_wrong_clock_is_known(register: Register, deliver: Deliver, now: datetime) -> None:
    health = rows.health_row(said(register, deliver(f"{HOME}/sos-1/event", {"t": 0, "n": 1, "e": "test"})))
    assert (health.test_at, health.clock_wrong_at) == (now, now)


def test_status_is_dated_when_it_was_true(register: Register, deliver: Deliver, now: datetime, t: int) -> None:
    sent = {"online": True, "t": t - 3_600_000, "battery": 12}
    health = rows.health_row(said(register, deliver(f"{HOME}/sos-1/status", sent, retained=True), TELEMETRY))
    assert (health.seen_at, health.online, health.battery) == (now - timedelta(hours=1), True, 12.0)
    assert (health.telemetry_at, health.event_at) == (None, None)


def test_last_will_proves_nothing_was_seen(register: Register, deliver: Deliver, now: datetime) -> None:
    health = rows.health_row(said(register, deliver(f"{HOME}/sos-1/status", {"online": False}), TELEMETRY))
    assert (health.seen_at, health.online, health.online_at) == (None, False, now)


def test_waveform_and_answer_rows(register: Register, deliver: Deliver, t: int) -> None:
    window = {"t": t, "n": 1, "fs": 50, "unit": "mg", "xyz": [[1, 2, 3]]}
    one = said(register, deliver(f"{HOME}/wear-1/waveform", window), TELEMETRY)
    assert isinstance(one.item, Waveform)
    assert rows.waveform_row(one, one.item).xyz == ((1.0, 2.0, 3.0),)
    assert rows.health_row(one).telemetry_at is not None
    answer = said(register, deliver(f"{HOME}/wear-1/ack", {"t": t, "n": 1, "id": "c", "done": "shown"}))
    assert isinstance(answer.item, Ack)
    assert rows.ack_row(answer, answer.item).command == "c"
    assert rows.health_row(answer).event_at is None


def test_only_one_lane_complains(deliver: Deliver, now: datetime) -> None:
    arrived = deliver("t", b"?")
    refused = [(arrived, Rejected("why", "tst001")), (arrived, Rejected("why", "tst001", reported=False))]
    (row,) = rows.rejected_rows(EVENTS, refused)
    assert (row.lane, row.topic, row.payload, row.reason, row.area, row.at) == ("events", "t", b"?", "why", "tst001", now)


def test_a_topic_too_long_for_an_index_is_cut(deliver: Deliver) -> None:
    (row,) = rows.rejected_rows(EVENTS, [(deliver("é" * 4_000, b""), Rejected("why"))])
    assert row.topic == "é" * 512


def test_alarm_of_a_press(register: Register, deliver: Deliver, now: datetime, t: int) -> None:
    sent = {"t": t - 14 * 60_000, "b": "7f", "n": 4, "e": "sos", "v": {"battery": 3}}
    one = said(register, deliver(f"{HOME}/sos-1/event", sent))
    assert isinstance(one.item, Event)
    (finding,) = judge(one.item)
    alarm = new_alarm(finding, one.known, one.item.now)
    key = f"sos-1|7f|4|{t - 14 * 60_000}"
    assert (alarm.alarm_id, alarm.key, alarm.source) == (alarm_id("sos-1", "sos", key), key, "sos-1")
    assert (alarm.late_s, alarm.at, alarm.received_at) == (14 * 60, now - timedelta(minutes=14), now)
    assert (alarm.area, alarm.site, alarm.zone, alarm.senior, alarm.gateway) == ("tst001", "home-1", "home-1-bath", "s-1", "gw-1")
    assert alarm.reasons[0]["rule"] == "pressed"
    assert alarm.evidence.get("battery") == 3.0
    assert alarm.about.subject == "s-1"


def _silence(source: str, now: datetime) -> Finding:
    return Finding(True, "silence_life", source, now, "1", "silence/1", (Reason("silent", 200, 180, "s", "ours"),))


def test_alarm_of_a_gateway_is_about_itself(register: Register, now: datetime) -> None:
    alarm = new_alarm(_silence("gw-1", now), register["gw-1"], now)
    assert (alarm.gateway, alarm.about.subject_kind, alarm.about.subject) == ("gw-1", "gateway", "gw-1")
    assert alarm.reasons == [{"rule": "silent", "value": 200, "limit": 180, "unit": "s", "source": "ours"}]


def test_who_a_finding_of_time_is_about(register: Register, now: datetime) -> None:
    zones = by_zone(register)
    assert about(_silence("smoke-1", now), register, zones).code == "smoke-1"
    assert about(_silence("home-1-bath", now), register, zones).zone == "home-1-bath"
    assert about(_silence("s-1", now), register, zones).senior == "s-1"
    with pytest.raises(NoSuchSource, match="'nobody'"):
        about(_silence("nobody", now), register, zones)


def test_a_zone_is_always_spoken_for_by_the_same_device(register: Register, enrolled: Callable[..., RegisteredDevice]) -> None:
    backwards = dict(reversed(list(register.items())))
    assert by_zone(register) == by_zone(backwards)
    assert "" not in by_zone(register)


def test_a_senior_is_spoken_for_by_a_device_in_use(register: Register, now: datetime) -> None:
    for spared in ("sos-1", "sos-3", "motion-1"):
        revoked = {code: replace(known, revoked_at=None if code == spared else now) for code, known in register.items()}
        assert by_zone(revoked)["s-1"].code == spared


def test_what_readings_tell_of_a_device_is_the_newest_of_each(register: Register, now: datetime, t: int) -> None:
    known = register["sos-1"]

    def told(seconds: int, values: dict[str, float]) -> tuple[Said, Reading]:
        at = now + timedelta(seconds=seconds)
        item = Reading(known.origin, at - timedelta(minutes=1), at, Key("sos-1", "", seconds, t), values)
        return Said(known, item), item

    other = Said(register["cord-1"], Reading(register["cord-1"].origin, now, now, Key("cord-1", "", 1, t), {"signal": -60.0}))
    assert isinstance(other.item, Reading)
    found = rows.heard([told(5, {"battery": 50.0}), (other, other.item), told(9, {}), told(2, {"battery": 60.0, "signal": -70.0})])
    at = {seconds: now + timedelta(seconds=seconds) for seconds in (2, 5, 9)}
    assert list(found.values()) == [
        Heard(known.device_id, at[9], at[9] - timedelta(minutes=1), 50.0, at[5], -70.0, at[2]),
        Heard(register["cord-1"].device_id, now, now, None, None, -60.0, now),
    ]
