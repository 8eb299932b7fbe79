"""A resident's door at night, and wandering: out by night and not back within minutes, or seen beyond the zones one may be in.

`door_at_night` says that the door moved and how seldom it does; it ends with the next sign of life inside. `wandering` begins when
nobody has moved inside ten minutes after the door, or at once in a zone that is not the resident's; it ends inside.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from analytics import routine as usual
from analytics.routine import Routine, Routines
from analytics.signs import Levels, Sign, hears, observe
from analytics.step import Detector, Event, Finding, Input, Listening, Reading, Reason, Reset, Scope, Tick
from devices.keys import milliseconds

DOOR, WANDERING = "door_at_night", "wandering"
BACK_WITHIN = timedelta(minutes=10)
SETTLED = timedelta(seconds=15)  # the hall still moves while one leaves
OFTEN_SHARE = 0.3  # who uses the door on a third of all nights is not news

NAME, VERSION = "night_door", 1
_RULE = f"{NAME}/{VERSION}"
_Found = tuple[Finding, ...]


class DoorState(Struct, frozen=True, gc=False):
    """Of one resident: the last sign, the door's last movement by night, and the onsets of what stands."""

    source: str
    last: datetime | None = None
    out: datetime | None = None
    door: datetime | None = None
    wandering: datetime | None = None
    levels: Levels = ()


def night_door(routines: Routines) -> Detector[DoorState]:
    """The detector with what was learned."""

    def start(key: str, active: Mapping[str, datetime]) -> DoorState:
        return DoorState(key, door=active.get(DOOR), wandering=active.get(WANDERING))

    def step(state: DoorState, item: Input) -> tuple[DoorState, _Found]:
        match item:
            case Tick():
                return _tick(state, item.at, routines(state.source))
            case Reset():
                return _reset(state, item.kind), ()
            case Reading() | Event():
                levels, sign = observe(state.levels, item)
                after = state if levels is state.levels else replace(state, levels=levels)
                return (after, ()) if sign is None else _sign(after, sign, item, routines(state.source))
            case Listening():  # who came back meanwhile was not seen
                return (replace(state, out=None) if item.deaf >= BACK_WITHIN / 2 else state), ()
            case _:
                return state, ()

    return Detector(
        NAME, VERSION, Scope.RESIDENT, "telemetry", timedelta(hours=2), (DOOR, WANDERING), hears, start, step, _deadline
    )


def _deadline(state: DoorState) -> datetime | None:
    return None if state.out is None or state.wandering is not None else state.out + BACK_WITHIN


def _reset(state: DoorState, kind: str) -> DoorState:
    if kind == DOOR:
        return replace(state, door=None)
    return replace(state, wandering=None, out=None) if kind == WANDERING else state


def _sign(state: DoorState, sign: Sign, item: Reading | Event, row: Routine) -> tuple[DoorState, _Found]:
    if state.last is not None and sign.at <= state.last:
        return state, ()
    state, found = _tick(state, sign.at, row)
    state = replace(state, last=sign.at)
    if usual.absent(row, sign.at) is not None:
        return state, found
    if sign.door:
        state, more = _door(state, sign, item, row)
    elif row.zones and item.origin.zone and item.origin.zone not in row.zones:
        state, more = _beyond(state, sign, item)
    else:
        state, more = _inside(state, sign, item)
    return state, (*found, *more)


def _door(state: DoorState, sign: Sign, item: Reading | Event, row: Routine) -> tuple[DoorState, _Found]:
    if not usual.by_night(row, sign.at):
        return state, ()
    state = replace(state, out=state.out or sign.at)
    if state.door is not None or row.night_door_share > OFTEN_SHARE:
        return state, ()
    reasons = (
        Reason("door_at_night", float(usual.minute(row, sign.at)), None, "clock", "ours"),
        Reason("door_nights", row.night_door_share, None, "share", f"routine {row.version}"),
    )
    found = Finding(True, DOOR, state.source, sign.at, str(item.key), _RULE, reasons, {"learned_days": float(row.days)})
    return replace(state, door=sign.at), (found,)


def _beyond(state: DoorState, sign: Sign, item: Reading | Event) -> tuple[DoorState, _Found]:
    if state.wandering is not None:
        return state, ()
    reason = Reason("beyond_zone", None, None, "", "the resident's zones")
    found = Finding(True, WANDERING, state.source, sign.at, str(item.key), _RULE, (reason,))
    return replace(state, wandering=sign.at, out=None), (found,)


def _inside(state: DoorState, sign: Sign, item: Reading | Event) -> tuple[DoorState, _Found]:
    found: _Found = ()
    settled = state.out is None or sign.at - state.out >= SETTLED
    for kind, onset in ((DOOR, state.door), (WANDERING, state.wandering)):
        if onset is not None and sign.at > onset and settled:
            reason = Reason("inside_again", (sign.at - onset).total_seconds(), None, "s", "ours")
            found = (*found, Finding(False, kind, state.source, sign.at, str(item.key), _RULE, (reason,)))
    if not settled:
        return state, found
    return replace(state, out=None, door=None, wandering=None), found


def _tick(state: DoorState, at: datetime, row: Routine) -> tuple[DoorState, _Found]:
    due = _deadline(state)
    if due is None or due > at:
        return state, ()
    if usual.absent(row, due) is not None:
        return replace(state, out=None), ()
    reason = Reason("not_back_inside", BACK_WITHIN.total_seconds(), BACK_WITHIN.total_seconds(), "s", "ours")
    found = Finding(True, WANDERING, state.source, due, str(milliseconds(due)), _RULE, (reason,))
    return replace(state, wandering=due, out=None), (found,)
