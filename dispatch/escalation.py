"""What the clock does to incidents and dispatches: escalate, expire, time out. Pure: facts in, actions out.

An incident nobody acknowledges escalates one level every ESCALATE_AFTER (60 s); priority never sinks; the levels are who hears it:
0 the duty desk of the area, 1 every desk above it too, 2 administrators as well. It keeps ringing at the last level.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from dispatch.incident import ACKNOWLEDGEMENT_LASTS, ESCALATE_AFTER, IncidentState
from dispatch.offer import DispatchState

HIGHEST_LEVEL = 2


@dataclass(frozen=True, slots=True)
class IncidentClock:
    """The facts that clocks look at: `since` is when the present state began, `escalated_at` the last escalation or ring."""

    incident: UUID
    state: IncidentState
    since: datetime
    level: int
    escalated_at: datetime | None


@dataclass(frozen=True, slots=True)
class DispatchClock:
    """An offer and the moment at which it runs out."""

    dispatch: UUID
    state: DispatchState
    deadline: datetime


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


Action = Escalate | ExpireAcknowledgement | TimeOut


def due(incidents: Iterable[IncidentClock], dispatches: Iterable[DispatchClock], now: datetime) -> list[Action]:
    """Everything that the clock demands at `now`, each once."""
    actions: list[Action] = []
    for clock in incidents:
        if clock.state is IncidentState.OPEN and now - _last_rung(clock) >= ESCALATE_AFTER:
            actions.append(Escalate(clock.incident, min(clock.level + 1, HIGHEST_LEVEL)))
        if clock.state is IncidentState.ACKNOWLEDGED and now - clock.since >= ACKNOWLEDGEMENT_LASTS:
            actions.append(ExpireAcknowledgement(clock.incident))
    actions += [TimeOut(clock.dispatch) for clock in dispatches if clock.state is DispatchState.OFFERED and now >= clock.deadline]
    return actions


def _last_rung(clock: IncidentClock) -> datetime:
    """What opened again has rung just then: an escalation of before does not count any more."""
    return max(clock.since, clock.escalated_at or clock.since)
