"""Who is cared for and who cares: seniors, their contacts, responders with skills and shifts, accounts.

Shifts are local times of the cell's timezone; a shift whose end is not after its start runs into the next day.
"""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

TAGS = (
    "lives_alone",
    "anticoagulant",
    "oxygen",
    "wheelchair",
    "bedridden",
    "dementia",
    "hearing_loss",
    "heart_disease",
    "diabetes",
)
RESPONDER_KINDS = ("care_staff", "nurse", "property", "volunteer", "neighbour", "family", "fire_warden")
SKILLS = ("first_aid", "lifting", "nursing", "aed", "keys", "fire", "gas_shutoff", "dementia_care", "driving")
VEHICLES = ("foot", "ebike", "car")
ROLES = ("duty", "responder", "regulator", "admin")

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Contact:
    """Someone to call for a senior, nearest first."""

    name: str
    relation: str
    phone: str


@dataclass(frozen=True, slots=True)
class Senior:
    """A person in care. `ability_level` 0–4 as in care.ability; `key_holder` is a name, `key_note` says where the key is."""

    code: str
    site: str
    zone: str
    name: str
    sex: str
    birth_year: int
    phone: str
    tags: tuple[str, ...]
    ability_level: int
    key_holder: str
    key_note: str
    contacts: tuple[Contact, ...]
    demo: bool = False


@dataclass(frozen=True, slots=True)
class Shift:
    """From `start` to `end` local time, on the weekdays (Monday 0) on which it starts. `start == end` is a whole day."""

    start: time
    end: time
    weekdays: tuple[int, ...]

    def covers(self, local: datetime) -> bool:
        """Whether a local time of day falls inside: the start is in, the end is out."""
        now = local.time()
        if self.start < self.end:
            return local.weekday() in self.weekdays and self.start <= now < self.end
        started_today = local.weekday() in self.weekdays and now >= self.start
        return started_today or ((local - _DAY).weekday() in self.weekdays and now < self.end)


@dataclass(frozen=True, slots=True)
class Responder:
    """Someone who can be sent. `station` is the site they start from, `area` that site's sub-district."""

    code: str
    name: str
    kind: str
    skills: tuple[str, ...]
    station: str
    area: str
    vehicle: str
    phone: str
    shifts: tuple[Shift, ...]
    demo: bool = False

    def on_duty(self, local: datetime) -> bool:
        """Whether any shift covers this local time."""
        return any(shift.covers(local) for shift in self.shifts)


@dataclass(frozen=True, slots=True)
class Account:
    """Someone who may log in. `scope` is an area-code prefix or `site:<code>`; `responder` is set for a responder's own account."""

    login: str
    name: str
    role: str
    scope: str
    responder: str | None = None
    demo: bool = False
