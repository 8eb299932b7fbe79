"""A bed left at night and not returned to: a trip to the toilet is short; who is still away then may have fallen on the way.

The clock starts when the bed sensor first says empty after it said occupied (a reading or the device's own event). A touch of
less than a minute is no return: it neither starts the clock anew nor ends the alarm; whoever lies there for a minute is back.
The night is the resident's, by the row of what is usual: from 22:00 to 06:00 local, but at the latest two hours before the time by
which the resident is usually up, and longer for late sleepers, up to three hours before it. Within that last span most get up, and
a bed cannot tell that from a fall. Until a week is learned it ends at 04:00, since many get up before six. Limits are ours; the
night's end is judged in docs/detectors.md.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from analytics import routine as usual
from analytics.routine import Routine, Routines
from analytics.signs import BED_SAID
from analytics.step import Detector, Event, Finding, Input, Origin, Reading, Reason, Reset, Scope, Tick
from devices.keys import milliseconds

KIND = "not_back_in_bed"
NIGHT_FROM_MIN, NIGHT_ENDS_MIN, NIGHT_ENDS_FIRST_MIN = 22 * 60, 6 * 60, 4 * 60
GETS_UP_MIN, LATE_SLEEPER_MIN = 120, 180
BACK_WITHIN = timedelta(minutes=20)
TOUCH = timedelta(minutes=1)

NAME, VERSION = "bed_return", 2
_RULE = f"{NAME}/{VERSION}"
_Found = tuple[Finding, ...]


class BedState(Struct, frozen=True, gc=False):
    """Of one bed. `inside` when it was last occupied, `empty` first word of its being empty since, `missing` onset of the alarm.

    `due` when who left is missed, None by day; `touched` since when it is occupied again, `before` since when it was empty then.
    """

    source: str
    inside: datetime | None = None
    empty: datetime | None = None
    missing: datetime | None = None
    due: datetime | None = None
    touched: datetime | None = None
    before: datetime | None = None


def bed_return(routines: Routines) -> Detector[BedState]:
    """The detector with what was learned."""

    def step(state: BedState, item: Input) -> tuple[BedState, _Found]:
        match item:
            case Tick():
                return _tick(state, item.at)
            case Reset():
                return (BedState(state.source) if item.kind == KIND else state), ()
            case Reading() | Event():
                inside = _inside(item)
                return (state, ()) if inside is None else _hear(state, item.at, inside, routines(item.origin.senior))
            case _:
                return state, ()

    return Detector(NAME, VERSION, Scope.DEVICE, "telemetry", timedelta(hours=1), (KIND,), _wants, _start, step, _deadline)


def night_ends(row: Routine, at: datetime) -> int:
    """The minute of this local day at which leaving the bed is no longer by night."""
    by = row.up_by_min[usual.local(row, at).weekday()]
    if not by or row.days < usual.ENOUGH_DAYS:
        return NIGHT_ENDS_FIRST_MIN
    return max(NIGHT_ENDS_FIRST_MIN, by - LATE_SLEEPER_MIN, min(NIGHT_ENDS_MIN, by - GETS_UP_MIN))


def _wants(origin: Origin) -> bool:
    return origin.profile == "bed_sensor"


def _start(key: str, active: Mapping[str, datetime]) -> BedState:
    return BedState(key, missing=active.get(KIND))


def _deadline(state: BedState) -> datetime | None:
    if state.missing is not None:
        return None if state.touched is None else state.touched + TOUCH
    return None if state.inside is None else state.due


def _inside(item: Reading | Event) -> bool | None:
    if isinstance(item, Event):
        return BED_SAID.get(item.kind)
    occupied = item.values.get("occupied")
    return None if occupied is None else occupied >= 0.5


def _hear(state: BedState, at: datetime, inside: bool, row: Routine) -> tuple[BedState, _Found]:
    state, found = _tick(state, at)
    if state.inside is not None and at <= state.inside:
        return state, found
    if state.missing is not None:
        return (state if at <= state.missing else _touched(state, at, inside)), found
    return (_occupied(state, at) if inside else _emptied(state, at, row)), found


def _touched(state: BedState, at: datetime, inside: bool) -> BedState:
    """While somebody is missed."""
    if not inside:
        return replace(state, touched=None)
    return replace(state, inside=at, touched=state.touched or at)


def _occupied(state: BedState, at: datetime) -> BedState:
    if state.empty is None:
        return replace(state, inside=at, touched=state.touched or at)
    if state.empty > at:  # it came late
        return replace(state, inside=at)
    return BedState(state.source, at, touched=at, before=state.empty)


def _emptied(state: BedState, at: datetime, row: Routine) -> BedState:
    if state.empty is not None and state.empty <= at:
        return state
    touch = state.before is not None and state.touched is not None and at - state.touched < TOUCH
    first = state.before if touch and state.before is not None else at
    due = max(first + BACK_WITHIN, at) if _by_night(row, first) else None
    return BedState(state.source, state.inside, first, None, due)


def _tick(state: BedState, at: datetime) -> tuple[BedState, _Found]:
    due = _deadline(state)
    if due is None or due > at:
        return state, ()
    if state.missing is None:
        span = BACK_WITHIN.total_seconds()
        reason = Reason("not_back_in_bed", (due - (state.empty or due)).total_seconds(), span, "s", "ours")
        return BedState(state.source, state.inside, missing=due), (_found(state, True, due, reason),)
    reason = Reason("back_in_bed", (due - TOUCH - state.missing).total_seconds(), None, "s", "ours")
    return BedState(state.source, state.inside, touched=state.touched), (_found(state, False, due, reason),)


def _found(state: BedState, raised: bool, at: datetime, reason: Reason) -> Finding:
    return Finding(raised, KIND, state.source, at, str(milliseconds(at)), _RULE, (reason,))


def _by_night(row: Routine, at: datetime) -> bool:
    there = usual.minute(row, at)
    return there >= NIGHT_FROM_MIN or there < night_ends(row, at)
