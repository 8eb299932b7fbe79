"""Heat by a fixed temperature or by a fast rise, as a class A1 detector with both elements would respond.

Sources ([M]: from memory, to be checked against the standard before anything is claimed with it):
- 58 °C: EN 54-5 class A1 responds between 54 and 65 °C [M].
- 8.3 °C/min (15 °F/min): the rated rise of rate-of-rise elements (UL 521) [M], measured over one to three minutes.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from analytics.condition import Change, Condition, advance, is_late, reset
from analytics.step import Detector, Finding, Input, Origin, Reading, Reason, Reset, Scope, never

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


class HeatState(Struct, frozen=True, gc=False):
    """`samples`: temperatures of the last three minutes, at most one (the lowest) every five seconds; none is below `floor`."""

    source: str
    condition: Condition
    samples: _Samples = ()
    floor: float = 0.0


def rise(samples: _Samples, at: datetime, temperature: float) -> float:
    """The steepest rise to this reading in °C/min, 0 when it does not rise. A rise within less than a minute counts as of one."""
    steepest = 0.0
    for then, cooler in samples:
        if temperature - cooler > steepest:  # else no span of a minute or more can make it the steepest
            minutes = max(at - then, SHORTEST) / SHORTEST
            steepest = max(steepest, (temperature - cooler) / minutes)
    return steepest


def _remember(samples: _Samples, at: datetime, temperature: float) -> _Samples:
    oldest = at - LONGEST
    keep = 0
    while keep < len(samples) and samples[keep][0] < oldest:
        keep += 1
    if samples and at - samples[-1][0] < SPACING:
        then, cooler = samples[-1]
        if not keep and cooler <= temperature:
            return samples
        return (*samples[keep:-1], (then, min(cooler, temperature)))
    return (*samples[keep:], (at, temperature))


def _start(key: str, active: Mapping[str, datetime]) -> HeatState:
    return HeatState(key, Condition(onset=active.get("heat")))


def _step(state: HeatState, item: Input) -> tuple[HeatState, tuple[Finding, ...]]:
    if isinstance(item, Reset) and item.kind == "heat":
        return HeatState(state.source, reset(state.condition), state.samples, state.floor), ()
    if not isinstance(item, Reading) or (temperature := item.values.get("temperature")) is None:
        return state, ()
    late = is_late(state.condition, item.at)
    samples, floor, rate = state.samples, state.floor, 0.0
    if not late:
        samples = _remember(samples, item.at, temperature)
        floor = min(floor, temperature) if state.samples else temperature
        if temperature - floor >= CALM_RISE_C_PER_MIN or temperature >= STATIC_C or state.condition.onset is not None:
            floor, rate = min(cooler for _, cooler in samples), rise(samples, item.at, temperature)
        else:
            return HeatState(state.source, Condition(item.at, None, None, state.condition.ended), samples, floor), ()
    over = temperature >= STATIC_C or rate >= RISE_C_PER_MIN
    calm = temperature < CALM_C and rate < CALM_RISE_C_PER_MIN
    condition, change = advance(state.condition, item.at, over, calm, HOLD)
    if late and condition is state.condition:
        return state, ()
    found = () if change is Change.NONE else (_finding(state.source, item, change, temperature, rate),)
    return HeatState(state.source, condition, samples, floor), found


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
