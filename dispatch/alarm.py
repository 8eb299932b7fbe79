"""Alarms: the conditions that findings raise, what each kind of condition means for people, and the alarm's own states.

An alarm id is UUIDv5(source, kind, key of the raising message, or the deadline for what time raised), so the same facts give the
same alarm on every machine, however often they are delivered.
"""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from devices.keys import derived_id


class AlarmState(StrEnum):
    """ISA-18.2 in the words of the design: a condition is active or cleared, or a person has set it aside."""

    ACTIVE = "active"
    CLEARED = "cleared"
    SHELVED = "shelved"
    OUT_OF_SERVICE = "out_of_service"


class AlarmEvent(StrEnum):
    """What can happen to an alarm."""

    CLEAR = "clear"
    RAISE = "raise"
    SHELVE = "shelve"
    UNSHELVE = "unshelve"
    TAKE_OUT = "take_out"
    RETURN = "return"


ALARM_TABLE: dict[tuple[AlarmState, AlarmEvent], AlarmState] = {
    (AlarmState.ACTIVE, AlarmEvent.CLEAR): AlarmState.CLEARED,
    (AlarmState.CLEARED, AlarmEvent.RAISE): AlarmState.ACTIVE,
    (AlarmState.ACTIVE, AlarmEvent.SHELVE): AlarmState.SHELVED,
    (AlarmState.SHELVED, AlarmEvent.UNSHELVE): AlarmState.ACTIVE,
    (AlarmState.SHELVED, AlarmEvent.CLEAR): AlarmState.CLEARED,
    (AlarmState.ACTIVE, AlarmEvent.TAKE_OUT): AlarmState.OUT_OF_SERVICE,
    (AlarmState.CLEARED, AlarmEvent.TAKE_OUT): AlarmState.OUT_OF_SERVICE,
    (AlarmState.OUT_OF_SERVICE, AlarmEvent.RETURN): AlarmState.CLEARED,
}


class Subject(StrEnum):
    """What an incident is about; the rule by which alarms meet in one incident."""

    SENIOR = "senior"
    ZONE = "zone"
    SITE = "site"
    GATEWAY = "gateway"
    DEVICE = "device"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of alarm. `priority` 1 emergency … 4 low; `latches`: stays until a person resets it with an outcome;
    `shelvable` never for buttons and fire; `skills` what a responder needs."""

    name: str
    hazard: str
    priority: int
    latches: bool
    shelvable: bool
    skills: tuple[str, ...]


HAZARDS = ("fire", "gas_co", "person", "security", "technical")
BUILDING_HAZARDS = frozenset({"fire", "gas_co"})  # all of a building are in one danger, and the fire service may be told

_ALL = (
    Kind("sos", "person", 1, True, False, ("first_aid",)),
    Kind("pull_cord", "person", 1, True, False, ("first_aid",)),
    Kind("fall", "person", 1, True, True, ("first_aid", "lifting")),
    Kind("fall_motion", "person", 2, True, True, ("first_aid", "lifting")),  # by the raw signal; who does not get up: long_lie
    Kind("long_lie", "person", 1, True, True, ("first_aid", "lifting")),
    Kind("on_floor", "person", 1, True, True, ("first_aid", "lifting")),
    Kind("no_movement", "person", 2, False, True, ()),
    Kind("not_up", "person", 2, False, True, ()),
    Kind("not_back_in_bed", "person", 2, False, True, ()),
    Kind("bathroom_stay", "person", 2, False, True, ()),
    Kind("wandering", "person", 2, False, True, ()),
    Kind("vital_signs", "person", 2, False, True, ("nursing",)),
    Kind("door_at_night", "person", 3, False, True, ()),
    Kind("smoke", "fire", 1, True, False, ("fire",)),
    Kind("heat", "fire", 1, True, False, ("fire",)),
    Kind("co", "gas_co", 1, True, False, ("gas_shutoff",)),
    Kind("gas", "gas_co", 1, True, False, ("gas_shutoff",)),
    Kind("fire_confirmed", "fire", 1, True, False, ("fire",)),
    Kind("fire_look", "fire", 2, False, False, ("fire",)),
    Kind("smoke_check", "fire", 2, False, False, ("fire",)),
    Kind("spread_look", "fire", 2, False, False, ("fire",)),
    Kind("residual_current", "fire", 2, False, False, ()),
    Kind("cable_heat", "fire", 2, False, False, ()),
    Kind("gas_co_look", "gas_co", 2, False, False, ("gas_shutoff",)),
    Kind("sensor_fault", "technical", 3, False, True, ()),
    Kind("chatter", "technical", 4, False, True, ()),
    Kind("maintenance_due", "technical", 4, False, True, ()),  # called for nothing too often: raised by the desk
    Kind("silence_life", "technical", 2, False, True, ()),
    Kind("silence", "technical", 3, False, True, ()),
    Kind("probe", "technical", 4, False, False, ()),  # the probe's own press: shown to the probe alone
    Kind("probe_lost", "technical", 2, False, False, ()),  # its press did not come out: raised by the desk
)
KINDS: dict[str, Kind] = {kind.name: kind for kind in _ALL}

PROBE, PROBE_LOST = "probe", "probe_lost"
MAINTENANCE_DUE = "maintenance_due"
PRESSED = frozenset({"sos", "pull_cord"})


class UnknownKind(KeyError):
    """An alarm of a kind that the table does not know."""


def kind_of(name: str) -> Kind:
    """The table's row for an alarm kind. Raises UnknownKind."""
    try:
        return KINDS[name]
    except KeyError:
        raise UnknownKind(f"alarm kind: expected one of {', '.join(KINDS)}, got {name!r}") from None


def needed_skills(name: str) -> tuple[str, ...]:
    """What a responder must be able to do for this kind of alarm. Raises UnknownKind."""
    return kind_of(name).skills


def alarm_id(source: str, kind: str, key: str) -> UUID:
    """The one id of the alarm that this source, kind and raising key make."""
    return derived_id("alarm", source, kind, key)


def next_alarm_state(state: AlarmState, event: AlarmEvent) -> AlarmState | None:
    """The state after the event; None where the event means nothing in this state."""
    return ALARM_TABLE.get((state, event))
