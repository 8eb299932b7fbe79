"""The database as the api meets it: there, gone, frozen, back."""

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager

import pytest

from api.database import OWN, WORK_S, Database, Lane, StoreUnavailable
from store.connect import Connection, connect
from store.refusing import Refusal
from store.server import Database as Server

pytestmark = pytest.mark.integration


async def one(conn: Connection) -> int:
    row = await (await conn.execute("SELECT 1")).fetchone()
    assert row is not None
    return int(row[0])


async def backend(conn: Connection) -> int:
    return conn.info.backend_pid


@asynccontextmanager
async def reached(dsn: str, size: int = 4) -> AsyncIterator[tuple[Database, list[bool]]]:
    heard: list[bool] = []
    async with Database(dsn, size, heard.append) as found:
        assert await found.reached(5)
        yield found, heard


async def until(condition: Callable[[], bool], seconds: float) -> float:
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, "did not happen in time"
        await asyncio.sleep(0.02)
    return time.monotonic() - began


async def test_work_is_one_transaction_and_connections_are_used_again(database: Server) -> None:
    async with reached(database.dsn("vigil_owner")) as (found, heard):
        assert await found.run(one) == 1
        assert len({await found.run(backend) for _ in range(5)}) == 1
        assert heard == [True]


async def test_what_the_work_raises_undoes_it(database: Server) -> None:
    async def half(conn: Connection) -> None:
        await conn.execute("INSERT INTO layers VALUES ('half', '{}')")
        raise KeyError("done half")

    async def count(conn: Connection) -> int:
        row = await (await conn.execute("SELECT count(*) FROM layers")).fetchone()
        return int(row[0]) if row else -1

    async with reached(database.dsn("vigil_owner")) as (found, _):
        with pytest.raises(KeyError):
            await found.run(half)
        assert await found.run(count) == 0


async def test_no_more_connections_than_told(database: Server) -> None:
    async def slow(conn: Connection) -> int:
        await conn.execute("SELECT pg_sleep(0.1)")
        return conn.info.backend_pid

    async with reached(database.dsn("vigil_owner"), size=2) as (found, _):
        assert len(set(await asyncio.gather(*(found.run(slow) for _ in range(8))))) <= 2


async def test_questions_take_no_connection_of_acts_nor_of_what_runs_behind(database: Server) -> None:
    async with Database(database.dsn("vigil_owner"), 1, lambda there: None, reads=1) as found:
        assert await found.reached(5)
        begun = asyncio.Event()

        async def asks(conn: Connection) -> None:
            begun.set()
            await conn.execute("SELECT pg_sleep(60)")

        asked = asyncio.create_task(found.run(asks, lane=Lane.READS))
        await begun.wait()
        with pytest.raises(StoreUnavailable):
            await found.run(one, lane=Lane.READS, within_s=0.1)
        assert await found.run(one) == 1
        assert await asyncio.gather(*(found.run(one, lane=Lane.OWN) for _ in range(OWN))) == [1] * OWN
        asked.cancel()
        await asyncio.wait({asked})


async def test_work_past_its_limit_is_cut_and_leaves_nothing_behind(database: Server) -> None:
    async def endless(conn: Connection) -> None:
        await conn.execute("INSERT INTO layers VALUES ('never', '{}')")
        await conn.execute("SELECT pg_sleep(60)")

    async with reached(database.dsn("vigil_owner")) as (found, heard):
        began = time.monotonic()
        with pytest.raises(StoreUnavailable):
            await found.run(endless, within_s=0.3)
        assert time.monotonic() - began < WORK_S
        await until(lambda: found.up, 10)
        assert await found.run(one) == 1
        assert heard == [True], "one slow query does not make a lost database"


async def test_a_server_that_closed_our_connections_costs_no_request(database: Server) -> None:
    async with reached(database.dsn("vigil_owner")) as (found, _):
        pid = await found.run(backend)
        async with await connect(database.dsn("postgres"), autocommit=True) as other:
            await other.execute("SELECT pg_terminate_backend(%s)", (pid,))
        await asyncio.sleep(0.1)
        assert await found.run(one) == 1


async def test_a_caller_that_goes_away_takes_its_query_with_it(database: Server, caplog: pytest.LogCaptureFixture) -> None:
    async with reached(database.dsn("vigil_owner"), size=1) as (found, _):
        asked = asyncio.create_task(found.run(lambda conn: conn.execute("SELECT pg_sleep(60)"), within_s=50))
        await asyncio.sleep(0.2)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(asked, 10)
        assert await asyncio.wait_for(found.run(one), 10) == 1
    gc.collect()
    assert "never retrieved" not in caplog.text, "how its query ended is nobody's error"


async def test_an_unreachable_database_is_said_at_once() -> None:
    heard: list[bool] = []
    async with Database("host=127.0.0.1 port=1 user=x dbname=y", 2, heard.append) as found:
        assert not await found.reached(0.3)
        with pytest.raises(StoreUnavailable):
            await found.run(one)
    assert heard == []


async def test_frozen_then_back(database: Server, frozen: Callable[[], AbstractContextManager[None]]) -> None:
    async with reached(database.dsn("vigil_owner")) as (found, heard):
        with frozen():
            began = time.monotonic()
            with pytest.raises(StoreUnavailable):
                await found.run(one, within_s=0.5)
            assert time.monotonic() - began < WORK_S
            await until(lambda: not found.up, 10)
            with pytest.raises(StoreUnavailable):
                await found.run(one)
        await until(lambda: found.up, 10)
        assert await found.run(one) == 1
        assert heard == [True, False, True]


async def test_frozen_at_the_end_does_not_hold_us(database: Server, frozen: Callable[[], AbstractContextManager[None]]) -> None:
    async with reached(database.dsn("vigil_owner")) as (found, _):
        with frozen():
            asked = asyncio.create_task(found.run(one))
            await asyncio.sleep(0.1)
            began = time.monotonic()
            asked.cancel()
            await found.__aexit__(None, None, None)
            assert time.monotonic() - began < WORK_S
            with pytest.raises(asyncio.CancelledError):
                await asyncio.wait_for(asked, 10)


async def test_a_database_that_is_read_only_is_read_and_says_why_it_stores_nothing(database: Server) -> None:
    async def write(conn: Connection) -> None:
        await conn.execute("INSERT INTO layers VALUES ('kept', '{}')")

    heard: list[Refusal | None] = []
    async with Database(database.dsn("vigil_owner"), 2, lambda there: None, heard.append) as found:
        assert await found.reached(5)
        async with reads_only(database):
            await until(lambda: heard == [Refusal.READ_ONLY], 8)
            with pytest.raises(StoreUnavailable, match="read-only"):
                await found.run(write)
            assert await found.run(one) == 1
            assert found.up
        await until(lambda: heard == [Refusal.READ_ONLY, None], 8)
        await found.run(write)


@asynccontextmanager
async def reads_only(database: Server) -> AsyncIterator[None]:
    """The whole server, as a standby or a careful administrator has it."""
    async with await connect(database.dsn("postgres"), autocommit=True) as conn:
        await conn.execute("SET default_transaction_read_only = off")
        await conn.execute("ALTER SYSTEM SET default_transaction_read_only = on")
        await conn.execute("SELECT pg_reload_conf()")
        try:
            yield
        finally:
            await conn.execute("ALTER SYSTEM RESET default_transaction_read_only")
            await conn.execute("SELECT pg_reload_conf()")
