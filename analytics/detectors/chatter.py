"""A smoke detector that goes up and down again and again: each time is told as before, and the device becomes maintenance.

Four episodes of at least half the smoke limit within an hour, each over within ten minutes. Longer histories are judged from how
incidents were closed (`analytics/nuisance_history.py`). The figures are ours.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from analytics.condition import Change, Condition, advance, is_late, reset
from analytics.detectors.fixed_thresholds import SMOKE_PCT_PER_M
from analytics.step import Detector, Finding, Input, Origin, Reading, Reason, Reset, Scope, never

KIND = "chatter"
UP_PCT_PER_M, DOWN_PCT_PER_M = SMOKE_PCT_PER_M / 2, SMOKE_PCT_PER_M / 4
EPISODES = 4
SHORT = timedelta(minutes=10)
WITHIN = timedelta(hours=1)
MEMORY = timedelta(hours=2)
NAME, VERSION = "chatter", 1
_RULE = f"{NAME}/{VERSION}"


class ChatterState(Struct, frozen=True, gc=False):
    """`up` since when the smoke is up; `over` when the short episodes of the last hour ended."""

    source: str
    condition: Condition
    up: datetime | None = None
    over: tuple[datetime, ...] = ()


def _start(key: str, active: Mapping[str, datetime]) -> ChatterState:
    return ChatterState(key, Condition(onset=active.get(KIND)))


def _step(state: ChatterState, item: Input) -> tuple[ChatterState, tuple[Finding, ...]]:
    if isinstance(item, Reset) and item.kind == KIND:
        return ChatterState(state.source, reset(state.condition), state.up), ()
    if not isinstance(item, Reading) or (smoke := item.values.get("smoke_obscuration")) is None:
        return state, ()
    if is_late(state.condition, item.at):
        return state, ()
    up, over = state.up, tuple(end for end in state.over if item.at - end < WITHIN)
    if up is None and smoke >= UP_PCT_PER_M:
        up = item.at
    elif up is not None and smoke < DOWN_PCT_PER_M:
        over = (*over, item.at) if item.at - up <= SHORT else over
        up = None
    condition, change = advance(state.condition, item.at, len(over) >= EPISODES, not over, timedelta(0))
    after = ChatterState(state.source, condition, up, over)
    if change is Change.NONE:
        return after, ()
    raised = change is Change.RAISED
    reason = (
        Reason("chatter_often", float(len(over)), float(EPISODES), "", "ours") if raised else Reason("chatter_over", source="ours")
    )
    return after, (Finding(raised, KIND, state.source, item.at, str(item.key), _RULE, (reason,), dict(item.values)),)


def _wants(origin: Origin) -> bool:
    return origin.profile == "smoke_detector"


DETECTORS: tuple[Detector[Any], ...] = (
    Detector(NAME, VERSION, Scope.DEVICE, "telemetry", MEMORY, (KIND,), _wants, _start, _step, never),
)
