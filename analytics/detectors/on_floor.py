"""Somebody lies on the floor, by a radar that sees how high they are: confirmed by half a minute after its own fall event,
and by three minutes without one.

The event itself is an alarm at once (`fall_event`); this one says that nobody has got up, or that the radar missed the fall. A
radar loses who lies still: who was low and is not seen any more lies there until somebody was seen upright (0.9 m), and so does
who was not seen upright after a fall. A silent radar changes nothing of that: it is raised by a deadline. Who moved when last seen
low or since, without a fall, has gone where the radar does not see. Upright for a minute, or upright and then gone, ends it.
Heights and windows are ours.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from analytics.condition import Change, Condition, advance, is_late, reset
from analytics.signs import LOW_M, MOVES_PERCENT, STANDING_M
from analytics.step import Detector, Event, Finding, Input, Origin, Reading, Reason, Reset, Scope, Tick
from devices.keys import milliseconds

KIND = "on_floor"
AFTER_FALL, WITHOUT_FALL = timedelta(seconds=30), timedelta(minutes=3)
FALL_LASTS = timedelta(minutes=5)
UNSEEN = timedelta(minutes=2)  # after a fall, until nobody seen upright is told
GAP = timedelta(minutes=2)  # what speaks against lying for less interrupts nothing
SLACK = timedelta(seconds=30)  # for a reading that is on its way
HOLD = timedelta(minutes=1)

NAME, VERSION = "on_floor", 2
_RULE = f"{NAME}/{VERSION}"
_Found = tuple[Finding, ...]


class FloorState(Struct, frozen=True, gc=False):
    """Of one radar. `low` since when somebody is taken to lie, `seen` last low reading, `moved` then or since, `lost` not seen now.

    `doubt`: since when something speaks against it (sitting; lost while moving; a person has reset it). `up` when last upright,
    `fell` when the radar last said fall.
    """

    source: str
    condition: Condition
    low: datetime | None = None
    seen: datetime | None = None
    moved: bool = False
    lost: bool = False
    doubt: datetime | None = None
    up: datetime | None = None
    fell: datetime | None = None


def _start(key: str, active: Mapping[str, datetime]) -> FloorState:
    return FloorState(key, Condition(onset=active.get(KIND)))


def _unanswered(state: FloorState) -> bool:
    """Whether nobody was seen upright since the fall."""
    return state.fell is not None and (state.up is None or state.up <= state.fell)


def _stood(state: FloorState) -> bool:
    """Whether somebody was seen upright since it was raised, and neither low nor falling after that."""
    onset, up = state.condition.onset, state.up
    if onset is None or up is None or up <= onset:
        return False
    return (state.seen is None or up > state.seen) and not _unanswered(state)


def _over_at(state: FloorState, low: datetime) -> datetime:
    """When lying since `low` is too long."""
    late = low + WITHOUT_FALL
    soon = late if state.fell is None else max(low + AFTER_FALL, state.fell)
    return min(late, soon) if state.fell is None or soon - state.fell <= FALL_LASTS else late


def _deadline(state: FloorState) -> datetime | None:
    if state.condition.onset is not None or state.doubt is not None:
        return None
    if state.low is not None:
        return _over_at(state, state.low) + SLACK
    return state.fell + UNSEEN if state.fell is not None and _unanswered(state) else None


def _step(state: FloorState, item: Input) -> tuple[FloorState, _Found]:
    match item:
        case Tick():
            return _tick(state, item.at)
        case Reset():
            return (_reset(state, item.at) if item.kind == KIND else state), ()
        case Event():
            return _fall(state, item), ()
        case Reading():
            return _judge(state, item)
        case _:
            return state, ()


def _reset(state: FloorState, at: datetime) -> FloorState:
    """A person has looked: only who is seen low again lies there still."""
    doubt = None if state.low is None else at
    return replace(state, condition=reset(state.condition), moved=True, doubt=doubt, fell=None)


def _fall(state: FloorState, item: Event) -> FloorState:
    known = max((at for at in (state.fell, state.condition.ended) if at is not None), default=None)
    if item.kind != "fall" or item.drill or (known is not None and item.at <= known):
        return state
    return replace(state, fell=item.at, doubt=None)


def _tick(state: FloorState, at: datetime) -> tuple[FloorState, _Found]:
    due = _deadline(state)
    if due is None or due > at:
        return state, ()
    if state.low is None:
        reason = Reason("fall_unseen", UNSEEN.total_seconds(), UNSEEN.total_seconds(), "s", "ours")
    else:
        reason = _lies(state, state.low, due)
    last, ended = state.condition.last, state.condition.ended
    found = Finding(True, KIND, state.source, due, str(milliseconds(due)), _RULE, (reason,))
    return replace(state, condition=Condition(last, due, None, ended)), (found,)


def _judge(state: FloorState, item: Reading) -> tuple[FloorState, _Found]:
    present, height = item.values.get("presence"), item.values.get("height")
    if present is None or is_late(state.condition, item.at):
        return state, ()
    state, found = _tick(state, item.at)
    if present < 0.5:
        state = _gone(state, item.at)
    elif height is None:
        return state, found
    else:
        state = _at_height(state, item, height)
    over = state.low is not None and state.doubt is None and item.at >= _over_at(state, state.low)
    calm = _stood(state) if state.lost else height is not None and height >= STANDING_M
    condition, change = advance(state.condition, item.at, over, calm, HOLD)
    state = replace(state, condition=condition)
    return state, found if change is Change.NONE else (*found, _finding(state, item, change))


def _at_height(state: FloorState, item: Reading, height: float) -> FloorState:
    if height >= STANDING_M:
        return replace(state, low=None, lost=False, doubt=None, up=item.at)
    moved = item.values.get("motion", 0.0) > MOVES_PERCENT
    if height <= LOW_M:
        return replace(state, low=state.low or item.at, seen=item.at, moved=moved, lost=False, doubt=None)
    return _doubted(replace(state, moved=moved or state.moved, lost=False), item.at)


def _gone(state: FloorState, at: datetime) -> FloorState:
    """Not seen: who fell, or was still, lies there; who moved may have gone."""
    state = replace(state, lost=True)
    return _doubted(state, at) if state.moved and not _unanswered(state) else replace(state, doubt=None)


def _doubted(state: FloorState, at: datetime) -> FloorState:
    if state.low is None and not _unanswered(state):
        return state
    if state.doubt is not None and at - state.doubt >= GAP:
        return replace(state, low=None, doubt=None, fell=None)
    return replace(state, doubt=state.doubt or at)


def _lies(state: FloorState, low: datetime, at: datetime) -> Reason:
    lasted, limit = (at - low).total_seconds(), (_over_at(state, low) - low).total_seconds()
    after_fall = limit < WITHOUT_FALL.total_seconds()
    rule = "floor_lost" if state.lost else "on_floor_after_fall" if after_fall else "on_floor"
    return Reason(rule, lasted, AFTER_FALL.total_seconds() if after_fall else limit, "s", "ours")


def _finding(state: FloorState, item: Reading, change: Change) -> Finding:
    raised = change is Change.RAISED
    if raised:
        reason = _lies(state, state.low or item.at, item.at)
    elif state.lost:
        reason = Reason("floor_left", None, None, "", "ours")
    else:
        reason = Reason("off_floor", item.values["height"], STANDING_M, "m", "ours")
    return Finding(raised, KIND, state.source, item.at, str(item.key), _RULE, (reason,), dict(item.values))


def _wants(origin: Origin) -> bool:
    return origin.profile == "fall_radar"


DETECTORS: tuple[Detector[Any], ...] = (
    Detector(NAME, VERSION, Scope.DEVICE, "telemetry", timedelta(minutes=20), (KIND,), _wants, _start, _step, _deadline),
)
