"""The schema's history: numbered files, each applied once, in order, in a transaction of its own, by one migrator at a time.

A file that was applied is never edited: its digest is kept, and a difference stops everything with a clear error.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from psycopg.rows import class_row
from psycopg.sql import SQL, Identifier, Literal

from store import history
from store.connect import Connection
from store.errors import StoreError
from store.statements import statements

SCHEMA = Path(__file__).with_name("schema")
_SQL = statements("migrate")


class MigrationChanged(StoreError):
    """A schema file was edited after it had been applied."""

    def __init__(self, name: str) -> None:
        super().__init__(f"schema file {name} was changed after it had been applied; restore it and add a new file instead")
        self.name = name


class MigrationMissing(StoreError):
    """The database has a schema version that this program does not know."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the database has schema version {name}, which this program does not know; run the newer program")
        self.name = name


class MigrationSkipped(StoreError):
    """A file was put before one that had already been applied."""

    def __init__(self, name: str) -> None:
        super().__init__(f"schema file {name} comes before one that is already applied; give it the next number")
        self.name = name


@dataclass(frozen=True, slots=True)
class Migration:
    """One file of the schema."""

    version: int
    name: str
    sha256: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Applied:
    """One line of schema_version."""

    version: int
    name: str
    sha256: str
    applied_at: datetime


@dataclass(frozen=True, slots=True)
class Status:
    """What is applied, and the names of what waits."""

    applied: list[Applied]
    pending: list[str]


def migrations(directory: Path = SCHEMA) -> list[Migration]:
    """Every file NNNN_name.sql, in order."""
    return [_migration(file) for file in sorted(directory.glob("[0-9][0-9][0-9][0-9]_*.sql"))]


async def apply(conn: Connection, known: Sequence[Migration] | None = None) -> list[str]:
    """Bring the database to the newest schema; the names of what was applied now. `conn` is the owner's, outside any transaction.

    Raises MigrationChanged, MigrationMissing, MigrationSkipped; then nothing was done.
    """
    known = migrations() if known is None else known
    async with conn.transaction():
        await conn.execute(_SQL["lock"])
        await conn.execute(_SQL["create_table"])
        pending = _pending(await _applied(conn), known)
    applied = [migration.name for migration in pending if await _apply_one(conn, migration)]
    async with conn.transaction():
        await history.name_metrics(conn)
    return applied


async def status(conn: Connection, known: Sequence[Migration] | None = None) -> Status:
    """What is applied and what waits. Raises as `apply` does."""
    known = migrations() if known is None else known
    exists = await (await conn.execute(_SQL["table_exists"])).fetchone()
    applied = await _applied(conn) if exists and exists[0] else []
    return Status(applied, [migration.name for migration in _pending(applied, known)])


async def set_passwords(conn: Connection, passwords: Mapping[str, str]) -> None:
    """Let these roles log in with these passwords. Only a SCRAM verifier leaves this process."""
    for role, password in passwords.items():
        verifier = conn.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
        await conn.execute(SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(Identifier(role), Literal(verifier)))


async def _apply_one(conn: Connection, migration: Migration) -> bool:
    async with conn.transaction():
        await conn.execute(_SQL["lock"])
        if any(one.version == migration.version for one in await _applied(conn)):
            return False  # another migrator was faster
        await conn.execute(migration.body)
        await conn.execute(_SQL["record"], {"version": migration.version, "name": migration.name, "sha256": migration.sha256})
    return True


async def _applied(conn: Connection) -> list[Applied]:
    async with conn.cursor(row_factory=class_row(Applied)) as cursor:
        return await (await cursor.execute(_SQL["applied"])).fetchall()


def _pending(applied: Sequence[Applied], known: Sequence[Migration]) -> list[Migration]:
    by_version = {migration.version: migration for migration in known}
    for one in applied:
        migration = by_version.pop(one.version, None)
        if migration is None:
            raise MigrationMissing(one.name)
        if migration.sha256 != one.sha256:
            raise MigrationChanged(one.name)
    newest = max((one.version for one in applied), default=0)
    for migration in by_version.values():
        if migration.version < newest:
            raise MigrationSkipped(migration.name)
    return list(by_version.values())


def _migration(file: Path) -> Migration:
    body = file.read_bytes()
    return Migration(int(file.name[:4]), file.stem, hashlib.sha256(body).hexdigest(), body)
