"""Whether a database that answers would also store: one that is read-only or whose disk is full answers every question."""

from enum import StrEnum

from psycopg import errors

from store.connect import Connection
from store.rows import one_value
from store.statements import statements

_SQL = statements("refusing")
READ_ONLY = errors.ReadOnlySqlTransaction


class Refusal(StrEnum):
    """Why it stores nothing."""

    READ_ONLY = "read_only"
    DISK_FULL = "disk_full"


async def refusal(conn: Connection) -> Refusal | None:
    """Why nothing would be stored now; None where it would be. Takes a transaction of its own and leaves nothing behind.

    A full disk is found by a rowset that does not fit into memory: half a megabyte in a temporary file, gone with the statement.
    """
    try:
        async with conn.transaction():
            if await one_value(conn, _SQL["reads_only"]):
                return Refusal.READ_ONLY
            await conn.execute(_SQL["little_memory"])
            await conn.execute(_SQL["spill"])
    except errors.DiskFull:
        return Refusal.DISK_FULL
    return None
