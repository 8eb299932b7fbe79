"""Alarms: a finding becomes an alarm, and alarms of one subject and hazard meet in one incident, however many workers raise them.

The row of the incident is the lock of everything about it: whoever changes its alarms, dispatches or trail holds that row first.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Rollback
from psycopg.types.json import Jsonb

from dispatch.alarm import PRESSED, kind_of
from dispatch.incident import IncidentState, incident_id
from store import notify, trail
from store.connect import Connection
from store.errors import StoreError
from store.new_alarm import NewAlarm
from store.rows import all_rows, one_row, one_value
from store.statements import statements

_SQL = statements("alarms")
_EMERGENCY = 1
_ATTEMPTS = 10


class Contended(StoreError):
    """An alarm found no incident to stand in, each time because another transaction was changing it; try the batch again."""

    def __init__(self, alarm: UUID) -> None:
        super().__init__(f"alarm {alarm}: could not be placed in {_ATTEMPTS} attempts; try again")
        self.alarm = alarm


@dataclass(frozen=True, slots=True)
class Raised:
    """Where the alarm stands, and whether alarm and incident are new. Neither is: it was known already, or it rang again."""

    incident_id: UUID
    version: int
    created_alarm: bool
    created_incident: bool


@dataclass(frozen=True, slots=True)
class ActiveAlarm:
    """A condition that stands; `at` is its onset."""

    source: str
    kind: str
    drill: bool
    at: datetime
    area: str


@dataclass(frozen=True, slots=True)
class _Standing:
    incident_id: UUID
    state: str
    priority: int


def in_lock_order(news: Iterable[NewAlarm]) -> list[NewAlarm]:
    """The order in which one transaction raises several alarms, so that two workers wait for each other and do not deadlock."""
    return sorted(news, key=lambda new: (new.about.hazard, new.about.subject_kind, new.about.subject, new.drill))


async def raise_alarm(conn: Connection, new: NewAlarm, now: datetime) -> Raised:
    """Keep an alarm and put it into its incident. The same one again changes nothing; a condition that already stands rings again.

    Raises Contended, UnknownKind.
    """
    arguments = _arguments(new, now)
    # read first: the attempts below are then savepoints of the caller's transaction, never transactions that commit by themselves
    known = await _known(conn, arguments)
    for _ in range(_ATTEMPTS):
        if known is not None:
            return known
        async with conn.transaction() as attempt:
            raised = await _attempt(conn, new, arguments, now)
            if raised is None:
                raise Rollback(attempt)
        if raised is not None:
            return raised
        known = await _known(conn, arguments)
    raise Contended(new.alarm_id)


async def clear_alarm(
    conn: Connection, source: str, kind: str, drill: bool, at: datetime, now: datetime
) -> tuple[UUID, int] | None:
    """The condition is over: the incident and its version, or None when no such condition stood. What latches stays active."""
    condition = {"source": source, "kind": kind, "drill": drill, "at": at}
    incident: UUID | None = await one_value(conn, _SQL["incident_of_active"], condition)
    if incident is None:
        return None
    await conn.execute(_SQL["lock_incident"], {"incident_id": incident})
    latches = kind_of(kind).latches
    alarm: UUID | None = await one_value(conn, _SQL["end_condition" if latches else "clear"], condition)
    if alarm is None:
        return None
    data = {"alarm": alarm, "kind": kind, "source": source}
    await trail.add(conn, incident, "condition_ended" if latches else "cleared", f"device:{source}", at, data)
    return incident, await _touched(conn, incident, rings=0)


async def active(conn: Connection, areas: Iterable[str] | None = None) -> list[ActiveAlarm]:
    """The conditions that stand in these areas; without areas, all."""
    return await all_rows(conn, ActiveAlarm, _SQL["active"], {"areas": None if areas is None else list(areas)})


async def clear_all(conn: Connection, incident: UUID, now: datetime) -> int:
    """Clear whatever still stands in an incident that a person has ended; how many. The caller holds the incident's row."""
    return (await conn.execute(_SQL["clear_all"], {"incident_id": incident, "now": now})).rowcount


def _arguments(new: NewAlarm, now: datetime) -> dict[str, Any]:
    kind = kind_of(new.kind)
    subject = new.about
    return {
        **asdict(new),
        "reasons": Jsonb(new.reasons),
        "evidence": Jsonb(new.evidence),
        "incident_id": incident_id(new.alarm_id),
        "hazard": subject.hazard,
        "subject_kind": subject.subject_kind.value,
        "subject": subject.subject,
        "priority": kind.priority,
        "pressed_or_fire": new.kind in PRESSED or kind.hazard == "fire",
        "now": now,
    }


