"""The database as the api meets it: there or not, never in between.

Every piece of work is one transaction with a time limit; a server that does not answer (frozen, unreachable) is cut off, so that no
request waits for it. A probe tells within two seconds that it is gone, and when it is back; and whether it would store anything.
Acts, questions and what runs behind the api each have connections of their own: whatever is asked, the board goes on.
"""

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Awaitable, Callable
from enum import Enum, auto
from types import TracebackType
from typing import Protocol, TypeVar

import psycopg

from api.unending import Ongoing, unending
from store.connect import Connection, connect
from store.refusing import READ_ONLY, Refusal, refusal

log = logging.getLogger(__name__)
T = TypeVar("T")
Work = Callable[[Connection], Awaitable[T]]

WORK_S = 5.0
OWN = 8  # the probe and what runs behind the api, each of which asks one thing at a time: none ever waits for a connection
_PROBE_EVERY_S = 0.8
_PROBE_S = 1.2


class StoreUnavailable(Exception):
    """The database cannot be reached: nothing was done."""


class Lane(Enum):
    """What work is: what a person does, what a person asks, what runs behind the api."""

    ACTS = auto()
    READS = auto()
    OWN = auto()


class Runs(Protocol):
    """What does work for somebody."""

    async def run(self, work: Work[T]) -> T:
        """One transaction. Raises StoreUnavailable, or what the work raises; then nothing was done."""


class Database:
    """At most `acts` connections for what people do, as many more as `reads` for what they ask, and 8 for what runs behind the api.

    `on_change` hears True when the database is there (the first time too), False when it is gone; `on_refusal` why it stores
    nothing though it is there, None when it does again.
    """

    def __init__(
        self,
        dsn: str,
        acts: int,
        on_change: Callable[[bool], None],
        on_refusal: Callable[[Refusal | None], None] = lambda why: None,
        *,
        reads: int = 4,
    ) -> None:
        self._dsn = dsn
        self._on_change = on_change
        self._on_refusal = on_refusal
        self._refuses: Refusal | None = None
        self._idle: list[Connection] = []
        self._rooms = {lane: asyncio.Semaphore(size) for lane, size in ((Lane.ACTS, acts), (Lane.READS, reads), (Lane.OWN, OWN))}
        self._doubt = asyncio.Event()
        self._up = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._stop = asyncio.Event()

    @property
    def up(self) -> bool:
        """Whether the last attempt reached it."""
        return self._up.is_set()

    async def __aenter__(self) -> "Database":
        self._task = asyncio.create_task(unending(Ongoing("database probe"), self._watch, self._stop), name="database probe")
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        self._up.clear()
        await self._close_idle()

    async def reached(self, timeout_s: float) -> bool:
        """Wait for the database; False when it did not come in time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._up.wait()
        return self.up

    async def run(self, work: Work[T], *, within_s: float = WORK_S, lane: Lane = Lane.ACTS) -> T:
        """One transaction. Raises StoreUnavailable, or what the work raises; then nothing was done."""
        if not self.up:
            raise StoreUnavailable("the database cannot be reached; nothing was done")
        try:
            return await self._limited(work, within_s, lane)
        except READ_ONLY as error:
            raise StoreUnavailable("the database is read-only; nothing was done") from error
        except (psycopg.OperationalError, psycopg.InterfaceError, OSError, TimeoutError) as error:
            self._doubt.set()
            raise StoreUnavailable("the database does not answer; nothing was done") from error

    async def _watch(self, ongoing: Ongoing) -> None:
        while True:
            there = await self._probe()
            if not there:
                await self._close_idle()
            if there != self.up:
                self._now(there)
            ongoing.well()
            self._doubt.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_PROBE_EVERY_S):  # wait_for would lose a cancel that comes with the doubt
                    await self._doubt.wait()

    def _now(self, there: bool) -> None:
        log.log(logging.INFO if there else logging.ERROR, "database %s", "reached" if there else "lost")
        if there:
            self._up.set()
        else:
            self._up.clear()
        self._on_change(there)

    async def _probe(self) -> bool:
        try:
            refuses = await self._limited(refusal, _PROBE_S, Lane.OWN)
        except (psycopg.Error, OSError, TimeoutError) as error:
            log.debug("database probe: %s", error)
            return False
        if refuses is not self._refuses:
            self._refuses = refuses
            log.log(logging.ERROR if refuses else logging.INFO, "database stores %s", f"nothing: {refuses}" if refuses else "again")
            self._on_refusal(refuses)
        return True

    async def _limited(self, work: Work[T], within_s: float, lane: Lane) -> T:
        """The work in a transaction; past the limit its connection is cut under it, since a frozen server hears no cancel."""
        held: list[Connection] = []
        task = asyncio.create_task(self._transaction(work, held, lane))
        try:
            await asyncio.wait({task}, timeout=within_s)
        finally:
            late = not task.done()
            if late:
                _cut(held, task)
                await asyncio.wait({task})
            if not task.cancelled():
                task.exception()  # a caller that went away asks for it no more
        if late and task.cancelled():
            raise TimeoutError("no connection in time")
        return task.result()

    async def _transaction(self, work: Work[T], held: list[Connection], lane: Lane) -> T:
        async with self._rooms[lane]:
            conn = await self._lend()
            held.append(conn)
            try:
                async with conn.transaction():
                    return await work(conn)
            finally:
                if conn.closed or conn.broken:
                    await conn.close()
                else:
                    self._idle.append(conn)

    async def _lend(self) -> Connection:
        while self._idle:
            conn = self._idle.pop()
            if not conn.closed and not _ended(conn):
                return conn
            await conn.close()
        return await connect(self._dsn, application="vigil api")

    async def _close_idle(self) -> None:
        idle, self._idle = self._idle, []
        for conn in idle:
            await conn.close()


def _ended(conn: Connection) -> bool:
    """Whether the server has said or done anything on this idle connection: then it was a farewell. Does not ask it."""
    with socket.socket(fileno=os.dup(conn.fileno())) as wire:
        try:
            wire.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            pass
    return True


def _cut(held: list[Connection], task: "asyncio.Task[T]") -> None:
    if not held or held[0].closed:
        task.cancel()
        return
    with socket.socket(fileno=os.dup(held[0].fileno())) as wire:
        wire.shutdown(socket.SHUT_RDWR)
