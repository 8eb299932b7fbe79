"""Keeps what the broker refused: a callout's refused logins, and the forged publishes and subscriptions of the server's log.

A callout judges without the database, so this stands beside it and only ever tries: refusals wait in memory (bounded by what the
callout counts), violations in the log itself. One of several callouts reads the log; what it read is counted once, since the mark
moves in the transaction that counts.
"""

import asyncio
import contextlib
import fcntl
import logging
from collections.abc import AsyncIterator, Iterator, MutableMapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import nats.errors
import psycopg

from broker.callout import CalloutSettings, Counts, connection
from broker.violations import Chunk, Names, Violation, parse, read
from store import health, refusals
from store.connect import Connection, connect
from store.refusals import Mark, Refused

log = logging.getLogger(__name__)

EVERY_S = 5.0
_LOG = "broker"
_AWAY = (psycopg.Error, nats.errors.Error, OSError, TimeoutError)


async def watch(
    name: str,
    dsn: str,
    settings: CalloutSettings,
    counts: Counts,
    file: Path | None,
    stop: asyncio.Event,
    totals: MutableMapping[str, int],
) -> None:
    """Keep what this callout refuses and, where it is the one to read it, what the broker's log (`file`) tells, until `stop`.

    `totals` is brought up to date: what all of them ever kept, by kind.
    """
    started = datetime.now(UTC)
    reading = [asyncio.create_task(_read_log(file, dsn, settings), name="broker log")] if file else []
    try:
        while not await _stopped(stop, EVERY_S):
            with _patience("refused logins"):
                async with await connect(dsn, autocommit=True, application=f"vigil-{name}") as conn:
                    await keep(conn, name, counts, started, datetime.now(UTC))
                    totals.update(await refusals.totals(conn))
    finally:
        for task in reading:
            task.cancel()
        await asyncio.gather(*reading, return_exceptions=True)


async def keep(conn: Connection, name: str, counts: Counts, started: datetime, now: datetime) -> None:
    """Say that this callout lives, and hand over what it refused since it last did. Nothing is lost when that fails."""
    taken = dict(counts.untold)
    rows = [Refused(reason, device, "", now, times) for (reason, device), times in taken.items()]
    async with conn.transaction():
        await refusals.count(conn, rows)
        await health.worker_alive(conn, name, "callout", started, now, stats(counts))
    counts.untold.subtract(taken)
    for key in [key for key, times in counts.untold.items() if times <= 0]:
        del counts.untold[key]


def stats(counts: Counts) -> dict[str, object]:
    """How a callout is doing, as its row among the workers shows it."""
    told = asdict(counts)
    del told["untold"]
    return {**told, "refused": dict(counts.refused)}


async def follow(conn: Connection, names: Names, file: Path) -> bool:
    """Count the violations of the next piece of the log; False when there was nothing new."""
    mark = await refusals.mark(conn, _LOG)
    chunk = read(file, mark.inode if mark else None, mark.place if mark else 0)
    if chunk is None:
        return False
    rows = [Refused(one.kind, await names.of(one), one.subject, one.at) for one in _violations(chunk)]
    async with conn.transaction():
        await refusals.count(conn, rows)
        await refusals.set_mark(conn, _LOG, Mark(chunk.inode, chunk.place))
    for row in rows:
        log.warning("device %.40r: %s refused: %.80r", row.device, row.kind, row.subject)
    return True


async def _read_log(file: Path, dsn: str, settings: CalloutSettings) -> None:
    async with _alone(file.with_name(f"{file.name}.reader")), connection(settings, "warden") as warden:
        names = Names(warden)
        while True:
            with _patience("the broker's log"):
                async with await connect(dsn, autocommit=True, application="vigil-refusals") as conn:
                    while True:
                        if not await follow(conn, names, file):
                            await asyncio.sleep(EVERY_S)
            await asyncio.sleep(EVERY_S)


def _violations(chunk: Chunk) -> Iterator[Violation]:
    return (one for one in map(parse, chunk.lines) if one is not None)


@contextlib.contextmanager
def _patience(what: str) -> Iterator[None]:
    """Whatever is away comes back; judging goes on meanwhile."""
    try:
        yield
    except _AWAY as error:
        log.warning("%s: not kept yet: %s", what, str(error) or type(error).__name__)


@contextlib.asynccontextmanager
async def _alone(lock: Path) -> AsyncIterator[None]:
    """One reader of the log on this machine: wait until the other one is gone, however it went."""
    with lock.open("w") as held:
        while not _locked(held):  # noqa: ASYNC110 - another process holds it; there is nothing to be told by
            await asyncio.sleep(EVERY_S)
        yield


def _locked(held: IO[str]) -> bool:
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


async def _stopped(stop: asyncio.Event, within_s: float) -> bool:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            await stop.wait()
    return stop.is_set()
