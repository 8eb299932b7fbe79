"""Incidents: what people and clocks do to them, each step judged by the state machine while the incident's row is held."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from care.places import within
from dispatch.escalation import DispatchClock, Escalate, ExpireAcknowledgement, IncidentClock, Remind, Retire, due
from dispatch.incident import CAUSES, IncidentEvent, IncidentState, next_state
from dispatch.offer import DispatchState
from store import alarms, labels, notify, trail
from store.board import CardRow as CardRow
from store.board import DispatchRow as DispatchRow
from store.board import alarm_load as alarm_load
from store.board import answer_times as answer_times
from store.board import board as board
from store.board import history as history
from store.connect import Connection
from store.details import AlarmRow as AlarmRow
from store.details import Detail as Detail
from store.details import detail_rows as detail_rows
from store.errors import NotFound, StoreError
from store.errors import OutOfScope as OutOfScope
from store.rows import one_row, one_value
from store.statements import statements
from store.trail import SYSTEM as SYSTEM
from store.trail import Actor as Actor
from store.trail import TrailRow as TrailRow

_SQL = statements("incidents")
_E, _S = IncidentEvent, IncidentState

_TAKEN = frozenset({_S.ACKNOWLEDGED, _S.DISPATCHED, _S.ON_SCENE})
_ENDS = frozenset({_E.RESOLVE, _E.CANCEL})
_NEEDS_CAUSE = frozenset({_E.CLOSE, _E.CANCEL})
_RINGS = frozenset({_E.EXPIRE, _E.NO_DISPATCH_LEFT})
_STAMP = {_E.ACKNOWLEDGE: "acknowledged", _E.RESOLVE: "resolved", _E.CLOSE: "closed", _E.CANCEL: "closed"}
_LINE = {
    _E.ACKNOWLEDGE: "acknowledged",
    _E.EXPIRE: "expired",
    _E.NO_DISPATCH_LEFT: "no_dispatch_left",
    _E.RESOLVE: "resolved",
    _E.CLOSE: "closed",
    _E.CANCEL: "cancelled",
}


class AlreadyAcknowledged(StoreError):
    """Someone else has it."""

    def __init__(self, by: str) -> None:
        super().__init__(f"already acknowledged by {by}")
        self.by = by


class StaleVersion(StoreError):
    """The incident has changed since it was looked at."""

    def __init__(self, held: int, given: int) -> None:
        super().__init__(f"version: expected {held}, got {given}; the incident has changed, look again")
        self.held = held
        self.given = given


class UnknownCause(StoreError):
    """An outcome is needed, from the table."""

    def __init__(self, cause: str | None) -> None:
        super().__init__(f"cause: expected one of {', '.join(CAUSES)}, got {cause!r}")
        self.cause = cause
        self.allowed = CAUSES


@dataclass(frozen=True, slots=True)
class Held:
    """An incident whose row this transaction holds."""

    id: UUID
    state: str
    version: int
    area: str
    site: str
    state_at: datetime
    level: int
    escalated_at: datetime | None
    acknowledged_by: int | None
    pressed_or_fire: bool
    probe: bool
    alike_from: int  # the first version that differs from this one in nothing that acts are judged by

    @property
    def clock(self) -> IncidentClock:
        """The facts that clocks look at."""
        return IncidentClock(self.id, IncidentState(self.state), self.state_at, self.level, self.escalated_at, self.probe)


async def act(
    conn: Connection,
    incident_id: UUID,
    event: IncidentEvent,
    actor: Actor,
    now: datetime,
    *,
    version: int | None = None,
    cause: str | None = None,
    note: str = "",
) -> tuple[IncidentState, int]:
    """Do this to an incident; the state and version after it. Acknowledging what one has acknowledged changes nothing.

    Raises NotFound, OutOfScope, NotAllowed, AlreadyAcknowledged, StaleVersion, UnknownCause.
    """
    held = await lock(conn, incident_id)
    demand_scope(held, actor)
    if event is IncidentEvent.ACKNOWLEDGE and held.state in _TAKEN:
        return await _acknowledged_before(conn, held, actor)
    if version is not None and not held.alike_from <= version <= held.version:
        raise StaleVersion(held.version, version)
    if event in _NEEDS_CAUSE and cause not in CAUSES:
        raise UnknownCause(cause)
    state = next_state(IncidentState(held.state), event, pressed_or_fire=held.pressed_or_fire)
    if event in _ENDS:
        await _end(conn, held.id, actor, now)
    data = {name: value for name, value in (("cause", cause), ("note", note)) if value}
    await trail.add(conn, held.id, _LINE.get(event, event.value), actor.login, now, data)
    if cause is not None and event in _NEEDS_CAUSE:
        await labels.label(conn, held.id, cause, actor.role, now)
    return state, await move(conn, held, event, actor, now, stamp=_STAMP.get(event), cause=cause, note=note)


async def add_note(conn: Connection, incident_id: UUID, note: str, actor: Actor, now: datetime, id: UUID | None = None) -> int:
    """Add a line to the trail; the version after it. The same note under the same `id` again changes nothing.

    Raises NotFound, OutOfScope, OtherNote.
    """
    held = await lock(conn, incident_id)
    demand_scope(held, actor)
    if not await trail.note(conn, held.id, note, actor.login, now, id):
        return held.version
    return await move(conn, held, None, actor, now)


async def mark_shown(conn: Connection, ids: Iterable[UUID], now: datetime, *, actor: Actor = SYSTEM) -> list[tuple[UUID, int]]:
    """A console has rendered these: the first time counts. Those that it was the first time for, with their versions."""
    scope = None if actor is SYSTEM else actor.scope
    marked = await (await conn.execute(_SQL["mark_shown"], {"ids": list(ids), "now": now, "scope": scope})).fetchall()
    for incident, version in sorted(marked):
        await trail.add(conn, incident, "shown", actor.login, now)
        await notify.incident(conn, incident, version)
    return sorted(marked)


async def escalate(conn: Connection, incident_id: UUID, level: int, now: datetime) -> int | None:
    """Ring at this level; the version after it, or None when the clock no longer demands it. A level never sinks."""
    held = await lock(conn, incident_id)
    if not any(isinstance(action, Escalate) for action in due([held.clock], [], now)):
        return None
    reached = max(level, held.level)
    await trail.add(conn, held.id, "escalated", SYSTEM.login, now, {"level": reached})
    version: int = await one_value(conn, _SQL["escalate"], {"id": held.id, "level": reached, "now": now})
    await notify.incident(conn, held.id, version)
    return version


async def expire_acknowledgement(conn: Connection, incident_id: UUID, now: datetime) -> int | None:
    """Nothing followed: open and ringing again; the version after it, or None when the clock no longer demands it."""
    held = await lock(conn, incident_id)
    if not any(isinstance(action, ExpireAcknowledgement) for action in due([held.clock], [], now)):
        return None
    await trail.add(conn, held.id, _LINE[IncidentEvent.EXPIRE], SYSTEM.login, now)
    return await move(conn, held, IncidentEvent.EXPIRE, SYSTEM, now)


async def remind(conn: Connection, incident_id: UUID, now: datetime) -> int | None:
    """Help does not get on: ring again at the level that it has; the version after it, or None when none is due."""
    held = await lock(conn, incident_id)
    rows = await (await conn.execute(_SQL["offers"], {"id": held.id})).fetchall()
    offers = [DispatchClock(one, DispatchState(state), *rest) for one, state, *rest in rows]
    why = next((action.why for action in due([held.clock], offers, now) if isinstance(action, Remind)), None)
    if why is None:
        return None
    await trail.add(conn, held.id, why, SYSTEM.login, now)
    version: int = await one_value(conn, _SQL["escalate"], {"id": held.id, "level": held.level, "now": now})
    await notify.incident(conn, held.id, version)
    return version


async def retire(conn: Connection, incident_id: UUID, now: datetime) -> int | None:
    """Put an incident of the probe away; the version after it, or None when the clock does not demand it."""
    held = await lock(conn, incident_id)
    if not any(isinstance(action, Retire) for action in due([held.clock], [], now)):
        return None
    return (await act(conn, incident_id, IncidentEvent.CANCEL, SYSTEM, now, cause="test"))[1]


async def lock(conn: Connection, incident_id: UUID) -> Held:
    """Hold the incident's row until the transaction ends. Raises NotFound."""
    held = await one_row(conn, Held, _SQL["lock"], {"id": incident_id})
    if held is None:
        raise NotFound("incident", incident_id)
    return held


