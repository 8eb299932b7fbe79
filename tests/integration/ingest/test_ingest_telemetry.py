"""The telemetry lane from a real device to the rows: readings once, thresholds and silence judged in event time, health kept."""

import asyncio
import struct
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from broker.lanes import TELEMETRY_WINDOW
from devices.keys import milliseconds
from ingest.events import run_events
from ingest.telemetry import run_telemetry
from store import locks
from store.connect import connect

pytestmark = pytest.mark.integration

READINGS = "SELECT count(*) FROM readings"
HEALTH = "SELECT {} FROM device_health AS h JOIN devices USING (device_id) WHERE code = '{}'"
LONG_AGO = timedelta(days=1)


async def test_readings_are_stored_once_in_the_profiles_order(place: Any) -> None:
    device = await place.device("smoke-1")
    one = place.message(v={"temperature": 21.5, "smoke_obscuration": 0.1})
    many = [place.message(v={"signal": -70}), place.message(v={"temperature": 22})]
    async with place.running(run_telemetry):
        for message in (one, many, one, many):
            await device.say("telemetry", message)
        await device.say("telemetry", place.message(v={"temperature": 23}))
        await place.until(READINGS, [(4,)])
        await place.until(HEALTH.format("signal", "smoke-1"), [(-70.0,)])
    values = [row[0] for row in await place.rows("SELECT values FROM readings ORDER BY n")]
    tenth = struct.unpack("<f", struct.pack("<f", 0.1))[0]
    assert values[0][:2] == pytest.approx([tenth, 21.5])
    assert values[1][:3] == [None, None, -70.0]


async def test_smoke_above_the_threshold_is_raised_once(place: Any) -> None:
    device = await place.device("smoke-1")
    start = milliseconds(datetime.now(UTC)) - 60_000
    async with place.running(run_telemetry):
        for second in range(0, 60, 5):
            values = {"smoke_obscuration": 0.2 if second < 10 else 60.0, "temperature": 25.0}
            await device.say("telemetry", {"t": start + second * 1000, "b": "x", "n": second, "v": values})
        await place.until(READINGS, [(12,)])
        await place.until("SELECT kind, hazard, subject, state FROM incidents", [("smoke", "fire", "home-1", "open")])
    ((kind, evidence),) = await place.rows("SELECT kind, evidence FROM alarms WHERE source = 'smoke-1'")
    assert kind == "smoke"
    assert evidence


async def test_what_raised_before_a_restart_is_not_raised_again(place: Any) -> None:
    device = await place.device("smoke-1")

    async def burn(first: int) -> None:
        for n in range(first, first + 3):
            await device.say("telemetry", {**place.message(v={"smoke_obscuration": 60.0}), "n": n})

    async with place.running(run_telemetry, "first"):
        await burn(0)
        await place.until("SELECT count(*) FROM alarms", [(1,)])
        await place.until(READINGS, [(3,)])
    rings = await place.rows("SELECT rings FROM incidents")
    async with place.running(run_telemetry, "second"):
        await burn(3)
        await place.until(READINGS, [(6,)])
    assert await place.rows("SELECT count(*) FROM alarms") == [(1,)]
    assert await place.rows("SELECT rings FROM incidents") == rings


