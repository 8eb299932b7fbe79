"""Juries as the library keeps them, in files from which nothing can be executed: skops, with the trusted types by name."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED

from skops import io

from analytics.learn.jury import Juror

TRUSTED = (
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
)


class Untrusted(ValueError):
    """A file that holds other types than a jury does: it names them."""


def save(juries: Mapping[str, Sequence[Juror]], path: Path) -> None:
    """Write juries, by where they are for."""
    plain = {name: [(one.trees, one.net, one.knots) for one in jurors] for name, jurors in juries.items()}
    io.dump(plain, path, compression=ZIP_DEFLATED, compresslevel=9)


def load(path: Path) -> dict[str, list[Juror]]:
    """The juries of a file, by where they are for. Raises Untrusted."""
    others = sorted(set(io.get_untrusted_types(file=path)) - set(TRUSTED))
    if others:
        raise Untrusted(f"{path.name}: expected a jury, got also {', '.join(others)}")
    found: dict[str, Any] = io.load(path, trusted=list(TRUSTED))
    if not all(isinstance(one, tuple) for jurors in found.values() for one in jurors):
        raise Untrusted(f"{path.name}: expected a jury, got trees alone, as in files of before")
    return {name: [Juror(*one) for one in jurors] for name, jurors in found.items()}
