"""The telemetry lane: readings of whole areas, 500 messages or 50 ms a transaction, of a backlog more, through detectors that
remember.

New detector states are adopted after the commit and thrown away when it fails. When the database is lost, so are the locks: the
sessions are left, the backlog stays with the broker, and what detectors remember is rebuilt from the store afterwards.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from time import perf_counter

from analytics.step import Finding
from ingest import fault, rows
from ingest.alarms import about
from ingest.batch import Taken, Window
from ingest.flood import Flood
from ingest.holding import Holding
from ingest.isolate import isolate
from ingest.judged import judged, look_ahead
from ingest.registry import Registry
from ingest.said import TELEMETRY, Rejected
from ingest.settings import IngestSettings
from ingest.stats import Stats
from ingest.trials import Trials, apply, found
from ingest.worker import Worker
from ingest.written import write
from store import messages
from store.connect import Connection

log = logging.getLogger(__name__)

ENOUGH = 500  # to begin with; what has come meanwhile goes along
LARGEST_BATCH = 2_000
LONGEST_WAIT_S = 0.05
_IDLE_S = 0.5


async def run_telemetry(settings: IngestSettings, stop: asyncio.Event) -> None:
    """Serve as many areas as there are to be had, until `stop`. The batch in hand is finished and acknowledged."""
    registry, stats = Registry(), Stats(TELEMETRY)

    async def serve(worker: Worker, conn: Connection, until: asyncio.Event) -> None:
        await _TelemetryLane(settings, registry, stats, worker, conn).serve(until)

    await Worker(settings, TELEMETRY, registry, stats).run(serve, stop)


class _TelemetryLane:
    """The lane over one database connection, which holds the locks and commits the batches."""

    def __init__(self, settings: IngestSettings, registry: Registry, stats: Stats, worker: Worker, conn: Connection) -> None:
        self._clock = settings.clock
        self._registry = registry
        self._stats = stats
        self._worker = worker
        self._conn = conn
        self._window = Window(most=settings.most_in_flight)
        self._flood = Flood()
        self._some, self._full = asyncio.Event(), asyncio.Event()
        self._holding = Holding(settings, registry, self._window, self._arrived)

    async def serve(self, stop: asyncio.Event) -> None:
        """Until the connection fails or `stop`. Raises what the database raises."""
        try:
            await self._registry.load(self._conn)
            while not stop.is_set():
                await self._round(stop)
            await self._worker.report(
                self._conn, len(self._window), urgent=True, stopped=True, areas=[], repeats=self._window.repeats
            )
        finally:
            await self._holding.leave_all()

    async def _round(self, stop: asyncio.Event) -> None:
        before = self._holding.areas
        await self._holding.look(self._conn, self._clock())
        areas = self._holding.areas
        told = {"areas": areas, "repeats": self._window.repeats, "left": self._window.left, "waiting": self._window.waiting}
        await self._worker.report(self._conn, len(self._window), urgent=areas != before, **told)
        await self._gather(stop)
        taken = self._window.take(LARGEST_BATCH)
        self._holding.hear(self._clock())
        if taken:
            await self._batch(taken)
        if not len(self._window):  # a backlog is not silence
            await self._tick(self._clock())

    def _arrived(self) -> None:
        self._some.set()
        if self._window.waiting >= ENOUGH:
            self._full.set()

    async def _gather(self, stop: asyncio.Event) -> None:
        """Wait for the first, then for enough of them, but not for long."""
        if not self._window.waiting:
            self._some.clear()
            await self._worker.until(self._some, stop, _IDLE_S)
        if 0 < self._window.waiting < ENOUGH:
            self._full.clear()
            await self._worker.until(self._full, stop, LONGEST_WAIT_S)

    async def _batch(self, taken: Sequence[Taken]) -> None:
        try:
            await self._worker.attempt(lambda: isolate(self._window.pending(taken), self._store, self._refuse))
        finally:
            self._window.give_back(taken)

    async def _store(self, taken: Sequence[Taken]) -> None:
        began, now = perf_counter(), self._clock()
        batch = await judged(self._conn, taken, self._registry, TELEMETRY)
        sifted = self._flood.sift(batch.said)
        trials = Trials(self._holding.partitions)
        async with self._meanwhile(), self._conn.transaction():
            findings = await write(self._conn, batch.sifted(sifted), sifted.limited, trials, self._registry, now)
            fault.point(fault.BEFORE_COMMIT)
        fault.point(fault.AFTER_COMMIT)
        trials.adopt()
        self._flood.adopt(sifted)
        self._stats.limited(sifted.count)
        self._window.done(taken, batch.refused_entries)
        committed = self._clock()
        lag = (committed - taken[0].first.at).total_seconds()
        self._stats.batch(len(taken), perf_counter() - began, lag, batch.rejected, findings)
        self._stats.published(batch.said, committed)

    @asynccontextmanager
    async def _meanwhile(self) -> AsyncIterator[None]:
        """While the database works, what comes next is decoded."""
        ahead = asyncio.create_task(look_ahead(self._window.next(LARGEST_BATCH), self._registry, TELEMETRY))
        try:
            yield
        finally:
            ahead.cancel()

    async def _refuse(self, one: Taken, why: str) -> None:
        log.error("rejected a message on %s: %s", one.first.topic, why)
        async with self._conn.transaction():
            await messages.reject(self._conn, rows.rejected_rows(TELEMETRY, [(one.first, Rejected(why))]))
        self._window.done([one], {one})
        self._stats.batch(1, 0.0, 0.0, 1, 0)

    async def _tick(self, now: datetime) -> None:
        """Deadlines that have passed: what nobody said."""
        trials = Trials(self._holding.partitions)
        findings = trials.tick(now)
        if not findings:
            trials.adopt()
            return

        async def store(part: Sequence[Finding]) -> None:
            async with self._conn.transaction():
                known, zones = self._registry.known, self._registry.zones
                await apply(self._conn, [found(finding, about(finding, known, zones), now) for finding in part], now)

        async def refuse(finding: Finding, why: str) -> None:
            log.error("%s of %s: %s", finding.kind, finding.source, why)

        await self._worker.attempt(lambda: isolate(findings, store, refuse))
        trials.adopt()
