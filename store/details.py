"""One incident with everything that was said and done about it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from store import trail
from store.board import CardRow, board
from store.connect import Connection
from store.errors import NotFound
from store.rows import all_rows
from store.statements import statements
from store.trail import TrailRow

_SQL = statements("details")


@dataclass(frozen=True, slots=True)
class AlarmRow:
    """An alarm with its reasons; `zone` is "" where it has none.

    `ended_at`: the condition is over, but the alarm latches until a person resolves."""

    id: UUID
    incident: UUID
    source: str
    kind: str
    device: str | None
    profile: str | None
    zone: str
    device_id: int | None
    priority: int
    state: str
    at: datetime
    received_at: datetime
    stored_at: datetime
    cleared_at: datetime | None
    ended_at: datetime | None
    late_s: int
    rule_version: str
    reasons: list[dict[str, Any]]
    evidence: dict[str, Any]
    drill: bool


@dataclass(frozen=True, slots=True)
class Detail:
    """The card (dispatches with it), the alarms oldest first, the trail as it was written."""

    card: CardRow
    alarms: list[AlarmRow]
    trail: list[TrailRow]


async def detail_rows(conn: Connection, incident: UUID) -> Detail:
    """Everything about one incident. Raises NotFound."""
    cards = await board(conn, None, [incident])
    if not cards:
        raise NotFound("incident", incident)
    alarms = await all_rows(conn, AlarmRow, _SQL["alarms"], {"incident": incident})
    return Detail(cards[0], alarms, await trail.of_incident(conn, incident))