async def _known(conn: Connection, arguments: dict[str, Any]) -> Raised | None:
    """Where this very alarm stands, if it was raised before."""
    known = await (await conn.execute(_SQL["raised_before"], arguments)).fetchone()
    return None if known is None else Raised(known[0], known[1], False, False)


async def _attempt(conn: Connection, new: NewAlarm, arguments: dict[str, Any], now: datetime) -> Raised | None:
    """None when another transaction changed what was read before; then everything of the attempt is undone."""
    for statement in ("lock_incident_of_active", "lock_incident_about"):
        standing = await one_row(conn, _Standing, _SQL[statement], arguments)
        if standing is not None:
            return await _join(conn, new, standing, arguments)
    opened = await one_row(conn, _Standing, _SQL["open_incident"], arguments)
    if opened is None:
        return None
    await conn.execute(_SQL["clear_left_over"], arguments)
    if not await _insert(conn, opened.incident_id, arguments):
        return None
    await _write_raised(conn, new, opened.incident_id)
    await trail.add(conn, opened.incident_id, "received", "system", new.received_at)
    await trail.add(conn, opened.incident_id, "stored", "system", now)
    await notify.incident(conn, opened.incident_id, 1)
    return Raised(opened.incident_id, 1, True, True)


async def _join(conn: Connection, new: NewAlarm, standing: _Standing, arguments: dict[str, Any]) -> Raised | None:
    """With the incident's row held: ring again, or add the alarm."""
    incident = standing.incident_id
    held = await (await conn.execute(_SQL["lock_active"], arguments)).fetchone()
    if held is not None:
        return await _rings_again(conn, new, incident, held[0], held[1])
    if not await _insert(conn, incident, arguments):
        return None
    await _write_raised(conn, new, incident)
    joined = {**arguments, "incident_id": incident, "rings": _rings(new, standing)}
    version = await one_value(conn, _SQL["join_incident"], joined)
    await notify.incident(conn, incident, version)
    return Raised(incident, version, True, False)


async def _insert(conn: Connection, incident: UUID, arguments: dict[str, Any]) -> bool:
    return await one_value(conn, _SQL["insert_alarm"], {**arguments, "incident_id": incident}) is not None


def _rings(new: NewAlarm, standing: _Standing) -> int:
    """An emergency is heard again when somebody has already taken the incident; so is anything worse than what stood."""
    priority = kind_of(new.kind).priority
    taken = standing.state != IncidentState.OPEN
    return int((taken and priority == _EMERGENCY) or priority < standing.priority)


async def _rings_again(conn: Connection, new: NewAlarm, incident: UUID, alarm: UUID, state: str) -> Raised | None:
    """What a person has shelved is written down but not heard; what this very message has done before is not done again."""
    if alarm == new.alarm_id:
        return None
    known = await (await conn.execute(_SQL["rang_before"], {"incident_id": incident, "by": str(new.alarm_id)})).fetchone()
    if known is not None:
        return Raised(incident, known[0], False, False)
    await conn.execute(_SQL["condition_returned"], {"alarm_id": alarm})
    await trail.add(conn, incident, "rang_again", _actor(new), new.at, {**_said(new), "alarm": alarm, "by": new.alarm_id})
    return Raised(incident, await _touched(conn, incident, rings=(1 + new.folded) * (state == "active")), False, False)


async def _write_raised(conn: Connection, new: NewAlarm, incident: UUID) -> None:
    await trail.add(conn, incident, "raised", _actor(new), new.at, {**_said(new), "alarm": new.alarm_id})


def _said(new: NewAlarm) -> dict[str, Any]:
    said = {"kind": new.kind, "source": new.source, "late_s": new.late_s, "battery": new.evidence.get("battery")}
    return {**said, "folded": new.folded} if new.folded else said


async def _touched(conn: Connection, incident: UUID, rings: int) -> int:
    version: int = await one_value(conn, _SQL["touch_incident"], {"incident_id": incident, "rings": rings})
    await notify.incident(conn, incident, version)
    return version


def _actor(new: NewAlarm) -> str:
    return f"device:{new.device}" if new.device else "system"
