"""Somebody gets up from bed or chair, by a tag on the chest: sparse, irregular readings of acceleration, signal and which reader.

Sitting and standing look almost alike to such a tag, so each reading is judged with what the last seconds and minutes were: how the
body turned, how the signal changed, whether another reader hears it than usual. Which reader stands where is not used, so that a
room needs no teaching. The judge is learned; the condition has hysteresis. Its many false alarms are in docs/detectors.md.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from math import exp, sqrt

from msgspec import Struct
from msgspec.structs import replace

from analytics.condition import Change, Condition, advance, is_late, reset
from analytics.step import Detector, Finding, Input, Origin, Reading, Reason, Reset, Scope, never

KIND = "left_bed"
PROFILE = "chest_tag"
METRICS = ("accel_front", "accel_vert", "accel_lat", "rssi", "reader")
HOLD = timedelta(seconds=2)
CALM_PART = 0.5  # of the threshold
LYING_G = 0.5  # of the upright axis
RECENT_S = 5.0
MEANS_S = (1.0, 4.0, 15.0)
SHARES_S = (2.0, 30.0, 120.0)
LONGEST_S = 120.0
FEATURES = 30

NAME, VERSION = "rising", 1
_RULE = f"{NAME}/{VERSION}"
Sample = tuple[float, float, float, float, float]  # as METRICS
Row = tuple[float, ...]
Body = tuple[float, float, float, float]  # the first four of them
Judge = Callable[[Row], float]


class Track(Struct, frozen=True, gc=False):
    """What is remembered of one tag. `means` of the first four metrics over MEANS_S; `heard` by reader: its weights over SHARES_S
    and its mean signal; `recent` samples of five seconds."""

    at: datetime
    means: tuple[Body, ...]
    heard: dict[str, Body] = {}
    recent: tuple[tuple[datetime, Body], ...] = ()
    lying: datetime | None = None


class RisingState(Struct, frozen=True, gc=False):
    """Of one tag."""

    source: str
    condition: Condition
    track: Track | None = None


def observe(track: Track | None, at: datetime, sample: Sample) -> tuple[Track, Row]:
    """The track after a sample that is newer than all before, and its FEATURES numbers: g, dB and seconds."""
    body, reader = sample[:4], sample[4]
    before = track or Track(at, (body,) * len(MEANS_S))
    gap = (at - before.at).total_seconds()
    means = tuple(_mean(mean, body, gap, span) for mean, span in zip(before.means, MEANS_S, strict=True))
    usual = before.heard.get(str(reader), (0.0, 0.0, 0.0, sample[3]))[3]
    heard = _heard(before.heard, str(reader), gap, sample[3])
    first = at - timedelta(seconds=RECENT_S)
    recent = (*(one for one in before.recent if one[0] >= first), (at, body))
    lying = at if sample[1] < LYING_G else before.lying
    track = Track(at, means, heard, recent, lying)
    return track, _row(track, gap, sample, sample[3] - usual)


def rising(judge: Judge, threshold: float, version: str) -> Detector[RisingState]:
    """The detector with a learned judge, which gives the probability that a row is of somebody on their feet."""

    def start(key: str, active: Mapping[str, datetime]) -> RisingState:
        return RisingState(key, Condition(onset=active.get(KIND)))

    def step(state: RisingState, item: Input) -> tuple[RisingState, tuple[Finding, ...]]:
        if isinstance(item, Reset) and item.kind == KIND:
            return replace(state, condition=reset(state.condition)), ()
        if not isinstance(item, Reading) or is_late(state.condition, item.at):
            return state, ()
        sample = sample_of(item.values)
        if sample is None:
            return state, ()
        track, row = observe(state.track, item.at, sample)
        up = judge(row)
        condition, change = decide(state.condition, item.at, up, threshold)
        found = () if change is Change.NONE else (_finding(state.source, item, change, up, threshold, version),)
        return RisingState(state.source, condition, track), found

    return Detector(NAME, VERSION, Scope.DEVICE, "telemetry", timedelta(minutes=5), (KIND,), _wants, start, step, never)


def decide(condition: Condition, at: datetime, up: float, threshold: float) -> tuple[Condition, Change]:
    """Off the bed from the threshold on; back after two seconds below half of it."""
    return advance(condition, at, up >= threshold, up < CALM_PART * threshold, HOLD)


def sample_of(values: Mapping[str, float]) -> Sample | None:
    """A reading as a sample; None where it is not whole."""
    if any(name not in values for name in METRICS):
        return None
    front, vert, lat, rssi, reader = (values[name] for name in METRICS)
    return front, vert, lat, rssi, reader


def _finding(source: str, item: Reading, change: Change, up: float, threshold: float, version: str) -> Finding:
    raised = change is Change.RAISED
    rule = Reason("left_bed", round(up, 3), threshold, "share", version)
    reason = rule if raised else Reason("still_in_bed", round(up, 3), CALM_PART * threshold, "share", version)
    return Finding(raised, KIND, source, item.at, str(item.key), _RULE, (reason,), dict(item.values))


def _mean(mean: Body, body: Body, gap: float, span: float) -> Body:
    keep = min(exp(-gap / span), 0.97 if span > 1 else 0.9)
    a, b, c, d = (keep * old + (1 - keep) * new for old, new in zip(mean, body, strict=True))
    return a, b, c, d


def _heard(heard: dict[str, Body], reader: str, gap: float, rssi: float) -> dict[str, Body]:
    two, thirty, long = (exp(-gap / span) for span in SHARES_S)
    found = {name: (two * one[0], thirty * one[1], long * one[2], one[3]) for name, one in heard.items()}
    one = found.get(reader, (0.0, 0.0, 0.0, rssi))
    found[reader] = (one[0] + 1, one[1] + 1, one[2] + 1, 0.98 * one[3] + 0.02 * rssi)
    return found


def _row(track: Track, gap: float, sample: Sample, unusual: float) -> Row:
    front, vert, lat, rssi, reader = sample
    fast, middle, slow = track.means
    norm = sqrt(front * front + vert * vert + lat * lat)
    since = LONGEST_S if track.lying is None else (track.at - track.lying).total_seconds()
    own = track.heard[str(reader)]
    shares = tuple(own[place] / sum(one[place] for one in track.heard.values()) for place in range(len(SHARES_S)))
    recent = list(zip(*(body for _, body in track.recent), strict=True))
    spans = tuple(max(values) - min(values) for values in recent)
    return (
        *(front, vert, lat),
        *fast[:3],
        *(new - old for new, old in zip(sample[:3], middle[:3], strict=True)),
        *(new - old for new, old in zip(fast[:3], slow[:3], strict=True)),
        *(min(gap, 20.0), rssi, unusual, fast[3], fast[3] - middle[3], fast[3] - slow[3], min(since, LONGEST_S)),
        *shares,
        *(float(len(track.recent)), *spans, min(recent[1])),
        *(norm, vert / max(norm, 0.1)),
    )


def _wants(origin: Origin) -> bool:
    return origin.profile == PROFILE
