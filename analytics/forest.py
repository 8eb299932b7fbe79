"""A forest of boosted trees as plain arrays, so that a service can ask it without the library that grew it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.motion import Samples

Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Forest:
    """Nodes of all trees, shape (trees, nodes). A leaf is its own child: `feature` 0, `left` = `right` = itself. `depth` of the
    deepest tree; `start` is what the sum of `value` begins with."""

    feature: Whole
    threshold: Samples
    left: Whole
    right: Whole
    unknown_left: NDArray[np.bool_]
    value: Samples
    start: float
    depth: int

    def score(self, rows: Samples) -> Samples:
        """The sum of the leaves (log odds), shape (n,), for rows of shape (n, features); NaN is unknown."""
        trees = np.arange(len(self.feature))[None, :]
        node = np.zeros((len(rows), len(self.feature)), dtype=np.int64)
        place = np.arange(len(rows))[:, None]
        for _ in range(self.depth):
            seen = rows[place, self.feature[trees, node]]
            left = np.where(np.isnan(seen), self.unknown_left[trees, node], seen <= self.threshold[trees, node])
            node = np.where(left, self.left[trees, node], self.right[trees, node])
        return np.asarray(self.start + self.value[trees, node].sum(axis=1))


def as_arrays(forest: Forest) -> dict[str, NDArray[Any]]:
    """What `from_arrays` makes a forest of again."""
    return {field.name: np.asarray(getattr(forest, field.name)) for field in fields(Forest)}


def from_arrays(found: Mapping[str, NDArray[Any]]) -> Forest:
    """A forest from its arrays. Raises KeyError when one is missing."""
    named: dict[str, Any] = {field.name: found[field.name] for field in fields(Forest)}
    return Forest(**{**named, "start": float(named["start"]), "depth": int(named["depth"])})
