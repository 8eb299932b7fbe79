"""The JSON of lists beside the board: devices, who is unprotected, what was rejected."""

from datetime import datetime
from typing import Literal

from api.shapes import SeniorBrief, Shape, SiteBrief

Why = Literal["revoked", "never_seen", "silent", "offline"]


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
    silent: bool


class UnprotectedShape(Shape):
    """A resident with no device left that could call for help. `why` (i18n key unprotected.<why>): what ails the best of them."""

    senior: SeniorBrief
    site: SiteBrief
    why: Why
    devices: list[str]
    since: datetime | None


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
