"""The schema grows from every earlier version with its data, once, by one migrator; what was applied is never edited."""

import asyncio
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import psycopg
import pytest

from care.district import District
from store import migrate, register
from store.connect import Connection, connect
from store.migrate import Migration, MigrationChanged, MigrationMissing, MigrationSkipped
from store.server import Database

pytestmark = pytest.mark.integration

KNOWN = migrate.migrations()
NEXT = Migration(9999, "9999_next", "9" * 64, b"CREATE TABLE later (x integer); INSERT INTO later VALUES (1);")


def versions() -> list[int]:
    return [migration.version for migration in KNOWN]


async def snapshot(conn: Connection) -> list[tuple[object, ...]]:
    """Everything of the schema that a program can notice: columns, constraints, indexes, rights, functions, triggers."""
    found: list[tuple[object, ...]] = []
    for query in (
        "SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns "
        "WHERE table_schema = 'public' ORDER BY 1, 2",
        "SELECT conrelid::regclass::text, conname::text, pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2",
        "SELECT indexname::text, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1",
        "SELECT relname::text, relacl::text FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1",
        "SELECT attrelid::regclass::text, attname::text, attacl::text FROM pg_attribute WHERE attacl IS NOT NULL ORDER BY 1, 2",
        "SELECT proname::text, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY 1",
        "SELECT tgname::text, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1",
        "SELECT viewname::text, definition FROM pg_views WHERE schemaname = 'public' ORDER BY 1",
    ):
        found += await (await conn.execute(query.encode())).fetchall()
    return found


async def test_empty_database(empty_database: Database) -> None:
    async with await connect(empty_database.dsn("vigil_owner")) as conn:
        assert (await migrate.status(conn)).pending == [migration.name for migration in KNOWN]
        await conn.rollback()
        assert await migrate.apply(conn) == [migration.name for migration in KNOWN]
        assert await migrate.apply(conn) == []
        status = await migrate.status(conn)
        assert (status.pending, [one.version for one in status.applied]) == ([], versions())
        assert [one.sha256 for one in status.applied] == [migration.sha256 for migration in KNOWN]


@pytest.mark.parametrize("version", versions()[:-1])
async def test_every_earlier_version_with_data(
    empty_database: Database, database: Database, small_district: District, now: datetime, version: int
) -> None:
    """From an earlier version, with what it could hold, to exactly the newest schema."""
    async with await connect(empty_database.dsn("vigil_owner")) as conn:
        await migrate.apply(conn, KNOWN[:version])
        await register.load_district(conn, small_district, now)
        await conn.commit()
        assert await migrate.apply(conn) == [migration.name for migration in KNOWN[version:]]
        assert await register.cell(conn) is not None
        assert len(await register.sites(conn)) == len(small_district.sites)
        async with await connect(database.dsn("vigil_owner")) as fresh:
            assert await snapshot(conn) == await snapshot(fresh)


async def test_next_file_is_applied_to_data(database: Database, loaded: District) -> None:
    async with await connect(database.dsn("vigil_owner")) as conn:
        assert await migrate.apply(conn, [*KNOWN, NEXT]) == ["9999_next"]
        assert await (await conn.execute("SELECT count(*) FROM later")).fetchone() == (1,)
        with pytest.raises(MigrationMissing, match="9999_next, which this program does not know"):
            await migrate.apply(conn)


async def test_changed_file_is_refused(database: Database) -> None:
    changed = [replace(KNOWN[0], sha256="0" * 64), *KNOWN[1:]]
    async with await connect(database.dsn("vigil_owner")) as conn:
        with pytest.raises(MigrationChanged, match=f"{KNOWN[0].name} was changed after it had been applied"):
            await migrate.apply(conn, [*changed, NEXT])
        with pytest.raises(MigrationChanged):
            await migrate.status(conn, changed)
        assert await (await conn.execute("SELECT to_regclass('later')")).fetchone() == (None,)


async def test_file_put_in_between_is_refused(database: Database) -> None:
    late = replace(NEXT, version=0, name="0000_late")
    async with await connect(database.dsn("vigil_owner")) as conn:
        with pytest.raises(MigrationSkipped, match="0000_late comes before"):
            await migrate.apply(conn, [late, *KNOWN])


async def test_file_that_fails_leaves_nothing_of_itself(database: Database) -> None:
    bad = replace(NEXT, body=b"CREATE TABLE half (x integer); SELECT 1 / 0;")
    good = replace(NEXT, version=9998, name="9998_good")
    async with await connect(database.dsn("vigil_owner")) as conn:
        with pytest.raises(psycopg.errors.DivisionByZero):
            await migrate.apply(conn, [*KNOWN, good, bad])
        tables = await (await conn.execute("SELECT to_regclass('half'), to_regclass('later')::text")).fetchone()
        assert tables == (None, "later")
        assert (await migrate.status(conn, [*KNOWN, good, bad])).pending == ["9999_next"]


async def test_migrators_at_once_apply_each_file_once(empty_database: Database) -> None:
    async def one(autocommit: bool) -> list[str]:
        async with await connect(empty_database.dsn("vigil_owner"), autocommit=autocommit) as conn:
            return await migrate.apply(conn)

    applied = await asyncio.gather(one(True), one(False), one(True), one(False))
    assert sorted(name for names in applied for name in names) == [migration.name for migration in KNOWN]


async def test_only_the_owner_migrates(database: Database) -> None:
    async with await connect(database.dsn("vigil_api")) as conn:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await migrate.apply(conn, [*KNOWN, NEXT])


async def test_no_extension_is_needed(conn: Connection) -> None:
    """Everything here runs on plain PostgreSQL; TimescaleDB makes it faster where it is."""
    rows = await (await conn.execute("SELECT extname::text FROM pg_extension")).fetchall()
    assert rows == [("plpgsql",)]


async def test_passwords_are_set_and_never_sent(database: Database, superuser: "psycopg.Connection[tuple[object, ...]]") -> None:
    before = database.dsn("vigil_api")
    async with await connect(database.dsn("vigil_owner"), autocommit=True) as conn:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await migrate.set_passwords(conn, {"vigil_api": "x"})  # not the embedded owner's to change
    async with await connect(database.dsn("postgres"), autocommit=True) as conn:
        try:
            await migrate.set_passwords(conn, {"vigil_api": "it's a \\ secret"})
            row = superuser.execute("SELECT rolpassword FROM pg_authid WHERE rolname = 'vigil_api'").fetchone()
            assert row
            assert str(row[0]).startswith("SCRAM-SHA-256$")
            with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
                await connect(before)
            async with await connect(psycopg.conninfo.make_conninfo(before, password="it's a \\ secret")):
                pass
        finally:
            password = psycopg.conninfo.conninfo_to_dict(before)["password"]
            await migrate.set_passwords(conn, {"vigil_api": str(password)})


def test_files_are_numbered_without_gaps() -> None:
    assert versions() == list(range(1, len(KNOWN) + 1))
    assert len(KNOWN) == len(list(Path(migrate.SCHEMA).iterdir()))
