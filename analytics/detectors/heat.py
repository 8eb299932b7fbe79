"""Heat by a fixed temperature or by a fast rise, as a class A1 detector with both elements would respond.

Sources ([M]: from memory, to be checked against the standard before anything is claimed with it):
- 58 °C: EN 54-5 class A1 responds between 54 and 65 °C [M].
- 8.3 °C/min (15 °F/min): the rated rise of rate-of-rise elements (UL 521) [M], measured over one to three minutes.
"""

import struct
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from msgspec import Struct

from analytics.condition import Change, Condition, advance, is_late, reset, resting
from analytics.step import Detector, Finding, Input, Origin, Reading, Reason, Reset, Scope, never
from devices.keys import EPOCH

STATIC_C = 58.0
RISE_C_PER_MIN = 8.3
CALM_C = 50.0
CALM_RISE_C_PER_MIN = 4.0
SHORTEST = timedelta(minutes=1)
LONGEST = timedelta(minutes=3)
SPACING = timedelta(seconds=5)
HOLD = timedelta(minutes=1)
PROFILES = frozenset({"heat_detector", "smoke_detector"})

NAME, VERSION = "heat", 1
_RULE = f"{NAME}/{VERSION}"
_Samples = tuple[tuple[datetime, float], ...]
_SAMPLE = struct.Struct("<qd")  # µs since the epoch, °C
_FLOOR = struct.Struct("<d")
_US = timedelta(microseconds=1)
_SPACING_US, _LONGEST_US, _MINUTE_US = SPACING // _US, LONGEST // _US, SHORTEST // _US


class HeatState(Struct, frozen=True, gc=False):
    """`kept`, packed: a floor below which no sample is, then the temperatures of the last three minutes, at most one (the lowest)
    every five seconds; empty where nothing was heard. A sample is 16 bytes so, and would be 150 as objects."""

    source: str
    condition: Condition
    kept: bytes = b""

    @property
    def samples(self) -> _Samples:
        """The temperatures with their times."""
        return tuple((EPOCH + at * _US, value) for at, value in _SAMPLE.iter_unpack(self.kept[_FLOOR.size :]))


def _rise(samples: bytes, at: int, temperature: float) -> float:
    """The steepest rise to this reading in °C/min, 0 when it does not rise. A rise within less than a minute counts as of one."""
    steepest = 0.0
    for then, cooler in _SAMPLE.iter_unpack(samples):
        if temperature - cooler > steepest:  # else no span of a minute or more can make it the steepest
            minutes = max(at - then, _MINUTE_US) / _MINUTE_US
            steepest = max(steepest, (temperature - cooler) / minutes)
    return steepest


def _remember(kept: bytes, at: int, temperature: float, floor: float) -> bytes:
    """What is kept with one more temperature; the same object where it adds nothing."""
    oldest, first, end = at - _LONGEST_US, _FLOOR.size, len(kept)
    while first < end and _SAMPLE.unpack_from(kept, first)[0] < oldest:
        first += _SAMPLE.size
    if end:
        then, cooler = _SAMPLE.unpack_from(kept, end - _SAMPLE.size)
        if at - then < _SPACING_US:
            if first == _FLOOR.size and cooler <= temperature:
                return kept
            return _FLOOR.pack(floor) + kept[first : -_SAMPLE.size] + _SAMPLE.pack(then, min(cooler, temperature))
    return _FLOOR.pack(floor) + kept[first:] + _SAMPLE.pack(at, temperature)


def _start(key: str, active: Mapping[str, datetime]) -> HeatState:
    return HeatState(key, Condition(onset=active.get("heat")))


def _step(state: HeatState, item: Input) -> tuple[HeatState, tuple[Finding, ...]]:
    if isinstance(item, Reset) and item.kind == "heat":
        return HeatState(state.source, reset(state.condition), state.kept), ()
    if not isinstance(item, Reading) or (temperature := item.values.get("temperature")) is None:
        return state, ()
    after, change, rate = _judged(state, item.at, temperature)
    return after, () if change is Change.NONE else (_finding(state.source, item, change, temperature, rate),)


@lru_cache(maxsize=1)
def _judged(state: HeatState, at: datetime, temperature: float) -> tuple[HeatState, Change, float]:
    """The state after a temperature, and the rate of its rise. The room judges every reading again just after the device's own
    detector has: remembered, both keep one state instead of two that are equal."""
    late = is_late(state.condition, at)
    kept, rate = state.kept, 0.0
    if not late:
        at_us, floor = (at - EPOCH) // _US, min(_FLOOR.unpack_from(kept)[0], temperature) if kept else temperature
        kept = _remember(kept, at_us, temperature, floor)
        if temperature - floor < CALM_RISE_C_PER_MIN and temperature < STATIC_C and state.condition.onset is None:
            return HeatState(state.source, resting(at, state.condition.ended), kept), Change.NONE, rate
        samples = kept[_FLOOR.size :]
        rate = _rise(samples, at_us, temperature)
        kept = _FLOOR.pack(min(cooler for _, cooler in _SAMPLE.iter_unpack(samples))) + samples
    over = temperature >= STATIC_C or rate >= RISE_C_PER_MIN
    calm = temperature < CALM_C and rate < CALM_RISE_C_PER_MIN
    condition, change = advance(state.condition, at, over, calm, HOLD)
    if late and condition is state.condition:
        return state, Change.NONE, rate
    return HeatState(state.source, condition, kept), change, rate


def _finding(source: str, item: Reading, change: Change, temperature: float, rate: float) -> Finding:
    raised = change is Change.RAISED
    reasons = _over(temperature, rate) if raised else (Reason("heat_calm", temperature, CALM_C, "°C", "ours"),)
    evidence = {**item.values, "rise_per_min": round(rate, 2)}
    return Finding(raised, "heat", source, item.at, str(item.key), _RULE, reasons, evidence)


def _over(temperature: float, rate: float) -> tuple[Reason, ...]:
    reasons = (
        Reason("heat_static", temperature, STATIC_C, "°C", "EN 54-5 A1 [M]"),
        Reason("heat_rise", round(rate, 2), RISE_C_PER_MIN, "°C/min", "UL 521 [M]"),
    )
    return tuple(r for r, over in zip(reasons, (temperature >= STATIC_C, rate >= RISE_C_PER_MIN), strict=True) if over)


def _wants(origin: Origin) -> bool:
    return origin.profile in PROFILES


DETECTORS: tuple[Detector[Any], ...] = (
    Detector(NAME, VERSION, Scope.DEVICE, "telemetry", LONGEST + 2 * HOLD, ("heat",), _wants, _start, _step, never),
)
