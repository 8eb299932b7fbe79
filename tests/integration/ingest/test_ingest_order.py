"""Late, repeated and out of order: kept with all three times, judged once, and never raised again."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from devices.keys import milliseconds
from ingest.events import run_events
from ingest.telemetry import run_telemetry

pytestmark = pytest.mark.integration

BURNED = "SELECT alarm_id, state, ended_at FROM alarms WHERE source = 'smoke-1' AND kind = 'smoke'"
READINGS = "SELECT count(*) FROM readings"
ALARMS = "SELECT kind, count(*) FROM alarms GROUP BY kind"


def fire(start: int) -> list[dict[str, Any]]:
    """A minute of smoke and four calm ones, a reading every five seconds."""
    values = [{"smoke_obscuration": 60.0 if 12 <= n < 24 else 0.1} for n in range(60)]
    return [{"t": start + 5_000 * n, "b": "x", "n": n, "v": value} for n, value in enumerate(values)]


async def test_a_fire_that_is_over_is_not_raised_again_by_its_late_readings(place: Any) -> None:
    device, told = await place.device("smoke-1"), fire(milliseconds(datetime.now(UTC) - timedelta(minutes=6)))
    held_back = told[14:20]
    async with place.running(run_telemetry, "first"):
        for one in (one for one in told if one not in held_back):
            await device.say("telemetry", one)
        await place.until(READINGS, [(54,)])
        before = await place.rows(BURNED), await place.rows("SELECT rings FROM incidents")
        random.Random(1).shuffle(held_back)
        for one in (*held_back, *told):  # late and out of order, and then all of it once more
            await device.say("telemetry", one)
        await place.until(READINGS, [(60,)])
    async with place.running(run_telemetry, "second"):  # nor by a worker that has only read about it
        for one in told:
            await device.say("telemetry", one)
        await device.say("telemetry", place.message(v={"smoke_obscuration": 0.1}))
        await place.until(READINGS, [(61,)])
    after = await place.rows(BURNED), await place.rows("SELECT rings FROM incidents")
    assert len(before[0]) == 1
    assert after == before


async def test_device_arrival_and_stored_time_are_kept_apart(place: Any) -> None:
    device, measured = await place.device("heat-9"), datetime.now(UTC).replace(microsecond=0) - timedelta(hours=5)
    async with place.running(run_telemetry):
        await device.say("telemetry", {"t": milliseconds(measured), "b": "x", "n": 1, "v": {"temperature": 20}})
        await place.until(READINGS, [(1,)])
    ((at, received, stored),) = await place.rows("SELECT at, received_at, stored_at FROM readings")
    assert at == measured
    assert measured + timedelta(hours=5) <= received <= stored <= datetime.now(UTC)


async def test_presses_buffered_by_a_device_are_raised_once_and_marked_late(place: Any) -> None:
    """Out of order and said twice: the incident says how late it was heard of, whichever came first."""
    device, pressed = await place.device("sos-1"), datetime.now(UTC) - timedelta(minutes=20)
    presses = [{"t": milliseconds(pressed + timedelta(minutes=n)), "b": "x", "n": n, "e": "sos"} for n in range(5)]
    async with place.running(run_events):
        for n in (3, 0, 4, 1, 2, 0, 3):
            await device.say("event", presses[n])
        await place.until("SELECT count(*), count(*) FILTER (WHERE 'late' = ANY (flags)) FROM events", [(5, 5)])
        await asyncio.sleep(0.3)
    assert await place.rows(ALARMS) == [("sos", 1)]
    ((rings, late_s),) = await place.rows("SELECT rings, late_s FROM incidents")
    assert rings == 5
    assert 16 * 60 <= late_s <= 21 * 60
