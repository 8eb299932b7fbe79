"""Who judges a fall: boosted trees and a small net, taught by the same people.

Each sees what the other does not: trees order what they know best, a net over ranks what they have never met (docs/decisions/0064).
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from analytics.forest import Forest
from analytics.learn.examples import Whole
from analytics.motion import Samples
from analytics.nets import EDGE, KNOTS, Nets, inputs

PARAMETERS: dict[str, Any] = {
    "max_iter": 130,
    "learning_rate": 0.1,
    "max_leaf_nodes": 15,
    "min_samples_leaf": 20,
    "l2_regularization": 1.0,
    "max_features": 0.3,
    "early_stopping": False,
}
NET: dict[str, Any] = {
    "hidden_layer_sizes": (64, 32),
    "alpha": 0.3,
    "learning_rate_init": 1e-3,
    "max_iter": 25,
}
_BATCH = 256
_AT_ONCE = 1000  # rows of which a net's inputs are made
_RANKS = norm.cdf(np.linspace(-EDGE, EDGE, KNOTS))


@dataclass(frozen=True, slots=True, eq=False)
class Juror:
    """Trees and net as the library keeps them; `knots` as `nets.inputs` wants them."""

    trees: HistGradientBoostingClassifier
    net: MLPClassifier
    knots: Samples


def taught(rows: Samples, labels: Whole, seed: int) -> Juror:
    """By impacts (n, features) and whether they are falls (n,)."""
    trees = HistGradientBoostingClassifier(random_state=seed, **PARAMETERS)
    net = MLPClassifier(random_state=seed, batch_size=min(_BATCH, len(rows)), **NET)
    with threadpool_limits(limits=1), warnings.catch_warnings():  # sums of one thread are the same every time
        warnings.simplefilter("ignore", ConvergenceWarning)  # it is to stop early: rows of one person are alike
        warnings.filterwarnings("ignore", "All-NaN slice", RuntimeWarning)  # of what is never known there are no ranks
        knots = np.nan_to_num(np.nanquantile(rows, _RANKS, axis=0))
        trees.fit(rows, labels)
        net.fit(_inputs(rows, knots), labels)
    return Juror(trees, net, knots)


def scores(jurors: Sequence[Juror], rows: Samples) -> Samples:
    """What their trees and their nets score (log odds), the mean of each, shape (n, 2)."""
    return np.stack((flattened(jurors).score(rows), as_nets(jurors).score(rows)), axis=1)


def flattened(jurors: Sequence[Juror]) -> Forest:
    """The mean of their trees as arrays."""
    grown = [one.trees for one in jurors]
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


def as_nets(jurors: Sequence[Juror]) -> Nets:
    """Their nets as arrays."""
    first, second, third = (_stack([one.net.coefs_[layer] for one in jurors]) for layer in range(3))
    biases = [_stack([one.net.intercepts_[layer] for one in jurors]) for layer in range(3)]
    knots = _stack([one.knots for one in jurors])
    return Nets(knots, first, biases[0], second, biases[1], third[:, :, 0], biases[2][:, 0])


def _stack(parts: Sequence[NDArray[Any]]) -> Samples:
    """As files keep them: numbers of 32 bits."""
    return np.stack(parts).astype(np.float32).astype(np.float64)


def _inputs(rows: Samples, knots: Samples) -> NDArray[np.float32]:
    parts = [inputs(rows[low : low + _AT_ONCE], knots) for low in range(0, len(rows), _AT_ONCE)]
    return np.concatenate(parts).astype(np.float32)
