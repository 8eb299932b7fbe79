"""A sensor that cannot be believed: stuck, saturated, noisy, drifting, with a dirty chamber, or jumping.

It becomes maintenance, and its value is marked doubtful; nothing that it says is ignored for that: a doubtful fire is still a fire.

All limits are ours, tried on the NIST recordings whose faulty meters and analysers are flagged (docs/scores/fire.json). Judged at
most every five seconds, from the readings of at most two hours.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from msgspec import Struct

from analytics.condition import Change, Condition, advance, reset
from analytics.detectors.sensor_watch import (
    EVERY_MS,
    LIMITS,
    LOOKS_WELL_FOR,
    MEMORY,
    SIZE,
    begin,
    faults,
    last,
    near,
    unpacked,
    watch,
)
from analytics.step import Detector, Finding, Input, Origin, Reading, Reason, Reset, Scope, never
from devices.keys import milliseconds

KIND = "sensor_fault"
PROFILES = frozenset({"smoke_detector", "heat_detector", "co_detector", "gas_detector", "air_sensor"})
NAME, VERSION = "sensor_fault", 1
_RULE = f"{NAME}/{VERSION}"


class FaultState(Struct, frozen=True, gc=False):
    """Of one device: `metrics` that are watched, and their watches as `sensor_watch` packs them, in the same order."""

    source: str
    condition: Condition
    metrics: tuple[str, ...] = ()
    watches: bytes = b""


def doubtful(state: FaultState) -> tuple[str, ...]:
    """The metrics whose values are to be shown as doubtful."""
    return tuple(metric for place, metric in enumerate(state.metrics) if faults(metric, unpacked(state.watches, place)))


def _start(key: str, active: Mapping[str, datetime]) -> FaultState:
    return FaultState(key, Condition(onset=active.get(KIND)))


def _step(state: FaultState, item: Input) -> tuple[FaultState, tuple[Finding, ...]]:
    if isinstance(item, Reset) and item.kind == KIND:
        return FaultState(state.source, reset(state.condition), state.metrics, state.watches), ()
    if not isinstance(item, Reading):
        return state, ()
    metrics, watches = _watched(state.metrics, state.watches, milliseconds(item.at), item.values)
    if watches is state.watches:
        return state, ()
    reasons = _reasons(metrics, watches)
    condition, change = advance(state.condition, item.at, bool(reasons), not reasons, LOOKS_WELL_FOR)
    after = FaultState(state.source, condition, metrics, watches)
    if change is Change.NONE:
        return after, ()
    raised = change is Change.RAISED
    why = reasons if raised else (Reason("fault_over", source="ours"),)
    evidence = {**item.values, **{f"doubtful_{metric}": 1.0 for metric in doubtful(after)}}
    return after, (Finding(raised, KIND, state.source, item.at, str(item.key), _RULE, why, evidence),)


def _watched(metrics: tuple[str, ...], kept: bytes, at: int, values: Mapping[str, float]) -> tuple[tuple[str, ...], bytes]:
    """All watches after a reading; the same object when it says nothing new, or too soon."""
    known, after = 0, None
    for place, metric in enumerate(metrics):
        if (value := values.get(metric)) is None:
            continue
        known += 1
        if at - last(kept, place) >= EVERY_MS:
            after = after or bytearray(kept)
            after[place * SIZE : place * SIZE + SIZE] = watch(metric, kept, place, at, value)
    if known < sum(map(LIMITS.__contains__, values)):
        new = tuple(metric for metric in values if metric in LIMITS and metric not in metrics)
        return _with(metrics, new), b"".join((after or kept, *(begin(metric, at, values[metric]) for metric in new)))
    return metrics, kept if after is None else bytes(after)


@lru_cache(maxsize=256)
def _with(metrics: tuple[str, ...], new: tuple[str, ...]) -> tuple[str, ...]:
    """Devices of one kind share one tuple."""
    return metrics + new


def _reasons(metrics: tuple[str, ...], watches: bytes) -> tuple[Reason, ...]:
    found: list[Reason] = []
    for place, metric in enumerate(metrics):
        if near(watches, place):
            for name, value, limit in faults(metric, unpacked(watches, place)):
                found.append(_named(name, round(value, 2), limit, LIMITS[metric].unit))
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
