"""A room watched as one: all its devices feed one state, which asks for a look, or says that a fire is confirmed.

The fixed rules of single devices raise the alarms (`smoke`, `heat`, `co`, `gas`) and are the
floor; nothing here can take one away or delay it. This detector adds, for a zone (or for a home, whose devices have no zone):
- `fire_look`, a pre-alarm: the model sees what no limit has seen yet, or a smoke alarm looks like steam, cooking or dust;
- `gas_co_look`, a pre-alarm by half of the limits;
- `fire_confirmed`: two devices, or two independent quantities, at least one of them smoke or heat, have reached their fixed rules.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from analytics.condition import Change, Condition, advance, reset
from analytics.detectors import nuisance, room_floor
from analytics.detectors.room_model import probability, score
from analytics.detectors.room_reasons import confirmed_reasons, gas_co_reasons, look_reasons
from analytics.detectors.room_signs import Channel, heard, signs
from analytics.detectors.room_weights import MODEL
from analytics.step import Detector, Event, Finding, Input, Origin, Reading, Reason, Reset, Scope
from devices.keys import milliseconds

KINDS = ("fire_look", "gas_co_look", "fire_confirmed")
PROFILES = frozenset({"smoke_detector", "heat_detector", "co_detector", "gas_detector", "air_sensor"})
SEEN_FOR = timedelta(seconds=2)  # one wild reading asks nobody to look
CALM_LOGITS = 1.0
LOOK_HOLD = timedelta(minutes=10)  # chattering within it is one look
HOLD = timedelta(minutes=5)
CO_LOOK_PPM = 30.0  # the lowest gate of EN 50291-1 [M], as the mean of some three minutes
GAS_LOOK_PCT_LEL = 5.0  # the lower bound of GB 15322.2-2019 [M]
MEMORY = timedelta(hours=2)

NAME, VERSION = "room", 1
Score = Callable[[Mapping[str, float]], float]


class RoomState(Struct, frozen=True):
    """`witnesses` and `channels` by device; `over_since` when the score began to ask for a look; one condition a kind."""

    source: str
    witnesses: tuple[room_floor.Witness, ...] = ()
    channels: tuple[Channel, ...] = ()
    over_since: datetime | None = None
    look: Condition = Condition()
    gas_co: Condition = Condition()
    confirmed: Condition = Condition()


def by_model(found: Mapping[str, float]) -> float:
    """The score of the trained model, relative to its threshold: 0 and above asks for a look."""
    return score(MODEL, found) - MODEL.threshold


def room(name: str, scope: Scope, wants: Callable[[Origin], bool], judge: Score = by_model) -> Detector[RoomState]:
    """The detector of one scope. `judge` may answer anything: it can only ask for a look."""
    rule = f"{name}/{VERSION}"

    def step(state: RoomState, item: Input) -> tuple[RoomState, tuple[Finding, ...]]:
        if isinstance(item, Reset):
            return _armed(state, item.kind), ()
        if not isinstance(item, Reading | Event):
            return state, ()
        witnesses, channels = _hear(state, item)
        if witnesses is state.witnesses and channels is state.channels:
            return state, ()
        return _judged(state, item, witnesses, channels, judge, rule)

    return Detector(name, VERSION, scope, "telemetry", MEMORY, KINDS, wants, _start, step, _never)


def _start(key: str, active: Mapping[str, datetime]) -> RoomState:
    look, gas_co, confirmed = (Condition(onset=active.get(kind)) for kind in KINDS)
    return RoomState(key, look=look, gas_co=gas_co, confirmed=confirmed)


def _armed(state: RoomState, kind: str) -> RoomState:
    if kind not in KINDS:
        return state
    conditions = {"fire_look": state.look, "gas_co_look": state.gas_co, "fire_confirmed": state.confirmed}
    look, gas_co, confirmed = (reset(each) if name == kind else each for name, each in conditions.items())
    return RoomState(state.source, state.witnesses, state.channels, state.over_since, look, gas_co, confirmed)


def _hear(state: RoomState, item: Reading | Event) -> tuple[tuple[room_floor.Witness, ...], tuple[Channel, ...]]:
    """The witnesses and channels after an item; the same tuples when it says nothing new."""
    device = item.origin.device
    place = next((n for n, one in enumerate(state.witnesses) if one.device == device), None)
    before = room_floor.Witness(device) if place is None else state.witnesses[place]
    if isinstance(item, Event):
        after, channels = room_floor.told(before, item), state.channels
    else:
        after = room_floor.hear(before, item, room_floor.rules_for(item.origin))
        channels = heard(state.channels, device, milliseconds(item.at), item.values)
    if after is before:
        return state.witnesses, channels
    if place is None:
        return (*state.witnesses, after), channels
    return (*state.witnesses[:place], after, *state.witnesses[place + 1 :]), channels


def _judged(
    state: RoomState,
    item: Reading | Event,
    witnesses: tuple[room_floor.Witness, ...],
    channels: tuple[Channel, ...],
    judge: Score,
    rule: str,
) -> tuple[RoomState, tuple[Finding, ...]]:
    at, found = item.at, signs(channels)
    stands = [(one.device, kind) for one in witnesses for kind in room_floor.standing(one, at)]
    fire = [one for one in stands if one[1] != "gas"]
    certain = len(fire) > 1 and any(kind in room_floor.FIRE for _, kind in fire)
    logits = judge(found)
    over_since = None if logits < 0 else at if state.over_since is None else min(state.over_since, at)
    asked = over_since is not None and at - over_since >= SEEN_FOR
    looks_like = nuisance.pattern(found) if not certain and any(kind == "smoke" for _, kind in stands) else None
    gas_co = gas_co_reasons(channels, CO_LOOK_PPM, GAS_LOOK_PCT_LEL)
    look, look_change = advance(state.look, at, asked or looks_like is not None, logits < -CALM_LOGITS, LOOK_HOLD)
    gas, gas_change = advance(state.gas_co, at, bool(gas_co), not gas_co, HOLD)
    confirmed, confirmed_change = advance(state.confirmed, at, certain, not fire, HOLD)
    after = RoomState(state.source, witnesses, channels, over_since, look, gas, confirmed)
    if look_change is gas_change is confirmed_change is Change.NONE:
        return after, ()
    confidence = probability(logits + MODEL.threshold) * (nuisance.DOUBT if looks_like else 1.0)
    evidence = {name: round(value, 2) for name, value in found.items() if value >= 0.005} | {"confidence": round(confidence, 3)}
    told: list[tuple[str, Change, tuple[Reason, ...]]] = [
        ("fire_confirmed", confirmed_change, confirmed_reasons(fire)),
        ("fire_look", look_change, look_reasons(found, confidence, asked, looks_like)),
        ("gas_co_look", gas_change, gas_co),
    ]
    return after, tuple(
        _finding(state.source, kind, change, item, rule, why, evidence) for kind, change, why in told if change is not Change.NONE
    )


def _finding(
    source: str, kind: str, change: Change, item: Reading | Event, rule: str, why: tuple[Reason, ...], evidence: Mapping[str, float]
) -> Finding:
    raised = change is Change.RAISED
    reasons = why if raised else (Reason("room_calm", source="ours"),)
    return Finding(raised, kind, source, item.at, str(item.key), rule, reasons, evidence)


def _in_zone(origin: Origin) -> bool:
    return origin.profile in PROFILES and bool(origin.zone)


def _at_home(origin: Origin) -> bool:
    return origin.profile in PROFILES and not origin.zone


def _never(state: RoomState) -> datetime | None:
    return None


DETECTORS: tuple[Detector[Any], ...] = (room(NAME, Scope.ZONE, _in_zone), room("home", Scope.SITE, _at_home))
