"""Training of the fall model: from trials and a seed to trees, calibration and threshold, the same every time.

Each trial is shown as it was recorded and as `augment` would have it. The label of an impact is whether it lies in the annotated
fall, or, where none is annotated, whether it is the hardest of a fall trial; what follows a fall is not shown. Three forests grow,
each without a third of the people; on that third its log odds are calibrated (Platt 1999) and the threshold is chosen. The model is
the mean of the three, so no person has judged what he taught.

Where a device is known to be worn, three more forests of that place alone judge together with those of all, calibrated and with a
threshold by people who wore it there: what a waist, a thigh and a wrist do in sitting down is not the same (docs/decisions/0063).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from analytics.candidates import impacts
from analytics.evaluate.recording import Signal, Trial
from analytics.fall_features import NAMES, features, window
from analytics.fall_judge import FallModel
from analytics.forest import Forest
from analytics.learn.augment import cut_short, worn_otherwise
from analytics.motion import CELL_MS, Samples, lay
from devices.profiles import ANYWHERE

VARIANTS = 4
PARAMETERS: dict[str, Any] = {
    "max_iter": 130,
    "learning_rate": 0.1,
    "max_leaf_nodes": 15,
    "min_samples_leaf": 20,
    "l2_regularization": 1.0,
    "max_features": 0.3,
    "early_stopping": False,
}
HELD_BACK = 3  # a third of the people score what the others' trees have learned
BEFORE_S, AFTER_S, CALM_S = 0.3, 0.8, 2.5  # around the annotated fall, and what is certainly before it
SPECIFICITY_WORTH = 2.0  # false alarms are far more frequent than falls
THRESHOLDS = np.arange(0.30, 0.951, 0.05)
LEAST_WORN = 100  # falls and others at a place, of which a model of its own can be made
_TIE = 1e-3

_FALL, _CALM, _UNSURE = 1, 0, -1
Whole = NDArray[np.int64]
Forests = dict[str, list[HistGradientBoostingClassifier]]


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Impacts of trials: `rows` (n, features), `labels` (1 fall, 0 not, -1 unsure), `trial` their place in `falls`, `people` and
    `worn`, which say of each trial whether it is a fall, whose, and of which profile the device. `variant` 0 is the recording."""

    rows: Samples
    labels: Whole
    trial: Whole
    variant: Whole
    falls: NDArray[np.bool_]
    people: NDArray[np.str_]
    worn: NDArray[np.str_]

    def of(self, chosen: NDArray[np.bool_]) -> "Examples":
        """Only the impacts of the trials that are chosen, (trials,)."""
        kept = chosen[self.trial]
        return Examples(
            self.rows[kept], self.labels[kept], self.trial[kept], self.variant[kept], self.falls, self.people, self.worn
        )


def examples(trials: Sequence[Trial], seed: int, variants: int = VARIANTS) -> Examples:
    """What there is to learn from these trials; `is_fall` is known of all."""
    rows, labels, places, kinds = [np.zeros((0, len(NAMES)))], list[int](), list[int](), list[int]()
    for place, one in enumerate(trials):
        for variant in range(variants + 1):
            chance = np.random.default_rng((seed, place, variant))
            signal = worn_otherwise(one.signal, chance) if variant else one.signal
            windows, told = _impacts(one, signal)
            if told:
                rows.append(features(cut_short(windows, chance) if variant else windows))
                labels += told
                places += [place] * len(told)
                kinds += [variant] * len(told)
    return Examples(
        np.concatenate(rows),
        np.array(labels, dtype=np.int64),
        np.array(places, dtype=np.int64),
        np.array(kinds, dtype=np.int64),
        np.array([bool(one.is_fall) for one in trials]),
        np.array([one.subject for one in trials]),
        np.array([one.profile for one in trials]),
    )


