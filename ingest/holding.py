"""Which areas a telemetry worker holds: it takes what is free and gives one away to a worker that has clearly fewer. All of it only
between batches.

What an area may have in flight is bounded by its session (broker.lanes), so that a worker with several is done with all of it
before the broker hands it over again.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from broker import lanes
from broker.session import Arrived
from ingest.batch import Window
from ingest.partition import Partition, lock_name, rebuilt
from ingest.registry import Registry
from ingest.said import TELEMETRY
from ingest.settings import IngestSettings
from ingest.usual import Usual
from store import alarms, locks, messages
from store.connect import Connection

log = logging.getLogger(__name__)

LOOK_EVERY = timedelta(seconds=1)
ALIVE_WITHIN = timedelta(seconds=8)  # a worker reports every five seconds; one that is frozen stays connected
KEEP_OFF = timedelta(seconds=3)  # from an area that was given away, so that the other can take it


class Holding:
    """The partitions in this worker's hands, by area. `on_some` is called when something has arrived."""

    def __init__(self, settings: IngestSettings, registry: Registry, window: Window, on_some: Callable[[], None]) -> None:
        self._settings = settings
        self._registry = registry
        self._window = window
        self._on_some = on_some
        self._looked: datetime | None = None
        self._given_away: dict[str, datetime] = {}
        self._loads = registry.loads
        self._usual = Usual()
        self.partitions: dict[str, Partition] = {}

    @property
    def areas(self) -> list[str]:
        """What is held, for the report."""
        return sorted(self.partitions)

    async def look(self, conn: Connection, now: datetime) -> None:
        """Every second: take what is free, share with others, learn what people have reset and what is usual."""
        if self._looked is not None and now - self._looked < LOOK_EVERY:
            return
        self._looked = now
        await self._usual.refresh(conn, self._registry.loads, now)
        await self._reconcile(conn, now)
        others = await self._others(conn, now)
        await self._take(conn, now, len(others))
        await self._share(conn, now, others)

    def hear(self, now: datetime) -> None:
        """Tell the detectors of every area that became audible, and what was revoked. Only between trials."""
        for partition in self.partitions.values():
            if partition.deaf:
                partition.listen(self._registry.known, now)
            if self._loads != self._registry.loads:
                partition.forget(self._registry.known)
        self._loads = self._registry.loads

    async def leave_all(self) -> None:
        """Leave every session. The locks end with the connection."""
        held = list(self.partitions.values())
        self.partitions.clear()
        await asyncio.gather(*(partition.leave() for partition in held))

    async def _reconcile(self, conn: Connection, now: datetime) -> None:
        """What people have reset since may be raised anew."""
        if self.partitions:
            active = {(one.source, one.kind) for one in await alarms.active(conn, None) if not one.drill}
            for partition in self.partitions.values():
                partition.runtime.reconcile(active, now)

    async def _take(self, conn: Connection, now: datetime, others: int) -> None:
        """Free areas: an even share at once, beyond it one a time, so that others get theirs."""
        areas = {known.origin.area for known in self._registry.known.values()}
        for area in sorted(areas - set(self.partitions)):
            given = self._given_away.get(area)
            if given is not None and now - given < KEEP_OFF:
                continue
            if await locks.try_lock(conn, lock_name(area)):
                await self._open(conn, area, now)
                if len(self.partitions) * (others + 1) >= len(areas):
                    return

    async def _open(self, conn: Connection, area: str, now: datetime) -> None:
        partition = self.partitions[area] = await rebuilt(
            conn, area, self._registry.known, now, self._settings.detectors, self._usual
        )
        session = self._settings.session(
            lanes.telemetry_lane(area), lambda arrived: self._arrived(area, arrived), partition.link_is
        )
        partition.session = session
        await session.__aenter__()
        log.info("area %s is ours", area)

    def _arrived(self, area: str, arrived: Arrived) -> None:
        partition = self.partitions.get(area)
        session = partition.session if partition is not None else None
        if session is not None and self._window.add(arrived, area, session.acknowledge_all):
            self._on_some()

    async def _others(self, conn: Connection, now: datetime) -> dict[str, int]:
        """How many areas each other living worker of this lane holds."""
        connected = await locks.connected(conn)
        return {
            row.worker: len(row.stats.get("areas", ()))
            for row in await messages.workers(conn)
            if row.lane == TELEMETRY and row.worker != self._settings.worker_name and row.worker in connected
            if now - row.at < ALIVE_WITHIN and not row.stats.get("stopped")
        }

    async def _share(self, conn: Connection, now: datetime, others: dict[str, int]) -> None:
        if not others or min(others.values()) + 2 > len(self.partitions):
            return
        area = self.areas[-1]
        await self.partitions.pop(area).leave()
        self._window.leave(area)
        self._given_away[area] = now
        await locks.unlock(conn, lock_name(area))
        log.info("area %s is given away", area)
