"""Heart and breathing rate in bed that stay abnormal: a quarter of an hour's median, never a single value, and with hysteresis.

Scores are the bands of NEWS2 (Royal College of Physicians 2017 [M]) for pulse and respiration, 0 to 3 each. Three together begin
the condition, be it of one rate alone (NEWS2's red score), as does a climb of the heart rate by 25/min above the hour before that
also scores; it ends after half an hour at 1 or less of every rate that is known. A rate that is 0 was not found: it counts as
absent. Whose rates were known in this stay in bed, and none is found for a quarter of an hour while the bed says occupied, is to
be looked at too. The climb, the windows, the end and that are ours. A sensor in a bed is no medical device: this asks somebody to
look.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from analytics.condition import Change, Condition, advance, is_late, reset
from analytics.signs import BED_SAID
from analytics.step import Detector, Event, Finding, Input, Origin, Reading, Reason, Reset, Scope, never

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
LOST = timedelta(minutes=15)
HOLD = timedelta(minutes=30)

NAME, VERSION = "vital_signs", 2
_RULE = f"{NAME}/{VERSION}"
_Samples = tuple[tuple[datetime, float], ...]


class VitalState(Struct, frozen=True, gc=False):
    """Of one bed: samples (at, rate) in bed, at most about one a minute, the heart's of 75 minutes and the breathing's of 15.

    `told` when the bed last said whether somebody is in it, `lain` since when it says so, None when nobody is or nothing was said.
    """

    source: str
    condition: Condition
    hearts: _Samples = ()
    breaths: _Samples = ()
    told: datetime | None = None
    lain: datetime | None = None


@dataclass(frozen=True, slots=True)
class Vitals:
    """Medians of the last quarter of an hour, per minute, None if too little was found; the `climb` is above the hour before.

    `whole`: no rate that was known in the last 75 minutes is missing; `lost`: for how long none was found, at least `LOST` or 0.
    """

    heart: float | None
    breathing: float | None
    climb: float
    whole: bool
    lost: timedelta

    @property
    def score(self) -> int:
        """NEWS2 points of what is known, 0 to 6."""
        return sum(band(bands, one) for bands, one in ((PULSE, self.heart), (BREATHING, self.breathing)) if one is not None)

    @property
    def climbs(self) -> bool:
        """Whether the heart is far above what it was, and out of its normal band."""
        return self.heart is not None and band(PULSE, self.heart) >= 1 and self.climb >= CLIMB_PER_MIN

    @property
    def over(self) -> bool:
        """Whether somebody should look."""
        return self.score >= OVER or self.climbs or self.lost >= LOST

    @property
    def calm(self) -> bool:
        """Whether all that is known is well, and something is."""
        known = self.heart is not None or self.breathing is not None
        return known and self.whole and self.score <= CALM and not self.climbs


def band(bands: tuple[tuple[float, int], ...], value: float) -> int:
    """The score of a value: NEWS2 counts whole beats and breaths, so a median in between counts as the nearer one."""
    whole = round(value)
    return next(score for high, score in bands if whole <= high)


def vitals(state: VitalState, at: datetime) -> Vitals:
    """What is known of a bed at `at`, a moment not before its samples."""
    heart, breathing = _median(state.hearts, at), _median(state.breaths, at)
    before = [rate for when, rate in state.hearts if when <= at - RECENT]
    climb = heart - median(before) if heart is not None and len(before) >= FEWEST else 0.0
    whole = all(
        rate is not None or not samples or samples[-1][0] <= at - RECENT - BEFORE
        for rate, samples in ((heart, state.hearts), (breathing, state.breaths))
    )
    return Vitals(heart, breathing, climb, whole, _lost(state, at))


def _median(samples: _Samples, at: datetime) -> float | None:
    """Of the quarter of an hour up to `at`, the newest of them; None where it holds too little."""
    place, since = len(samples), at - RECENT
    while place and samples[place - 1][0] > since:
        place -= 1
    recent = samples[place:]
    if len(recent) < FEWEST or at - recent[0][0] < SPAN:
        return None
    return median([rate for _, rate in recent])


def _lost(state: VitalState, at: datetime) -> timedelta:
    """For how long no rate was found of somebody who is in bed and whose rate was known there."""
    both, lain = (state.hearts, state.breaths), state.lain
    last = max((samples[-1][0] for samples in both if samples), default=at)
    if lain is None or at - last < LOST:
        return timedelta(0)
    known = any(_median(tuple(one for one in samples if one[0] >= lain), last) is not None for samples in both)
    return at - last if known else timedelta(0)


def _start(key: str, active: Mapping[str, datetime]) -> VitalState:
    return VitalState(key, Condition(onset=active.get(KIND)))


def _step(state: VitalState, item: Input) -> tuple[VitalState, tuple[Finding, ...]]:
    match item:
        case Reset():
            return (_reset(state, item.at) if item.kind == KIND else state), ()
        case Event():
            inside = BED_SAID.get(item.kind)
            return (state if inside is None else _occupied(state, item.at, inside)), ()
        case Reading():
            state = _hear(state, item)
            in_bed = state.told is None or state.lain is not None  # who has a rate is in bed, unless the bed says otherwise
            return _judge(state, item) if in_bed and not is_late(state.condition, item.at) else (state, ())
        case _:
            return state, ()


def _reset(state: VitalState, at: datetime) -> VitalState:
    """A person has looked: rates are lost again only after they were known again."""
    return replace(state, condition=reset(state.condition), lain=None if state.lain is None else max(state.lain, at))


def _occupied(state: VitalState, at: datetime, inside: bool) -> VitalState:
    if state.told is not None and at < state.told:
        return state
    return replace(state, told=at, lain=(state.lain or at) if inside else None)


def _hear(state: VitalState, item: Reading) -> VitalState:
    """One message tells all or one thing, and those of one moment may come in any order."""
    values = item.values
    if "occupied" in values:
        state = _occupied(state, item.at, values["occupied"] >= 0.5)
    if state.told is not None and state.lain is None:
        return state
    hearts = _remember(state.hearts, item.at, values.get("heart_rate", 0.0), RECENT + BEFORE)
    breaths = _remember(state.breaths, item.at, values.get("breathing_rate", 0.0), RECENT)
    return state if hearts is state.hearts and breaths is state.breaths else replace(state, hearts=hearts, breaths=breaths)


def _judge(state: VitalState, item: Reading) -> tuple[VitalState, tuple[Finding, ...]]:
    now = vitals(state, item.at)
    condition, change = advance(state.condition, item.at, now.over, now.calm, HOLD)
    found = () if change is Change.NONE else (_finding(state.source, item, change, now),)
    return replace(state, condition=condition), found


def _remember(samples: _Samples, at: datetime, rate: float, span: timedelta) -> _Samples:
    """What is 0 was not found."""
    if rate <= 0 or (samples and at - samples[-1][0] < SPACING):
        return samples
    keep, oldest = 0, at - span
    while keep < len(samples) and samples[keep][0] <= oldest:
        keep += 1
    return (*samples[keep:], (at, rate))


def _finding(source: str, item: Reading, change: Change, now: Vitals) -> Finding:
    known = [(name, one) for name, one in (("heart_rate", now.heart), ("breathing_rate", now.breathing)) if one is not None]
    lost = now.lost >= LOST
    reasons = (
        *((Reason("rates_lost", now.lost.total_seconds(), LOST.total_seconds(), "s", "ours"),) if lost else ()),
        *(Reason(name, round(one, 1), None, "1/min", NEWS2) for name, one in known),
        *((Reason("heart_climbs", round(now.climb, 1), CLIMB_PER_MIN, "1/min", "ours"),) if now.climbs else ()),
    )
    evidence = {**dict(known), "climb": now.climb, "news2_points": float(now.score)}
    return Finding(change is Change.RAISED, KIND, source, item.at, str(item.key), _RULE, reasons, evidence)


def _wants(origin: Origin) -> bool:
    return origin.profile == "bed_sensor"


DETECTORS: tuple[Detector[Any], ...] = (
    Detector(NAME, VERSION, Scope.DEVICE, "telemetry", timedelta(hours=2), (KIND,), _wants, _start, _step, never),
)
