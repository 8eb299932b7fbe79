"""Forests as the library keeps them, in files from which nothing can be executed: skops, with the trusted types by name."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED

from sklearn.ensemble import HistGradientBoostingClassifier
from skops import io

TRUSTED = ("sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",)


class Untrusted(ValueError):
    """A file that holds other types than a forest does: it names them."""


def save(grown: Mapping[str, Sequence[HistGradientBoostingClassifier]], path: Path) -> None:
    """Write forests, by where they are for."""
    io.dump({name: list(forests) for name, forests in grown.items()}, path, compression=ZIP_DEFLATED, compresslevel=9)


def load(path: Path) -> dict[str, list[HistGradientBoostingClassifier]]:
    """The forests of a file, by where they are for. Raises Untrusted."""
    others = sorted(set(io.get_untrusted_types(file=path)) - set(TRUSTED))
    if others:
        raise Untrusted(f"{path.name}: expected a forest, got also {', '.join(others)}")
    found: dict[str, Any] = io.load(path, trusted=list(TRUSTED))
    return found
