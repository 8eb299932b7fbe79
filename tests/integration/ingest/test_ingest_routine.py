"""Stillness on the way of a real reading: who stops moving is missed once, also after a restart, and not while away or unheard."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from analytics.routine import Absence, Routine
from devices.keys import milliseconds
from ingest.telemetry import run_telemetry
from store import routines
from store.connect import connect
from vigil.offline.stored import learned

pytestmark = pytest.mark.integration

HOURS_STILL = 2.0  # usual; half as much again is the limit
READINGS = "SELECT count(*) FROM readings"
MISSED = "SELECT source, state, reasons->0->>'rule' FROM alarms WHERE kind = 'no_movement'"
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


class Clock:
    """The worker's clock, which a test may move on."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)
        self._asked = 0

    def __call__(self) -> datetime:
        self._asked += 1
        return datetime.now(UTC) + self.ahead

    async def looked_at(self) -> None:
        """The worker has been round at least twice since, its deadlines included: it asks four times a round."""
        until = self._asked + 12
        async with asyncio.timeout(20):
            while self._asked < until:  # noqa: ASYNC110 - asks another task, which knows nothing of tests
                await asyncio.sleep(0.05)


@pytest.fixture
async def sensor(place: Any) -> Any:
    """A motion sensor in the room of a resident of whom enough is known."""
    await place.change("UPDATE devices SET senior_id = (SELECT senior_id FROM seniors WHERE code = 's-3') WHERE code = 'motion-9'")
    row = Routine(version="test/1", days=20, anywhere_s=(HOURS_STILL * 3600,) * 24)
    async with await connect(place.dsn("vigil_owner"), autocommit=True) as conn:
        await routines.keep(conn, "s-3", row, datetime.now(UTC))
    return await place.device("motion-9")


async def _moves(place: Any, sensor: Any, at: datetime, motion: float = 1.0) -> None:
    (((before,),)) = await place.rows(READINGS)
    await sensor.say("telemetry", {**place.message(v={"motion": motion}), "t": milliseconds(at)})
    await place.until(READINGS, [(before + 1,)])


async def test_who_stops_moving_is_missed_once(place: Any, sensor: Any) -> None:
    clock = Clock()
    async with place.running(run_telemetry, clock=clock):
        await _moves(place, sensor, clock() - MINUTE)
        await _moves(place, sensor, clock(), motion=0.0)
        clock.ahead = 3 * HOUR - MINUTE
        await _moves(place, sensor, clock(), motion=0.0)
        await clock.looked_at()
        assert await place.rows(MISSED) == []
        clock.ahead = 3 * HOUR + MINUTE
        await place.until(MISSED, [("s-3", "active", "no_movement")])
        incident = "SELECT subject_kind, subject FROM incidents WHERE kind = 'no_movement'"
        assert await place.rows(incident) == [("senior", "s-3")]
        clock.ahead = 5 * HOUR
        await clock.looked_at()
        await _moves(place, sensor, clock())
        await place.until(MISSED, [("s-3", "cleared", "no_movement")])
    ((reason, evidence),) = await place.rows("SELECT reasons->0, evidence FROM alarms WHERE kind = 'no_movement'")
    assert (reason["value"], reason["limit"], reason["source"]) == (10_800.0, 7_200.0, "routine test/1")
    assert evidence["learned_days"] == 20.0


async def test_who_was_still_before_a_restart_is_missed_after_it(place: Any, sensor: Any) -> None:
    clock, moved = Clock(), datetime.now(UTC) - 2.5 * HOUR  # earlier than what is replayed
    async with place.running(run_telemetry, "first", clock=clock):
        await _moves(place, sensor, moved)
    async with place.running(run_telemetry, "second", clock=clock):
        await clock.looked_at()
        assert await place.rows(MISSED) == []
        clock.ahead = 35 * MINUTE
        await place.until(MISSED, [("s-3", "active", "no_movement")])


async def test_while_nobody_listened_nobody_was_still(place: Any, sensor: Any) -> None:
    clock = Clock()
    async with place.running(run_telemetry, "first", clock=clock):
        await _moves(place, sensor, clock() - HOUR)
    clock.ahead = 10 * HOUR
    async with place.running(run_telemetry, "second", clock=clock):
        await clock.looked_at()
        assert await place.rows(MISSED) == []
        clock.ahead = 12 * HOUR + 5 * MINUTE
        await place.until(MISSED, [("s-3", "active", "no_movement")])


async def test_who_is_away_is_not_missed(place: Any, sensor: Any) -> None:
    clock, now = Clock(), datetime.now(UTC)
    async with await connect(place.dsn("vigil_owner"), autocommit=True) as conn:
        await routines.add_absence(conn, "s-3", now + HOUR, now + 20 * HOUR, Absence.AWAY, "test")
    async with place.running(run_telemetry, clock=clock):
        await _moves(place, sensor, clock())
        clock.ahead = 19 * HOUR
        await clock.looked_at()
        assert await place.rows(MISSED) == []
        clock.ahead = 23 * HOUR + 5 * MINUTE
        await place.until(MISSED, [("s-3", "active", "no_movement")])


async def test_what_was_heard_is_learned(place: Any, sensor: Any) -> None:
    start = datetime.now(UTC) - timedelta(days=10)
    await place.change(f"""
        INSERT INTO readings (device_id, at, b, n, received_at, profile_version, values)
        SELECT device_id, at, 'b', extract(epoch FROM at)::bigint, at, 1, '{{1, 21}}' FROM devices,
            generate_series('{start.isoformat()}'::timestamptz, now(), '25 minutes') AS at WHERE code = 'motion-9'
                AND extract(epoch FROM at - '{start.isoformat()}'::timestamptz)::int / 3600 % 48 NOT BETWEEN 30 AND 35
    """)
    async with await connect(place.dsn("vigil_owner"), autocommit=True) as conn:
        assert await routines.learnable(conn) == ["s-1", "s-3"]
        row = await learned(conn, "s-3", start + 2 * timedelta(days=1), "test/2", 480, await routines.routines(conn))
        await routines.keep(conn, "s-3", row, datetime.now(UTC))
        assert await routines.routines(conn) == {"s-3": row}
    assert row.days in (8, 9)
    assert row.still_s["inst-1-r101"] == (1500.0,) * 24, "every other day nothing came for six hours: nobody was heard"
