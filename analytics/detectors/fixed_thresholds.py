"""Smoke, gas and electrical warnings by fixed levels: one reading at the limit is an alarm; a minute well below it ends it.

Sources ([M]: from memory, to be checked against the standard before anything is claimed with it):
- smoke 10 %/m obscuration: within what EN 54-7 point detectors respond to [M].
- residual current 300 mA: GB 14287.2 lets detectors be set from 20 to 1,000 mA, 300 mA is the usual setting for a supply line [M].
- cable temperature 70 °C: GB 14287.3 lets detectors be set from 45 to 140 °C; 70 °C is the limit of PVC insulation [M].
- gas 10 %LEL: GB 15322.2-2019 lets household detectors alarm between 5 and 25 %LEL [M]; twice the lower bound, clear of drift.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from analytics.condition import Change, Condition, advance, reset
from analytics.step import Detector, Finding, Input, Origin, Reading, Reason, Reset, Scope, never

SMOKE_PCT_PER_M = 10.0
GAS_PCT_LEL = 10.0
RESIDUAL_MA = 300.0
CABLE_C = 70.0
CALM_PART = 0.5
HOLD = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Level:
    """A fixed limit of one metric; `calm` is where the condition may end."""

    kind: str
    metric: str
    limit: float
    calm: float
    unit: str
    source: str
    profile: str


class LevelState(Struct, frozen=True, gc=False):
    """Of one device and one level."""

    source: str
    condition: Condition


LEVELS = (
    Level("smoke", "smoke_obscuration", SMOKE_PCT_PER_M, SMOKE_PCT_PER_M * CALM_PART, "%/m", "EN 54-7 [M]", "smoke_detector"),
    Level("gas", "gas", GAS_PCT_LEL, GAS_PCT_LEL * CALM_PART, "%LEL", "GB 15322.2-2019 [M]", "gas_detector"),
    Level("residual_current", "residual_current", RESIDUAL_MA, RESIDUAL_MA * 0.8, "mA", "GB 14287.2 [M]", "electrical_monitor"),
    Level("cable_heat", "cable_temperature", CABLE_C, CABLE_C - 10, "°C", "GB 14287.3 [M]", "electrical_monitor"),
)


def fixed_level(level: Level) -> Detector[LevelState]:
    """The detector of one level."""
    name, version = f"{level.kind}_level", 1
    rule_version = f"{name}/{version}"

    def start(key: str, active: Mapping[str, datetime]) -> LevelState:
        return LevelState(key, Condition(onset=active.get(level.kind)))

    def step(state: LevelState, item: Input) -> tuple[LevelState, tuple[Finding, ...]]:
        if isinstance(item, Reset) and item.kind == level.kind:
            return LevelState(state.source, reset(state.condition)), ()
        if not isinstance(item, Reading) or (value := item.values.get(level.metric)) is None:
            return state, ()
        condition, change = advance(state.condition, item.at, value >= level.limit, value < level.calm, HOLD)
        if condition is state.condition:
            return state, ()
        findings: tuple[Finding, ...] = ()
        if change is not Change.NONE:
            reason = _reason(level, change, value)
            raised = change is Change.RAISED
            findings = (
                Finding(raised, level.kind, state.source, item.at, str(item.key), rule_version, (reason,), dict(item.values)),
            )
        return LevelState(state.source, condition), findings

    def wants(origin: Origin) -> bool:
        return origin.profile == level.profile

    return Detector(name, version, Scope.DEVICE, "telemetry", 2 * HOLD, (level.kind,), wants, start, step, never)


def _reason(level: Level, change: Change, value: float) -> Reason:
    if change is Change.RAISED:
        return Reason(f"{level.kind}_over", value, level.limit, level.unit, level.source)
    return Reason(f"{level.kind}_calm", value, level.calm, level.unit, "ours")


DETECTORS: tuple[Detector[Any], ...] = tuple(fixed_level(level) for level in LEVELS)
