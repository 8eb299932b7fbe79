"""Connections as every part of Vigil uses them: UTC, named, with time limits, JSON through msgspec."""

import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Literal

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg.types.json import set_json_dumps, set_json_loads
from psycopg_pool import AsyncConnectionPool

from store import columns

Role = Literal["postgres", "vigil_owner", "vigil_worker", "vigil_api"]
ROLES: tuple[Role, ...] = ("postgres", "vigil_owner", "vigil_worker", "vigil_api")
Connection = AsyncConnection[TupleRow]
Pool = AsyncConnectionPool[Connection]

_CONNECT_S = 5
_LOCK_MS = 10_000
_STATEMENT_MS = 60_000
_IDLE_IN_TRANSACTION_MS = 60_000

_OPTIONS = " ".join(
    f"-c {name}={value}"
    for name, value in (
        ("timezone", "UTC"),
        ("lock_timeout", _LOCK_MS),
        ("statement_timeout", _STATEMENT_MS),
        ("idle_in_transaction_session_timeout", _IDLE_IN_TRANSACTION_MS),
        ("max_parallel_workers_per_gather", 0),  # a month of a device takes 2 ms, and starting workers for it 30
    )
)


def _arguments(application: str) -> dict[str, Any]:
    # Keepalives find a database host that vanished without a word; a transaction that waits on nobody may not hold locks for ever.
    return {
        "application_name": application,
        "connect_timeout": _CONNECT_S,
        "options": _OPTIONS,
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        "tcp_user_timeout": 15_000,
    }


async def connect(dsn: str, *, autocommit: bool = False, application: str = "vigil") -> Connection:
    """One connection. The caller closes it."""
    conn = await AsyncConnection.connect(dsn, autocommit=autocommit, **_arguments(application))
    await _configure(conn)
    return conn


def cut(conn: Connection) -> None:
    """Cut the wire, so that whoever waits on it gets an OperationalError: a server that answers nothing hears no cancel either."""
    with suppress(OSError), socket.socket(fileno=os.dup(conn.fileno())) as wire:
        wire.shutdown(socket.SHUT_RDWR)


@asynccontextmanager
async def pool(dsn: str, size: int, *, application: str = "vigil") -> AsyncIterator[Pool]:
    """At most `size` connections, opened as needed, checked before they are lent: a database that was away is found again."""
    async with AsyncConnectionPool(
        dsn,
        min_size=1,
        max_size=size,
        kwargs=_arguments(application),
        configure=_configure,
        check=AsyncConnectionPool.check_connection,
        timeout=_CONNECT_S,
        reconnect_timeout=30,
        open=False,
        name=application,
    ) as lender:
        yield lender


async def _configure(conn: Connection) -> None:
    columns.adapt(conn.adapters)
    set_json_dumps(msgspec.json.encode, conn)
    set_json_loads(msgspec.json.decode, conn)
