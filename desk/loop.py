"""The desk's loop: once a second, everything that the clock demands of incidents and dispatches, each in its own transaction.

The loop is a shell around `dispatch.escalation.due`. Several desks may run: a transition that another has already made is refused
by the state machine and counts as done. While the database is away the loop keeps trying; what is due stays due. What fails every
time is tried after growing pauses, and after all else.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psycopg

from desk import housekeeping, probe
from desk.meters import Meters
from dispatch import escalation
from dispatch.incident import NotAllowed
from dispatch.offer import DispatchEvent
from dispatch.retry import Retries
from store import connect, dispatches, incidents, messages
from store.connect import Connection

log = logging.getLogger("vigil.desk")

Clock = Callable[[], datetime]
_REPORT_EVERY = timedelta(seconds=5)
_PROBE_EVERY = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class DeskSettings:
    """`every` is the pause between two looks at the clocks, `retry` the pause after the database failed; both in seconds."""

    dsn: str
    name: str = "desk"
    every: float = 1.0
    retry: float = 1.0


def utc_now() -> datetime:
    """The desk's clock."""
    return datetime.now(UTC)


async def run(settings: DeskSettings, stop: asyncio.Event, clock: Clock = utc_now, meters: Meters | None = None) -> None:
    """Keep the clocks, and beside them the house, until `stop`; survives the database going away."""
    meters = meters or Meters()
    housekeeper = asyncio.create_task(housekeeping.run(settings.dsn, stop, clock, meters=meters))
    try:
        await _clocks(settings, stop, clock, meters)
    finally:
        housekeeper.cancel()
        await asyncio.wait([housekeeper])


async def _clocks(settings: DeskSettings, stop: asyncio.Event, clock: Clock, meters: Meters) -> None:
    started = clock()
    while not stop.is_set():
        try:
            async with await connect.connect(settings.dsn, autocommit=True, application="vigil-desk") as conn:
                await _keep(conn, settings, started, stop, clock, meters)
        except (psycopg.Error, OSError) as error:  # away, or there and storing nothing: read-only, its disk full
            log.warning("database: %s", str(error).partition("\n")[0])
            await _pause(stop, settings.retry)


async def sweep(
    conn: Connection, now: datetime, meters: Meters | None = None, retries: Retries[escalation.Action] | None = None
) -> int:
    """Do everything that is due at `now`; the number of actions that took effect. `retries` remembers what failed before.

    What cannot be done now (another holds the row for long) must not keep the others waiting; it stays due.
    Raises psycopg.Error when the connection is lost.
    """
    meters, retries = meters or Meters(), Retries() if retries is None else retries
    standing, offered = await dispatches.clocks(conn)
    done, began = 0, time.monotonic()
    for action in retries.to_try(escalation.due(standing, offered, now), now):
        try:
            async with conn.transaction():
                took = await _apply(conn, action, now)
            retries.done(action)
            done += took
            meters.actions[type(action).__name__].inc(took)
        except NotAllowed as overtaken:
            log.info("overtaken by a person: %s", overtaken)
        except Exception as error:
            if conn.closed:
                raise
            meters.failures.inc()
            retries.failed(action, now + timedelta(seconds=time.monotonic() - began))  # it may have waited long for a row
            log.error("%s: not done: %s: %s", action, type(error).__name__, str(error).partition("\n")[0])
    return done


async def _keep(
    conn: Connection, settings: DeskSettings, started: datetime, stop: asyncio.Event, clock: Clock, meters: Meters
) -> None:
    reported, swept = started - _REPORT_EVERY, 0
    retries = Retries[escalation.Action]()
    watching = probed = clock()  # what was reported before the database came back says nothing about now
    while not stop.is_set():
        now = clock()
        with meters.sweep.time():
            swept += await sweep(conn, now, meters, retries)
        meters.swept.set(now.timestamp())
        if now - probed >= _PROBE_EVERY:
            probed = now
            meters.lost.set(await _watch_probe(conn, watching, now))
        if now - reported >= _REPORT_EVERY:
            await messages.worker_alive(conn, settings.name, "desk", started, now, {"actions": swept})
            reported = now
        await _pause(stop, settings.every)


async def _watch_probe(conn: Connection, watching: datetime, now: datetime) -> int:
    try:
        return await probe.watch(conn, watching, now)
    except Exception as error:
        if conn.closed:
            raise
        log.error("probe: not judged: %s: %s", type(error).__name__, str(error).partition("\n")[0])
        return 0


async def _apply(conn: Connection, action: escalation.Action, now: datetime) -> bool:
    """Whether it took effect; somebody may have been faster."""
    match action:
        case escalation.Escalate(incident, level):
            return await incidents.escalate(conn, incident, level, now) is not None
        case escalation.ExpireAcknowledgement(incident):
            return await incidents.expire_acknowledgement(conn, incident, now) is not None
        case escalation.TimeOut(dispatch):
            await dispatches.act(conn, dispatch, DispatchEvent.TIME_OUT, incidents.SYSTEM, now)
            return True
        case escalation.Remind(incident, _):
            return await incidents.remind(conn, incident, now) is not None
        case escalation.Retire(incident):
            return await incidents.retire(conn, incident, now) is not None


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
