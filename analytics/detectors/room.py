"""A room watched as one: all its devices feed one state, which asks for a look, or says that a fire is confirmed.

The fixed rules of single devices raise the alarms (`smoke`, `heat`, `co`, `gas`) and are the
floor; nothing here can take one away or delay it. This detector adds, for a zone (or for a home, whose devices have no zone):
- `fire_look`, a pre-alarm: the model sees what no limit has seen yet;
- `smoke_check`: a smoke alarm that looks like steam, cooking or dust; the alarm stands, the look is hurried;
- `gas_co_look`, a pre-alarm by half of the limits;
- `fire_confirmed`: two devices, or two independent quantities, at least one of them smoke or heat, have reached their fixed rules.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from analytics.condition import Change, Condition, advance, reset
from analytics.detectors import nuisance, room_floor
from analytics.detectors.room_model import Model, probability, score
from analytics.detectors.room_reasons import check_reasons, confirmed_reasons, gas_co_reasons, look_reasons
from analytics.detectors.room_signs import Channel, Channels, heard, signs, unpacked
from analytics.detectors.room_weights import MODEL
from analytics.step import Detector, Event, Finding, Input, Origin, Reading, Reason, Reset, Scope, never
from devices.keys import milliseconds

KINDS = ("fire_look", "gas_co_look", "fire_confirmed", "smoke_check")
PROFILES = frozenset({"smoke_detector", "heat_detector", "co_detector", "gas_detector", "air_sensor"})
SEEN_FOR = timedelta(seconds=2)  # one wild reading asks nobody to look
CALM_LOGITS = 1.0
LOOK_HOLD = timedelta(minutes=10)  # chattering within it is one look
HOLD = timedelta(minutes=5)
CO_LOOK_PPM = 30.0  # the lowest gate of EN 50291-1 [M], as the mean of some three minutes
GAS_LOOK_PCT_LEL = 5.0  # the lower bound of GB 15322.2-2019 [M]
MEMORY = timedelta(hours=2)

NAME, VERSION = "room", 1
_TOLD = (Reading, Event)
Score = Callable[[Mapping[str, float]], float]


class RoomState(Struct, frozen=True, gc=False):
    """`witnesses` and `channels` by device; `over_since` when the score began to ask for a look; one condition a kind."""

    source: str
    witnesses: tuple[room_floor.Witness, ...] = ()
    channels: Channels = Channels()
    over_since: datetime | None = None
    look: Condition = Condition()
    gas_co: Condition = Condition()
    confirmed: Condition = Condition()
    check: Condition = Condition()


def by_model(found: Mapping[str, float]) -> float:
    """The score of the trained model, relative to its threshold: 0 and above asks for a look."""
    return score(MODEL, found) - MODEL.threshold


def judged_by(detector: Detector[RoomState], model: Model) -> Detector[RoomState]:
    """The same detector with another model."""
    return room(detector.name, detector.scope, detector.wants, lambda found: score(model, found) - model.threshold)


def room(name: str, scope: Scope, wants: Callable[[Origin], bool], judge: Score = by_model) -> Detector[RoomState]:
    """The detector of one scope. `judge` may answer anything: it can only ask for a look."""
    rule = f"{name}/{VERSION}"

    def step(state: RoomState, item: Input) -> tuple[RoomState, tuple[Finding, ...]]:
        if not isinstance(item, _TOLD):
            return (_armed(state, item.kind) if isinstance(item, Reset) else state), ()
        witnesses, channels, rows = _hear(state, item)
        if witnesses is state.witnesses and channels is state.channels:
            return state, ()
        return _judged(state, item, witnesses, channels, rows, judge, rule)

    return Detector(name, VERSION, scope, "telemetry", MEMORY, KINDS, wants, _start, step, never)


def _start(key: str, active: Mapping[str, datetime]) -> RoomState:
    look, gas_co, confirmed, check = (Condition(onset=active.get(kind)) for kind in KINDS)
    return RoomState(key, look=look, gas_co=gas_co, confirmed=confirmed, check=check)


def _armed(state: RoomState, kind: str) -> RoomState:
    if kind not in KINDS:
        return state
    conditions = zip(KINDS, (state.look, state.gas_co, state.confirmed, state.check), strict=True)
    armed = (reset(each) if name == kind else each for name, each in conditions)
    return RoomState(state.source, state.witnesses, state.channels, state.over_since, *armed)


_Heard = tuple[tuple[room_floor.Witness, ...], Channels, list[Channel]]


def _hear(state: RoomState, item: Reading | Event) -> _Heard:
    """The witnesses and channels after an item, these also in hand; the same objects when it says nothing new."""
    device, witnesses, channels = item.origin.device, state.witnesses, state.channels
    place, before = _witness(witnesses, device)
    if isinstance(item, Event):
        after, rows = room_floor.told(before, item), unpacked(channels)
    else:
        after = room_floor.hear(before, item, channels)
        channels, rows = heard(channels, device, milliseconds(item.at), item.values)
    if place == len(witnesses):
        new = after is not before or isinstance(item, Reading)
        return ((*witnesses, after) if new else witnesses), channels, rows
    if after is before:
        return witnesses, channels, rows
    return (*witnesses[:place], after, *witnesses[place + 1 :]), channels, rows


def _witness(witnesses: tuple[room_floor.Witness, ...], device: str) -> tuple[int, room_floor.Witness]:
    """The witness of a device and its place, which is behind the last for one that is new."""
    place = 0
    for one in witnesses:
        if one.device == device:
            return place, one
        place += 1
    return place, room_floor.Witness(device)


def _judged(
    state: RoomState,
    item: Reading | Event,
    witnesses: tuple[room_floor.Witness, ...],
    channels: Channels,
    rows: list[Channel],
    judge: Score,
    rule: str,
) -> tuple[RoomState, tuple[Finding, ...]]:
    at, found = item.at, signs(rows)
    logits = judge(found)
    gas_co = gas_co_reasons(rows, CO_LOOK_PPM, GAS_LOOK_PCT_LEL)
    stands = [(one.device, kind) for one in witnesses if not one.mute for kind in room_floor.standing(one, at)]
    if logits < 0 and not gas_co and not stands and _rests(state):
        return RoomState(state.source, witnesses, channels, None, state.look, state.gas_co, state.confirmed, state.check), ()
    fire = [one for one in stands if one[1] != "gas"]
    certain = len(fire) > 1 and any(kind in room_floor.FIRE for _, kind in fire)
    over_since = None if logits < 0 else at if state.over_since is None else min(state.over_since, at)
    asked = over_since is not None and at - over_since >= SEEN_FOR
    smoke = any(kind == "smoke" for _, kind in stands)
    looks_like = nuisance.pattern(found) if smoke and not certain else None
    look = _advance(state.look, at, asked, logits < -CALM_LOGITS, LOOK_HOLD)
    gas = _advance(state.gas_co, at, bool(gas_co), not gas_co, HOLD)
    confirmed = _advance(state.confirmed, at, certain, not fire, HOLD)
    check = _advance(state.check, at, looks_like is not None, looks_like is None, LOOK_HOLD)
    after = RoomState(state.source, witnesses, channels, over_since, look[0], gas[0], confirmed[0], check[0])
    changes = (look[1], gas[1], confirmed[1], check[1])
    if all(change is Change.NONE for change in changes):
        return after, ()
    confidence = probability(logits + MODEL.threshold) * (nuisance.DOUBT if looks_like else 1.0)
    evidence = {name: round(value, 2) for name, value in found.items() if value >= 0.005} | {"confidence": round(confidence, 3)}
    why = (look_reasons(found, confidence), gas_co, confirmed_reasons(fire), check_reasons(confidence, looks_like))
    told = zip(KINDS, changes, why, strict=True)
    return after, tuple(_finding(state.source, *one, item, rule, evidence) for one in told if one[1] is not Change.NONE)


def _rests(state: RoomState) -> bool:
    return state.look.onset is None and state.gas_co.onset is None and state.confirmed.onset is None and state.check.onset is None


def _advance(condition: Condition, at: datetime, over: bool, calm: bool, hold: timedelta) -> tuple[Condition, Change]:
    """What rests and goes on resting is left as it is: most readings of most rooms."""
    if condition.onset is None and not over:
        return condition, Change.NONE
    return advance(condition, at, over, calm, hold)


def _finding(
    source: str, kind: str, change: Change, why: tuple[Reason, ...], item: Reading | Event, rule: str, evidence: Mapping[str, float]
) -> Finding:
    raised = change is Change.RAISED
    reasons = why if raised else (Reason("room_calm", source="ours"),)
    return Finding(raised, kind, source, item.at, str(item.key), rule, reasons, evidence)


def _in_zone(origin: Origin) -> bool:
    return origin.profile in PROFILES and bool(origin.zone)


def _at_home(origin: Origin) -> bool:
    return origin.profile in PROFILES and not origin.zone


DETECTORS: tuple[Detector[Any], ...] = (room(NAME, Scope.ZONE, _in_zone), room("home", Scope.SITE, _at_home))