def together(parts: Iterable[Examples]) -> Examples:
    """Examples of several sets as one; people of different sets are different people."""
    parts = list(parts)
    starts = np.cumsum([0, *(len(one.falls) for one in parts)])
    return Examples(
        np.concatenate([one.rows for one in parts]),
        np.concatenate([one.labels for one in parts]),
        np.concatenate([one.trial + start for one, start in zip(parts, starts, strict=False)]),
        np.concatenate([one.variant for one in parts]),
        np.concatenate([one.falls for one in parts]),
        np.concatenate([[f"{number}/{name}" for name in one.people] for number, one in enumerate(parts)]),
        np.concatenate([one.worn for one in parts]),
    )


def train(given: Examples, seed: int, version: str) -> tuple[FallModel, Forests]:
    """The model, and its forests as the library keeps them: of everything by ANYWHERE, of each place by its profile."""
    whole, scores = _grown(given, seed)
    grown, worn = {ANYWHERE: whole}, dict[str, FallModel]()
    for profile in _known_places(given):
        here = given.worn == profile
        there = _only(given, here)
        own, own_scores = _grown(there, seed)
        grown[profile] = own
        worn[profile] = _model(there, (scores[here[given.trial]] + own_scores) / 2, (*whole, *own), version)
    return replace(_model(given, scores, whole, version), worn=worn), grown


def flattened(grown: Sequence[HistGradientBoostingClassifier]) -> Forest:
    """The mean of the library's forests as arrays."""
    nodes = [stage[0].nodes for trees in grown for stage in trees._predictors]
    most = max(len(one) for one in nodes)

    def column(name: str, kind: Any) -> Any:
        return np.array([np.pad(one[name].astype(kind), (0, most - len(one))) for one in nodes])

    leaf, itself = column("is_leaf", bool), np.arange(most)[None, :]
    return Forest(
        np.where(leaf, 0, column("feature_idx", np.int64)),
        column("num_threshold", np.float64),
        np.where(leaf, itself, column("left", np.int64)),
        np.where(leaf, itself, column("right", np.int64)),
        column("missing_go_to_left", bool),
        column("value", np.float64) / len(grown),
        float(np.mean([trees._baseline_prediction[0, 0] for trees in grown])),
        int(column("depth", np.int64).max()),
    )


def _impacts(trial: Trial, signal: Signal) -> tuple[Samples, list[int]]:
    first, cells = lay(signal.times_ms, signal.xyz_mg)
    places = impacts(cells, 0, len(cells))
    if not places:
        return np.zeros((0, 0, 3)), []
    force = (cells[:, :3] ** 2).sum(axis=1)
    hardest = max(places, key=lambda place: float(force[place]))
    labels = [_label(trial, (first + place) * CELL_MS / 1000.0, place == hardest) for place in places]
    return np.stack([window(cells, place) for place in places]), labels


def _label(trial: Trial, at_s: float, hardest: bool) -> int:
    if not trial.is_fall:
        return _CALM
    if trial.fall_s is None:
        return _FALL if hardest else _UNSURE
    start, end = trial.fall_s
    if start - BEFORE_S <= at_s <= end + AFTER_S:
        return _FALL
    return _CALM if at_s < start - CALM_S else _UNSURE


def _known_places(given: Examples) -> list[str]:
    """Where enough was worn to judge it apart, if not everything was worn there."""
    places = sorted(set(given.worn.tolist()))
    if len(places) < 2:
        return []
    falls = {one: given.falls[given.worn == one] for one in places if one != ANYWHERE}
    return [one for one, fell in falls.items() if min(np.count_nonzero(fell), np.count_nonzero(~fell)) >= LEAST_WORN]


def _only(given: Examples, chosen: NDArray[np.bool_]) -> Examples:
    """The trials that are chosen, (trials,), as if there were no others: their impacts in the same order."""
    kept, place = chosen[given.trial], np.cumsum(chosen) - 1
    rest = (given.falls[chosen], given.people[chosen], given.worn[chosen])
    return Examples(given.rows[kept], given.labels[kept], place[given.trial[kept]], given.variant[kept], *rest)


