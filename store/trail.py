"""The trail: one line for everything that was done or happened to an incident; only ever appended to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from store.connect import Connection
from store.rows import all_rows
from store.statements import statements

_SQL = statements("trail")


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something: a person's account, or the clock (SYSTEM), which has no account and every scope."""

    login: str
    account_id: int | None
    role: str
    scope: str


SYSTEM = Actor("system", None, "system", "")


@dataclass(frozen=True, slots=True)
class TrailRow:
    """One line of the trail."""

    id: int
    at: datetime
    kind: str
    actor: str
    data: dict[str, Any]


async def add(conn: Connection, incident: UUID, kind: str, actor: str, at: datetime, data: Mapping[str, Any] | None = None) -> None:
    """Append a line. `actor` is a login, "device:<code>" or "system"."""
    arguments = {"incident": incident, "at": at, "kind": kind, "actor": actor, "data": Jsonb(dict(data or {}))}
    await conn.execute(_SQL["add"], arguments)


async def of_incident(conn: Connection, incident: UUID) -> list[TrailRow]:
    """An incident's lines in the order in which they were written."""
    return await all_rows(conn, TrailRow, _SQL["of_incident"], {"incident": incident})
