"""Dispatches: a responder is offered an errand, and what he does moves the incident. The incident's row is held first, always."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from dispatch.escalation import DispatchClock, IncidentClock
from dispatch.incident import IncidentEvent, IncidentState, allowed, next_state
from dispatch.offer import DISPATCH_TABLE, STAMP, DispatchEvent, DispatchState, dispatch_id, next_dispatch_state, on_incident
from store import incidents, notify, trail
from store.board import DispatchRow as DispatchRow
from store.board import for_responder as for_responder
from store.connect import Connection
from store.errors import NotFound, OutOfScope, StoreError
from store.incidents import Held
from store.responders import ResponderRow as ResponderRow
from store.responders import candidates as candidates
from store.responders import phones as phones
from store.responders import responder as responder
from store.responders import serving as serving
from store.responders import set_position as set_position
from store.rows import one_row, one_value
from store.statements import statements
from store.trail import Actor

_SQL = statements("dispatches")
Route = Sequence[Sequence[float]]
Ranking = Sequence[Mapping[str, Any]]


class ResponderBusy(StoreError):
    """He has another errand."""

    def __init__(self, code: str) -> None:
        super().__init__(f"responder {code}: already has an errand")
        self.code = code


@dataclass(frozen=True, slots=True)
class _HeldDispatch:
    id: UUID
    state: str
    responder_id: int
    responder: str
    others_active: int


async def offer(
    conn: Connection,
    incident_id: UUID,
    responder_code: str,
    actor: Actor,
    now: datetime,
    *,
    travel_s: float | None,
    distance_m: float | None,
    route: Route,
    ranking: Ranking,
    deadline: datetime,
) -> UUID:
    """Offer the errand to a responder who serves the desk; the dispatch. To one who has it already it answers that dispatch.

    Raises NotFound, OutOfScope, NotAllowed, ResponderBusy.
    """
    held = await incidents.lock(conn, incident_id)
    incidents.demand_scope(held, actor)
    whom = await _whom(conn, held, responder_code, actor)
    standing: UUID | None = await one_value(conn, _SQL["standing"], whom)
    if standing is not None:
        return standing
    next_state(IncidentState(held.state), IncidentEvent.DISPATCH, pressed_or_fire=held.pressed_or_fire)
    attempt = 1 + int(await one_value(conn, _SQL["attempts"], whom))
    made = dispatch_id(incident_id, responder_code, attempt)
    terms = {"travel_s": travel_s, "distance_m": distance_m, "route": Jsonb(list(route)), "ranking": Jsonb(list(ranking))}
    errand = {**whom, **terms, "id": made, "attempt": attempt, "account": actor.account_id, "now": now, "deadline": deadline}
    if await one_value(conn, _SQL["insert"], errand) is None:
        raise ResponderBusy(responder_code)
    data = {"dispatch": made, "responder": responder_code, "attempt": attempt, "travel_s": travel_s}
    await trail.add(conn, held.id, "offered", actor.login, now, data)
    await incidents.move(conn, held, IncidentEvent.DISPATCH, actor, now, stamp="offered")
    await notify.responder(conn, responder_code)
    return made


async def act(
    conn: Connection, dispatch: UUID, event: DispatchEvent, actor: Actor, now: datetime, note: str = ""
) -> tuple[UUID, int]:
    """Do this to a dispatch; the incident and its version after it. What has been done already changes nothing.

    A responder acts on his own dispatch, wherever it is; others within their scope. Raises NotFound, OutOfScope, NotAllowed.
    """
    incident: UUID | None = await one_value(conn, _SQL["incident_of"], {"id": dispatch})
    if incident is None:
        raise NotFound("dispatch", dispatch)
    held = await incidents.lock(conn, incident)
    errand = await one_row(conn, _HeldDispatch, _SQL["lock"], {"id": dispatch})
    if errand is None:
        raise NotFound("dispatch", dispatch)
    await _demand_own_or_scope(conn, held, errand, actor)
    if _done_before(DispatchState(errand.state), event):
        return held.id, held.version
    state = next_dispatch_state(DispatchState(errand.state), event)
    await conn.execute(_SQL["move"], {"id": dispatch, "state": state.value, "now": now})
    data = {"dispatch": dispatch, "responder": errand.responder, **({"note": note} if note else {})}
    await trail.add(conn, held.id, state.value, actor.login, now, data)
    await notify.responder(conn, errand.responder)
    return held.id, await _move_incident(conn, held, errand, event, actor, now)


async def clocks(conn: Connection) -> tuple[list[IncidentClock], list[DispatchClock]]:
    """Everything that a clock may demand something of: live incidents, open offers, and who accepted."""
    standing = await (await conn.execute(_SQL["incident_clocks"])).fetchall()
    offered = await (await conn.execute(_SQL["dispatch_clocks"])).fetchall()
    return (
        [IncidentClock(one, IncidentState(state), *rest) for one, state, *rest in standing],
        [DispatchClock(one, DispatchState(state), *rest) for one, state, *rest in offered],
    )


async def _whom(conn: Connection, held: Held, responder_code: str, actor: Actor) -> dict[str, Any]:
    """A stranger to a house is nobody to it. Raises NotFound."""
    whom = await responder(conn, responder_code, None if actor is incidents.SYSTEM else actor.scope)
    return {"incident": held.id, "responder_id": await one_value(conn, _SQL["responder_id"], {"code": whom.code})}


async def _demand_own_or_scope(conn: Connection, held: Held, errand: _HeldDispatch, actor: Actor) -> None:
    if actor.role != "responder":
        incidents.demand_scope(held, actor)
    elif not await one_value(conn, _SQL["own"], {"account": actor.account_id, "responder_id": errand.responder_id}):
        raise OutOfScope("dispatch", errand.id)


def _done_before(state: DispatchState, event: DispatchEvent) -> bool:
    return any(after is state for (_, one), after in DISPATCH_TABLE.items() if one is event)


async def _move_incident(
    conn: Connection, held: Held, errand: _HeldDispatch, event: DispatchEvent, actor: Actor, now: datetime
) -> int:
    """What the errand does to its incident, where the incident's state still lets it."""
    follows = on_incident(event, errand.others_active)
    if follows is not None and follows not in allowed(IncidentState(held.state), pressed_or_fire=held.pressed_or_fire):
        follows = None
    if follows is IncidentEvent.NO_DISPATCH_LEFT:
        await trail.add(conn, held.id, follows.value, "system", now)
    return await incidents.move(conn, held, follows, actor, now, stamp=STAMP.get(event))
