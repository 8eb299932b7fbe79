"""Heart and breathing rate in bed that stay abnormal: a quarter of an hour's median, never a single value, and with hysteresis.

Scores are the bands of NEWS2 (Royal College of Physicians 2017 [M]) for pulse and respiration, 0 to 3 each. Three together begin
the condition, as does a climb of the heart rate by 25/min above the hour before that also scores; it ends after half an hour at 1
or less. The climb, the windows and the end are ours. A sensor in a bed is no medical device: this asks somebody to look.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from msgspec import Struct

from analytics.condition import Change, Condition, advance, is_late, reset
from analytics.step import Detector, Finding, Input, Origin, Reading, Reason, Reset, Scope, never

KIND = "vital_signs"
NEWS2 = "NEWS2, RCP 2017 [M]"
# (up to and including, score), the first that fits
PULSE = ((40.0, 3), (50.0, 1), (90.0, 0), (110.0, 1), (130.0, 2), (float("inf"), 3))
BREATHING = ((8.0, 3), (11.0, 1), (20.0, 0), (24.0, 2), (float("inf"), 3))
OVER, CALM = 3, 1
CLIMB_PER_MIN = 25.0
RECENT, BEFORE = timedelta(minutes=15), timedelta(minutes=60)
SPAN, FEWEST = timedelta(minutes=10), 6
SPACING = timedelta(seconds=55)
HOLD = timedelta(minutes=30)

NAME, VERSION = "vital_signs", 1
_RULE = f"{NAME}/{VERSION}"
_Sample = tuple[datetime, float, float]


class VitalState(Struct, frozen=True, gc=False):
    """Of one bed: `samples` (at, heart rate, breathing rate) of the last 75 minutes in bed, at most about one a minute."""

    source: str
    condition: Condition
    samples: tuple[_Sample, ...] = ()


@dataclass(frozen=True, slots=True)
class Vitals:
    """Medians of the last quarter of an hour, per minute, and the heart rates of the hour before."""

    heart: float
    breathing: float
    before: tuple[_Sample, ...]

    @property
    def climb(self) -> float:
        """How far the heart rate has climbed above the hour before."""
        return self.heart - median(one[1] for one in self.before) if len(self.before) >= FEWEST else 0.0

    @property
    def score(self) -> int:
        """NEWS2 points of both together, 0 to 6."""
        return band(PULSE, self.heart) + band(BREATHING, self.breathing)

    @property
    def climbs(self) -> bool:
        """Whether the heart is far above what it was, and out of its normal band."""
        return band(PULSE, self.heart) >= 1 and self.climb >= CLIMB_PER_MIN


def band(bands: tuple[tuple[float, int], ...], value: float) -> int:
    """The score of a value: NEWS2 counts whole beats and breaths, so a median in between counts as the nearer one."""
    whole = round(value)
    return next(score for high, score in bands if whole <= high)


def vitals(samples: tuple[_Sample, ...], at: datetime) -> Vitals | None:
    """What a quarter of an hour up to `at` says, by samples in time order; None where it says too little."""
    place, since = len(samples), at - RECENT
    while place and samples[place - 1][0] > since:
        place -= 1
    recent = samples[place:]
    if len(recent) < FEWEST or at - recent[0][0] < SPAN:
        return None
    return Vitals(median([one[1] for one in recent]), median([one[2] for one in recent]), samples[:place])


def _start(key: str, active: Mapping[str, datetime]) -> VitalState:
    return VitalState(key, Condition(onset=active.get(KIND)))


def _step(state: VitalState, item: Input) -> tuple[VitalState, tuple[Finding, ...]]:
    if isinstance(item, Reset) and item.kind == KIND:
        return VitalState(state.source, reset(state.condition), state.samples), ()
    if not isinstance(item, Reading) or item.values.get("occupied", 0.0) < 0.5 or is_late(state.condition, item.at):
        return state, ()
    heart, breathing = item.values.get("heart_rate", 0.0), item.values.get("breathing_rate", 0.0)
    if heart <= 0 or breathing <= 0:  # the sensor did not find them: that is no zero
        return state, ()
    samples = _remember(state.samples, (item.at, heart, breathing))
    now = vitals(samples, item.at)
    points, climbs = (0, False) if now is None else (now.score, now.climbs)
    over = points >= OVER or climbs
    calm = now is not None and points <= CALM and not climbs
    condition, change = advance(state.condition, item.at, over, calm, HOLD)
    found = () if change is Change.NONE or now is None else (_finding(state.source, item, change, now),)
    return VitalState(state.source, condition, samples), found


def _remember(samples: tuple[_Sample, ...], sample: _Sample) -> tuple[_Sample, ...]:
    if samples and sample[0] - samples[-1][0] < SPACING:
        return samples
    keep, oldest = 0, sample[0] - RECENT - BEFORE
    while keep < len(samples) and samples[keep][0] <= oldest:
        keep += 1
    return (*samples[keep:], sample)


def _finding(source: str, item: Reading, change: Change, now: Vitals) -> Finding:
    raised = change is Change.RAISED
    reasons = (
        Reason("heart_rate", round(now.heart, 1), None, "1/min", NEWS2),
        Reason("breathing_rate", round(now.breathing, 1), None, "1/min", NEWS2),
        *((Reason("heart_climbs", round(now.climb, 1), CLIMB_PER_MIN, "1/min", "ours"),) if now.climbs else ()),
    )
    evidence = {"heart_rate": now.heart, "breathing_rate": now.breathing, "climb": now.climb, "news2_points": float(now.score)}
    return Finding(raised, KIND, source, item.at, str(item.key), _RULE, reasons, evidence)


def _wants(origin: Origin) -> bool:
    return origin.profile == "bed_sensor"


DETECTORS: tuple[Detector[Any], ...] = (
    Detector(NAME, VERSION, Scope.DEVICE, "telemetry", timedelta(hours=2), (KIND,), _wants, _start, _step, never),
)
