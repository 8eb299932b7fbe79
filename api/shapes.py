"""What goes over the wire to people: the JSON of REST and websocket. The dashboard's types are generated from here.

Times are ISO 8601 UTC; spans are seconds; codes are the outside names of things. Names of seniors on a card are masked for
everyone; the detail shows them whole to those who act on the incident, never to a regulator.
"""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from dispatch.incident import CAUSES

Role = Literal["duty", "responder", "regulator", "admin"]
Hazard = Literal["fire", "gas_co", "person", "security", "technical"]
State = Literal["open", "acknowledged", "dispatched", "on_scene", "resolved", "closed", "cancelled"]
DispatchStateName = Literal["offered", "accepted", "en_route", "arrived", "entered", "done", "declined", "timed_out", "recalled"]
DispatchAction = Literal["accept", "decline", "depart", "arrive", "enter", "finish", "recall"]
SiteKind = Literal["home", "institution", "day_care", "canteen"]
Point = tuple[float, float]  # lon, lat in WGS-84 degrees


class Shape(BaseModel):
    """Immutable, and unknown fields are an error: what was expected is said."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Asked(Shape):
    """What people send: no text in it may hold a NUL, which no text in the database can."""

    @model_validator(mode="before")
    @classmethod
    def _without_nul(cls, given: object) -> object:
        if isinstance(given, dict):
            for name, value in given.items():
                if isinstance(value, str) and "\0" in value:
                    raise ValueError(f"{name}: expected no NUL")
        return given


class Login(Asked):
    login: Annotated[str, Field(min_length=1, max_length=80)]
    password: Annotated[str, Field(min_length=1, max_length=200)]


class Me(Shape):
    """Who is logged in. `responder` is the responder's code where the account is one's own."""

    login: str
    name: str
    role: Role
    scope: str
    responder: str | None
    demo: bool


class SiteBrief(Shape):
    code: str
    kind: SiteKind
    name_zh: str
    name_en: str
    area: str
    address: str
    lon: float
    lat: float


class ZoneBrief(Shape):
    code: str
    kind: str
    name_zh: str
    name_en: str
    floor: int


class SeniorBrief(Shape):
    """As on a card: the name masked."""

    code: str
    name: str
    sex: str
    age: int
    tags: list[str]
    ability_level: int


class ContactShape(Shape):
    name: str
    relation: str
    phone: str


class SeniorPrivate(Shape):
    """What someone who acts needs: whole name, phones, key."""

    name: str
    phone: str
    key_holder: str
    key_note: str
    contacts: list[ContactShape]


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


class ReasonShape(Shape):
    """`rule` is an i18n key (reason.<rule>); the rest are its numbers."""

    rule: str
    value: float | None
    limit: float | None
    unit: str
    source: str


class AlarmShape(Shape):
    """`ended_at`: the readings are back to normal, though the alarm latches until a person resolves it."""

    id: UUID
    source: str
    device: str | None
    profile: str | None
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
    """Readings around the onset: points are (ms since the epoch, value). `age_s` of the last value; never shown as now."""

    device: str
    metric: str
    unit: str
    points: list[tuple[int, float]]
    age_s: float | None


class IncidentDetail(Shape):
    """`site_phone` and `phones` (of those who were sent, by code) are for those who act; empty for everyone else."""

    card: IncidentCard
    private: SeniorPrivate | None
    site_phone: str
    phones: dict[str, str]
    alarm_list: list[AlarmShape]
    trail: list[TrailLine]
    dispatch_list: list[DispatchDetail]
    curves: list[Curve]


class Acknowledge(Asked):
    version: int | None = None


class Resolve(Asked):
    note: Annotated[str, Field(max_length=2000)] = ""


class CauseChoice(Asked):
    cause: str
    note: Annotated[str, Field(max_length=2000)] = ""


class Note(Asked):
    note: Annotated[str, Field(min_length=1, max_length=2000)]


class OfferChoice(Asked):
    """Whom to send; without `responder` the default rule chooses."""

    responder: str | None = None


class Position(Asked):
    lon: Annotated[float, Field(ge=-180, le=180)]
    lat: Annotated[float, Field(ge=-90, le=90)]


class Decline(Asked):
    why: Annotated[str, Field(max_length=200)] = ""


class ResponderPlace(Shape):
    """`position_at` None: not known now; then lon/lat are the station's."""

    code: str
    name: str
    kind: str
    vehicle: str
    skills: list[str]
    area: str
    lon: float
    lat: float
    position_at: datetime | None
    on_duty: bool
    busy: bool


class AreaShape(Shape):
    code: str
    name_zh: str
    name_en: str
    parent: str
    level: str


class SitePoint(Shape):
    code: str
    kind: str
    name_zh: str
    name_en: str
    area: str
    lon: float
    lat: float
    beds: int


