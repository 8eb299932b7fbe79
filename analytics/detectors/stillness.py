"""No movement for longer than is usual for this resident at this hour, after the place where the last sign of life was.

Who was last heard at a door of the home is taken to be out, and missed only after the longest usual time out. A bed, a seat or a
room without a sensor looks like stillness; what the limits cost and save is measured in docs/detectors.md. Nobody is missed while
away; while visitors are in the home the population's limit holds, since they move too.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from analytics import routine as usual
from analytics.routine import Absence, Routine, Routines
from analytics.signs import Levels, Sign, hears, observe
from analytics.step import Detector, Event, Finding, Input, Listening, Reading, Reason, Reset, Scope, Tick
from devices.keys import milliseconds

KIND = "no_movement"
EYES = "motion_sensor"
NAME, VERSION = "stillness", 1
_RULE = f"{NAME}/{VERSION}"

LastSign = Callable[[str], Sign | None]


class StillState(Struct, frozen=True, gc=False):
    """Of one resident: the last sign of life, when its absence becomes an alarm, and since when that alarm stands.

    `watched`: there is a motion sensor, or enough was learned; a button or a bed alone does not see a day.
    """

    source: str
    last: datetime | None = None
    place: str = ""
    door: bool = False
    watched: bool = False
    due: datetime | None = None
    still: datetime | None = None
    levels: Levels = ()


def stillness(routines: Routines, last_sign: LastSign = lambda resident: None) -> Detector[StillState]:
    """The detector with what was learned. `last_sign`: the newest sign from before the replayed memory, after a restart."""

    def start(key: str, active: Mapping[str, datetime]) -> StillState:
        before = last_sign(key)
        state = StillState(key, watched=before is not None, still=active.get(KIND))
        return state if before is None else _moved(state, before, routines)

    def step(state: StillState, item: Input) -> tuple[StillState, tuple[Finding, ...]]:
        match item:
            case Tick():
                return _tick(state, item.at, routines)
            case Reset():
                return (_looked_after(state, item.at, routines) if item.kind == KIND else state), ()
            case Reading() | Event():
                levels, sign = observe(state.levels, item)
                watched = state.watched or item.origin.profile == EYES or routines(state.source).days >= usual.ENOUGH_DAYS
                same = levels is state.levels and watched == state.watched
                after = state if same else replace(state, levels=levels, watched=watched)
                return (after, ()) if sign is None else _sign(after, sign, str(item.key), routines)
            case Listening():
                return _heard_again(state, item.deaf, routines), ()
            case _:
                return state, ()

    return Detector(NAME, VERSION, Scope.RESIDENT, "telemetry", timedelta(hours=2), (KIND,), hears, start, step, _deadline)


def _deadline(state: StillState) -> datetime | None:
    return state.due


def _limit(row: Routine, place: str, at: datetime, *, door: bool) -> timedelta:
    return usual.out_limit(row) if door else usual.still_limit(row, place, at)


def _moved(state: StillState, sign: Sign, routines: Routines) -> StillState:
    limit = _limit(usual.moving(routines(state.source), sign.at), sign.place, sign.at, door=sign.door)
    due = sign.at + limit if state.still is None and state.watched else None
    return replace(state, last=sign.at, place=sign.place, door=sign.door, due=due)


def _sign(state: StillState, sign: Sign, key: str, routines: Routines) -> tuple[StillState, tuple[Finding, ...]]:
    if state.last is not None and sign.at <= state.last:
        return state, ()
    if state.still is not None and sign.at < state.still:
        return _moved(state, sign, routines), ()
    state, found = _tick(state, sign.at, routines)  # the deadline that lies before it, where no tick came between
    if state.still is not None:
        reason = Reason("moved_again", (sign.at - (state.last or state.still)).total_seconds(), None, "s", "ours")
        found = (*found, Finding(False, KIND, state.source, sign.at, key, _RULE, (reason,)))
        state = replace(state, still=None)
    return _moved(state, sign, routines), found


def _tick(state: StillState, at: datetime, routines: Routines) -> tuple[StillState, tuple[Finding, ...]]:
    due, last = state.due, state.last
    if due is None or last is None or due > at:
        return state, ()
    row = usual.moving(routines(state.source), last)
    limit = _limit(row, state.place, last, door=state.door)
    away = usual.absent(routines(state.source), due, (Absence.AWAY,))
    if away is not None:
        return replace(state, due=away.until + limit), ()
    usually = row.longest_out_s if state.door else usual.usual_s(row, state.place, last)
    value = (due - last).total_seconds()
    if state.door:
        reason = Reason("not_back", value, usually or limit.total_seconds(), "s", f"routine {row.version}")
    else:
        reason = Reason("no_movement", value, usually, "s", f"routine {row.version}")
    evidence = {"still_s": value, "usual_s": usually, "limit_s": limit.total_seconds(), "learned_days": float(row.days)}
    finding = Finding(True, KIND, state.source, due, str(milliseconds(due)), _RULE, (reason,), evidence)
    return replace(state, due=None, still=due), (finding,)


def _heard_again(state: StillState, deaf: timedelta, routines: Routines) -> StillState:
    """While nobody could be heard nobody was still: that time does not count. Each device of the resident says the same."""
    if state.due is None or state.last is None:
        return state
    limit = _limit(usual.moving(routines(state.source), state.last), state.place, state.last, door=state.door)
    return replace(state, due=max(state.due, state.last + limit + deaf))


def _looked_after(state: StillState, at: datetime, routines: Routines) -> StillState:
    """A person has looked: missed again only after another whole limit."""
    limit = _limit(usual.moving(routines(state.source), at), state.place, at, door=False)
    return replace(state, still=None, due=at + limit if state.last is not None else None)
