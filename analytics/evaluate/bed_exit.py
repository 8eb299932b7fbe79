"""How many risings from bed or chair are seen within five seconds, and what else is told. Pure.

An exit is the first reading labelled walking after one labelled sitting or lying. It is *seen* when the condition stands at some
moment of the five seconds that follow it, and *fresh* when the condition began within five seconds of it, before or after. A false
alarm is a condition in which nobody walked and that no exit is near. As a standing condition sees an exit without merit,
`rest_under_alarm` says which share of the time at rest it stood: what blind chance would see.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from analytics.condition import Change, Condition
from analytics.detectors.rising import Sample, decide, observe
from devices.keys import EPOCH

WITHIN_S = 5.0
BED, CHAIR, WALKING = (1, 3), 2, 4
Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """One recording: `times` in seconds, `rows` of features (n, FEATURES), `labels` (n,), `exits` (time, from the bed?)."""

    group: str
    times: Numbers
    rows: Numbers
    labels: NDArray[np.int64]
    exits: tuple[tuple[float, bool], ...]

    @property
    def up(self) -> NDArray[np.bool_]:
        """Where somebody walks."""
        return np.asarray(self.labels == WALKING)


@dataclass(frozen=True, slots=True)
class Seen:
    """Counts over trials."""

    exits: int = 0
    seen: int = 0
    fresh: int = 0
    bed: int = 0
    bed_seen: int = 0
    false_alarms: int = 0
    alarms: int = 0
    hours: float = 0.0
    rest_s: float = 0.0
    rest_under_alarm_s: float = 0.0

    def __add__(self, other: "Seen") -> "Seen":
        return Seen(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))


def trial(group: str, times: Sequence[float], samples: Sequence[Sample], labels: Sequence[int]) -> Trial:
    """A recording as the detector's own features, in time order."""
    track, rows = None, []
    for second, sample in zip(times, samples, strict=True):
        track, row = observe(track, EPOCH + timedelta(seconds=second), sample)
        rows.append(row)
    rises = [place for place in range(1, len(labels)) if labels[place] == WALKING != labels[place - 1]]
    exits = tuple((float(times[place]), labels[place - 1] in BED) for place in rises)
    return Trial(group, np.asarray(times, dtype=np.float64), np.array(rows), np.asarray(labels, dtype=np.int64), exits)


def conditions(one: Trial, ups: Numbers, threshold: float) -> list[tuple[float, float]]:
    """From when to when the detector's condition stands, in seconds; one that still stands lasts five seconds more."""
    condition, began, found = Condition(), 0.0, []
    for second, up in zip(one.times.tolist(), ups.tolist(), strict=True):
        condition, change = decide(condition, EPOCH + timedelta(seconds=second), up, threshold)
        if change is Change.RAISED:
            began = second
        elif change is Change.ENDED:
            found.append((began, second))
    return found if condition.onset is None else [*found, (began, float(one.times[-1]) + WITHIN_S)]


def score(one: Trial, ups: Numbers, threshold: float) -> Seen:
    """What the detector makes of one recording."""
    told = conditions(one, ups, threshold)
    seen = [any(a <= at + WITHIN_S and b >= at for a, b in told) for at, _ in one.exits]
    fresh = [any(abs(a - at) <= WITHIN_S for a, _ in told) for at, _ in one.exits]
    walked = one.times[one.up]
    false = sum(not (_walked(walked, a, b) or any(a - WITHIN_S <= at <= b + WITHIN_S for at, _ in one.exits)) for a, b in told)
    lasts = np.minimum(np.diff(one.times, append=one.times[-1]), WITHIN_S)  # of longer gaps nothing is known
    under = np.array([any(a <= second < b for a, b in told) for second in one.times.tolist()])
    return Seen(
        exits=len(seen),
        seen=sum(seen),
        fresh=sum(fresh),
        bed=sum(bed for _, bed in one.exits),
        bed_seen=sum(hit and bed for hit, (_, bed) in zip(seen, one.exits, strict=True)),
        false_alarms=false,
        alarms=len(told),
        hours=float(one.times[-1] - one.times[0]) / 3600,
        rest_s=float(lasts[~one.up].sum()),
        rest_under_alarm_s=float(lasts[~one.up & under].sum()),
    )


def sensitivity(trials: Sequence[Trial], ups: Sequence[Numbers], threshold: float) -> float:
    """The share of exits seen."""
    total = sum((score(one, up, threshold) for one, up in zip(trials, ups, strict=True)), Seen())
    return total.seen / max(total.exits, 1)


def _walked(walked: Numbers, since: float, until: float) -> bool:
    return bool(((walked >= since) & (walked <= until)).any())
