"""The trail: one line for everything that was done or happened to an incident; only ever appended to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from store.connect import Connection
from store.errors import StoreError
from store.rows import all_rows, one_value
from store.statements import statements

_SQL = statements("trail")


class OtherNote(StoreError):
    """The same person has written something else under this id."""

    def __init__(self, id: UUID) -> None:
        super().__init__(f"note {id}: is written already, in other words")
        self.id = id


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


async def note(conn: Connection, incident: UUID, text: str, actor: str, at: datetime, id: UUID | None = None) -> bool:
    """Append a note; whether it is new: of an actor's notes about an incident one stands under an `id`. Raises OtherNote."""
    data = {"note": text} | ({"id": str(id)} if id else {})
    row = {"incident": incident, "at": at, "actor": actor}
    if await one_value(conn, _SQL["note"], row | {"data": Jsonb(data)}) is not None:
        return True
    if id and await one_value(conn, _SQL["noted"], row | {"id": str(id)}) != text:
        raise OtherNote(id)
    return False


async def of_incident(conn: Connection, incident: UUID) -> list[TrailRow]:
    """An incident's lines in the order in which they were written."""
    return await all_rows(conn, TrailRow, _SQL["of_incident"], {"incident": incident})
