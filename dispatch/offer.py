"""Dispatches: one responder sent to one incident. States, what each does to the incident, and when an offer runs out."""

from enum import StrEnum
from uuid import UUID

from devices.keys import derived_id
from dispatch.incident import IncidentEvent, NotAllowed


class DispatchState(StrEnum):
    """Where one responder's errand stands."""

    OFFERED = "offered"
    ACCEPTED = "accepted"
    EN_ROUTE = "en_route"
    ARRIVED = "arrived"
    ENTERED = "entered"
    DONE = "done"
    DECLINED = "declined"
    TIMED_OUT = "timed_out"
    RECALLED = "recalled"


class DispatchEvent(StrEnum):
    """What the responder, the desk or the clock does."""

    ACCEPT = "accept"
    DECLINE = "decline"
    TIME_OUT = "time_out"
    DEPART = "depart"
    ARRIVE = "arrive"
    ENTER = "enter"
    FINISH = "finish"
    RECALL = "recall"


_S, _E = DispatchState, DispatchEvent
DISPATCH_TABLE: dict[tuple[DispatchState, DispatchEvent], DispatchState] = {
    (_S.OFFERED, _E.ACCEPT): _S.ACCEPTED,
    (_S.OFFERED, _E.DECLINE): _S.DECLINED,
    (_S.OFFERED, _E.TIME_OUT): _S.TIMED_OUT,
    (_S.OFFERED, _E.RECALL): _S.RECALLED,
    (_S.ACCEPTED, _E.DEPART): _S.EN_ROUTE,
    (_S.ACCEPTED, _E.DECLINE): _S.DECLINED,
    (_S.ACCEPTED, _E.RECALL): _S.RECALLED,
    (_S.EN_ROUTE, _E.ARRIVE): _S.ARRIVED,
    (_S.EN_ROUTE, _E.DECLINE): _S.DECLINED,  # a flat tyre: whoever cannot get there says so at once
    (_S.EN_ROUTE, _E.RECALL): _S.RECALLED,
    (_S.ARRIVED, _E.ENTER): _S.ENTERED,
    (_S.ARRIVED, _E.FINISH): _S.DONE,
    (_S.ENTERED, _E.FINISH): _S.DONE,
}

ACTIVE = frozenset({_S.OFFERED, _S.ACCEPTED, _S.EN_ROUTE, _S.ARRIVED, _S.ENTERED})

# Which stamp of the incident's trail an event sets (the first time only).
STAMP: dict[DispatchEvent, str] = {
    _E.ACCEPT: "accepted",
    _E.DEPART: "en_route",
    _E.ARRIVE: "arrived",
    _E.ENTER: "entered",
}


def dispatch_id(incident: UUID, responder: str, attempt: int) -> UUID:
    """The one id of the n-th offer (from 1) of this incident to this responder: two clicks at once make one dispatch."""
    return derived_id("dispatch", str(incident), responder, str(attempt))


def next_dispatch_state(state: DispatchState, event: DispatchEvent) -> DispatchState:
    """The state after the event. Raises NotAllowed."""
    try:
        return DISPATCH_TABLE[(state, event)]
    except KeyError:
        possible = tuple(e.value for (s, e) in DISPATCH_TABLE if s == state)
        raise NotAllowed(event.value, state.value, possible) from None


def on_incident(event: DispatchEvent, others_active: int) -> IncidentEvent | None:
    """What a dispatch's event does to its incident; `others_active` counts its other active dispatches."""
    if event is DispatchEvent.ARRIVE:
        return IncidentEvent.ARRIVE
    ended = event in (DispatchEvent.DECLINE, DispatchEvent.TIME_OUT, DispatchEvent.RECALL)
    return IncidentEvent.NO_DISPATCH_LEFT if ended and not others_active else None
