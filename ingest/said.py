"""What decoding makes of a delivery: things that enrolled devices said, or a rejection. Values, no input or output."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from msgspec import Struct

from analytics.step import Event, Origin, Reading, Waveform
from devices.keys import Key
from devices.profiles import PROFILES, Profile
from store.devices import RegisteredDevice

EVENTS, TELEMETRY = "events", "telemetry"

LATE, CLOCK_FIXED, WRONG_PLACE, FOREIGN, VALUES_DROPPED = "late", "clock_fixed", "wrong_place", "foreign", "values_dropped"


class Known(Struct, frozen=True, gc=False):
    """A device of the register with what is looked up for every message. There is one for every device that anybody has, so that it
    holds no more than that; its codes are those of its `origin`. `revoked_at` None: in service."""

    device_id: int
    site_id: int
    zone_id: int | None
    senior_id: int | None
    revoked_at: datetime | None
    profile: Profile
    origin: Origin

    @property
    def code(self) -> str:
        """Its own."""
        return self.origin.device

    @property
    def area(self) -> str:
        """Where it is."""
        return self.origin.area

    @property
    def site(self) -> str:
        """Where in the area."""
        return self.origin.site

    @property
    def zone(self) -> str:
        """Where in the site, or ""."""
        return self.origin.zone

    @property
    def senior(self) -> str:
        """Whose it is, or ""."""
        return self.origin.senior

    @property
    def gateway(self) -> str:
        """What it hangs on, or ""."""
        return self.origin.gateway


Register = Mapping[str, Known]


class Ack(Struct, frozen=True, gc=False):
    """A device's answer to a command."""

    at: datetime
    now: datetime
    key: Key
    command: str
    done: str


class Status(Struct, frozen=True, gc=False):
    """Link state as the device or its last will tells it. `at` is when that was true, as far as anybody knows.

    `old`: what the broker retains and shows to whoever subscribes; the device said it at another time.
    """

    at: datetime
    now: datetime
    online: bool
    by_will: bool
    battery: float | None
    signal: float | None
    firmware: str | None
    old: bool = False

    @property
    def seen(self) -> datetime | None:
        """When the device itself spoke; None when it did not, or nobody knows when."""
        if self.by_will:
            return None
        return self.now if not self.old else self.at if self.at < self.now else None

    @property
    def alive(self) -> bool:
        """Whether it is a sign of life: the device itself says just now that it is there."""
        return self.online and not self.old


Item = Reading | Event | Waveform | Ack | Status


class Said(Struct, frozen=True, gc=False):
    """One thing that one device said.

    `pinned`: `item.at` is only when it arrived, and whatever is decided first for its key stays. `earlier` is the key under
    which the same words may already have been taken, when the sender gives them no key.
    """

    known: Known
    item: Item
    pinned: bool = False
    flags: tuple[str, ...] = ()
    earlier: Key | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """A delivery that could not be understood. `area` as its topic claims, or "". `unknown`: the code that nobody enrolled.

    Not `reported`: the other lane hears the same message and complains.
    """

    reason: str
    area: str = ""
    unknown: str = ""
    reported: bool = True


# What one delivery comes to; nothing at all when it tells nothing that concerns us.
Decoded = tuple[Said | Rejected, ...]


class Introduced:
    """Takes the register device by device and makes of it what decoding wants. What is as it was `before` stays the same object."""

    def __init__(self, before: Register | None = None) -> None:
        self.known: dict[str, Known] = {}
        self._before = before or {}

    def add(self, device: RegisteredDevice) -> None:
        """One of a profile that this version does not know is left out."""
        profile = PROFILES.get(device.profile)
        if profile is None:
            return
        place = (device.area, device.site, device.zone, device.senior, device.gateway)
        origin = Origin(device.code, profile.name, *place)
        ids = (device.device_id, device.site_id, device.zone_id, device.senior_id)
        new = Known(*ids, device.revoked_at, profile, origin)
        old = self._before.get(device.code)
        self.known[device.code] = old if old == new and old is not None else new


def known(register: Mapping[str, RegisteredDevice]) -> dict[str, Known]:
    """All of it at once."""
    found = Introduced()
    for device in register.values():
        found.add(device)
    return found.known
