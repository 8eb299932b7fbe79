"""Not up yet: on a morning, later than this resident has usually been up by, nothing has moved where only the day brings one.

Each day is judged once, at its limit. A day that was not watched from its beginning (a restart, an away time) is not judged:
stillness still watches.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from analytics import routine as usual
from analytics.routine import DAY_MIN, Routine, Routines
from analytics.signs import Levels, Sign, hears, observe
from analytics.step import Detector, Event, Finding, Input, Listening, Reading, Reason, Reset, Scope, Tick
from devices.keys import milliseconds

KIND = "not_up"
LONGEST_DEAF = timedelta(minutes=10)  # who rose in it was not seen: that morning is not judged
NAME, VERSION = "not_up", 1
_RULE = f"{NAME}/{VERSION}"


class MorningState(Struct, frozen=True, gc=False):
    """Of one resident. `since` first heard; `due` the limit of the next morning to be judged; `missed` onset while it stands."""

    source: str
    since: datetime | None = None
    due: datetime | None = None
    missed: datetime | None = None
    levels: Levels = ()


def not_up(routines: Routines) -> Detector[MorningState]:
    """The detector with what was learned; whose mornings are not known is not judged."""

    def start(key: str, active: Mapping[str, datetime]) -> MorningState:
        return MorningState(key, missed=active.get(KIND))

    def step(state: MorningState, item: Input) -> tuple[MorningState, tuple[Finding, ...]]:
        match item:
            case Tick():
                return _tick(state, item.at, routines(state.source))
            case Reset():
                return (replace(state, missed=None) if item.kind == KIND else state), ()
            case Reading() | Event():
                return _hear(state, item, routines(state.source))
            case Listening() if item.deaf > LONGEST_DEAF and state.since is not None:
                return replace(state, since=item.at, due=next_limit(routines(state.source), item.at, item.at)), ()
            case _:
                return state, ()

    return Detector(NAME, VERSION, Scope.RESIDENT, "telemetry", timedelta(hours=2), (KIND,), hears, start, step, _deadline)


def _deadline(state: MorningState) -> datetime | None:
    return state.due


def _hear(state: MorningState, item: Reading | Event, row: Routine) -> tuple[MorningState, tuple[Finding, ...]]:
    state, found = _tick(state, item.at, row)
    levels, sign = observe(state.levels, item)
    since = min(state.since or item.at, item.at)
    due = state.due or next_limit(row, item.at, since)
    if sign is not None and _is_up(row, sign) and (state.missed is None or sign.at > state.missed):
        if state.missed is not None:
            now = float(usual.minute(row, sign.at))
            reason = Reason("up_now", now, None, "clock", "ours")
            found = (*found, Finding(False, KIND, state.source, sign.at, str(item.key), _RULE, (reason,)))
        if due is not None and _watch_from(row, due) <= sign.at < due:
            due = next_limit(row, due, since)
        return MorningState(state.source, since, due, None, levels), found
    if (since, due, levels) == (state.since, state.due, state.levels):
        return state, found
    return MorningState(state.source, since, due, state.missed, levels), found


def _tick(state: MorningState, at: datetime, row: Routine) -> tuple[MorningState, tuple[Finding, ...]]:
    due = state.due
    if due is None or due > at or state.since is None:
        return state, ()
    later = replace(state, due=next_limit(row, due, state.since))
    if state.missed is not None or usual.absent(row, due) is not None:
        return later, ()
    weekday = usual.local(row, due).weekday()
    reason = Reason("not_up", float(usual.minute(row, due)), float(row.up_by_min[weekday]), "clock", f"routine {row.version}")
    evidence = {"usually_up_by_min": float(row.up_by_min[weekday]), "learned_days": float(row.days)}
    found = Finding(True, KIND, state.source, due, str(milliseconds(due)), _RULE, (reason,), evidence)
    return replace(later, missed=due), (found,)


def _is_up(row: Routine, sign: Sign) -> bool:
    return sign.door or sign.place in row.day_places


def next_limit(row: Routine, after: datetime, since: datetime) -> datetime | None:
    """The first limit later than `after` of a morning that is watched whole from `since` on; None where no weekday has one."""
    there = usual.local(row, after)
    midnight = after - timedelta(hours=there.hour, minutes=there.minute, seconds=there.second, microseconds=there.microsecond)
    for day in range(9):
        start = midnight + timedelta(minutes=DAY_MIN * day)
        limit = row.up_limit_min[usual.local(row, start).weekday()]
        if limit and start + timedelta(minutes=limit) > after and since <= _watch_from(row, start + timedelta(minutes=limit)):
            return start + timedelta(minutes=limit)
    return None


def _watch_from(row: Routine, due: datetime) -> datetime:
    weekday = usual.local(row, due).weekday()
    return due - timedelta(minutes=row.up_limit_min[weekday] - row.up_from_min[weekday])
