"""Whatever dies and whenever: what was PUBACKed to its publisher is stored exactly once, and every alarm exists exactly once."""

import asyncio
import random
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from broker.server import EmbeddedBroker
from care.district import District
from ingest.events import run_events
from ingest.telemetry import run_telemetry
from store import migrate
from store.connect import connect
from store.server import EmbeddedDatabase

pytestmark = pytest.mark.integration

PRESSES, READINGS = 120, 600
POINTS = ["ingest.before_commit:1", "ingest.before_commit:4", "ingest.after_commit:1", "ingest.after_commit:4"]


async def press_on(place: Any, devices: list[str]) -> None:
    """Each of the devices presses as often as it can; returns when all were PUBACKed."""
    await asyncio.gather(*[_publish(place, code, "event", [{"e": "sos"}] * PRESSES) for code in devices])


async def measure_on(place: Any, devices: dict[str, dict[str, float]]) -> None:
    """Each of the devices reports as often as it can; the second half would raise an alarm."""
    calm = {"temperature": 20.0}
    await asyncio.gather(
        *[
            _publish(place, code, "telemetry", [{"v": calm}] * (READINGS // 2) + [{"v": values}] * (READINGS // 2))
            for code, values in devices.items()
        ]
    )


async def _publish(place: Any, code: str, channel: str, messages: list[dict[str, Any]]) -> None:
    device = await place.device(code)
    for start in range(0, len(messages), 20):
        some = [{**place.message(), **message} for message in messages[start : start + 20]]
        await asyncio.gather(*[device.say(channel, message) for message in some])


async def presses_stored_once(place: Any, devices: list[str]) -> None:
    """Every press is one row and one ring of the one incident of its senior."""
    expected = [(code, PRESSES) for code in sorted(devices)]
    count = "SELECT code, count(*) FROM events JOIN devices USING (device_id) GROUP BY code ORDER BY code"
    await place.until(count, expected, seconds=30)
    assert await place.rows("SELECT source, kind, count(*) FROM alarms GROUP BY source, kind ORDER BY source") == [
        (code, "sos", 1) for code in sorted(devices)
    ]
    rings = await place.rows("SELECT source, rings FROM incidents JOIN alarms USING (incident_id) ORDER BY source")
    assert rings == expected, "each press is heard exactly once"


async def readings_stored_once(place: Any, devices: dict[str, dict[str, float]], alarms: list[tuple[str, str]]) -> None:
    """Every reading is one row, and every condition one alarm."""
    count = "SELECT code, count(*) FROM readings JOIN devices USING (device_id) GROUP BY code ORDER BY code"
    await place.until(count, [(code, READINGS) for code in sorted(devices)], seconds=30)
    assert await place.rows("SELECT source, kind FROM alarms ORDER BY source") == alarms
    assert await place.rows("SELECT count(*) FROM trail WHERE kind IN ('raised', 'rang_again')") == [(len(alarms),)]


BURNING = {"smoke-1": {"smoke_obscuration": 60.0}, "smoke-9": {"smoke_obscuration": 60.0}, "gas-9": {"gas": 50.0}}
BURNT = [("gas-9", "gas"), ("smoke-1", "smoke"), ("smoke-9", "smoke")]


@pytest.mark.parametrize("fault", POINTS)
async def test_event_lane_killed_around_its_commit(place: Any, fault: str) -> None:
    doomed = await place.spawn("events", fault)
    pressing = asyncio.ensure_future(press_on(place, ["sos-1", "sos-2"]))
    assert await asyncio.wait_for(doomed.wait(), 20) == -signal.SIGKILL
    await place.spawn("events")
    await pressing
    await presses_stored_once(place, ["sos-1", "sos-2"])


@pytest.mark.parametrize("fault", POINTS)
async def test_telemetry_lane_killed_around_its_commit(place: Any, fault: str) -> None:
    doomed = await place.spawn("telemetry", fault)
    measuring = asyncio.ensure_future(measure_on(place, BURNING))
    assert await asyncio.wait_for(doomed.wait(), 20) == -signal.SIGKILL
    await place.spawn("telemetry")
    await measuring
    await readings_stored_once(place, BURNING, BURNT)


async def test_both_lanes_killed_at_any_moment(place: Any) -> None:
    chance = random.Random(4)
    saying = [asyncio.ensure_future(press_on(place, ["sos-1", "sos-2"])), asyncio.ensure_future(measure_on(place, BURNING))]
    for _ in range(4):
        workers = [await place.spawn("events"), await place.spawn("telemetry")]
        await asyncio.sleep(chance.uniform(0.8, 2.5))
        for worker in workers:
            worker.kill()
            await worker.wait()
    await place.spawn("events")
    await place.spawn("telemetry")
    await asyncio.gather(*saying)
    await readings_stored_once_beside(place)


async def readings_stored_once_beside(place: Any) -> None:
    """Both lanes wrote: each kept its own promise."""
    count = "SELECT code, count(*) FROM {} JOIN devices USING (device_id) GROUP BY code ORDER BY code"
    await place.until(count.format("readings"), [(code, READINGS) for code in sorted(BURNING)], seconds=30)
    await place.until(count.format("events"), [("sos-1", PRESSES), ("sos-2", PRESSES)], seconds=30)
    alarms = await place.rows("SELECT source, kind FROM alarms ORDER BY source")
    assert alarms == [*BURNT, ("sos-1", "sos"), ("sos-2", "sos")]
    rings = "SELECT source, rings FROM incidents JOIN alarms USING (incident_id) WHERE alarms.kind = 'sos' ORDER BY source"
    assert await place.rows(rings) == [("sos-1", PRESSES), ("sos-2", PRESSES)]


async def test_database_away_and_back(
    broker: EmbeddedBroker, furnish: Callable[..., Any], small_district: District, tmp_path: Path
) -> None:
    async with EmbeddedDatabase(tmp_path / "database") as database:
        async with await connect(database.dsn("vigil_owner")) as conn:
            await migrate.apply(conn)
        async with furnish(broker, database.dsn, small_district, tmp_path) as place:
            async with place.running(run_events, "events"), place.running(run_telemetry, "telemetry"):
                await _live_through_an_outage(place, database)


async def _live_through_an_outage(place: Any, database: EmbeddedDatabase) -> None:
    press, smoke = await place.device("sos-1"), await place.device("smoke-1")
    await press.say("event", place.message(e="sos"))
    await smoke.say("telemetry", place.message(v={"temperature": 20}))
    await place.until("SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM readings)", [(1, 1)])
    await database.stop()
    for _ in range(30):
        await press.say("event", place.message(e="sos"))
        await smoke.say("telemetry", place.message(v={"smoke_obscuration": 60.0}))
    await asyncio.sleep(3)  # long enough for the broker to hand everything over again
    await database.start()
    await press.say("event", place.message(e="test"))
    await place.until("SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM readings)", [(32, 31)], seconds=20)
    assert await place.rows("SELECT source, kind FROM alarms ORDER BY source") == [("smoke-1", "smoke"), ("sos-1", "sos")]
    assert await place.rows("SELECT rings FROM incidents WHERE kind = 'sos'") == [(31,)]
