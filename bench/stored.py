"""What the database says was stored: how much, when each transaction committed, nothing missing and nothing twice."""

import asyncio
import time
from dataclasses import dataclass

from bench.figures import rate
from store.connect import Connection

_STALLED_S = 30.0
_POLL_S = 1.0

_SUMMARY = b"""
WITH seen AS MATERIALIZED (
    SELECT n, pg_xact_commit_timestamp(xmin) AS stored, at, received_at FROM readings WHERE n >= %(first)s AND n < %(end)s
)
SELECT count(*), count(DISTINCT n), coalesce(extract(epoch FROM max(stored) - min(received_at)), 0)::float8,
    percentile_disc(ARRAY[0.5, 0.99, 1.0]) WITHIN GROUP (ORDER BY extract(epoch FROM stored - at)::float8)
FROM seen
"""


@dataclass(frozen=True, slots=True)
class Stored:
    """`rows` of `distinct` messages, in `seconds` from the first arrival to the last commit; latencies in seconds."""

    rows: int
    distinct: int
    seconds: float
    latencies: tuple[float, float, float]

    @property
    def per_second(self) -> float:
        """From the first arrival to the last commit: what a worker has only read, it has not stored."""
        return rate(self.rows, self.seconds)


async def summary(conn: Connection, first: int, count: int) -> Stored:
    """What is stored of the messages numbered from `first` on; publish to commit as p50, p99 and maximum."""
    row = await (await conn.execute(_SUMMARY, {"first": first, "end": first + count})).fetchone()
    if row is None or not row[0]:
        return Stored(0, 0, 0.0, (0.0, 0.0, 0.0))
    rows, distinct, seconds, (p50, p99, longest) = row
    return Stored(rows, distinct, seconds, (p50, p99, longest))


async def until_first(conn: Connection, first: int, timeout: float = 60.0) -> int:
    """Wait for the first of the messages from `first` on; how many are stored then. Raises TimeoutError."""
    async with asyncio.timeout(timeout):
        while not (found := await amount(conn, first, 2**62)):  # noqa: ASYNC110 - asks another process
            await asyncio.sleep(0.02)
    return found


async def until_stored(conn: Connection, first: int, count: int) -> bool:
    """Wait until all are stored; False when for half a minute nothing more was."""
    seen, moved = -1, time.monotonic()
    while seen < count:
        now = await amount(conn, first, first + count)
        if now != seen:
            seen, moved = now, time.monotonic()
        elif time.monotonic() - moved > _STALLED_S:
            return False
        if seen < count:
            await asyncio.sleep(_POLL_S)
    return True


async def amount(conn: Connection, first: int, end: int) -> int:
    """How many readings numbered so are stored now."""
    row = await (await conn.execute("SELECT count(*) FROM readings WHERE n >= %s AND n < %s", (first, end))).fetchone()
    return int(row[0]) if row else 0


async def forget(conn: Connection) -> None:
    """Empty the table of readings, and write everything down, so that no measurement pays for the one before."""
    await conn.execute("TRUNCATE readings")
