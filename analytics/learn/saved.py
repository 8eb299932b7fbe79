"""Forests as the library keeps them, in files from which nothing can be executed: skops, with the trusted types by name."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED

from sklearn.ensemble import HistGradientBoostingClassifier
from skops import io

TRUSTED = ("sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",)


class Untrusted(ValueError):
    """A file that holds other types than a forest does: it names them."""


def save(grown: Sequence[HistGradientBoostingClassifier], path: Path) -> None:
    """Write forests."""
    io.dump(list(grown), path, compression=ZIP_DEFLATED, compresslevel=9)


def load(path: Path) -> list[HistGradientBoostingClassifier]:
    """The forests of a file. Raises Untrusted."""
    others = sorted(set(io.get_untrusted_types(file=path)) - set(TRUSTED))
    if others:
        raise Untrusted(f"{path.name}: expected a forest, got also {', '.join(others)}")
    found: list[Any] = io.load(path, trusted=list(TRUSTED))
    return found
