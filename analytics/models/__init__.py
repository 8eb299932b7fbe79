"""Models that ship: plain arrays that a service reads, and beside them the library's own file that they were made from.

`falls.npz` holds numbers alone and is read without unpickling; `falls.skops` is what `vigil train` made, for whoever trains on.
"""

from pathlib import Path
from typing import Any

import numpy as np

from analytics.fall_features import NAMES
from analytics.fall_judge import FallModel
from analytics.forest import as_arrays, from_arrays

FALLS = Path(__file__).with_name("falls.npz")
FALLS_SKOPS = Path(__file__).with_name("falls.skops")


class BadModel(ValueError):
    """A model file that does not belong to this version: it says what was expected and what came."""


def save_falls(model: FallModel, path: Path) -> None:
    """Write the model's numbers, the same bytes for the same model."""
    numbers: dict[str, Any] = {
        **as_arrays(model.forest),
        "calibration": np.array([model.slope, model.offset, model.threshold]),
        "usual": model.usual,
        "names": np.array(NAMES),
        "version": np.array(model.version),
    }
    np.savez_compressed(path, **numbers)


def load_falls(path: Path = FALLS) -> FallModel:
    """The model of a file. Raises BadModel when its features are not ours, and OSError."""
    with np.load(path, allow_pickle=False) as found:
        if tuple(found["names"].tolist()) != NAMES:
            raise BadModel(f"{path.name}: expected the features of this version, got {len(found['names'])} others")
        slope, offset, threshold = found["calibration"].tolist()
        return FallModel(str(found["version"]), from_arrays(found), slope, offset, threshold, found["usual"])
