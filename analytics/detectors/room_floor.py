"""What the fixed rules say of each device of a room: the very steps that raise its alarms, run again beside each other.

So the room can never disagree with the floor. A device's own word (it sounded) counts as its rule for a while.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from msgspec import Struct

from analytics.condition import Condition
from analytics.detectors import co, fixed_thresholds, heat
from analytics.detectors.co import CoState
from analytics.detectors.fixed_thresholds import Level, LevelState
from analytics.detectors.heat import HeatState
from analytics.detectors.room_signs import METRICS, Channels, last_heard
from analytics.step import Detector, Event, Origin, Reading
from devices.keys import instant
from devices.profiles import PROFILES

FIRE = frozenset({"smoke", "heat"})
SOUNDS_FOR = timedelta(minutes=15)
LINGERS = timedelta(minutes=5)
BELIEVED_FOR = timedelta(minutes=30)  # a device that fell silent in the middle of it

_PLACES = ("smoke", "heat", "co", "gas")  # in the order of the witness's fields
_RULES: dict[str, Detector[Any]] = {
    kind: detector
    for detector in (*fixed_thresholds.DETECTORS, *heat.DETECTORS, *co.DETECTORS)
    for kind in detector.kinds
    if kind in _PLACES
}
_NOTHING: Mapping[str, datetime] = MappingProxyType({})


class Witness(Struct, frozen=True, gc=False):
    """One device: the state of each fixed rule that hears it, and when it last sounded by itself, as (kind, at).

    `mute`: it has never had anything to vouch for, so that nobody needs to look.
    """

    device: str
    smoke: LevelState | None = None
    heat: HeatState | None = None
    co: CoState | None = None
    gas: LevelState | None = None
    sounded: tuple[tuple[str, datetime], ...] = ()
    mute: bool = True


_LEVELS = {level.kind: level for level in fixed_thresholds.LEVELS}
_HEARD: dict[str, tuple[tuple[int, Detector[Any], Level | None], ...]] = {
    profile: tuple(
        (_PLACES.index(kind), rule, _LEVELS.get(kind)) for kind, rule in _RULES.items() if rule.wants(Origin("", profile, "", ""))
    )
    for profile in PROFILES
}


def hear(witness: Witness, item: Reading, channels: Channels) -> Witness:
    """The witness after a reading; the same object when none of its rules learnt anything. `channels`: before that reading.

    A level that has never been reached remembers only when it was last heard, which its channel knows: it begins when needed.
    """
    states: list[Any] = [witness.smoke, witness.heat, witness.co, witness.gas]  # as _PLACES
    changed, mute = False, witness.mute
    for place, rule, level in _HEARD[item.origin.profile]:
        before = states[place]
        if before is None and level is not None:
            value = item.values.get(level.metric)
            if value is None or value < level.limit:
                continue
            before = LevelState(witness.device, Condition(_last(channels, witness.device, level.metric)))
        after, _ = rule.step(before if before is not None else rule.start(witness.device, _NOTHING), item)
        if after is not before:
            states[place], changed = after, True
            mute = mute and after.condition.onset is None and after.condition.ended is None
    smoke, heated, dose, gas = states
    return Witness(witness.device, smoke, heated, dose, gas, witness.sounded, mute) if changed else witness


def _last(channels: Channels, device: str, metric: str) -> datetime | None:
    at = last_heard(channels, device, METRICS.index(metric))
    return None if at is None else instant(at)


def told(witness: Witness, item: Event) -> Witness:
    """The witness after the device sounded; the newest time counts, drills and other words do not."""
    if item.drill or item.kind not in _RULES:
        return witness
    known = dict(witness.sounded)
    if item.kind in known and known[item.kind] >= item.at:
        return witness
    sounded = tuple(sorted({**known, item.kind: item.at}.items()))
    return Witness(witness.device, witness.smoke, witness.heat, witness.co, witness.gas, sounded, False)


def standing(witness: Witness, at: datetime) -> tuple[str, ...]:
    """Which kinds this device vouches for at `at`."""
    if witness.mute:
        return ()
    states = (("co", witness.co), ("gas", witness.gas), ("heat", witness.heat), ("smoke", witness.smoke))
    found = [kind for kind, state in states if state is not None and _stands(state.condition, at)]
    if witness.sounded:
        sounds = {kind for kind, since in witness.sounded if at - since <= SOUNDS_FOR}
        return tuple(sorted(sounds.union(found)))
    return tuple(found)


def _stands(condition: Condition, at: datetime) -> bool:
    if condition.onset is not None:
        return condition.last is None or at - condition.last <= BELIEVED_FOR
    return condition.ended is not None and at - condition.ended <= LINGERS
