"""A listener hears every committed transition, and says when it may have missed some."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import psutil
import psycopg
import pytest

from store import notify
from store.connect import Connection
from store.server import Database, EmbeddedDatabase

pytestmark = pytest.mark.integration

ONE = UUID(int=1)
Superuser = psycopg.Connection[tuple[object, ...]]


@dataclass
class Heard:
    """What a listener was told, in order; "lost" stands for a call of on_lost."""

    told: list[str] = field(default_factory=list)
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    def notice(self, channel: str, payload: str) -> None:
        self.told.append(f"{channel} {payload}")

    def lost(self) -> None:
        self.told.append("lost")

    async def until(self, count: int) -> list[str]:
        async with asyncio.timeout(10):
            while len(self.told) < count:  # noqa: ASYNC110 - the callbacks of the listener fill it
                await asyncio.sleep(0.01)
        return self.told


@asynccontextmanager
async def listening(database: Database, superuser: Superuser) -> AsyncIterator[Heard]:
    heard = Heard()
    task = asyncio.create_task(notify.listen(database.dsn("vigil_api"), notify.CHANNELS, heard.notice, heard.lost, heard.stop))
    try:
        await listener(database, superuser)
        assert (await heard.until(1)).pop() == "lost"  # whatever happened before may be missing
        yield heard
    finally:
        heard.stop.set()
        await asyncio.wait_for(task, 5)


async def listener(database: Database, superuser: Superuser, not_this: object = None) -> object:
    """The server process of the listener, once it listens on the last channel."""
    query = "SELECT pid FROM pg_stat_activity WHERE application_name = 'vigil-listen' AND datname = %s AND query = %s"
    last = f'LISTEN "{notify.CHANNELS[-1]}"'
    async with asyncio.timeout(10):
        while True:
            row = superuser.execute(query, [database.name, last]).fetchone()
            if row and row[0] != not_this:
                return row[0]
            await asyncio.sleep(0.02)


async def test_hears_what_was_committed_in_order(database: Database, superuser: Superuser, worker_conn: Connection) -> None:
    async with listening(database, superuser) as heard:
        await notify.incident(worker_conn, ONE, 7)
        await notify.register(worker_conn, "")
        await notify.responder(worker_conn, "r-1")
        await asyncio.sleep(0.05)
        assert heard.told == []
        await worker_conn.commit()
        assert await heard.until(3) == [f"vigil_incident {ONE} 7", "vigil_register ", "vigil_responder r-1"]


async def test_never_hears_what_was_rolled_back(database: Database, superuser: Superuser, worker_conn: Connection) -> None:
    async with listening(database, superuser) as heard:
        await notify.incident(worker_conn, ONE, 1)
        await worker_conn.rollback()
        await notify.incident(worker_conn, ONE, 2)
        await worker_conn.commit()
        assert await heard.until(1) == [f"vigil_incident {ONE} 2"]


async def test_lost_connection_is_told_before_what_follows(
    database: Database, worker_conn: Connection, superuser: Superuser
) -> None:
    async with listening(database, superuser) as heard:
        first = await listener(database, superuser)
        superuser.execute("SELECT pg_terminate_backend(%s)", [first])
        await notify.incident(worker_conn, ONE, 1)  # nobody listens: this is what a snapshot makes good
        await worker_conn.commit()
        assert "lost" in await heard.until(1)
        await listener(database, superuser, not_this=first)
        await notify.incident(worker_conn, ONE, 2)
        await worker_conn.commit()
        await heard.until(2)
        assert heard.told[-1] == f"vigil_incident {ONE} 2"
        assert heard.told.index("lost") < len(heard.told) - 1


async def test_database_that_is_not_there_yet_is_waited_for(database: Database) -> None:
    """A gap from the very start counts as one: whatever happened before the first LISTEN may be missing."""
    heard = Heard()
    dsn = database.dsn("vigil_api").replace(database.name, "not_there")
    task = asyncio.create_task(notify.listen(dsn, notify.CHANNELS, heard.notice, heard.lost, heard.stop))
    await asyncio.sleep(0.3)
    assert not task.done()
    heard.stop.set()
    await asyncio.wait_for(task, 5)


async def test_stop_is_quick(database: Database, superuser: Superuser) -> None:
    started = asyncio.get_running_loop().time()
    async with listening(database, superuser):
        pass
    assert asyncio.get_running_loop().time() - started < 5


async def test_frozen_server_is_noticed_within_seconds(server_home: Path) -> None:
    """It neither answers nor closes: only a question that stays unanswered tells."""
    async with EmbeddedDatabase(server_home) as server:
        assert server.process
        postmaster = psutil.Process(server.process.pid)
        heard = Heard()
        task = asyncio.create_task(notify.listen(server.dsn("vigil_api"), ["vigil_incident"], heard.notice, heard.lost, heard.stop))
        await heard.until(1)
        (frozen,) = (one for one in postmaster.children() if "vigil_api" in " ".join(one.cmdline()))
        frozen.suspend()
        try:
            await heard.until(2)  # another connection took over
        finally:
            frozen.resume()
        heard.stop.set()
        await asyncio.wait_for(task, 5)
    assert heard.told == ["lost", "lost"]
