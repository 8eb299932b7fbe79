"""Signs of life: which messages show that a resident moved, and where. Pure; learning and watching use this one rule.

A level that changes (door opened, bed left, presence began) is a sign, so is every reading or event that says "moves". A heartbeat
that repeats a level is none. An occupied bed or seat is a place of its own, `code+`: who rests there is still for longer.
"""

from dataclasses import dataclass
from datetime import datetime

from analytics.step import Event, Message, Origin, Reading
from devices.profiles import WEARABLES

LEVELS = {
    "motion_sensor": "motion",
    "door_contact": "open",
    "bed_sensor": "occupied",
    "fall_radar": "presence",
    **dict.fromkeys(WEARABLES, "steps"),
}
STANDING_M, LOW_M, MOVES_PERCENT = 0.9, 0.45, 5.0  # what a radar's height and motion mean: ours
MOVING = {"motion_sensor": ("motion", 0.0), "bed_sensor": ("movement", 5.0), "fall_radar": ("motion", MOVES_PERCENT)}
BED_SAID = {"bed_exit": False, "bed_return": True}  # whether somebody is in it
SAID = frozenset({"motion", "opened", "closed", "bed_exit", "bed_return", "sos", "pull_cord"})
EXIT_PROFILE = "door_contact"
RESTS = "+"

Levels = tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Sign:
    """Somebody moved at `place`; at a door of the home when `door`."""

    at: datetime
    place: str
    door: bool


def hears(origin: Origin) -> bool:
    """Whether a device can show that somebody moves."""
    return origin.profile in LEVELS or origin.profile in ("sos_button", "pull_cord")


def place_of(origin: Origin) -> str:
    """The zone of a device, or the device where the register knows no zone; a door is always itself."""
    return origin.device if origin.profile == EXIT_PROFILE else origin.zone or origin.device


def observe(levels: Levels, item: Message) -> tuple[Levels, Sign | None]:
    """The levels after a message, and what it shows. Feed newest last; levels are per device."""
    origin = item.origin
    if isinstance(item, Event):
        return levels, Sign(item.at, place_of(origin), origin.profile == EXIT_PROFILE) if item.kind in SAID else None
    if not isinstance(item, Reading) or origin.profile not in LEVELS:
        return levels, None
    value = item.values.get(LEVELS[origin.profile])
    known = dict(levels)
    before = known.get(origin.device)
    if value is not None and value != before:
        levels = tuple(sorted({**known, origin.device: value}.items()))
    changed = value is not None and before is not None and value != before
    if not changed and not _moves(item):
        return levels, None
    rests = origin.profile == "bed_sensor" and bool(value if value is not None else before)
    return levels, Sign(item.at, place_of(origin) + (RESTS if rests else ""), origin.profile == EXIT_PROFILE)


def _moves(item: Reading) -> bool:
    metric, above = MOVING.get(item.origin.profile, ("", 0.0))
    return item.values.get(metric, 0.0) > above
