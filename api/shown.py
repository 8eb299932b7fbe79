"""The stamp *shown*: what consoles have rendered, written down in batches, kept with its time while the database is away."""

import asyncio
from datetime import datetime
from uuid import UUID

from api.database import Database, StoreUnavailable
from store import incidents

_GATHER_S = 0.05
_AGAIN_S = 1.0


class Shown:
    """The first rendering of each incident that is not yet written down."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._first: dict[UUID, datetime] = {}
        self._wake = asyncio.Event()

    def rendered(self, ids: set[UUID], now: datetime) -> None:
        """A console shows these."""
        for incident in ids:
            self._first.setdefault(incident, now)
        if ids:
            self._wake.set()

    async def run(self) -> None:
        """Write them down, for ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            await asyncio.sleep(_GATHER_S)
            try:
                await self._write(dict(self._first))
            except StoreUnavailable:
                await asyncio.sleep(_AGAIN_S)
                self._wake.set()

    async def _write(self, batch: dict[UUID, datetime]) -> None:
        for at in sorted(set(batch.values())):
            ids = [incident for incident, first in batch.items() if first == at]
            await self._database.run(lambda conn, ids=ids, at=at: incidents.mark_shown(conn, ids, at))  # type: ignore[misc]
            for incident in ids:
                self._first.pop(incident, None)
