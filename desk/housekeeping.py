"""Roll-ups and retention where no TimescaleDB does them: folds what was stored, deletes what is over its time; the day's index.

On a connection of its own, so that the desk's clocks never wait for it. Several desks may run: one folds, the others find nothing
to do.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from datetime import datetime

import psycopg

from desk import maintenance, safety
from store import history
from store.connect import Connection, connect

log = logging.getLogger("vigil.desk")

_BATCH = 10_000


async def run(dsn: str, stop: asyncio.Event, clock: Callable[[], datetime], every: float = 10.0) -> None:
    """Keep house every `every` seconds until `stop`; survives the database going away."""
    while not stop.is_set():
        try:
            async with await connect(dsn, autocommit=True, application="vigil-housekeeping") as conn:
                while not stop.is_set():
                    await round_(conn, stop, clock)
                    await safety.daily(conn, clock())
                    await maintenance.watch(conn, clock())
                    await _pause(stop, every)
        except (psycopg.Error, OSError) as error:
            log.warning("housekeeping: %s", str(error).partition("\n")[0])
            await _pause(stop, every)


async def round_(conn: Connection, stop: asyncio.Event, clock: Callable[[], datetime]) -> None:
    """Fold and delete until nothing waits, in short transactions."""
    while not stop.is_set() and await history.fold(conn, clock()):
        pass
    while not stop.is_set() and await history.expire(conn, clock(), _BATCH) >= _BATCH:
        pass


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
