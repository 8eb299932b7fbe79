"""How a statement's rows become values: one row, all rows, one column, one value."""

from collections.abc import Mapping
from typing import Any, TypeVar

from psycopg.rows import class_row

from store.connect import Connection

Row = TypeVar("Row")
Arguments = Mapping[str, Any]


async def all_rows(conn: Connection, shape: type[Row], statement: bytes, arguments: Arguments | None = None) -> list[Row]:
    """Every row as a value of `shape`."""
    async with conn.cursor(row_factory=class_row(shape)) as cursor:
        return await (await cursor.execute(statement, arguments)).fetchall()


async def one_row(conn: Connection, shape: type[Row], statement: bytes, arguments: Arguments | None = None) -> Row | None:
    """The first row as a value of `shape`, or None."""
    async with conn.cursor(row_factory=class_row(shape)) as cursor:
        return await (await cursor.execute(statement, arguments)).fetchone()


async def values_of(conn: Connection, statement: bytes, arguments: Arguments | None = None) -> list[Any]:
    """The first column of every row."""
    return [row[0] for row in await (await conn.execute(statement, arguments)).fetchall()]


async def one_value(conn: Connection, statement: bytes, arguments: Arguments | None = None) -> Any:
    """The first column of the first row, or None."""
    row = await (await conn.execute(statement, arguments)).fetchone()
    return row[0] if row else None
