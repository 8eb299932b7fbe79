"""Stage two: how likely an impact was a fall, and which part of the motion says so.

The probability comes from a forest and from nets over `fall_features`, calibrated together on people whom they had not seen. A
reason is a part of the motion whose numbers, replaced by those of the median ordinary impact, would lower the log odds most.
Without a model the plain rule of `RULE` judges: a hard blow, another posture, and rest.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from analytics.fall_features import NAMES
from analytics.forest import Forest
from analytics.motion import Samples
from analytics.nets import Nets
from analytics.step import Reason

RULE_IMPACT_G, RULE_TILT_DEG, RULE_STILL_G = 2.5, 45.0, 0.1
MOST_REASONS = 3
_SURE = 500.0  # log odds beyond which nothing changes
_LEAST_SAID = 0.3  # log odds below which a part has said nothing

_Said = tuple[float, tuple[Reason, ...]]


@dataclass(frozen=True, slots=True)
class Judge:
    """`assess(row, impact_g)` gives a probability from 0 to 1 and its reasons for one row of features, shape (len(NAMES),);
    from `threshold` on it is an alarm. `version` is what an alarm keeps. `worn`: who judges a device of that profile instead."""

    version: str
    threshold: float
    assess: Callable[[Samples, float], _Said]
    worn: Mapping[str, "Judge"] = field(default_factory=dict)

    def of(self, profile: str) -> "Judge":
        """Who judges a device of this profile."""
        return self.worn.get(profile, self)


@dataclass(frozen=True, slots=True, eq=False)
class FallModel:
    """`slopes`, of the forest's score and the nets', and `offset` make log odds; files of before have no nets. `usual` is the
    median ordinary impact, shape (len(NAMES),). `worn`: models of where a device is known to be worn, by its profile; this one
    judges what is worn elsewhere, or nobody knows where."""

    version: str
    forest: Forest
    nets: Nets | None
    slopes: tuple[float, ...]
    offset: float
    threshold: float
    usual: Samples
    worn: Mapping[str, "FallModel"] = field(default_factory=dict)

    def probability(self, rows: Samples) -> Samples:
        """Of each row of features, shape (n,)."""
        return likely(self._odds(rows))

    def assess(self, row: Samples, impact_g: float) -> _Said:
        """As `Judge.assess`: the row as it is, and for an alarm once with each part made ordinary."""
        probability = float(self.probability(row[None])[0])
        if probability < self.threshold:
            return probability, ()
        rows = np.tile(row, (len(PARTS) + 1, 1))
        for place, columns in enumerate(PARTS.values(), 1):
            rows[place, columns] = self.usual[columns]
        odds = self._odds(rows)
        said = sorted(zip(odds[0] - odds[1:], PARTS, strict=True), reverse=True)
        reasons = [
            Reason(f"fall_{part}", round(float(share), 2), None, "", "model") for share, part in said if share >= _LEAST_SAID
        ]
        return probability, tuple(reasons[:MOST_REASONS])

    def judge(self) -> Judge:
        """This model as stage two."""
        return Judge(self.version, self.threshold, self.assess, {profile: one.judge() for profile, one in self.worn.items()})

    def _odds(self, rows: Samples) -> Samples:
        odds = self.slopes[0] * self.forest.score(rows) + self.offset
        return odds if self.nets is None else np.asarray(odds + self.slopes[1] * self.nets.score(rows))


def likely(odds: Samples) -> Samples:
    """Probabilities of log odds."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(odds, -_SURE, _SURE))))


def by_rule(row: Samples, impact_g: float) -> _Said:
    """A blow beyond 2.5 g, turned by more than 45°, and still afterwards: 1 or 0. Thresholds as in DATASET's baseline, ours."""
    tilt = max(row[_AT["angle_early_after_3"]], row[_AT["angle_before_1_after_3"]])
    still = row[_AT["after_3_std"]]
    if not (impact_g > RULE_IMPACT_G and tilt > RULE_TILT_DEG and still < RULE_STILL_G):
        return 0.0, ()
    return 1.0, (
        Reason("fall_impact", round(impact_g, 2), RULE_IMPACT_G, "g", "ours"),
        Reason("fall_posture", round(float(tilt)), RULE_TILT_DEG, "°", "ours"),
        Reason("fall_stillness", round(float(still), 3), RULE_STILL_G, "g", "ours"),
    )


def _part(name: str) -> str:
    """Which part of the motion a feature belongs to: drop, impact, posture, stillness or before."""
    if name.startswith(("angle", "turn", "blow_along", "course")):
        return "posture"
    if name.startswith(("after", "still", "quiet", "level", "peaks_after", "rhythm_after")):
        return "stillness"
    if name.startswith(("impact", "peak", "area_over", "jerk", "over", "rebound", "profile")) and name != "peaks_before":
        return "impact"
    return "before" if name.startswith(("before", "rhythm", "peaks")) else "drop"


_AT = {name: place for place, name in enumerate(NAMES)}
PARTS = {
    part: np.array([place for name, place in _AT.items() if _part(name) == part])
    for part in ("drop", "impact", "posture", "stillness", "before")
}
RULE = Judge("rule/1", 0.5, by_rule)
