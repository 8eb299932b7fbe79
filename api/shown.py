"""The stamp *shown*: what consoles have rendered, written down in batches, kept with its time while the database is away."""

import asyncio
from datetime import datetime
from uuid import UUID

from api.access import Viewer
from api.database import Database, Lane, StoreUnavailable
from api.unending import Ongoing
from store import incidents
from store.connect import Connection
from store.trail import Actor

_GATHER_S = 0.05
_AGAIN_S = 1.0

First = tuple[datetime, Actor]


class Shown:
    """The first rendering of each incident that is not yet written down: when, and on whose console."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._first: dict[UUID, First] = {}
        self._wake = asyncio.Event()

    def rendered(self, ids: set[UUID], by: Viewer, now: datetime) -> set[UUID]:
        """A console shows these; answers those that no other had shown before."""
        first = ids - self._first.keys()
        for incident in first:
            self._first[incident] = (now, Actor(by.login, by.account_id, by.role, by.scope))
        if ids:
            self._wake.set()
        return first

    async def run(self, ongoing: Ongoing) -> None:
        """Write them down, for ever."""
        if self._first:
            self._wake.set()
        while True:
            await self._wake.wait()
            self._wake.clear()
            await asyncio.sleep(_GATHER_S)
            batch = dict(self._first)
            try:
                await self._database.run(lambda conn, batch=batch: _write(conn, batch), lane=Lane.OWN)  # type: ignore[misc]
            except StoreUnavailable:
                await asyncio.sleep(_AGAIN_S)
                self._wake.set()
            else:
                for incident in batch:
                    del self._first[incident]
                ongoing.well()


async def _write(conn: Connection, batch: dict[UUID, First]) -> None:
    for at, actor in sorted(set(batch.values()), key=lambda one: (one[0], one[1].login)):
        ids = sorted(incident for incident, first in batch.items() if first == (at, actor))
        await incidents.mark_shown(conn, ids, at, actor=actor)
