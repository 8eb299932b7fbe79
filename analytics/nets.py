"""Small nets of two hidden layers as plain arrays, so that a service can ask them without the library that taught them.

A number goes in as its rank among what was taught, drawn as a normal distribution would have it (normal scores), within ±3:
what lies beyond everything taught counts as its edge. What is not known goes in as the middle, and how much as one more number.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.motion import Samples

EDGE, KNOTS = 3.0, 61  # normal scores of the outermost knots; one for each tenth
MOST = 12.0  # log odds that a net may claim
_AT_ONCE = 500  # rows that are looked up together
_UNKNOWN = 5.0  # weight of the share that is not known
_BEFORE = "net_"


@dataclass(frozen=True, slots=True, eq=False)
class Nets:
    """Of `n` nets over `f` features: `knots` (n, KNOTS, f), then weights and biases of the layers: `first` (n, f + 1, a), `second`
    (n, a, b), `third` (n, b), `first_bias` (n, a), `second_bias` (n, b), `third_bias` (n,)."""

    knots: NDArray[np.floating[Any]]
    first: Samples
    first_bias: Samples
    second: Samples
    second_bias: Samples
    third: Samples
    third_bias: Samples

    def score(self, rows: Samples) -> Samples:
        """The mean of their log odds, shape (m,), for rows of shape (m, f); NaN is unknown."""
        return np.concatenate([self._score(rows[low : low + _AT_ONCE]) for low in range(0, len(rows), _AT_ONCE)] or [np.zeros(0)])

    def _score(self, rows: Samples) -> Samples:
        hidden = np.maximum(inputs(rows, self.knots) @ self.first + self.first_bias[:, None], 0.0)
        hidden = np.maximum(hidden @ self.second + self.second_bias[:, None], 0.0)
        odds = (hidden @ self.third[:, :, None])[:, :, 0] + self.third_bias[:, None]
        return np.asarray(np.clip(odds, -MOST, MOST).mean(axis=0))


def inputs(rows: Samples, knots: NDArray[np.floating[Any]]) -> Samples:
    """What nets are told of rows (m, f), by `knots` (..., KNOTS, f) that rise: shape (..., m, f + 1). Of equal knots it is their
    middle."""
    rows, knots = rows.astype(np.float32), knots.astype(np.float32, copy=False)  # as files keep them: equal is equal
    each = knots[..., None, :, :]
    under = (each < rows[:, None]).sum(axis=-2, dtype=np.uint8).astype(np.int64)
    upto = (each <= rows[:, None]).sum(axis=-2, dtype=np.uint8).astype(np.int64)
    low = np.clip(under - 1, 0, KNOTS - 2)
    one, other = np.take_along_axis(knots, low, axis=-2), np.take_along_axis(knots, low + 1, axis=-2)
    share = np.clip((rows - one) / np.where(other > one, other - one, 1.0), 0.0, 1.0)
    place = np.where(upto > under, (under + upto - 1) / 2.0, low + share)
    unknown = np.isnan(rows)
    scores = np.where(unknown, 0.0, place * (2.0 * EDGE / (KNOTS - 1)) - EDGE)
    lacking = np.broadcast_to(_UNKNOWN * unknown.mean(axis=1, keepdims=True), (*scores.shape[:-1], 1))
    return np.concatenate((scores, lacking), axis=-1)


def as_arrays(nets: Nets) -> dict[str, NDArray[Any]]:
    """What `from_arrays` makes nets of again."""
    return {f"{_BEFORE}{field.name}": getattr(nets, field.name).astype(np.float32) for field in fields(Nets)}


def from_arrays(found: Mapping[str, NDArray[Any]]) -> Nets | None:
    """Nets from their arrays; None where there are none, as in files of before. Raises KeyError when one is missing."""
    if not any(name.startswith(_BEFORE) for name in found):
        return None
    arrays: dict[str, Any] = {field.name: found[f"{_BEFORE}{field.name}"].astype(np.float64) for field in fields(Nets)}
    return Nets(**arrays | {"knots": arrays["knots"].astype(np.float32)})
