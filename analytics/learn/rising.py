"""Learns to tell who walks from who sits or lies by a tag's rows; a reading counts by the time it stands for, all kinds alike."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from analytics.evaluate.bed_exit import WALKING, Trial, sensitivity

Numbers = NDArray[np.float64]
MOST_S, LEAST_S = 2.0, 0.05
THRESHOLDS = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7)
WANTED = 0.95  # of the exits in trials that were left out: what is asked of the detector
PARTS = 2
ROUNDS = 60


def fit(trials: Sequence[Trial], seed: int, rounds: int = ROUNDS) -> HistGradientBoostingClassifier:
    """A judge of rows."""
    rows = np.concatenate([one.rows for one in trials])
    labels = np.concatenate([one.labels for one in trials])
    weight = np.concatenate([np.clip(np.diff(one.times, append=one.times[-1] + 0.5), LEAST_S, MOST_S) for one in trials])
    for label in np.unique(labels):
        weight[labels == label] /= weight[labels == label].sum()
    model = HistGradientBoostingClassifier(
        max_iter=rounds, learning_rate=0.08, max_leaf_nodes=8, min_samples_leaf=40, l2_regularization=5.0, random_state=seed
    )
    with threadpool_limits(limits=1):  # nobody waits for a busy core
        return model.fit(rows, labels, sample_weight=weight * len(labels))


def judged(model: HistGradientBoostingClassifier, trials: Sequence[Trial]) -> list[Numbers]:
    """The probability of every row of every trial."""
    place = model.classes_.tolist().index(WALKING)
    with threadpool_limits(limits=1):
        return [np.asarray(model.predict_proba(one.rows)[:, place]) for one in trials]


def threshold(trials: Sequence[Trial], seed: int, rounds: int = ROUNDS) -> float:
    """The highest threshold that sees enough exits of trials that the judge has not seen."""
    ups: list[Numbers] = [np.zeros(0)] * len(trials)
    for part in range(PARTS):
        others = [one for place, one in enumerate(trials) if place * PARTS // len(trials) != part]
        own = [place for place in range(len(trials)) if place * PARTS // len(trials) == part]
        for place, up in zip(own, judged(fit(others, seed, rounds), [trials[place] for place in own]), strict=True):
            ups[place] = up
    enough = [one for one in THRESHOLDS if sensitivity(trials, ups, one) >= WANTED]
    return max(enough, default=THRESHOLDS[0])
