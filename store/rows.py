"""How a statement's rows become values: one row, all rows, one column, one value.

Rows are read in binary: a `real` read as text is the shortest decimal, no longer the float32 that a detector was fed.
"""

import re
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from psycopg.rows import class_row

from store.connect import Connection

Row = TypeVar("Row")
Arguments = Mapping[str, Any]

_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")  # an escape, not the text "\\u0000"


async def all_rows(conn: Connection, shape: type[Row], statement: bytes, arguments: Arguments | None = None) -> list[Row]:
    """Every row as a value of `shape`."""
    async with conn.cursor(row_factory=class_row(shape), binary=True) as cursor:
        return await (await cursor.execute(statement, arguments)).fetchall()


async def one_row(conn: Connection, shape: type[Row], statement: bytes, arguments: Arguments | None = None) -> Row | None:
    """The first row as a value of `shape`, or None."""
    async with conn.cursor(row_factory=class_row(shape), binary=True) as cursor:
        return await (await cursor.execute(statement, arguments)).fetchone()


async def values_of(conn: Connection, statement: bytes, arguments: Arguments | None = None) -> list[Any]:
    """The first column of every row."""
    return [row[0] for row in await (await conn.execute(statement, arguments, binary=True)).fetchall()]


async def one_value(conn: Connection, statement: bytes, arguments: Arguments | None = None) -> Any:
    """The first column of the first row, or None."""
    row = await (await conn.execute(statement, arguments, binary=True)).fetchone()
    return row[0] if row else None


def as_json(rows: Any) -> str:
    """Values as one JSON text for json_to_recordset.

    Text in PostgreSQL has no NUL: what a device smuggled in is replaced, so that one message cannot stop a batch for ever.
    """
    text = msgspec.json.encode(rows).decode()
    return _NUL.sub("\\1\ufffd", text) if "\\u0000" in text else text  # the search is slow and hardly ever needed
