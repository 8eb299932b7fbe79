"""The JSON of lists beside the board: devices, who is unprotected, what was rejected."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from api.shapes import Asked, ReasonShape, SeniorBrief, Shape, SiteBrief

Standing = Literal["fine", "battery_low", "not_yet_known", "offline", "silent", "never_seen", "revoked"]
Why = Literal["not_yet_known", "battery_low", "offline", "silent", "never_seen", "revoked", "no_device"]
Code = Field(pattern=r"^[a-z0-9-]{1,40}$")
Named = Field(default="", max_length=60)


class DoubtShape(Shape):
    """A sensor fault that stands: since when, why (reason.<rule>), and which metrics (empty: all) are not to be trusted."""

    since: datetime
    metrics: list[str]
    reasons: list[ReasonShape]


class DeviceShape(Shape):
    """A device and what was last heard of it, each fact with its own age; None is unknown."""

    code: str
    profile: str
    area: str
    site: str
    zone: str
    senior: str
    gateway: str
    firmware: str
    enrolled_at: datetime
    online: bool | None
    online_at: datetime | None
    seen_at: datetime | None
    telemetry_at: datetime | None
    event_at: datetime | None
    test_at: datetime | None
    battery: float | None
    battery_at: datetime | None
    signal: float | None
    signal_at: datetime | None
    clock_wrong_at: datetime | None
    silent: bool
    state: Standing
    doubtful: DoubtShape | None


class PointShape(Shape):
    """`count` values from `at` on, for as long as the resolution says; a reading is a point of one value."""

    at: datetime
    count: int
    mean: float
    low: float
    high: float


class SeriesShape(Shape):
    """One metric of a device in time order, as fine as fits. `resolution`: readings, minutes, hours or days."""

    device: str
    metric: str
    unit: str
    resolution: Literal["readings", "minutes", "hours", "days"]
    points: list[PointShape]


class UnprotectedShape(Shape):
    """A resident with no device left that could call for help. `why` (i18n key unprotected.<why>): what ails the best of them.

    `not_yet_known`: we have not listened long enough to tell; not counted among the unprotected. `phone`: to check by hand.
    """

    senior: SeniorBrief
    site: SiteBrief
    why: Why
    devices: list[str]
    since: datetime | None
    phone: str | None = None


class OutsideShape(Shape):
    """A resident whom nobody who is free now reaches within the planned travel time."""

    senior: SeniorBrief
    site: SiteBrief


class CircleShape(Shape):
    """The service circle of one moment, computed when it is asked for.

    `share` of the residents inside, `doubly` that stay inside whichever one responder is sent away, both from 0 to 1; `within_s` of
    travel; `free`: how many responders are on duty without an errand; `outside`: at most 2,000 residents, the oldest first.
    """

    at: datetime
    share: float
    doubly: float
    within_s: float
    free: int
    outside_count: int
    outside: list[OutsideShape]


class RejectedShape(Shape):
    """A message that could not be understood, its payload as text and cut."""

    lane: str
    topic: str
    area: str
    reason: str
    payload: str
    first_at: datetime
    last_at: datetime
    times: int


class SilentGroup(Shape):
    """How many devices behind one gateway ("": at the site itself) are not heard, of how many, since the first fell silent."""

    site: str
    gateway: str
    silent: int
    devices: int
    since: datetime | None


class NuisanceShape(Shape):
    """How often a device called for nothing in thirty days, `last` the newest time; `real` calls in the same time.

    `incident`: the task that stands; without one `due` says that the desk will make one.
    """

    device: str
    profile: str
    area: str
    site: str
    nuisances: int
    real: int
    last: datetime
    due: bool
    incident: UUID | None
    task_at: datetime | None


class DeviceOverview(Shape):
    """The devices page: who cannot call for help, and every device with something the matter, in one reading of one moment.

    `listening_since`: since when a device could be heard; None: nobody listens now. `states`: how many devices in service are in
    each state. `worth_a_look`: residents whose only device has a low battery. `troubled`: at most 2,000 devices, among them
    those with a sensor fault (`doubtful`: how many). `nuisances`: what called for nothing within thirty days, worst first.
    """

    at: datetime
    listening_since: datetime | None
    devices: int
    fine: int
    not_yet_known: int
    states: dict[Standing, int]
    unprotected: list[UnprotectedShape]
    worth_a_look: list[UnprotectedShape]
    unknown_residents: int
    silent: list[SilentGroup]
    troubled: list[DeviceShape]
    doubtful: int
    nuisances: list[NuisanceShape]
    sites: list[SiteBrief]


class EnrolmentForm(Asked):
    """A device to be enrolled; zone, senior and gateway by code, "" where there is none."""

    code: str = Code
    profile: str = Named
    site: str = Code
    zone: str = Named
    senior: str = Named
    gateway: str = Named


class DeviceToken(Shape):
    """The token of a device, shown this once: only its hash is kept."""

    device: str
    token: str


class Revoked(Shape):
    """A device that may not connect any more, and since when."""

    device: str
    revoked_at: datetime


class RegisterLineShape(Shape):
    """Who did what to which device's enrolment, and when."""

    id: int
    at: datetime
    actor: str
    action: Literal["enrolled", "rotated", "revoked", "worn"]
    device: str
    area: str
    site: str


class FirmwareShape(Shape):
    """How many devices in service run a version. `confirmed`: said so themselves; the others are as they were enrolled."""

    profile: str
    version: str
    devices: int
    confirmed: int
    last_seen_at: datetime | None


class RefusalShape(Shape):
    """What the broker refused a device within one hour (i18n key refusal.<kind>). Device "": names that are in no register."""

    hour: datetime
    kind: str
    device: str
    area: str
    site: str
    subject: str
    first_at: datetime
    last_at: datetime
    times: int
