"""Connections are named, in UTC, limited in time, and found again after the database was away."""

import asyncio
import time
from datetime import UTC, datetime

import psycopg
import pytest
from psycopg.types.json import Jsonb

from store.connect import Connection, connect, pool
from store.server import Database, EmbeddedDatabase

pytestmark = pytest.mark.integration


async def test_times_come_back_aware_and_in_utc(conn: Connection) -> None:
    row = await (await conn.execute("SELECT timestamptz '2026-11-24 10:00:00+08'")).fetchone()
    assert row
    assert row[0] == datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
    assert row[0].utcoffset().total_seconds() == 0


async def test_json_through_msgspec(conn: Connection) -> None:
    at = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
    row = await (await conn.execute("SELECT %s", [Jsonb({"at": at, "名": [1, 0.5, None]})])).fetchone()
    assert row == ({"at": "2026-11-24T02:00:00Z", "名": [1, 0.5, None]},)


async def test_waiting_for_a_lock_has_an_end(database: Database) -> None:
    async with await connect(database.dsn("vigil_owner")) as one, await connect(database.dsn("vigil_owner")) as two:
        await one.execute("SELECT pg_advisory_xact_lock(1)")
        await two.execute("SET lock_timeout = '50ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            await two.execute("SELECT pg_advisory_xact_lock(1)")
        row = await (await one.execute("SELECT current_setting('lock_timeout'), current_setting('statement_timeout')")).fetchone()
        assert row == ("10s", "1min")


async def test_no_question_of_ours_starts_parallel_workers(conn: Connection) -> None:
    """The planner, who knows no tail of the roll-ups, would start two for a month of one device."""
    plan = "EXPLAIN SELECT count(*) FROM generate_series(1, 3) AS a, readings WHERE n % 2 = 0"
    await conn.execute("SET LOCAL parallel_setup_cost = 0")
    await conn.execute("SET LOCAL parallel_tuple_cost = 0")
    await conn.execute("SET LOCAL min_parallel_table_scan_size = 0")
    rows = await (await conn.execute(plan)).fetchall()
    assert not any("Gather" in row[0] for row in rows), rows
    await conn.execute("SET LOCAL max_parallel_workers_per_gather = 2")
    rows = await (await conn.execute(plan)).fetchall()
    assert any("Gather" in row[0] for row in rows), rows


async def test_nobody_there_is_told_soon(database: Database) -> None:
    started = time.monotonic()
    with pytest.raises(psycopg.OperationalError):
        await connect("host=127.0.0.1 port=1 dbname=vigil user=x password=x")
    assert time.monotonic() - started < 6


async def test_pool_lends_at_most_its_size(database: Database) -> None:
    async with pool(database.dsn("vigil_api"), 2, application="pool-test") as lender:
        held: list[Connection] = []
        most = 0

        async def work() -> None:
            nonlocal most
            async with lender.connection() as conn:
                held.append(conn)
                most = max(most, len(held))
                await conn.execute("SELECT pg_sleep(0.02)")
                held.remove(conn)

        await asyncio.gather(*[work() for _ in range(8)])
        assert most == 2


async def test_pool_finds_the_database_again(database: Database, superuser: "psycopg.Connection[tuple[object, ...]]") -> None:
    async with pool(database.dsn("vigil_api"), 2, application="pool-test") as lender:
        async with lender.connection() as conn:
            assert await (await conn.execute("SELECT 1")).fetchone() == (1,)
        superuser.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pool-test'")
        async with lender.connection() as conn:
            assert await (await conn.execute("SELECT 1")).fetchone() == (1,)


async def test_pool_of_a_database_that_is_away_says_so(postgres: EmbeddedDatabase) -> None:
    from psycopg_pool import PoolTimeout

    async with pool("host=127.0.0.1 port=1 dbname=vigil user=x password=x", 1) as lender:
        with pytest.raises(PoolTimeout):
            async with lender.connection(timeout=0.3):
                pass