def _grown(given: Examples, seed: int) -> tuple[list[HistGradientBoostingClassifier], Samples]:
    """Forests, each without a group of the people, and what it scores (log odds) on the impacts of that group, (n,)."""
    groups, scores = _groups(given, seed), np.full(len(given.rows), np.nan)
    grown = []
    for group in range(HELD_BACK):
        held = (groups == group)[given.trial]
        grown.append(_fit(given, ~held, seed))
        if held.any():
            scores[held] = flattened(grown[-1:]).score(given.rows[held])
    return grown, scores


def _model(given: Examples, scores: Samples, forests: Sequence[HistGradientBoostingClassifier], version: str) -> FallModel:
    """Forests with calibration and threshold by what was scored without having been seen."""
    slope, offset = _calibration(scores, given.labels)
    threshold = _threshold(given, slope * scores + offset)
    ordinary = given.rows[(given.labels == _CALM) & (given.variant == 0)]
    return FallModel(version, flattened(forests), slope, offset, threshold, np.nanmedian(ordinary, axis=0))


def _fit(given: Examples, shown: NDArray[np.bool_], seed: int) -> HistGradientBoostingClassifier:
    sure = shown & (given.labels != _UNSURE)
    trees = HistGradientBoostingClassifier(random_state=seed, **PARAMETERS)
    with threadpool_limits(limits=1):  # sums of one thread are the same every time, and nobody waits for a busy core
        trees.fit(given.rows[sure], given.labels[sure])
    return trees


def _groups(given: Examples, seed: int) -> Whole:
    """Of each trial: which of the held-back groups its person belongs to."""
    people = np.unique(given.people)
    number = dict(zip(np.random.default_rng(seed).permutation(people), np.arange(len(people)) % HELD_BACK, strict=True))
    return np.array([number[name] for name in given.people], dtype=np.int64)


def _calibration(scores: Samples, labels: Whole) -> tuple[float, float]:
    sure = (labels != _UNSURE) & ~np.isnan(scores)
    fitted = LogisticRegression(C=1e6).fit(scores[sure, None], labels[sure])
    return float(fitted.coef_[0, 0]), float(fitted.intercept_[0])


def _threshold(given: Examples, odds: Samples) -> float:
    """Where sensitivity and the worth of specificity, by trial and variant, are greatest together. Where several places taught:
    where the worse figure of the worst place is best, since the next device may be worn elsewhere."""
    seen = ~np.isnan(odds)
    best = np.full((int(given.variant.max()) + 1, len(given.falls)), -np.inf)
    np.maximum.at(best, (given.variant[seen], given.trial[seen]), odds[seen])
    likely, used = 1.0 / (1.0 + np.exp(-best)), _shown(given)
    places = [_shares(likely, used & (given.worn == place), given.falls) for place in np.unique(given.worn[used.any(axis=0)])]
    if len(places) == 1:
        worth = places[0] @ np.array([1.0, SPECIFICITY_WORTH])
    else:
        worth = np.min([one.min(axis=1) for one in places], axis=0) + _TIE * np.mean(places, axis=(0, 2))
    return float(round(THRESHOLDS[int(np.argmax(worth))], 2))


def _shown(given: Examples) -> NDArray[np.bool_]:
    """Which variants of which trials there are, (variants, trials): of a set as many as its trials were shown in."""
    shown = np.zeros((int(given.variant.max()) + 1, len(given.falls)), dtype=np.bool_)
    for place in np.unique(given.worn):
        here = given.worn == place
        mine = here[given.trial]
        if mine.any():
            shown[: given.variant[mine].max() + 1] |= here & np.isin(np.arange(len(here)), given.trial[mine])
    return shown


def _shares(likely: Samples, used: NDArray[np.bool_], falls: NDArray[np.bool_]) -> Samples:
    """Sensitivity and specificity at each of THRESHOLDS, shape (thresholds, 2); what is missing hides nothing."""
    fell, calm = likely[used & falls], likely[used & ~falls]
    return np.array([((fell >= at).mean() if len(fell) else 1.0, (calm < at).mean() if len(calm) else 1.0) for at in THRESHOLDS])
