"""What is known of a facility that bears on fire: rows as the store finds them, without a verdict. Codes, aware UTC times."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

MOST_DEFECTS = 999


@dataclass(frozen=True, slots=True)
class SafetyZone:
    """A zone of the register."""

    site: str
    code: str
    parent: str
    kind: str
    name_zh: str
    name_en: str


@dataclass(frozen=True, slots=True)
class SafetyDevice:
    """A device in service that bears on fire. None is unknown, never "fine".

    `silent_after`: from its profile. `faulty_since`, `warning_since`: an open alarm of a sensor fault, of the wiring.
    `value`, `value_at`: the newest reading of what its profile is for (blocked 0 or 1, pressure in MPa), however old. Of the last 7
    days, `worst`, `worst_at`: the hour with the lowest pressure, or the last one in which an exit was blocked; `blocked_s`: the
    minutes in which it said so, in seconds.
    """

    site: str
    code: str
    profile: str
    zone: str
    silent_after: timedelta
    enrolled_at: datetime
    seen_at: datetime | None = None
    online: bool | None = None
    battery: float | None = None
    test_at: datetime | None = None
    faulty_since: datetime | None = None
    warning_since: datetime | None = None
    value: float | None = None
    value_at: datetime | None = None
    worst: float | None = None
    worst_at: datetime | None = None
    blocked_s: float = 0.0


@dataclass(frozen=True, slots=True)
class SafetyIncident:
    """An incident of fire or gas, no drill. `began_at`: when it reached us; `emergency_at`: when its first alarm of priority 1 did.

    `acknowledged_at`: when somebody took it, be it by cancelling it. `resolved_at`: when it was over, by whatever road; None: it is
    live. `stood`: the cause before the house corrected it about itself, as long as nobody else has said the same.
    """

    site: str
    id: UUID
    kind: str
    priority: int
    began_at: datetime
    acknowledged_at: datetime | None
    arrived_at: datetime | None
    resolved_at: datetime | None
    cause: str | None
    emergency_at: datetime | None = None
    stood: str | None = None

    @property
    def counted(self) -> str | None:
        """The cause as others than the house know it."""
        return self.stood or self.cause


@dataclass(frozen=True, slots=True)
class SafetyCheck:
    """A line of the register of inspections and drills; withdrawn if it says when.

    `follows`: the check whose defects a recheck found put right. `rectify_by`: the day set for what was found.
    """

    site: str
    id: UUID
    kind: str
    done_on: date
    result: str
    defects: int
    rectify_by: date | None
    follows: UUID | None
    by_whom: str
    note: str
    entered_by: str
    entered_at: datetime
    demo: bool
    withdrawn_at: datetime | None = None
    withdrawn_by: str = ""
    withdrawn_why: str = ""


@dataclass(frozen=True, slots=True)
class SafetyFacts:
    """Everything about one facility at one moment. `today`: the day there. `listening`: since when devices could be heard.

    `checks` are those that count; `withdrawn` ones are shown and count nowhere.
    """

    site: str
    area: str
    name_zh: str
    name_en: str
    beds: int
    now: datetime
    today: date
    listening: datetime | None
    zones: tuple[SafetyZone, ...] = ()
    devices: tuple[SafetyDevice, ...] = ()
    incidents: tuple[SafetyIncident, ...] = ()
    checks: tuple[SafetyCheck, ...] = ()
    withdrawn: tuple[SafetyCheck, ...] = ()
