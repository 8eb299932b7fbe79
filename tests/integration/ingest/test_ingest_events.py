"""The event lane from a real device to the rows: a press is one event, one alarm, one incident, whatever happens on the way."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from devices.keys import milliseconds
from ingest.events import run_events
from store import devices, notify
from store.connect import connect

pytestmark = pytest.mark.integration

EVENTS = "SELECT kind, flags, drill FROM events ORDER BY n"


async def test_a_press_is_one_event_one_alarm_one_incident_and_is_told(place: Any) -> None:
    notices: list[str] = []
    stop, listening = asyncio.Event(), asyncio.Event()
    hear = notify.listen(place.dsn("vigil_api"), [notify.INCIDENT], lambda _, payload: notices.append(payload), listening.set, stop)
    listener = asyncio.ensure_future(hear)
    await asyncio.sleep(0.3)
    async with place.running(run_events):
        await (await place.device("sos-1")).say("event", place.message(e="sos", v={"battery": 3}))
        await place.until("SELECT kind, subject, state, rings FROM incidents", [("sos", "s-1", "open", 1)])
    assert await place.rows(EVENTS) == [("sos", [], False)]
    assert await place.rows("SELECT source, kind, rule_version, late_s FROM alarms") == [("sos-1", "sos", "press/1", 0)]
    ((incident,),) = await place.rows("SELECT incident_id::text FROM incidents")
    ((area, site),) = await place.rows("SELECT area, site_id = (SELECT site_id FROM sites WHERE code = 'home-1') FROM events")
    assert (area, site) == ("tst001", True)
    async with asyncio.timeout(5):
        while not notices:  # noqa: ASYNC110 - the listener fills it
            await asyncio.sleep(0.01)
    assert notices == [f"{incident} 1"]
    assert await place.rows("SELECT battery FROM device_health JOIN devices USING (device_id) WHERE code = 'sos-1'") == [(3.0,)]
    stop.set()
    await listener


async def test_a_press_does_not_wait_for_who_holds_the_health_of_its_device(place: Any) -> None:
    """The telemetry lane holds that row for as long as its batch takes."""
    touched = "SELECT event_at IS NOT NULL, battery FROM device_health JOIN devices USING (device_id) WHERE code = 'sos-1'"
    device = await place.device("sos-1")
    async with place.running(run_events):
        await device.say("event", place.message(e="test"))
        await place.until(touched, [(True, None)])
        async with await connect(place.dsn("vigil_owner")) as holder:
            await holder.execute("UPDATE device_health SET signal = -50")
            await device.say("event", place.message(e="sos", v={"battery": 3}))
            await place.until("SELECT kind, state FROM incidents", [("sos", "open")])
            await holder.commit()
        await place.until(touched, [(True, 3.0)])


async def test_delivered_again_changes_nothing(place: Any) -> None:
    message = place.message(e="sos")
    device = await place.device("sos-1")
    async with place.running(run_events):
        for _ in range(3):
            await device.say("event", message)
        await device.say("event", {**message, "v": {"battery": 50}})
        await place.until(EVENTS, [("sos", [], False)])
        await device.say("event", place.message(e="test"))
        await place.until(EVENTS, [("sos", [], False), ("test", [], False)])
    assert await place.rows("SELECT count(*), max(rings) FROM incidents") == [(1, 1)]
    assert await place.rows("SELECT count(*) FROM alarms") == [(1,)]


async def test_second_press_rings_again(place: Any) -> None:
    device = await place.device("sos-1")
    async with place.running(run_events):
        await device.say("event", place.message(e="sos"))
        await place.until("SELECT rings FROM incidents", [(1,)])
        await device.say("event", place.message(e="sos"))
        await place.until("SELECT rings FROM incidents", [(2,)])
    assert await place.rows("SELECT kind FROM trail WHERE kind IN ('raised', 'rang_again') ORDER BY trail_id") == [
        ("raised",),
        ("rang_again",),
    ]


async def test_what_cannot_be_understood_is_kept_with_its_reason(place: Any) -> None:
    device = await place.device("sos-1")
    async with place.running(run_events):
        await device.say("event", b"\xff\x00 not JSON")
        await place.until("SELECT times FROM rejected", [(1,)])
        await device.say("event", b"\xff\x00 not JSON")
        await device.say("event", place.message(e="fall"))
        await device.say("event", place.message(e="sos"))
        await place.until(EVENTS, [("sos", [], False)])
        await place.until("SELECT sum(times)::int FROM rejected", [(3,)])
    rejected = await place.rows("SELECT lane, area, reason, times, payload FROM rejected ORDER BY reason")
    assert rejected[0][:2] == ("events", "tst001")
    assert rejected[1][2].startswith("e: expected an event of sos_button")
    assert rejected[0][3:] == (2, b"\xff\x00 not JSON")


async def test_press_from_a_wrong_place_is_believed_and_flagged(place: Any) -> None:
    async with place.running(run_events):
        await (await place.device("sos-1", area="tst002", site="inst-1")).say("event", place.message(e="sos"))
        await place.until(EVENTS, [("sos", ["wrong_place"], False)])
    assert await place.rows("SELECT area FROM incidents") == [("tst001",)]


async def test_late_press_says_so(place: Any) -> None:
    pressed = datetime.now(UTC) - timedelta(minutes=14)
    async with place.running(run_events):
        await (await place.device("sos-1")).say("event", {"t": milliseconds(pressed), "b": "x", "n": 1, "e": "sos"})
        await place.until(EVENTS, [("sos", ["late"], False)])
    ((late_s, incident_late_s),) = await place.rows(
        "SELECT alarms.late_s, incidents.late_s FROM alarms JOIN incidents USING (incident_id)"
    )
    assert 14 * 60 <= late_s <= 14 * 60 + 30
    assert incident_late_s == late_s


async def test_wrong_clock_is_fixed_once_for_every_delivery(place: Any) -> None:
    message = {"t": milliseconds(datetime.now(UTC) + timedelta(days=300)), "b": "x", "n": 1, "e": "sos"}
    device = await place.device("sos-1")
    async with place.running(run_events, "first"):
        await device.say("event", message)
        await place.until(EVENTS, [("sos", ["clock_fixed"], False)])
    first = await place.rows("SELECT events.at, clock_fix.at, received_at FROM events JOIN clock_fix USING (device_id, b, n, t)")
    await asyncio.sleep(0.05)
    async with place.running(run_events, "second"):
        await device.say("event", message)
        await device.say("event", place.message(e="test"))
        await place.until("SELECT count(*) FROM events", [(2,)])
    assert await place.rows("SELECT count(*) FROM clock_fix") == [(1,)]
    assert await place.rows("SELECT at, at, at FROM events WHERE kind = 'sos'") == first, "arrival, for at, fix and received alike"


async def test_drill_and_test_raise_nothing_real(place: Any) -> None:
    device = await place.device("sos-1")
    async with place.running(run_events):
        await device.say("event", place.message(e="test"))
        await device.say("event", place.message(e="sos", drill=True))
        await place.until("SELECT kind, drill FROM incidents", [("sos", True)])
    assert await place.rows(
        "SELECT test_at IS NOT NULL FROM device_health JOIN devices USING (device_id) WHERE code = 'sos-1'"
    ) == [(True,)]


async def test_foreign_button_behind_its_gateway(place: Any) -> None:
    gateway = await place.device("gw-9")
    async with place.running(run_events):
        await gateway.say("foreign/zigbee2mqtt/SOS-9", {"action": "emergency", "battery": 40})
        await gateway.say("foreign/zigbee2mqtt/SOS-9", {"action": "emergency", "battery": 40})
        await gateway.say("foreign/zigbee2mqtt/lamp", {"state": "ON"})
        await place.until("SELECT reason FROM rejected", [("device: expected one that is enrolled, got 'lamp'",)])
    assert await place.rows(EVENTS) == [("sos", ["foreign"], False)]
    assert await place.rows("SELECT rings FROM incidents") == [(1,)]


async def test_device_enrolled_a_moment_ago_is_heard(place: Any) -> None:
    gateway = await place.device("gw-9")
    async with place.running(run_events):
        await gateway.say("foreign/zigbee2mqtt/new-1", {"action": "single"})
        await place.until("SELECT count(*) FROM rejected", [(1,)])
        async with await connect(place.dsn("vigil_owner")) as conn:
            await devices.enrol(conn, "new-1", "sos_button", "inst-1", "inst-1-r101", "", "gw-9", None, datetime.now(UTC))
        await gateway.say("foreign/zigbee2mqtt/new-1", {"action": "double"})
        await place.until(EVENTS, [("sos", ["foreign"], False)])


async def test_answer_of_a_device_is_kept(place: Any) -> None:
    async with place.running(run_events):
        await (await place.device("wear-1")).say("ack", place.message(id="c-1", done="shown"))
        await place.until("SELECT command, done FROM acks", [("c-1", "shown")])


async def test_poison_is_set_aside_and_stops_nobody(place: Any) -> None:
    await place.change("ALTER TABLE events ADD CONSTRAINT poison CHECK (n % 1000 <> 666)")
    device = await place.device("sos-1")
    sent = [{**place.message(e="sos"), "n": n} for n in range(650, 690)]
    await asyncio.gather(*(device.say("event", message) for message in sent))
    async with place.running(run_events):
        await place.until("SELECT count(*), count(*) FILTER (WHERE n = 666) FROM events", [(39, 0)])
        await place.until("SELECT count(*) FROM rejected WHERE reason LIKE 'could not be stored: CheckViolation%'", [(1,)])
        await device.say("event", {**place.message(e="sos"), "n": 700})
        await place.until("SELECT count(*) FROM events", [(40,)])
    assert await place.rows("SELECT count(*), max(rings) FROM incidents") == [(1, 40)]


async def test_a_stuck_button_rings_seldom_and_all_its_presses_count(place: Any) -> None:
    device, other = await place.device("sos-1"), await place.device("sos-2")
    await asyncio.gather(*(device.say("event", place.message(e="sos")) for _ in range(300)))
    await other.say("event", place.message(e="sos"))
    async with place.running(run_events):
        await place.until("SELECT count(*) FROM events", [(301,)])
    by_source = "SELECT count(*) FROM trail WHERE kind = 'rang_again' AND data ->> 'source' = 'sos-1'"
    ((again,),) = await place.rows(by_source)
    assert again < 60
    rings = "SELECT rings FROM incidents JOIN alarms USING (incident_id) WHERE source = 'sos-1'"
    assert await place.rows(rings) == [(300,)]


async def test_a_topic_of_any_length_stops_nobody(place: Any) -> None:
    device = await place.device("sos-1")
    nonsense = "".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=3_500))
    async with place.running(run_events):
        await device.say("event", place.message(e="sos"), base=f"care/v1/{nonsense}/home-1/sos-1")
        await device.say("event", place.message(e="sos"))
        await place.until(EVENTS, [("sos", [], False)])
        await place.until("SELECT area, left(reason, 39) FROM rejected", [("", "topic: expected at most 512 characters,")])


async def test_missing_right_is_nobodys_fault(place: Any) -> None:
    await place.change("REVOKE INSERT ON events FROM vigil_worker")
    async with place.running(run_events):
        await (await place.device("sos-1")).say("event", place.message(e="sos"))
        await asyncio.sleep(1)
        assert await place.rows("SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM rejected)") == [(0, 0)]
        await place.change("GRANT INSERT ON events TO vigil_worker")
        await place.until(EVENTS, [("sos", [], False)])


async def test_one_is_the_lane_and_the_other_takes_over(place: Any) -> None:
    device = await place.device("sos-1")
    async with place.running(run_events, "second"):
        async with place.running(run_events, "first"):
            await device.say("event", place.message(e="sos"))
            await place.until("SELECT count(*) FROM events", [(1,)])
            standing = "SELECT count(*) FROM workers WHERE (stats ->> 'standing_by')::boolean"
            await place.until(standing, [(1,)])
        await device.say("event", place.message(e="sos"))
        await place.until("SELECT count(*) FROM events", [(2,)])
    assert await place.rows("SELECT count(*), max(rings) FROM incidents") == [(1, 2)]
