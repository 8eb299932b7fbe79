"""Models that ship: plain arrays that a service reads, and beside them the library's own file that they were made from.

`falls.npz` holds numbers alone and is read without unpickling; `falls.skops` is what `vigil train` made, for whoever trains on;
`falls.json` says of what it was made, with the hashes of all of it.
"""

from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import numpy as np

from analytics.fall_features import NAMES
from analytics.fall_judge import FallModel
from analytics.forest import as_arrays, from_arrays
from analytics.nets import as_arrays as nets_as_arrays
from analytics.nets import from_arrays as nets_from_arrays

FALLS = Path(__file__).with_name("falls.npz")
FALLS_SKOPS = Path(__file__).with_name("falls.skops")
FALLS_CARD = Path(__file__).with_name("falls.json")


class BadModel(ValueError):
    """A model file that is damaged or does not belong to this version: it says what was expected and what came."""


def save_falls(model: FallModel, path: Path) -> None:
    """Write the model's numbers, the same bytes for the same model; those of a place by `profile.name`."""
    numbers: dict[str, Any] = {
        **_numbers(model),
        "names": np.array(NAMES),
        "version": np.array(model.version),
        "worn": np.array(sorted(model.worn), dtype=np.str_),
    }
    for profile, one in sorted(model.worn.items()):
        numbers |= {f"{profile}.{name}": value for name, value in _numbers(one).items()}
    np.savez_compressed(path, **numbers)


def load_falls(path: Path = FALLS) -> FallModel:
    """The model of a file. Raises BadModel when it is damaged or its features are not ours, and OSError."""
    contents = path.read_bytes()
    try:
        return _read(contents)
    except Exception as error:  # damaged bytes raise BadZipFile, zlib.error, EOFError, TokenError, MemoryError: no list is complete
        raise BadModel(f"{path.name}: expected a model of falls of this version, got {type(error).__name__}: {error}") from error


def _read(contents: bytes) -> FallModel:
    damaged = ZipFile(BytesIO(contents)).testzip()  # numpy looks at no checksum of what it does not read to its end
    if damaged is not None:
        raise BadZipFile(f"damaged {damaged}")
    with np.load(BytesIO(contents), allow_pickle=False) as found:
        if tuple(found["names"].tolist()) != NAMES:
            raise ValueError(f"{len(found['names'])} other features")
        version = str(found["version"])
        places = found["worn"].tolist() if "worn" in found else []  # those of before judge alike wherever something is worn
        return replace(_made(found, version), worn={profile: _made(found, version, f"{profile}.") for profile in places})


def _numbers(model: FallModel) -> dict[str, Any]:
    calibration = np.array([model.slopes[0], model.offset, model.threshold, *model.slopes[1:]])
    nets = {} if model.nets is None else nets_as_arrays(model.nets)
    return {**as_arrays(model.forest), **nets, "calibration": calibration, "usual": model.usual}


def _made(found: Any, version: str, before: str = "") -> FallModel:
    named = {name.removeprefix(before): found[name] for name in found.files if name.startswith(before)}
    slope, offset, threshold, *more = named["calibration"].tolist()
    nets = nets_from_arrays(named)
    if len(more) != (nets is not None):
        raise ValueError(f"{len(more)} slopes of nets, nets {'there' if nets else 'missing'}")
    return FallModel(version, from_arrays(named), nets, (slope, *more), offset, threshold, named["usual"])
