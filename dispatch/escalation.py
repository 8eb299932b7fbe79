"""What the clock does to incidents and dispatches: escalate, expire, time out. Pure: facts in, actions out.

An incident nobody acknowledges escalates one level every ESCALATE_AFTER (60 s); priority never sinks; the levels are who hears it:
0 the duty desk of the area, 1 every desk above it too, 2 administrators as well. It keeps ringing at the last level.

A responder who accepted and does not depart, and an incident dispatched for longer than its target, ring the desk that sent them:
once when it comes due, then every RING_AGAIN until somebody acts. The probe's incidents ring nobody and are put away by the hour.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from dispatch import probe
from dispatch.incident import ACKNOWLEDGEMENT_LASTS, ESCALATE_AFTER, TARGETS, IncidentState
from dispatch.offer import DispatchState

HIGHEST_LEVEL = 2
DEPART_WITHIN = timedelta(minutes=2)
RING_AGAIN = timedelta(minutes=3)


@dataclass(frozen=True, slots=True)
class IncidentClock:
    """The facts that clocks look at: `since` is when the present state began, `escalated_at` the last escalation or ring."""

    incident: UUID
    state: IncidentState
    since: datetime
    level: int
    escalated_at: datetime | None
    probe: bool = False


@dataclass(frozen=True, slots=True)
class DispatchClock:
    """An offer and the moment at which it runs out; of one that was accepted, when, and for which incident."""

    dispatch: UUID
    state: DispatchState
    deadline: datetime
    incident: UUID | None = None
    accepted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Escalate:
    """Ring at this level."""

    incident: UUID
    level: int


@dataclass(frozen=True, slots=True)
class ExpireAcknowledgement:
    """Acknowledged, but nothing followed: open it again."""

    incident: UUID


@dataclass(frozen=True, slots=True)
class TimeOut:
    """The responder did not answer the offer."""

    dispatch: UUID


@dataclass(frozen=True, slots=True)
class Remind:
    """Help does not get on: ring the desk again. `why` is the trail's word for it."""

    incident: UUID
    why: str


@dataclass(frozen=True, slots=True)
class Retire:
    """The probe's incident has taken enough presses: put it away."""

    incident: UUID


Action = Escalate | ExpireAcknowledgement | TimeOut | Remind | Retire


def due(incidents: Iterable[IncidentClock], dispatches: Iterable[DispatchClock], now: datetime) -> list[Action]:
    """Everything that the clock demands at `now`, each once."""
    actions: list[Action] = []
    offers = list(dispatches)
    for clock in incidents:
        if clock.probe:
            if clock.state is IncidentState.OPEN and now - clock.since >= probe.KEPT:
                actions.append(Retire(clock.incident))
            continue
        if clock.state is IncidentState.OPEN and now - _last_rung(clock) >= ESCALATE_AFTER:
            actions.append(Escalate(clock.incident, min(clock.level + 1, HIGHEST_LEVEL)))
        if clock.state is IncidentState.ACKNOWLEDGED and now - clock.since >= ACKNOWLEDGEMENT_LASTS:
            actions.append(ExpireAcknowledgement(clock.incident))
        if clock.state is IncidentState.DISPATCHED and (why := _stands_still(clock, offers, now)):
            actions.append(Remind(clock.incident, why))
    actions += [TimeOut(clock.dispatch) for clock in offers if clock.state is DispatchState.OFFERED and now >= clock.deadline]
    return actions


def _last_rung(clock: IncidentClock) -> datetime:
    """What opened again has rung just then: an escalation of before does not count any more."""
    return max(clock.since, clock.escalated_at or clock.since)


def _stands_still(clock: IncidentClock, dispatches: list[DispatchClock], now: datetime) -> str | None:
    """Why the desk must hear of an incident that is dispatched; None while help gets on, or has been rung for just now."""
    accepted = [
        one.accepted_at
        for one in dispatches
        if one.incident == clock.incident and one.state is DispatchState.ACCEPTED and one.accepted_at is not None
    ]
    if _rings(clock.since + TARGETS[IncidentState.DISPATCHED], clock.escalated_at, now):
        return "overdue"
    if accepted and _rings(min(accepted) + DEPART_WITHIN, clock.escalated_at, now):
        return "not_departed"
    return None


def _rings(due_at: datetime, rung_at: datetime | None, now: datetime) -> bool:
    return now >= due_at and (rung_at is None or rung_at < due_at or now - rung_at >= RING_AGAIN)