def demand_scope(held: Held, actor: Actor) -> None:
    """Raises OutOfScope unless the incident is in the actor's scope; the clock has every scope."""
    if actor is not SYSTEM and not within(actor.scope, held.area, held.site):
        raise OutOfScope("incident", held.id)


async def move(
    conn: Connection,
    held: Held,
    event: IncidentEvent | None,
    actor: Actor,
    now: datetime,
    *,
    stamp: str | None = None,
    cause: str | None = None,
    note: str = "",
    aside: bool = False,
) -> int:
    """Take the step and tell all; the version after it. No event: no new state; `aside`: no act turns stale. Raises NotAllowed."""
    state = IncidentState(held.state)
    arguments = {
        "id": held.id,
        "state": next_state(state, event, pressed_or_fire=held.pressed_or_fire).value if event else held.state,
        "event": event.value if event else "",
        "account": actor.account_id,
        "now": now,
        "rings": int(event in _RINGS),
        "stamp": stamp or "",
        "cause": cause,
        "note": note,
        "aside": aside,
    }
    version: int = await one_value(conn, _SQL["move"], arguments)
    await notify.incident(conn, held.id, version)
    return version


async def _acknowledged_before(conn: Connection, held: Held, actor: Actor) -> tuple[IncidentState, int]:
    if held.acknowledged_by != actor.account_id:
        raise AlreadyAcknowledged(str(await one_value(conn, _SQL["login"], {"account": held.acknowledged_by})))
    return IncidentState(held.state), held.version


async def _end(conn: Connection, incident: UUID, actor: Actor, now: datetime) -> None:
    """Nobody is on the way any more, and nothing stands: who was there is done, the others are called back."""
    ended = await (await conn.execute(_SQL["end_dispatches"], {"id": incident, "now": now})).fetchall()
    for dispatch, responder, state in sorted(ended):
        await trail.add(conn, incident, state, actor.login, now, {"dispatch": dispatch, "responder": responder})
        await notify.responder(conn, responder)
    await alarms.clear_all(conn, incident, now)
