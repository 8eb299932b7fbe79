"""A bed left at night and not returned to: a trip to the toilet is short; who is still away then may have fallen on the way.

Hours are local, by a fixed offset. The clock starts when the bed sensor first says empty after it said occupied (a reading or the
device's own event), and a return ends the alarm. Limits are ours: a night trip lasts minutes, and early risers are up after four.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from analytics.routine import DAY_MIN, OFFSET_MIN
from analytics.step import Detector, Event, Finding, Input, Origin, Reading, Reason, Reset, Scope, Tick
from devices.keys import milliseconds

KIND = "not_back_in_bed"
NIGHT_MIN = (22 * 60, 4 * 60)
BACK_WITHIN = timedelta(minutes=20)
SAID = {"bed_exit": False, "bed_return": True}

NAME, VERSION = "bed_return", 1
_RULE = f"{NAME}/{VERSION}"


class BedState(Struct, frozen=True, gc=False):
    """Of one bed. `inside` when it was last occupied, `empty` first word of its being empty since, `missing` onset of the alarm."""

    source: str
    inside: datetime | None = None
    empty: datetime | None = None
    missing: datetime | None = None


def _start(key: str, active: Mapping[str, datetime]) -> BedState:
    return BedState(key, missing=active.get(KIND))


def _deadline(state: BedState) -> datetime | None:
    if state.inside is None or state.empty is None or state.missing is not None or not _by_night(state.empty):
        return None
    return state.empty + BACK_WITHIN


def _step(state: BedState, item: Input) -> tuple[BedState, tuple[Finding, ...]]:
    match item:
        case Tick():
            return _tick(state, item.at)
        case Reset():
            return (BedState(state.source) if item.kind == KIND else state), ()
        case Reading() | Event():
            inside = _inside(item)
            return (state, ()) if inside is None else _hear(state, item, inside)
        case _:
            return state, ()


def _inside(item: Reading | Event) -> bool | None:
    if isinstance(item, Event):
        return SAID.get(item.kind)
    occupied = item.values.get("occupied")
    return None if occupied is None else occupied >= 0.5


def _hear(state: BedState, item: Reading | Event, inside: bool) -> tuple[BedState, tuple[Finding, ...]]:
    state, found = _tick(state, item.at)
    if not inside:
        later = state.missing is not None or (state.inside is not None and item.at <= state.inside)
        first = state.empty if state.empty is not None and state.empty <= item.at else item.at
        return (state if later else replace(state, empty=first)), found
    if state.inside is not None and item.at <= state.inside:
        return state, found
    if state.missing is None:
        empty = state.empty if state.empty is not None and state.empty > item.at else None
        return BedState(state.source, item.at, empty), found
    if item.at <= state.missing:
        return state, found
    reason = Reason("back_in_bed", (item.at - state.missing).total_seconds(), None, "s", "ours")
    return BedState(state.source, item.at), (*found, Finding(False, KIND, state.source, item.at, str(item.key), _RULE, (reason,)))


def _tick(state: BedState, at: datetime) -> tuple[BedState, tuple[Finding, ...]]:
    due = _deadline(state)
    if due is None or due > at:
        return state, ()
    span = BACK_WITHIN.total_seconds()
    reason = Reason("not_back_in_bed", span, span, "s", "ours")
    found = Finding(True, KIND, state.source, due, str(milliseconds(due)), _RULE, (reason,))
    return replace(state, empty=None, missing=due), (found,)


def _by_night(at: datetime) -> bool:
    there = (at.hour * 60 + at.minute + OFFSET_MIN) % DAY_MIN
    return there >= NIGHT_MIN[0] or there < NIGHT_MIN[1]


def _wants(origin: Origin) -> bool:
    return origin.profile == "bed_sensor"


DETECTORS: tuple[Detector[Any], ...] = (
    Detector(NAME, VERSION, Scope.DEVICE, "telemetry", timedelta(hours=1), (KIND,), _wants, _start, _step, _deadline),
)
