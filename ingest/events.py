"""The event lane: what people press reaches the store at once, in one transaction a batch, acknowledged after it has committed.

One worker is the event lane: it holds a lock of the database on the very connection that it commits by, and the one session
`vigil-event`. Others stand by and take over when its connection dies. While the database is away the session stays and keeps what
comes; nothing is dropped and nothing acknowledged.
"""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime
from time import perf_counter

from analytics.runtime import judge
from analytics.step import Event
from broker import lanes
from broker.session import Arrived, Session
from ingest import fault, rows
from ingest.alarms import new_alarm
from ingest.batch import Taken, Window
from ingest.clocks import stored_key
from ingest.folding import folded
from ingest.isolate import isolate
from ingest.judged import Judged, judged
from ingest.registry import Registry
from ingest.said import EVENTS, Ack, Rejected, Said
from ingest.settings import IngestSettings
from ingest.settled import settled
from ingest.stats import Stats
from ingest.worker import Worker
from store import alarms, messages
from store.connect import Connection
from store.health import HealthRow

log = logging.getLogger(__name__)

LOCK = "vigil-event"
_LARGEST_BATCH = 200  # a press waits for the batch before its own
_STAND_BY_S = 0.5


async def run_events(settings: IngestSettings, stop: asyncio.Event) -> None:
    """Be the event lane, or stand by, until `stop`. The batch in hand is finished and acknowledged."""
    lane = _EventLane(settings)
    await Worker(settings, EVENTS, lane.registry, lane.stats).run(lane.serve, stop)
    await lane.close()


class _EventLane:
    def __init__(self, settings: IngestSettings) -> None:
        self._settings = settings
        self.registry = Registry()
        self.stats = Stats(EVENTS)
        self._window = Window(most=self._settings.most_in_flight)
        self._some = asyncio.Event()
        self._session: Session | None = None

    async def serve(self, worker: Worker, conn: Connection, stop: asyncio.Event) -> None:
        """With one database connection, until it fails or `stop`. Raises what the database raises."""
        if await self._hold(worker, conn, stop):
            await self.registry.load(conn)
            await self._listen()
        while not stop.is_set():
            await worker.until(self._some, stop)
            self._some.clear()
            while self._window.waiting and not stop.is_set():
                await self._batch(worker, conn, self._window.take(_LARGEST_BATCH))
            link = bool(self._session and self._session.link)
            await worker.report(conn, len(self._window), session=link, left=self._window.left)
        await worker.report(conn, len(self._window), urgent=True, stopped=True, left=self._window.left)

    async def close(self) -> None:
        """Leave the session; what was not acknowledged stays with the broker."""
        session, self._session = self._session, None
        if session is not None:
            await session.__aexit__(None, None, None)

    async def _hold(self, worker: Worker, conn: Connection, stop: asyncio.Event) -> bool:
        """Become the event lane; step away for as long as another one is."""
        while not await worker.lock(conn, LOCK):
            if self._session is not None:
                log.warning("another worker is the event lane now")
                await self.close()
                self._window = Window(most=self._settings.most_in_flight)
            if await worker.pause(_STAND_BY_S, stop):
                return False
            await worker.report(conn, 0, standing_by=True)
        return True

    async def _listen(self) -> None:
        if self._session is None:
            self._session = self._settings.session(lanes.event_lane(), self._arrived)
            await self._session.__aenter__()

    def _arrived(self, arrived: Arrived) -> None:
        session = self._session
        if session is not None and self._window.add(arrived, EVENTS, session.acknowledge_all):
            self._some.set()

    async def _batch(self, worker: Worker, conn: Connection, taken: Sequence[Taken]) -> None:
        async def store(part: Sequence[Taken]) -> None:
            await self._store(conn, part)

        async def refuse(one: Taken, why: str) -> None:
            await self._refuse(conn, one, why)

        try:
            await worker.attempt(lambda: isolate(self._window.pending(taken), store, refuse))
        finally:
            self._window.give_back(taken)

    async def _store(self, conn: Connection, taken: Sequence[Taken]) -> None:
        began, now = perf_counter(), self._settings.clock()
        found = await judged(conn, taken, self.registry, EVENTS)
        async with conn.transaction():
            findings, heard = await _write(conn, found, now)
            fault.point(fault.BEFORE_COMMIT)
        fault.point(fault.AFTER_COMMIT)
        if heard:
            await messages.touch_health(conn, heard)
        self._window.done(taken, found.refused_entries)
        committed = self._settings.clock()
        lag = (committed - taken[0].first.at).total_seconds()
        self.stats.batch(len(taken), perf_counter() - began, lag, found.rejected, findings)
        self.stats.published(found.said, committed)

    async def _refuse(self, conn: Connection, one: Taken, why: str) -> None:
        log.error("rejected a message on %s: %s", one.first.topic, why)
        async with conn.transaction():
            await messages.reject(conn, rows.rejected_rows(EVENTS, [(one.first, Rejected(why))]))
        self._window.done([one], {one})
        self.stats.batch(1, 0.0, 0.0, 1, 0)


async def _write(conn: Connection, found: Judged, now: datetime) -> tuple[int, list[HealthRow]]:
    """Everything that one transaction holds; answers the number of findings, and what this tells about the devices themselves.

    The latter is written after the commit: the telemetry lane may hold the row of the same device for as long as its batch takes,
    and no press waits for that.
    """
    said = await settled(conn, found.said)
    fresh = await _events(conn, said)
    news = [new_alarm(finding, one.known, event.now) for one, event in fresh for finding in judge(event)]
    for new in alarms.in_lock_order(folded(news)):
        await alarms.raise_alarm(conn, new, now)
    acks = [(one, one.item) for one in said if isinstance(one.item, Ack)]
    if acks:
        await messages.insert_acks(conn, [rows.ack_row(one, ack) for one, ack in acks])
    heard = [rows.health_row(one) for one in (*(one for one, _ in fresh), *(one for one, _ in acks))]
    refused = rows.rejected_rows(EVENTS, found.refused)
    if refused:
        await messages.reject(conn, refused)
    return len(news), heard


async def _events(conn: Connection, said: Sequence[Said]) -> list[tuple[Said, Event]]:
    """Store them; those that were new, in time order, each once."""
    events = {stored_key(one, one.item.key): (one, one.item) for one in reversed(said) if isinstance(one.item, Event)}
    if not events:
        return []
    new = await messages.insert_events(conn, [rows.event_row(one, event) for one, event in events.values()])
    return sorted((events[key] for key in new), key=lambda pair: (pair[1].at, pair[1].key))
