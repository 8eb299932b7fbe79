"""A sensor that cannot be believed: stuck, saturated, noisy, drifting, with a dirty chamber, or jumping.

It becomes maintenance, and its value is marked doubtful; nothing that it says is ignored for that: a doubtful fire is still a fire.

All limits are ours, tried on the NIST recordings whose faulty meters and analysers are flagged (docs/scores/fire.json). Judged at
most every five seconds, from the readings of at most two hours.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from analytics.condition import Change, Condition, advance, reset
from analytics.detectors.sensor_watch import EVERY_MS, LIMITS, LOOKS_WELL_FOR, MEMORY, Watch, begin, faults, watch
from analytics.step import Detector, Finding, Input, Origin, Reading, Reason, Reset, Scope, never
from devices.keys import milliseconds

KIND = "sensor_fault"
PROFILES = frozenset({"smoke_detector", "heat_detector", "co_detector", "gas_detector", "air_sensor"})
NAME, VERSION = "sensor_fault", 1
_RULE = f"{NAME}/{VERSION}"


class FaultState(Struct, frozen=True, gc=False):
    """Of one device: a watch a metric."""

    source: str
    condition: Condition
    watches: tuple[Watch, ...] = ()


def doubtful(state: FaultState) -> tuple[str, ...]:
    """The metrics whose values are to be shown as doubtful."""
    return tuple(one.metric for one in state.watches if faults(one))


def _start(key: str, active: Mapping[str, datetime]) -> FaultState:
    return FaultState(key, Condition(onset=active.get(KIND)))


def _step(state: FaultState, item: Input) -> tuple[FaultState, tuple[Finding, ...]]:
    if isinstance(item, Reset) and item.kind == KIND:
        return FaultState(state.source, reset(state.condition), state.watches), ()
    if not isinstance(item, Reading):
        return state, ()
    watches = _watched(state.watches, milliseconds(item.at), item.values)
    if watches is state.watches:
        return state, ()
    reasons = _reasons(watches)
    condition, change = advance(state.condition, item.at, bool(reasons), not reasons, LOOKS_WELL_FOR)
    after = FaultState(state.source, condition, watches)
    if change is Change.NONE:
        return after, ()
    raised = change is Change.RAISED
    why = reasons if raised else (Reason("fault_over", source="ours"),)
    evidence = {**item.values, **{f"doubtful_{metric}": 1.0 for metric in doubtful(after)}}
    return after, (Finding(raised, KIND, state.source, item.at, str(item.key), _RULE, why, evidence),)


def _watched(watches: tuple[Watch, ...], at: int, values: Mapping[str, float]) -> tuple[Watch, ...]:
    """All watches after a reading; the same tuple when it says nothing new, or too soon."""
    known, after = 0, None
    for place, one in enumerate(watches):
        if (value := values.get(one.metric)) is None:
            continue
        known += 1
        if at - one.at >= EVERY_MS:
            after = after or list(watches)
            after[place] = watch(one, at, value)
    if known < sum(map(LIMITS.__contains__, values)):
        before = {one.metric for one in watches}
        new = (begin(metric, at, value) for metric, value in values.items() if metric in LIMITS and metric not in before)
        after = [*(after or watches), *new]
    return watches if after is None else tuple(after)


def _reasons(watches: tuple[Watch, ...]) -> tuple[Reason, ...]:
    found: list[Reason] = []
    for one in watches:
        for name, value, limit in faults(one):
            found.append(_named(name, round(value, 2), limit, LIMITS[one.metric].unit))
    return tuple(found)


def _named(name: str, value: float, limit: float, unit: str) -> Reason:
    named = {
        "stuck": Reason("fault_stuck", value, limit, unit, "ours"),
        "saturated": Reason("fault_saturated", value, limit, unit, "ours"),
        "noisy": Reason("fault_noisy", value, limit, unit, "ours"),
        "drifting": Reason("fault_drifting", value, limit, unit, "ours"),
        "dirty": Reason("fault_dirty", value, limit, unit, "ours"),
        "jumping": Reason("fault_jumping", value, limit, unit, "ours"),
    }
    return named[name]


def _wants(origin: Origin) -> bool:
    return origin.profile in PROFILES


DETECTORS: tuple[Detector[Any], ...] = (
    Detector(NAME, VERSION, Scope.DEVICE, "telemetry", MEMORY, (KIND,), _wants, _start, _step, never),
)
