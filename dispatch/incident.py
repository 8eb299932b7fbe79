"""Incidents: the case that a person handles. States, what may happen in each, targets, and which alarms meet in one incident.

While an incident is open, acknowledged, dispatched or on scene it is the only one of its (hazard, subject); a further press rings
again and adds a line. After *resolved* a new condition opens a new incident. Its id is UUIDv5(first alarm).
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from devices.keys import derived_id
from dispatch.alarm import BUILDING_HAZARDS, Subject


class IncidentState(StrEnum):
    """Where the handling stands."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    DISPATCHED = "dispatched"
    ON_SCENE = "on_scene"
    RESOLVED = "resolved"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class IncidentEvent(StrEnum):
    """What people, dispatches and clocks do to an incident."""

    ACKNOWLEDGE = "acknowledge"
    EXPIRE = "expire"
    DISPATCH = "dispatch"
    NO_DISPATCH_LEFT = "no_dispatch_left"
    ARRIVE = "arrive"
    RESOLVE = "resolve"
    CLOSE = "close"
    CANCEL = "cancel"


_S, _E = IncidentState, IncidentEvent
INCIDENT_TABLE: dict[tuple[IncidentState, IncidentEvent], IncidentState] = {
    (_S.OPEN, _E.ACKNOWLEDGE): _S.ACKNOWLEDGED,
    (_S.OPEN, _E.CANCEL): _S.CANCELLED,
    (_S.ACKNOWLEDGED, _E.EXPIRE): _S.OPEN,
    (_S.ACKNOWLEDGED, _E.DISPATCH): _S.DISPATCHED,
    (_S.ACKNOWLEDGED, _E.RESOLVE): _S.RESOLVED,
    (_S.ACKNOWLEDGED, _E.CANCEL): _S.CANCELLED,
    (_S.DISPATCHED, _E.DISPATCH): _S.DISPATCHED,
    (_S.DISPATCHED, _E.NO_DISPATCH_LEFT): _S.ACKNOWLEDGED,
    (_S.DISPATCHED, _E.ARRIVE): _S.ON_SCENE,
    (_S.ON_SCENE, _E.DISPATCH): _S.ON_SCENE,
    (_S.ON_SCENE, _E.NO_DISPATCH_LEFT): _S.ON_SCENE,  # someone has been there; a person resolves it
    (_S.ON_SCENE, _E.ARRIVE): _S.ON_SCENE,
    (_S.ON_SCENE, _E.RESOLVE): _S.RESOLVED,
    (_S.RESOLVED, _E.CLOSE): _S.CLOSED,
}

LIVE = frozenset({_S.OPEN, _S.ACKNOWLEDGED, _S.DISPATCHED, _S.ON_SCENE})
ON_BOARD = LIVE | {_S.RESOLVED}

# How long a state may last before it counts as late: answer 60 s (TSA/TEC KPI), then K6's circle of 15 minutes, measured whole.
TARGETS: dict[IncidentState, timedelta] = {
    _S.OPEN: timedelta(seconds=60),
    _S.ACKNOWLEDGED: timedelta(seconds=90),
    _S.DISPATCHED: timedelta(minutes=12),
    _S.ON_SCENE: timedelta(minutes=30),
    _S.RESOLVED: timedelta(hours=1),
}

# An acknowledgement that nobody follows up is worth nothing after this long: the incident opens and rings again.
ACKNOWLEDGEMENT_LASTS = timedelta(minutes=5)
OFFER_LASTS = timedelta(seconds=60)
ESCALATE_AFTER = timedelta(seconds=60)

CAUSES = (
    "real_emergency",
    "real_fall",
    "real_fire",
    "real_gas",
    "help_needed",
    "false_press",
    "dropped_device",
    "sat_down_hard",
    "cooking_steam",
    "device_fault",
    "link_restored",
    "test",
    "other",
)
# Closed as one of these, nothing had happened. Of "other" nobody knows.
NO_EMERGENCY = frozenset(
    {"false_press", "dropped_device", "sat_down_hard", "cooking_steam", "device_fault", "link_restored", "test"}
)

STAMPS = (
    "raised",
    "received",
    "stored",
    "shown",
    "acknowledged",
    "offered",
    "accepted",
    "en_route",
    "arrived",
    "entered",
    "resolved",
    "closed",
)


class NotAllowed(ValueError):
    """That cannot be done to an incident or dispatch in its present state."""

    def __init__(self, what: str, state: str, allowed: tuple[str, ...]) -> None:
        super().__init__(f"{what}: not possible while {state}; possible: {', '.join(allowed) or 'nothing'}")
        self.what = what
        self.state = state
        self.allowed = allowed


@dataclass(frozen=True, slots=True)
class About:
    """Which incident an alarm belongs to: alarms with the same hazard, subject and drill mark meet in one."""

    hazard: str
    subject_kind: Subject
    subject: str
    drill: bool


def incident_id(first_alarm: UUID) -> UUID:
    """The one id of the incident that this alarm opens."""
    return derived_id("incident", str(first_alarm))


def about(hazard: str, *, device: str, senior: str, zone: str, site: str, gateway: str, drill: bool) -> About:
    """The subject rule: person → senior, else zone; fire, gas_co → building; technical → gateway, else site; security → zone.

    Codes, "" where there is none; a gateway is its own `gateway`. Never merges across people: what has neither senior nor zone is
    about its own device.
    """
    if hazard in BUILDING_HAZARDS:
        return About(hazard, Subject.SITE, site, drill)
    if hazard == "technical":
        return About(hazard, Subject.GATEWAY, gateway, drill) if gateway else About(hazard, Subject.SITE, site, drill)
    if hazard == "person" and senior:
        return About(hazard, Subject.SENIOR, senior, drill)
    return About(hazard, Subject.ZONE, zone, drill) if zone else About(hazard, Subject.DEVICE, device, drill)


def allowed(state: IncidentState, *, pressed_or_fire: bool) -> tuple[IncidentEvent, ...]:
    """What may happen now. What a person pressed, and fire, is never cancelled: it is resolved with an outcome."""
    return tuple(event for (at, event) in INCIDENT_TABLE if at == state and not (event is IncidentEvent.CANCEL and pressed_or_fire))


def next_state(state: IncidentState, event: IncidentEvent, *, pressed_or_fire: bool) -> IncidentState:
    """The state after the event. Raises NotAllowed."""
    possible = allowed(state, pressed_or_fire=pressed_or_fire)
    if event not in possible:
        raise NotAllowed(event.value, state.value, tuple(one.value for one in possible))
    return INCIDENT_TABLE[(state, event)]
