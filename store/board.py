"""Incidents as people look at them: cards of the board and of the past, with their dispatches, and the desk's figures."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from dispatch.incident import STAMPS
from store.connect import Connection
from store.rows import all_rows, one_value, values_of
from store.statements import statements

_SQL = statements("board")


@dataclass(frozen=True, slots=True)
class DispatchRow:
    """One responder's errand. `responder` is a code, `offered_by` a login."""

    id: UUID
    incident: UUID
    responder: str
    responder_name: str
    responder_kind: str
    vehicle: str
    attempt: int
    state: str
    offered_by: str | None
    offered_at: datetime
    deadline_at: datetime
    accepted_at: datetime | None
    en_route_at: datetime | None
    arrived_at: datetime | None
    entered_at: datetime | None
    ended_at: datetime | None
    travel_s: float | None
    distance_m: float | None
    route: list[list[float]]
    ranking: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class CardRow:
    """An incident with its place, person and errands. Codes, "" where there is none; the senior's name is whole: mask it."""

    id: UUID
    version: int
    hazard: str
    subject_kind: str
    subject: str
    kind: str
    kinds: list[str]
    priority: int
    state: str
    state_at: datetime
    drill: bool
    rings: int
    level: int
    escalated_at: datetime | None
    late_s: int
    alarms: int
    active_alarms: int
    area: str
    site: str
    site_kind: str
    site_name_zh: str
    site_name_en: str
    site_address: str
    site_lon: float
    site_lat: float
    zone: str
    zone_kind: str
    zone_name_zh: str
    zone_name_en: str
    zone_floor: int
    senior: str
    senior_name: str
    senior_sex: str
    senior_birth_year: int
    senior_tags: list[str]
    senior_ability_level: int
    device: str
    acknowledged_by: str | None
    cause: str | None
    note: str
    pressed_or_fire: bool
    raised_at: datetime
    received_at: datetime | None
    stored_at: datetime | None
    shown_at: datetime | None
    acknowledged_at: datetime | None
    offered_at: datetime | None
    accepted_at: datetime | None
    en_route_at: datetime | None
    arrived_at: datetime | None
    entered_at: datetime | None
    resolved_at: datetime | None
    closed_at: datetime | None
    dispatches: list[DispatchRow] = field(default_factory=list)

    @property
    def stamps(self) -> dict[str, datetime | None]:
        """Every stamp of the trail by name; None is missing."""
        return {stamp: getattr(self, f"{stamp}_at") for stamp in STAMPS}


async def board(conn: Connection, scope: str | None, ids: Sequence[UUID] | None = None) -> list[CardRow]:
    """What stands on the board in a scope (None: everywhere), worst first; with ids those incidents, in whatever state."""
    if ids is None:
        return await _with_dispatches(conn, await all_rows(conn, CardRow, _SQL["board"], {"scope": scope}))
    rows = await all_rows(conn, CardRow, _SQL["by_ids"], {"scope": scope, "ids": list(ids)})
    return await _with_dispatches(conn, rows)


async def history(conn: Connection, scope: str | None, since: datetime, until: datetime, limit: int) -> list[CardRow]:
    """What was raised from `since` on and before `until`, newest first."""
    arguments = {"scope": scope, "since": since, "until": until, "limit": limit}
    return await _with_dispatches(conn, await all_rows(conn, CardRow, _SQL["history"], arguments))


async def for_responder(conn: Connection, code: str) -> list[DispatchRow]:
    """A responder's errands that have not ended."""
    return await all_rows(conn, DispatchRow, _SQL["dispatches_of_responder"], {"code": code})


async def answer_times(conn: Connection, scope: str | None, since: datetime) -> list[float]:
    """Seconds from reaching us to being acknowledged, of every incident that was acknowledged."""
    return await values_of(conn, _SQL["answer_times"], {"scope": scope, "since": since})


async def alarm_load(conn: Connection, scope: str | None, since: datetime) -> int:
    """How many alarms were stored since then."""
    return int(await one_value(conn, _SQL["alarm_load"], {"scope": scope, "since": since}))


async def _with_dispatches(conn: Connection, cards: list[CardRow]) -> list[CardRow]:
    if not cards:
        return cards
    errands: dict[UUID, list[DispatchRow]] = defaultdict(list)
    for row in await all_rows(conn, DispatchRow, _SQL["dispatches"], {"ids": [card.id for card in cards]}):
        errands[row.incident].append(row)
    return [replace(card, dispatches=errands[card.id]) for card in cards]
