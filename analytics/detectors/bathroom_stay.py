"""Somebody has been in a bathroom for too long, by a radar that sees presence and loses who lies still for a moment.

A stay begins with presence. How its end is known depends on what was last seen: who was upright (0.9 m) or moved has left when not
seen for two minutes; who lay low and still (0.45 m) has not, however long the radar does not see them, and is told as lost; of
who sat still, or of a radar that tells neither height nor motion, nothing is known: back within five minutes it is the same stay,
else they have left, since a normal visit often looks so; but who sat still and is already told is not taken to have left by that.
Half an hour and the rest are ours. A radar that is not heard cannot say that somebody is still there: then nothing is raised until
it is heard again, and its silence is the silence detector's.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from analytics.signs import LOW_M, MOVES_PERCENT, STANDING_M
from analytics.step import Detector, Finding, Input, Origin, Reading, Reason, Reset, Scope, Tick
from devices.keys import milliseconds

KIND = "bathroom_stay"
LONGEST = timedelta(minutes=30)
HEARD = timedelta(minutes=5)
BATHROOM = re.compile(r"-(w|wc|bath|bathroom)\Z")  # how zone codes of bathrooms end

NAME, VERSION = "bathroom_stay", 2
_RULE = f"{NAME}/{VERSION}"


class Way(StrEnum):
    """What somebody did when last seen."""

    LEAVING = "leaving"
    SITTING = "sitting"
    LYING = "lying"
    UNKNOWN = "unknown"


# who lay has not gone; and who sat has not, once told to be there for too long
GONE_AFTER = {Way.LEAVING: timedelta(minutes=2), Way.SITTING: timedelta(minutes=5), Way.UNKNOWN: timedelta(minutes=5)}


class StayState(Struct, frozen=True, gc=False):
    """Of one radar. `since` the stay began, `gone` first reading without presence, `way` what was seen before, `due` when it is too
    long, `over` the onset.
    """

    source: str
    last: datetime | None = None
    since: datetime | None = None
    gone: datetime | None = None
    way: Way = Way.UNKNOWN
    due: datetime | None = None
    over: datetime | None = None


def _start(key: str, active: Mapping[str, datetime]) -> StayState:
    onset = active.get(KIND)
    if onset is None:
        return StayState(key)
    return StayState(key, since=onset - LONGEST, way=Way.LYING, over=onset)  # whoever it is was not seen leaving


def _deadline(state: StayState) -> datetime | None:
    return state.due


def _step(state: StayState, item: Input) -> tuple[StayState, tuple[Finding, ...]]:
    match item:
        case Tick():
            return _tick(state, item.at)
        case Reset():
            return (StayState(state.source, state.last) if item.kind == KIND else state), ()
        case Reading():
            present = item.values.get("presence")
            return (state, ()) if present is None or _late(state, item.at) else _hear(state, item, present >= 0.5)
        case _:
            return state, ()


def _late(state: StayState, at: datetime) -> bool:
    return (state.last is not None and at <= state.last) or (state.over is not None and at <= state.over)


def _hear(state: StayState, item: Reading, present: bool) -> tuple[StayState, tuple[Finding, ...]]:
    """What comes due before this reading is judged by it: it shows whether somebody is still there."""
    found: tuple[Finding, ...] = ()
    if _has_left(state, item.at):
        state, found = _left(state, item)
    state = replace(state, last=item.at)
    if not present:
        due = None if state.since is None else state.due
        return replace(state, gone=state.gone or item.at if state.since is not None else None, due=due), found
    way = _way(item.values)
    if state.since is None:
        return StayState(state.source, item.at, item.at, None, way, item.at + LONGEST), found
    state, more = _tick(replace(state, gone=None, way=way), item.at)
    return state, (*found, *more)


def _has_left(state: StayState, at: datetime) -> bool:
    after = None if state.over is not None and state.way is Way.SITTING else GONE_AFTER.get(state.way)
    return state.gone is not None and after is not None and at - state.gone >= after


def _way(values: Mapping[str, float]) -> Way:
    height = values.get("height")
    if values.get("motion", 0.0) > MOVES_PERCENT or (height is not None and height >= STANDING_M):
        return Way.LEAVING
    if height is None:
        return Way.UNKNOWN
    return Way.LYING if height <= LOW_M else Way.SITTING


def _left(state: StayState, item: Reading) -> tuple[StayState, tuple[Finding, ...]]:
    empty = StayState(state.source, state.last)
    if state.over is None:
        return empty, ()
    reason = Reason("bathroom_left", (item.at - (state.since or state.over)).total_seconds(), None, "s", "ours")
    return empty, (Finding(False, KIND, state.source, item.at, str(item.key), _RULE, (reason,)),)


def _tick(state: StayState, at: datetime) -> tuple[StayState, tuple[Finding, ...]]:
    due, since, last = state.due, state.since, state.last
    if due is None or since is None or last is None or due > at:
        return state, ()
    lost = state.gone is not None
    if due - last > HEARD or (lost and state.way is not Way.LYING):
        return replace(state, due=due + HEARD), ()
    value = (due - since).total_seconds()
    reason = Reason("bathroom_lost" if lost else "bathroom_stay", value, LONGEST.total_seconds(), "s", "ours")
    found = Finding(True, KIND, state.source, due, str(milliseconds(due)), _RULE, (reason,))
    return replace(state, due=None, over=due), (found,)


def _wants(origin: Origin) -> bool:
    return origin.profile == "fall_radar" and bool(BATHROOM.search(origin.zone) or BATHROOM.search(origin.device))


DETECTORS: tuple[Detector[Any], ...] = (
    Detector(NAME, VERSION, Scope.DEVICE, "telemetry", timedelta(hours=2), (KIND,), _wants, _start, _step, _deadline),
)
