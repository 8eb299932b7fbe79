"""From the database's notices to the consoles: one notice is read at once; of a storm, what came in a few hundredths of a second.

Whatever may have been missed is made good: a lost LISTEN or a database that was away ends in a snapshot to everyone, and every few
seconds the board is compared with the database, so that no console can be wrong for long whatever went wrong.
"""

import asyncio
import contextlib
import logging
import time
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID

from api.database import Database, Lane, StoreUnavailable, Work
from api.feeds import Feed
from api.hub import Hub
from api.people import place
from api.presses import StoreKey
from api.register import Register
from api.unending import Ongoing
from store import dispatches, incidents, messages, notify
from store.board import CardRow
from store.connect import Connection

log = logging.getLogger(__name__)
T = TypeVar("T")

GATHER_S = 0.03
COMPARE_EVERY_S = 5.0
_FIRST_COMPARE_S = 1.0  # listening tells of every gap but the first, between our first reading and its beginning
_MOST_IDS = 2_000
_AGAIN_S = 1.0


class Pump:
    """What is to be read next. Nothing here waits but `run`."""

    def __init__(self, database: Database, hub: Hub, register: Register, feed: Feed) -> None:
        self._database = database
        self._hub = hub
        self._register = register
        self._feed = feed
        self._ids: set[UUID] = set()
        self._everything = True
        self._register_changed = True
        self._responders_changed = True
        self._noticed: float | None = None
        self._wake = asyncio.Event()
        self.read = asyncio.Event()  # everything has been read once
        self._wake.set()

    def notice(self, channel: str, payload: str) -> None:
        """A notice of the database."""
        if channel == notify.INCIDENT:
            self._ids.add(UUID(payload.partition(" ")[0]))
            self._noticed = self._noticed or time.monotonic()
            self._everything |= len(self._ids) > _MOST_IDS
        elif channel == notify.REGISTER:
            self._register_changed = True
        elif channel == notify.RESPONDER:
            self._responders_changed = True
        self._wake.set()

    def lost(self) -> None:
        """Notices may have been missed."""
        self._everything = self._register_changed = self._responders_changed = True
        self._wake.set()

    async def run(self, ongoing: Ongoing) -> None:
        """Read and tell, for ever; begins with everything, since whatever came while it did not run was not read."""
        self.lost()
        loop = asyncio.get_running_loop()
        compare, turned = loop.time() + _FIRST_COMPARE_S, 0.0
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(compare):
                    await self._wake.wait()
            try:
                if self._wake.is_set():
                    await asyncio.sleep(max(0.0, turned + GATHER_S - loop.time()))
                    await self._turn()
                    ongoing.well()
                    turned = loop.time()
                if loop.time() >= compare:
                    compare = loop.time() + COMPARE_EVERY_S
                    await self._compare()
            except StoreUnavailable as error:
                self._everything = True  # `lost` is called when the database is back
                if self._database.up:
                    ongoing.failed(error)
                    await asyncio.sleep(_AGAIN_S)
                    self.lost()

    async def _turn(self) -> None:
        """What is most urgent goes first: a register that cannot be read keeps no incident from being shown."""
        self._wake.clear()
        if self._everything:
            self._ids.clear()
            await self._reload()
        elif self._ids:
            ids, self._ids = list(self._ids), set()
            noticed, self._noticed = self._noticed, None
            try:
                await self._news(ids, noticed)
            except StoreUnavailable:
                self._ids |= set(ids)
                raise
        if self._register_changed:
            await self._read_by(self._register.load)
            self._register_changed = False
        if self._responders_changed:
            self._responders_changed = False
            await self.responders()
        self.read.set()

    async def _reload(self) -> None:
        self._everything = False
        try:
            rows, stored = await self._read_by(lambda conn: self._read(conn, None))
        except StoreUnavailable:
            self._everything = True
            raise
        self._feed.forget(stored)
        self._hub.reload(rows)
        log.info("board reloaded: %d incidents", len(rows))

    async def _news(self, ids: list[UUID], noticed: float | None = None) -> None:
        rows, stored = await self._read_by(lambda conn: self._read(conn, ids))
        self._feed.settle(stored, {row.id for row in self._hub.changed(rows, noticed)})

    async def _compare(self) -> None:
        """What should have been heard of, but was not, is news too."""
        rows, stored = await self._read_by(lambda conn: self._read(conn, None))
        gone = list(self._hub.board.rows.keys() - {row.id for row in rows})
        self._feed.settle(stored, {row.id for row in self._hub.changed(rows)})
        if gone:
            await self._news(gone)
        await self.responders()

    async def responders(self) -> None:
        """Where everyone is now, and who is on duty."""
        rows = await self._read_by(lambda conn: dispatches.candidates(conn, None))
        now = datetime.now(UTC)
        self._hub.responders_are(place(row, self._register.timezone, now) for row in rows)

    async def _read_by(self, work: Work[T]) -> T:
        return await self._database.run(work, lane=Lane.OWN)

    async def _read(self, conn: Connection, ids: list[UUID] | None) -> tuple[list[CardRow], set[StoreKey]]:
        """Incidents, and which of the presses that we hold are stored, as of one moment."""
        rows = await incidents.board(conn, None, ids)
        keys = self._feed.presses.keys()
        return rows, await messages.stored_events(conn, keys) if keys else set()
