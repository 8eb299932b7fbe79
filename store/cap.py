"""CAP messages as they were handed out: only ever appended to, each taking a line of the incident's trail."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from dispatch.cap import Message
from store import incidents, trail
from store.connect import Connection
from store.errors import NotFound
from store.incidents import Held
from store.rows import all_rows, one_row
from store.statements import statements
from store.trail import Actor

_SQL = statements("cap")


@dataclass(frozen=True, slots=True)
class CellRow:
    """Where we are: the cell, and one of its areas. `demo`: either is of a demonstration."""

    code: str
    timezone: str
    demo: bool
    area_zh: str
    area_en: str


@dataclass(frozen=True, slots=True)
class CapRow:
    """A message that was made before. `said` is the digest of what it tells."""

    identifier: str
    msg_type: str
    sender: str
    sent: datetime
    expires: datetime
    said: str
    body: str


async def cell(conn: Connection, area: str) -> CellRow:
    """The cell with this area of it. Raises NotFound before a district is loaded."""
    found = await one_row(conn, CellRow, _SQL["cell"], {"area": area})
    if found is None:
        raise NotFound("cell", area)
    return found


async def of_incident(conn: Connection, incident: UUID) -> list[CapRow]:
    """Every message about an incident, in the order in which they were made."""
    return await all_rows(conn, CapRow, _SQL["of_incident"], {"incident": incident})


async def add(conn: Connection, incident: UUID, number: int, new: Message, said: str, body: str, by: str) -> None:
    """Keep a message. The caller holds the incident's row."""
    row = {"identifier": new.identifier, "incident": incident, "number": number, "msg_type": new.msg_type, "sender": new.sender}
    await conn.execute(_SQL["add"], row | {"sent": new.sent, "expires": new.expires, "said": said, "body": body, "by": by})


async def taken(conn: Connection, held: Held, identifier: str, msg_type: str, actor: Actor, now: datetime) -> None:
    """Somebody has been given a message."""
    await trail.add(conn, held.id, "cap", actor.login, now, {"message": identifier, "note": msg_type})
    await incidents.move(conn, held, None, actor, now, aside=True)