class Clock:
    """The worker's clock, which a test may move on."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


async def test_silence_is_raised_and_clears(place: Any) -> None:
    device, clock = await place.device("smoke-1"), Clock()
    states = "SELECT kind, alarms.state, alarms.at - alarms.received_at < interval '1 second' FROM alarms"
    async with place.running(run_telemetry, clock=clock):
        await device.say("telemetry", place.message(v={"temperature": 21}))
        await place.until(READINGS, [(1,)])
        clock.ahead = timedelta(minutes=2, seconds=50)
        await asyncio.sleep(1.2)
        assert await place.rows("SELECT count(*) FROM alarms") == [(0,)]
        clock.ahead = timedelta(minutes=3, seconds=5)
        await place.until(states, [("silence_life", "active", True)])
        await device.say("telemetry", {**place.message(v={"temperature": 21}), "t": milliseconds(clock())})
        await place.until(states, [("silence_life", "cleared", True)])
    assert await place.rows("SELECT kind FROM trail WHERE kind IN ('raised', 'cleared') ORDER BY trail_id") == [
        ("raised",),
        ("cleared",),
    ]


async def test_a_status_is_a_sign_of_life_and_a_last_will_is_not(place: Any) -> None:
    device, clock = await place.device("smoke-1"), Clock()
    states = "SELECT kind, state FROM alarms"
    async with place.running(run_telemetry, clock=clock):
        await device.say("telemetry", place.message(v={"temperature": 21}))
        await place.until(READINGS, [(1,)])
        clock.ahead = timedelta(minutes=2)
        await device.say("status", {"online": True, "battery": 80}, retain=True)
        await place.until(HEALTH.format("battery", "smoke-1"), [(80.0,)])
        clock.ahead = timedelta(minutes=4)
        await device.say("status", {"online": False})
        await place.until(HEALTH.format("online", "smoke-1"), [(False,)])
        assert await place.rows(states) == [], "heard two minutes ago"
        clock.ahead = timedelta(minutes=5, seconds=5)
        await place.until(states, [("silence_life", "active")])
        await device.say("status", {"online": False})
        await asyncio.sleep(1)
        assert await place.rows(states) == [("silence_life", "active")]
        await device.say("status", {"online": True}, retain=True)
        await place.until(states, [("silence_life", "cleared")])
    assert await place.rows(READINGS) == [(1,)], "it is no reading"


async def test_an_outage_of_the_broker_is_not_the_devices_silence(place: Any) -> None:
    device, clock = await place.device("smoke-1"), Clock()
    async with place.running(run_telemetry, clock=clock):
        await device.say("telemetry", place.message(v={"temperature": 21}))
        await place.until(READINGS, [(1,)])
        await place.broker.stop()
        clock.ahead = timedelta(minutes=10)
        await place.broker.start()
        await asyncio.sleep(4)
        clock.ahead += timedelta(minutes=2)
        await asyncio.sleep(1.2)
        assert await place.rows("SELECT count(*) FROM alarms") == [(0,)]


async def test_what_a_person_has_reset_is_raised_anew(place: Any) -> None:
    device = await place.device("smoke-1")
    burning = {"smoke_obscuration": 60.0}
    async with place.running(run_telemetry):
        await device.say("telemetry", place.message(v=burning))
        await place.until("SELECT count(*) FROM alarms", [(1,)])
        await place.change("UPDATE incidents SET state = 'resolved'; UPDATE alarms SET state = 'cleared', cleared_at = now()")
        await asyncio.sleep(2.2)
        await device.say("telemetry", place.message(v=burning))
        await place.until("SELECT state, count(*) FROM incidents GROUP BY state ORDER BY state", [("open", 1), ("resolved", 1)])


async def test_bad_readings_are_rejected_and_good_ones_kept(place: Any) -> None:
    device = await place.device("heat-9")
    async with place.running(run_telemetry):
        await device.say("telemetry", [place.message(v={"temperature": 9999}), place.message(v={"temperature": 20})])
        await device.say("telemetry", {"t": "now"})
        await device.say("waveform", place.message(fs=50, unit="mg", xyz=[]))
        await place.until("SELECT lane, count(*) FROM rejected GROUP BY lane", [("telemetry", 3)])
        await place.until(READINGS, [(1,)])


async def test_wrong_clock_is_fixed_once(place: Any) -> None:
    device = await place.device("heat-9")
    message = {"t": milliseconds(datetime.now(UTC) + timedelta(minutes=2, seconds=1)), "b": "x", "n": 1, "v": {"temperature": 20}}
    async with place.running(run_telemetry, "first"):
        await device.say("telemetry", message)
        await place.until(READINGS, [(1,)])
    await asyncio.sleep(1.2)  # by now the same clock is less than two minutes ahead
    async with place.running(run_telemetry, "second"):
        await device.say("telemetry", message)
        await device.say("telemetry", place.message(v={"temperature": 21}))
        await place.until("SELECT count(*) FROM readings", [(2,)])
    assert await place.rows("SELECT count(*) FROM clock_fix") == [(1,)]
    await place.until(HEALTH.format("clock_wrong_at IS NOT NULL", "heat-9"), [(True,)])


async def test_status_tells_health_and_a_last_will_ends_it(place: Any) -> None:
    device = await place.device("wear-1")
    async with place.running(run_telemetry):
        await device.say("status", {"online": True, "t": place.message()["t"], "battery": 44, "firmware": "9.9"}, retain=True)
        await place.until(HEALTH.format("online, battery, h.firmware", "wear-1"), [(True, 44.0, "9.9")])
        await device.say("status", {"online": False}, retain=True)
        await place.until(HEALTH.format("online, battery", "wear-1"), [(False, 44.0)])


async def test_waveforms_are_stored_once(place: Any) -> None:
    device = await place.device("wear-1")
    window = place.message(fs=50, unit="mg", xyz=[[0, 0, 1000], [1, 2, 3]])
    async with place.running(run_telemetry):
        await device.say("waveform", window)
        await device.say("waveform", window)
        await place.until("SELECT count(*), min(length(xyz)) FROM waveforms", [(1, 24)])


async def test_events_are_heard_but_not_stored(place: Any) -> None:
    device = await place.device("sos-1")
    async with place.running(run_telemetry):
        await device.say("event", place.message(e="sos"))
        await device.say("telemetry", place.message(v={"battery": 50}))
        await place.until(READINGS, [(1,)])
    assert await place.rows("SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM incidents)") == [(0, 0)]


async def test_foreign_readings_are_this_lanes(place: Any) -> None:
    gateway = await place.device("gw-9")
    async with place.running(run_telemetry):
        await gateway.say("foreign/zigbee2mqtt/motion-9", {"occupancy": True, "temperature": 20})
        await gateway.say("foreign/zigbee2mqtt/lamp", {"state": "ON"})
        await place.until("SELECT values[1:2] FROM readings", [([1.0, 20.0],)])
    assert await place.rows("SELECT count(*) FROM rejected") == [(0,)]


async def test_poison_is_set_aside_and_stops_nobody(place: Any) -> None:
    await place.change("ALTER TABLE readings ADD CONSTRAINT poison CHECK (n % 1000 <> 666)")
    device = await place.device("heat-9")
    sent = [{**place.message(v={"temperature": 20}), "n": n} for n in range(640, 690)]
    await asyncio.gather(*(device.say("telemetry", message) for message in sent))
    async with place.running(run_telemetry):
        await place.until(READINGS, [(49,)])
        await place.until("SELECT lane, count(*) FROM rejected GROUP BY lane", [("telemetry", 1)])


async def test_a_backlog_is_taken_in_portions(place: Any) -> None:
    """More than the broker has in flight at a time; hardly any of it comes twice."""
    device, many, first = (
        await place.device("heat-9"),
        TELEMETRY_WINDOW * 6,
        milliseconds(datetime.now(UTC) - timedelta(minutes=15)),
    )
    for start in range(0, many, 500):
        some = [{"t": first + 100 * n, "b": "x", "n": n, "v": {"temperature": 20}} for n in range(start, start + 500)]
        await asyncio.gather(*(device.say("telemetry", message) for message in some))
    async with place.running(run_telemetry):
        await place.until(READINGS, [(many,)], seconds=60)
    ((repeats,),) = await place.rows("SELECT (stats ->> 'repeats')::int FROM workers")
    assert repeats < many
    assert await place.rows("SELECT count(*) FROM alarms") == [(0,)]


async def test_two_workers_share_the_areas_and_one_takes_over(place: Any) -> None:
    held = "SELECT worker, jsonb_array_length(stats -> 'areas') FROM workers ORDER BY worker"
    home, inside = await place.device("smoke-1"), await place.device("heat-9")
    async with place.running(run_telemetry, "second"):
        await place.until(held, [("second", 2)])
        async with place.running(run_telemetry, "first"):
            await home.say("telemetry", place.message(v={"temperature": 20}))
            await place.until(held, [("first", 1), ("second", 1)], seconds=20)
            await inside.say("telemetry", place.message(v={"temperature": 20}))
            await place.until(READINGS, [(2,)])
        await home.say("telemetry", place.message(v={"temperature": 20}))
        await inside.say("telemetry", place.message(v={"temperature": 20}))
        await place.until(READINGS, [(4,)])


async def test_an_area_that_another_holds_is_left_alone(place: Any) -> None:
    device = await place.device("smoke-1")
    async with await connect(place.dsn("vigil_worker"), autocommit=True) as other:
        assert await locks.try_lock(other, "vigil-partition:tst001")
        async with place.running(run_telemetry):
            await device.say("telemetry", place.message(v={"temperature": 20}))
            await place.until("SELECT stats -> 'areas' FROM workers", [(["tst002"],)])
            assert await place.rows(READINGS) == [(0,)]
            assert await locks.unlock(other, "vigil-partition:tst001")
            await place.until(READINGS, [(1,)])


async def test_a_flood_is_limited_counted_and_shown_and_its_events_are_not(place: Any) -> None:
    device, neighbour = await place.device("sos-1"), await place.device("heat-9")
    start = milliseconds(datetime.now(UTC)) - 100_000
    flood = [[{"t": start, "b": "x", "n": 100 * m + n, "v": {"battery": 50}} for n in range(100)] for m in range(20)]
    async with place.running(run_telemetry), place.running(run_events, "events"):
        for some in flood:
            await device.say("telemetry", some)
        presses = [place.message(e="sos") for _ in range(1_000)]
        await asyncio.gather(*(device.say("event", press) for press in presses))
        await neighbour.say("telemetry", place.message(v={"temperature": 20}))
        await place.until("SELECT count(*) FROM events", [(1_000,)])
        counted = "SELECT code, count(*) FROM readings JOIN devices USING (device_id) GROUP BY 1 ORDER BY 1"
        await place.until(counted, [("heat-9", 1), ("sos-1", 600)])
        shown = "SELECT lane, topic, left(reason, 6), times FROM rejected"
        await place.until(shown, [("telemetry", f"{device.base}/telemetry", "flood:", 1_400)])
    ((told,),) = await place.rows("SELECT stats FROM workers WHERE worker = 'worker'")
    assert (told["limited"], told["in_flight"], told["rejected"]) == (1_400, 0, 0)


async def test_a_backlog_is_no_flood(place: Any) -> None:
    """Half an hour of a talkative device, handed over at once."""
    device, start = await place.device("heat-9"), milliseconds(datetime.now(UTC)) - 1_800_000
    backlog = [{"t": start + 500 * n, "b": "x", "n": n, "v": {"temperature": 20}} for n in range(3_600)]
    for some in range(0, 3_600, 600):
        await device.say("telemetry", backlog[some : some + 600])
    async with place.running(run_telemetry):
        await place.until(READINGS, [(3_600,)])
    assert await place.rows("SELECT count(*) FROM rejected") == [(0,)]
