"""What every detector is: `step(state, input) -> (state, findings)`, pure, with a deadline instead of a clock.

A detector is a value, not a class with children: a table row of functions. `scope` says whose inputs meet in one state
(device, zone, site or resident); the runtime keeps one state a scope key and delivers `Tick(deadline)` in event time.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Generic, TypeVar

import msgspec
from msgspec import Struct

from devices.keys import Key


class Scope(StrEnum):
    """Whose inputs meet in one state."""

    DEVICE = "device"
    ZONE = "zone"
    SITE = "site"
    RESIDENT = "resident"


@dataclass(frozen=True, slots=True)
class Origin:
    """The device behind an input, as the register knows it. Codes, not numbers; "" where it has none."""

    device: str
    profile: str
    area: str
    site: str
    zone: str = ""
    senior: str = ""
    gateway: str = ""


class Reading(Struct, frozen=True, gc=False):
    """Values of one device at one moment; `at` is the (fixed) device time, `now` when it reached us."""

    origin: Origin
    at: datetime
    now: datetime
    key: Key
    values: Mapping[str, float]


class Event(Struct, frozen=True, gc=False):
    """Something a device said once. `late` when it was buffered while the link was down; `drill` when it is practice."""

    origin: Origin
    at: datetime
    now: datetime
    key: Key
    kind: str
    values: Mapping[str, float] = msgspec.field(default_factory=dict)
    drill: bool = False


class Waveform(Struct, frozen=True, gc=False):
    """Raw samples `xyz` in `unit` at `fs` Hz, the first at `at`."""

    origin: Origin
    at: datetime
    now: datetime
    key: Key
    fs: float
    unit: str
    xyz: tuple[tuple[float, float, float], ...]


@dataclass(frozen=True, slots=True)
class Tick:
    """Event time has reached a deadline that the state asked for."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Listening:
    """From `at` on we hear this device (again): after a start, a takeover, or while the broker was out of reach.

    `last_seen` is when it last reached us, None when it never has: what was never heard cannot fall silent. `deaf`: for how long
    before `at` nobody could be heard, since what happened then nobody knows.
    """

    origin: Origin
    at: datetime
    last_seen: datetime | None
    deaf: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Reset:
    """A person has reset the alarm of this kind: if its condition still stands, the next reading must raise it anew."""

    at: datetime
    kind: str


State = TypeVar("State")
Message = Reading | Event | Waveform
Input = Message | Tick | Listening | Reset


@dataclass(frozen=True, slots=True)
class Reason:
    """Why, in parts that i18n can say: `rule` is the criterion's name (key of the text), the rest its numbers.

    `source` is the standard and clause behind the threshold, or "ours".
    """

    rule: str
    value: float | None = None
    limit: float | None = None
    unit: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """A condition began (`raised`) or ended. (source, kind) names the condition; `key` the message, or the deadline, that made it.

    `source` is a device code or a zone code, `evidence` the values that spoke, `rule_version` detector name and version; `kept`
    stays with the alarm and is shown to nobody, as the samples that were judged. What is not raised and keeps something ends
    nothing: it is a sample of what was passed over.
    """

    raised: bool
    kind: str
    source: str
    at: datetime
    key: str
    rule_version: str
    reasons: tuple[Reason, ...] = ()
    evidence: Mapping[str, float] = field(default_factory=dict)
    drill: bool = False
    kept: Mapping[str, str] = field(default_factory=dict)

    @property
    def sample(self) -> bool:
        """No condition: only what was judged and passed over."""
        return not self.raised and bool(self.kept)


@dataclass(frozen=True, slots=True)
class Detector(Generic[State]):
    """One detector as a table row.

    `wants(origin)` says whose inputs it hears; `start(active)` gives the first state, told which of its alarm kinds are
    already active for the scope (kind -> onset); `step` is pure; `deadline(state)` is the next moment it wants a Tick for.
    (`never` where it wants none). `memory` is how much of the past must be replayed to rebuild a state, at most 2 h. `lane` is
    "event" for what the event lane judges at once and without memory, else "telemetry".
    """

    name: str
    version: int
    scope: Scope
    lane: str
    memory: timedelta
    kinds: tuple[str, ...]
    wants: Callable[[Origin], bool]
    start: Callable[[str, Mapping[str, datetime]], State]
    step: Callable[[State, Input], tuple[State, tuple[Finding, ...]]]
    deadline: Callable[[State], datetime | None]

    @property
    def rule_version(self) -> str:
        """What an alarm keeps about the rule that raised it."""
        return f"{self.name}/{self.version}"


def never(state: object) -> datetime | None:
    """The deadline of a detector that asks for none, so that nobody asks it."""
    return None
