"""A batch as columns: each a PostgreSQL array in its binary form, so that one statement takes a whole batch through `unnest`.

psycopg writes lists element by element in Python; packed by `struct` the same arrays cost a tenth, and less than COPY into a
staging table, which also needs three statements where this needs one.
"""

import struct
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import ClassVar

from psycopg.adapt import AdaptersMap, Buffer, Dumper
from psycopg.pq import Format

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_NULL = struct.pack(">i", -1)
_REAL, _BIG = struct.Struct(">if"), struct.Struct(">iq")
_REMEMBERED = 4_096


class Column:
    """The bytes of an array parameter; `oid` is that of the array's type, `element` that of what it holds."""

    oid: ClassVar[int]
    element: ClassVar[int]
    __slots__ = ("data",)

    def __init__(self, count: int, body: bytes, nulls: bool = False) -> None:
        head = struct.pack(">iiIii", 1, nulls, self.element, count, 1) if count else struct.pack(">iiI", 0, 0, self.element)
        self.data = head + body


class Int4s(Column):
    """integer[]"""

    oid, element = 1007, 23


class Int8s(Column):
    """bigint[]"""

    oid, element = 1016, 20


class Times(Column):
    """timestamptz[]"""

    oid, element = 1185, 1184


class Texts(Column):
    """text[]"""

    oid, element = 1009, 25


class Reals(Column):
    """real[]"""

    oid, element = 1021, 700


def int4s(values: Sequence[int]) -> Int4s:
    """A column of integers."""
    return Int4s(len(values), _fixed("i", 4, values))


def int8s(values: Sequence[int]) -> Int8s:
    """A column of bigints."""
    return Int8s(len(values), _fixed("q", 8, values))


def times(values: Sequence[datetime | None]) -> Times:
    """A column of aware times, to the microsecond; None is NULL."""
    if None in values:
        body = (_NULL if at is None else _BIG.pack(8, (at - _EPOCH) // _MICROSECOND) for at in values)
        return Times(len(values), b"".join(body), nulls=True)
    return Times(len(values), _fixed("q", 8, [(at - _EPOCH) // _MICROSECOND for at in values if at is not None]))


def texts(values: Sequence[str]) -> Texts:
    """A column of short words that repeat."""
    return Texts(len(values), b"".join(map(_text, values)))


def reals(values: Sequence[float | None]) -> Reals:
    """A column of float32; None is NULL. Raises OverflowError for what none of them can hold."""
    if None in values:
        return Reals(len(values), b"".join(_NULL if value is None else _REAL.pack(4, value) for value in values), nulls=True)
    return Reals(len(values), _fixed("f", 4, values))


def adapt(adapters: AdaptersMap) -> None:
    """Let a connection take columns as parameters."""
    for column in (Int4s, Int8s, Times, Texts, Reals):
        adapters.register_dumper(column, _dumper(column))


class _ColumnDumper(Dumper):
    format = Format.BINARY

    def dump(self, obj: Column) -> Buffer:
        return obj.data


def _dumper(column: type[Column]) -> type[Dumper]:
    return type(f"{column.__name__}Dumper", (_ColumnDumper,), {"oid": column.oid})


def _fixed(code: str, size: int, values: Sequence[object]) -> bytes:
    """Elements of one size, each behind its length."""
    parts: list[object] = [size, None] * len(values)
    parts[1::2] = values
    return struct.pack(">" + f"i{code}" * len(values), *parts)


@lru_cache(maxsize=_REMEMBERED)
def _text(value: str) -> bytes:
    data = value.encode()
    return struct.pack(">i", len(data)) + data
