"""Somebody lies on the floor, by a radar that sees how high they are: confirmed by half a minute after its own fall event,
and by three minutes without one.

The event itself is an alarm at once (`fall_event`); this one says that nobody has got up, or that the radar missed the fall. A
person standing (0.9 m), or nobody there any more, for a minute ends it. Heights and windows are ours.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from analytics.condition import Change, Condition, advance, is_late, reset
from analytics.step import Detector, Event, Finding, Input, Origin, Reading, Reason, Reset, Scope, never

KIND = "on_floor"
LOW_M, STANDING_M = 0.45, 0.9
AFTER_FALL, WITHOUT_FALL = timedelta(seconds=30), timedelta(minutes=3)
FALL_LASTS = timedelta(minutes=5)
HOLD = timedelta(minutes=1)

NAME, VERSION = "on_floor", 1
_RULE = f"{NAME}/{VERSION}"


class FloorState(Struct, frozen=True, gc=False):
    """Of one radar: the condition, since when somebody is low, and when the radar last said fall."""

    source: str
    condition: Condition
    low: datetime | None = None
    fell: datetime | None = None


def _start(key: str, active: Mapping[str, datetime]) -> FloorState:
    return FloorState(key, Condition(onset=active.get(KIND)))


def _step(state: FloorState, item: Input) -> tuple[FloorState, tuple[Finding, ...]]:
    match item:
        case Reset():
            return (FloorState(state.source, reset(state.condition), state.low) if item.kind == KIND else state), ()
        case Event():
            newer = item.kind == "fall" and (state.fell is None or item.at > state.fell)
            return (FloorState(state.source, state.condition, state.low, item.at) if newer else state), ()
        case Reading():
            return _judge(state, item)
        case _:
            return state, ()


def _judge(state: FloorState, item: Reading) -> tuple[FloorState, tuple[Finding, ...]]:
    present, height = item.values.get("presence"), item.values.get("height")
    if present is None or height is None or is_late(state.condition, item.at):
        return state, ()
    low = (state.low or item.at) if present >= 0.5 and height <= LOW_M else None
    window = _window(state, item.at)
    over = low is not None and item.at - low >= window
    calm = present < 0.5 or height >= STANDING_M
    condition, change = advance(state.condition, item.at, over, calm, HOLD)
    found = () if change is Change.NONE else (_finding(state, item, change, low or item.at, window),)
    return FloorState(state.source, condition, low, state.fell), found


def _window(state: FloorState, at: datetime) -> timedelta:
    fell = state.fell is not None and timedelta(0) <= at - state.fell <= FALL_LASTS
    return AFTER_FALL if fell else WITHOUT_FALL


def _finding(state: FloorState, item: Reading, change: Change, low: datetime, window: timedelta) -> Finding:
    raised = change is Change.RAISED
    if not raised:
        reason = Reason("off_floor", item.values["height"], STANDING_M, "m", "ours")
    elif window == AFTER_FALL:
        reason = Reason("on_floor_after_fall", (item.at - low).total_seconds(), window.total_seconds(), "s", "ours")
    else:
        reason = Reason("on_floor", (item.at - low).total_seconds(), window.total_seconds(), "s", "ours")
    return Finding(raised, KIND, state.source, item.at, str(item.key), _RULE, (reason,), dict(item.values))


def _wants(origin: Origin) -> bool:
    return origin.profile == "fall_radar"


DETECTORS: tuple[Detector[Any], ...] = (
    Detector(NAME, VERSION, Scope.DEVICE, "telemetry", timedelta(minutes=20), (KIND,), _wants, _start, _step, never),
)
