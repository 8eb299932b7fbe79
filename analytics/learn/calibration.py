"""From scores to probabilities, and from which probability on it is an alarm: by people who did not teach who scored."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from analytics.fall_judge import likely
from analytics.learn.examples import UNSURE, Examples, Whole
from analytics.motion import Samples

SPECIFICITY_WORTH = 2.0  # false alarms are far more frequent than falls
COST = round(SPECIFICITY_WORTH / (1.0 + SPECIFICITY_WORTH), 2)
THRESHOLDS = np.arange(0.30, 0.951, 0.05)
_TIE = 1e-3


def calibrated(scores: Samples, labels: Whole) -> tuple[tuple[float, ...], float]:
    """Slopes, one for each column of `scores` (n, k), and offset that make log odds of them: each is calibrated (Platt 1999), so
    that none is louder than it is right, and then their mean."""
    known = (labels != UNSURE) & ~np.isnan(scores).any(axis=1)
    single = [_platt(column[known], labels[known]) for column in scores.T]
    each = np.array([slope for slope, _ in single]) / len(single)
    start = float(np.mean([offset for _, offset in single]))
    slope, offset = _platt((scores @ each + start)[known], labels[known])
    return tuple(float(one) for one in slope * each), slope * start + offset


def threshold(given: Examples, odds: Samples) -> float:
    """Where all were worn at one place: that of the costs alone (Elkan 2001), since what counts trials there jumps with every one
    of them. Where several places taught: where the worse figure of the worst place is best, since the next device may be worn
    elsewhere."""
    seen = ~np.isnan(odds)
    best = np.full((int(given.variant.max()) + 1, len(given.falls)), -np.inf)
    np.maximum.at(best, (given.variant[seen], given.trial[seen]), odds[seen])
    found, used = likely(best), _shown(given)
    places = [_shares(found, used & (given.worn == place), given.falls) for place in np.unique(given.worn[used.any(axis=0)])]
    if len(places) == 1:
        return COST
    worth = np.min([one.min(axis=1) for one in places], axis=0) + _TIE * np.mean(places, axis=(0, 2))
    return float(round(THRESHOLDS[int(np.argmax(worth))], 2))


def _platt(scores: Samples, labels: NDArray[Any]) -> tuple[float, float]:
    fitted = LogisticRegression(C=1e6).fit(scores[:, None], labels)
    return float(fitted.coef_[0, 0]), float(fitted.intercept_[0])


def _shown(given: Examples) -> NDArray[np.bool_]:
    """Which variants of which trials there are, (variants, trials): of one with an impact all that it was shown in."""
    heard = np.isin(np.arange(len(given.falls)), given.trial)
    return np.asarray(heard & (np.arange(int(given.variant.max()) + 1)[:, None] < given.shown))


def _shares(probability: Samples, used: NDArray[np.bool_], falls: NDArray[np.bool_]) -> Samples:
    """Sensitivity and specificity at each of THRESHOLDS, shape (thresholds, 2); what is missing hides nothing."""
    fell, calm = probability[used & falls], probability[used & ~falls]
    return np.array([((fell >= at).mean() if len(fell) else 1.0, (calm < at).mean() if len(calm) else 1.0) for at in THRESHOLDS])