class DistrictShape(Shape):
    """What the console loads once. `causes` are the possible outcomes; layers are fetched one by one by name.

    `colleagues`: the names of those whose logins stand in trails, for desks; empty for everyone else.
    """

    code: str
    name_zh: str
    name_en: str
    timezone: str
    demo: bool
    areas: list[AreaShape]
    sites: list[SitePoint]
    layers: list[str]
    colleagues: dict[str, str]
    causes: list[str] = list(CAUSES)


class Isochrones(Shape):
    """Bands of travel time of one responder, widest first: GeoJSON geometries."""

    responder: str
    at: datetime
    from_station: bool
    bands: list[dict[str, object]]
    seconds: list[float]
    seniors_inside: int


class Figures(Shape):
    """The five figures that a duty officer is answerable for, and the foot of the page. None is unknown."""

    devices: int
    online: int | None
    silent: int | None
    unprotected: int | None
    circle_share: float | None
    answer_p90_s: float | None
    answer_n: int
    alarms_10min: int
    ingest_per_s: float | None
    ingest_p99_ms: float | None
    probe_at: datetime | None
    probe_ms: float | None


class Health(Shape):
    """What works now, as this api sees it; `…_since` when that began."""

    broker: bool
    broker_since: datetime
    database: bool
    database_since: datetime


PartState = Literal["working", "standing_by", "stopped", "silent"]


class PartShape(Shape):
    """A part of the platform, as it last reported at `at`; `state` is ours to say, since the dead report nothing."""

    name: str
    lane: str
    started_at: datetime
    at: datetime
    state: PartState


class LaneShape(Shape):
    """One ingest worker. Rates of a part that is not working are None: unknown. Counts are since it started."""

    name: str
    lane: str
    messages_per_s: float | None
    batch_size: float | None
    commit_p50_ms: float | None
    commit_p99_ms: float | None
    lag_s: float | None
    in_flight: int | None
    messages: int | None
    rejected: int | None
    failures: int | None
    limited: int | None


class CalloutShape(Shape):
    """What one judge of connecting devices has done since it started; `refused` by reason (i18n key refused.<reason>)."""

    name: str
    devices: int | None
    granted: int | None
    disconnected: int | None
    refused: dict[str, int] | None


class ProbeTry(Shape):
    """One press of the probe; without `ms` it did not come out, and `stage` says how far it came."""

    at: datetime
    ms: float | None
    stage: str


class ProbeShape(Shape):
    """The probe's last hour, oldest first; `lost` (i18n key reason.<lost>) where its presses do not come out now."""

    device: str
    at: datetime
    success_at: datetime | None
    ms: float | None
    lost: str | None
    tries: list[ProbeTry]


class SystemShape(Shape):
    """The page of the system. A list that is None could not be read: the database is away."""

    at: datetime
    health: Health
    parts: list[PartShape] | None
    lanes: list[LaneShape] | None
    callouts: list[CalloutShape] | None
    probe: ProbeShape | None


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


class HelloMessage(Shape):
    type: Literal["hello"] = "hello"
    seq: int
    server_time: datetime
    version: str


class SnapshotMessage(Shape):
    """Everything open in scope; replaces what the client held."""

    type: Literal["snapshot"] = "snapshot"
    seq: int
    at: datetime
    incidents: list[IncidentCard]
    presses: list[Press]
    responders: list[ResponderPlace]
    figures: Figures
    health: Health


class IncidentMessage(Shape):
    """An incident changed: adopt it if its version is higher than the one held; closed and cancelled leave the board."""

    type: Literal["incident"] = "incident"
    seq: int
    incident: IncidentCard


class PressMessage(Shape):
    type: Literal["press"] = "press"
    seq: int
    press: Press


class ResponderMessage(Shape):
    type: Literal["responder"] = "responder"
    seq: int
    responder: ResponderPlace


class FiguresMessage(Shape):
    type: Literal["figures"] = "figures"
    seq: int
    at: datetime
    figures: Figures
    health: Health


class PongMessage(Shape):
    type: Literal["pong"] = "pong"
    seq: int
    number: int
    server_time: datetime


ServerMessage = Annotated[
    HelloMessage | SnapshotMessage | IncidentMessage | PressMessage | ResponderMessage | FiguresMessage | PongMessage,
    Field(discriminator="type"),
]


class ShownItem(Shape):
    id: UUID
    version: int


class ShownMessage(Shape):
    """The console has rendered these: the stamp *shown* is theirs."""

    type: Literal["shown"] = "shown"
    incidents: list[ShownItem]


class PingMessage(Shape):
    """Measures the live mark's latency: answered by `pong` with the same number."""

    type: Literal["ping"] = "ping"
    number: int


ClientMessage = Annotated[ShownMessage | PingMessage, Field(discriminator="type")]


class Problem(Shape):
    """Every error: `error` is an i18n key (error.<error>), `detail` says what was expected and what came."""

    error: str
    detail: str
    allowed: list[str] = []
