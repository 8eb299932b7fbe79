"""Roll-ups and retention where no TimescaleDB does them: folds what was stored, deletes what is over its time; the day's index.

On a connection of its own, so that the desk's clocks never wait for it. Several desks may run: one folds, the others find nothing
to do. A chore that cannot be done keeps none of the others from being done: it is written down, counted, and tried again.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from desk import maintenance, safety
from desk.meters import Meters
from store import history
from store.connect import Connection, connect

log = logging.getLogger("vigil.desk")

Clock = Callable[[], datetime]
Chore = Callable[[Connection, asyncio.Event, Clock], Awaitable[object]]
_BATCH = 10_000


async def round_(conn: Connection, stop: asyncio.Event, clock: Clock) -> None:
    """Fold and delete until nothing waits, in short transactions."""
    while not stop.is_set() and await history.fold(conn, clock()):
        pass
    while not stop.is_set() and await history.expire(conn, clock(), _BATCH) >= _BATCH:
        pass


CHORES: Mapping[str, Chore] = {
    "roll-ups": round_,
    "fire-safety index": lambda conn, stop, clock: safety.daily(conn, clock()),
    "maintenance": lambda conn, stop, clock: maintenance.watch(conn, clock()),
}


async def run(
    dsn: str,
    stop: asyncio.Event,
    clock: Clock,
    every: float = 10.0,
    meters: Meters | None = None,
    chores: Mapping[str, Chore] = CHORES,
) -> None:
    """Keep house every `every` seconds until `stop`; survives the database going away, and everything else."""
    meters, failing = meters or Meters(), dict[str, type[Exception]]()
    while not stop.is_set():
        try:
            async with await connect(dsn, autocommit=True, application="vigil-housekeeping") as conn:
                while not stop.is_set():
                    for name, chore in chores.items():
                        await _done(name, chore(conn, stop, clock), conn, failing)
                    meters.chores.set(len(failing))
                    await _pause(stop, every)
        except Exception as error:  # away, most often; whatever it is, the house is kept again
            log.warning("housekeeping: %s", str(error).partition("\n")[0])
            await _pause(stop, every)


async def _done(name: str, work: Awaitable[object], conn: Connection, failing: dict[str, type[Exception]]) -> None:
    """Do one chore; what comes in its way is written down when it begins. Raises what came with the end of the connection."""
    try:
        await work
    except Exception as error:
        if conn.closed:
            raise
        if failing.get(name) is not type(error):
            log.error("%s: not done, tried again", name, exc_info=error)
        failing[name] = type(error)
    else:
        if failing.pop(name, None):
            log.info("%s: done again", name)


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
