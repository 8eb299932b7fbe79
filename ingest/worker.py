"""What every lane's worker needs around its batches: a database connection that comes back, notices, reports, a second try."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import psycopg

from ingest.registry import Registry
from ingest.settings import IngestSettings
from ingest.stats import Stats
from ingest.watch import Watch
from store import locks, messages, notify
from store.alarms import Contended
from store.connect import Connection, connect

log = logging.getLogger(__name__)

_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.1, 2.0
_REPORT_EVERY = timedelta(seconds=5)
_TRIES = 3

# What another transaction did to ours; trying again is the cure.
_NEIGHBOURS = (
    psycopg.errors.DeadlockDetected,
    psycopg.errors.SerializationFailure,
    psycopg.errors.LockNotAvailable,
    Contended,
)

Serve = Callable[["Worker", Connection, asyncio.Event], Awaitable[None]]


class Worker:
    """One worker of one lane."""

    def __init__(self, settings: IngestSettings, lane: str, registry: Registry, stats: Stats) -> None:
        self._settings = settings
        self._lane = lane
        self._registry = registry
        self._stats = stats
        self._watch = Watch(settings.dsn)
        self._started = settings.clock()
        self._reported: datetime | None = None

    async def run(self, serve: Serve, stop: asyncio.Event) -> None:
        """Call `serve` with a connection, again and again with back-off, until `stop`. Nothing that goes wrong ends it before."""
        changed = self._registry.changed
        notices = asyncio.create_task(notify.listen(self._settings.dsn, (notify.REGISTER,), changed, changed, stop))
        try:
            with self._stats.served(self._settings.metrics_port):
                await self._serve_for_ever(serve, stop)
        finally:
            notices.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await notices

    async def until(self, some: asyncio.Event, stop: asyncio.Event, timeout: float = 1.0) -> None:
        """Wait until there is something to do: work, the end, or time for a report."""
        self._watch.beat()
        waits = [asyncio.ensure_future(some.wait()), asyncio.ensure_future(stop.wait())]
        try:
            await asyncio.wait(waits, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def pause(self, seconds: float, stop: asyncio.Event) -> bool:
        """Wait; True when it is time to end."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), seconds)
        return stop.is_set()

    async def lock(self, conn: Connection, name: str) -> bool:
        """Take a lock that the connection then holds for as long as it lives."""
        return await locks.try_lock(conn, name)

    async def attempt(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do it; what a neighbour's transaction broke (a deadlock) is tried again on the same connection."""
        for left in reversed(range(_TRIES)):
            self._watch.beat()
            try:
                await work()
            except _NEIGHBOURS:
                self._stats.failed()
                if not left:
                    raise
            except Exception:
                self._stats.failed()
                raise
            else:
                return

    async def report(self, conn: Connection, in_flight: int, urgent: bool = False, **more: Any) -> None:
        """Say every few seconds how it goes, at once when it is `urgent`."""
        now = self._settings.clock()
        if not urgent and self._reported is not None and now - self._reported < _REPORT_EVERY:
            return
        self._reported = now
        stats = self._stats.report(now, in_flight, **more)
        await messages.worker_alive(conn, self._settings.worker_name, self._lane, self._started, now, stats)

    async def _serve_for_ever(self, serve: Serve, stop: asyncio.Event) -> None:
        wait = _FIRST_WAIT_S
        while not stop.is_set():
            began = asyncio.get_running_loop().time()
            try:
                async with (
                    await connect(self._settings.dsn, autocommit=True, application=self._settings.worker_name) as conn,
                    self._watch.over(conn),
                ):
                    await serve(self, conn, stop)
            except Exception as error:
                if isinstance(error, psycopg.OperationalError | OSError):
                    self._stats.away()
                log.warning("%s: %s; trying again", self._settings.worker_name, str(error) or type(error).__name__)
                log.debug("the failure", exc_info=True)
            if asyncio.get_running_loop().time() - began > _LONGEST_WAIT_S:
                wait = _FIRST_WAIT_S
            if await self.pause(wait, stop):
                return
            wait = min(2 * wait, _LONGEST_WAIT_S)
