"""What the fixed rules say of each device of a room: the very steps that raise its alarms, run again beside each other.

So the room can never disagree with the floor. A device's own word (it sounded) counts as its rule for a while.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from analytics.condition import Condition
from analytics.detectors import co, fixed_thresholds, heat
from analytics.detectors.co import CoState
from analytics.detectors.fixed_thresholds import LevelState
from analytics.detectors.heat import HeatState
from analytics.step import Detector, Event, Origin, Reading

FIRE = frozenset({"smoke", "heat"})
SOUNDS_FOR = timedelta(minutes=15)
LINGERS = timedelta(minutes=5)
BELIEVED_FOR = timedelta(minutes=30)  # a device that fell silent in the middle of it

_RULES: dict[str, Detector[Any]] = {
    kind: detector
    for detector in (*fixed_thresholds.DETECTORS, *heat.DETECTORS, *co.DETECTORS)
    for kind in detector.kinds
    if kind in ("smoke", "heat", "co", "gas")
}


class Witness(Struct, frozen=True):
    """One device: the state of each fixed rule that hears it, and when it last sounded by itself, as (kind, at)."""

    device: str
    smoke: LevelState | None = None
    heat: HeatState | None = None
    co: CoState | None = None
    gas: LevelState | None = None
    sounded: tuple[tuple[str, datetime], ...] = ()


def rules_for(origin: Origin) -> tuple[str, ...]:
    """The kinds that the floor can raise from this device's readings."""
    return tuple(kind for kind, detector in _RULES.items() if detector.wants(origin))


def hear(witness: Witness, item: Reading, kinds: Iterable[str]) -> Witness:
    """The witness after a reading; the same object when none of its rules learnt anything."""
    states: dict[str, Any] = {kind: getattr(witness, kind) for kind in _RULES}
    changed = False
    for kind in kinds:
        rule = _RULES[kind]
        before = states[kind]
        after, _ = rule.step(before if before is not None else rule.start(witness.device, {}), item)
        changed = changed or after is not before
        states[kind] = after
    return Witness(witness.device, **states, sounded=witness.sounded) if changed else witness


def told(witness: Witness, item: Event) -> Witness:
    """The witness after the device sounded; the newest time counts, drills and other words do not."""
    if item.drill or item.kind not in _RULES:
        return witness
    known = dict(witness.sounded)
    if item.kind in known and known[item.kind] >= item.at:
        return witness
    sounded = tuple(sorted({**known, item.kind: item.at}.items()))
    return Witness(witness.device, witness.smoke, witness.heat, witness.co, witness.gas, sounded)


def standing(witness: Witness, at: datetime) -> tuple[str, ...]:
    """Which kinds this device vouches for at `at`."""
    found = {kind for kind, since in witness.sounded if at - since <= SOUNDS_FOR}
    for kind in _RULES:
        state = getattr(witness, kind)
        if state is not None and _stands(state.condition, at):
            found.add(kind)
    return tuple(sorted(found))


def _stands(condition: Condition, at: datetime) -> bool:
    if condition.onset is not None:
        return condition.last is None or at - condition.last <= BELIEVED_FOR
    return condition.ended is not None and at - condition.ended <= LINGERS
