"""Incidents, their alarms, trail, dispatches and curves, and what a person does to them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from api.shapes.fire import FireShape
from api.shapes.people import SeniorBrief, SeniorPrivate
from api.shapes.places import SiteBrief, ZoneBrief
from api.shapes.shape import Asked, DispatchAction, DispatchStateName, Hazard, Point, ReasonShape, Shape, State


class DispatchBrief(Shape):
    id: UUID
    responder: str
    responder_name: str
    responder_kind: str
    vehicle: str
    state: DispatchStateName
    offered_at: datetime
    deadline_at: datetime
    travel_s: float | None
    eta_at: datetime | None
    allowed: list[DispatchAction]


class IncidentCard(Shape):
    """One incident as the queue and the map need it. `target_s` is its state's; `allowed` are the incident events possible now."""

    id: UUID
    version: int
    hazard: Hazard
    kind: str
    kinds: list[str]
    priority: Annotated[int, Field(ge=1, le=4)]
    state: State
    state_at: datetime
    target_s: float | None
    drill: bool
    rings: int
    level: int
    late_s: int
    alarms: int
    active_alarms: int
    area: str
    site: SiteBrief
    zone: ZoneBrief | None
    senior: SeniorBrief | None
    device: str
    acknowledged_by: str | None
    dispatches: list[DispatchBrief]
    stamps: dict[str, datetime | None]
    cause: str | None
    allowed: list[str]


class AlarmShape(Shape):
    """`ended_at`: the readings are back to normal, though the alarm latches until a person resolves it."""

    id: UUID
    source: str
    device: str | None
    profile: str | None
    zone: str
    kind: str
    priority: int
    state: str
    at: datetime
    received_at: datetime
    stored_at: datetime
    cleared_at: datetime | None
    ended_at: datetime | None
    late_s: int
    rule_version: str
    reasons: list[ReasonShape]
    evidence: dict[str, float]


class TrailLine(Shape):
    """`kind` is an i18n key (trail.<kind>); `cost_s` is the time since the stamp before it, `target_s` what it may cost."""

    id: int
    at: datetime
    kind: str
    actor: str
    data: dict[str, object]
    cost_s: float | None
    target_s: float | None


class ChoiceReason(Shape):
    rule: str
    value: float | None
    unit: str


class Choice(Shape):
    """A candidate for the errand and why he won or lost (reason.<rule> keys under `assign.`)."""

    responder: str
    name: str
    kind: str
    vehicle: str
    skills: list[str]
    travel_s: float | None
    distance_m: float | None
    from_station: bool
    able: bool
    chosen: bool
    reasons: list[ChoiceReason]


class DispatchDetail(DispatchBrief):
    route: list[Point]
    distance_m: float | None
    accepted_at: datetime | None
    en_route_at: datetime | None
    arrived_at: datetime | None
    entered_at: datetime | None
    ended_at: datetime | None
    ranking: list[Choice]


class Curve(Shape):
    """Readings around the onset: points are (ms since the epoch, value). `age_s` of the last value; never shown as now.

    `limit`: what the fixed criterion `limit_source` demands; `doubtful`: why this device's values are not to be trusted, if so.
    """

    device: str
    zone: str
    metric: str
    unit: str
    points: list[tuple[int, float]]
    age_s: float | None
    limit: float | None
    limit_source: str
    doubtful: list[ReasonShape]


class IncidentDetail(Shape):
    """`site_phone` and `phones` (of those who were sent, by code) are for those who act; empty for everyone else.

    `fire`: of a fire or gas incident.
    """

    card: IncidentCard
    private: SeniorPrivate | None
    site_phone: str
    phones: dict[str, str]
    alarm_list: list[AlarmShape]
    trail: list[TrailLine]
    dispatch_list: list[DispatchDetail]
    curves: list[Curve]
    fire: FireShape | None


class Acknowledge(Asked):
    version: int | None = None


class Resolve(Asked):
    note: Annotated[str, Field(max_length=2000)] = ""


class CauseChoice(Asked):
    cause: str
    note: Annotated[str, Field(max_length=2000)] = ""


class BroughtOut(Asked):
    """`out` False takes the mark back."""

    out: bool


class Note(Asked):
    """`id` is drawn by the page for what it sends, so that sending twice writes once; other words under it are refused."""

    id: UUID | None = None
    note: Annotated[str, Field(min_length=1, max_length=2000)]


class OfferChoice(Asked):
    """Whom to send; without `responder` the default rule chooses."""

    responder: str | None = None


class Decline(Asked):
    why: Annotated[str, Field(max_length=200)] = ""


class Press(Shape):
    """A press heard but not yet stored (degraded path): shown marked until its incident arrives under the same id."""

    incident: UUID
    alarm: UUID
    kind: str
    hazard: Hazard
    priority: int
    drill: bool
    at: datetime
    received_at: datetime
    area: str
    device: str
    site: SiteBrief
    zone: ZoneBrief | None
    senior: SeniorBrief | None
