"""A road graph as one value and as bytes: the same graph gives the same bytes, damaged bytes are refused and never run.

The bytes are an npz archive of plain arrays (no pickle). A street is one edge, usable both ways unless `oneway`; put nodes
closer than about 100 m, since places are bound to nodes, and give a bend nodes of its own, since edges are drawn straight.
"""

import io
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROAD_CLASSES = ("trunk", "primary", "secondary", "residential", "path")
LARGEST_BYTES = 256 * 1024 * 1024

_DTYPES = {
    "lon": "<f8",
    "lat": "<f8",
    "start": "<i4",
    "end": "<i4",
    "length_m": "<f4",
    "road_class": "|u1",
    "oneway": "|b1",
}
_NODE_ARRAYS = ("lon", "lat")
_EDGE_ARRAYS = ("start", "end", "length_m", "road_class", "oneway")
_THE_SAME_DATE = (1980, 1, 1, 0, 0, 0)
_DAMAGE = (zipfile.BadZipFile, zlib.error, ValueError, KeyError, EOFError, OSError, NotImplementedError, RuntimeError, MemoryError)


class BadGraph(ValueError):
    """Not a road graph; `reason` says what was expected and what came."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, eq=False)
class RoadGraph:
    """Nodes in WGS-84 degrees and edges between them; `road_class` is an index into ROAD_CLASSES."""

    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    start: NDArray[np.int32]
    end: NDArray[np.int32]
    length_m: NDArray[np.float32]
    road_class: NDArray[np.uint8]
    oneway: NDArray[np.bool_]


def dump(graph: RoadGraph) -> bytes:
    """The graph as npz bytes. Raises BadGraph when its arrays do not fit together."""
    _check(graph)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name in _DTYPES:
            archive.writestr(_member(name), _array_bytes(getattr(graph, name)), zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def load(data: bytes) -> RoadGraph:
    """The graph that `dump` wrote. Raises BadGraph."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            graph = RoadGraph(**_arrays(archive))
    except BadGraph:
        raise
    except _DAMAGE as fault:
        raise BadGraph(f"expected the bytes of a road graph, got {len(data)} bytes that cannot be read: {fault}") from fault
    _check(graph)
    return graph


def _member(name: str) -> zipfile.ZipInfo:
    return zipfile.ZipInfo(f"{name}.npy", _THE_SAME_DATE)


def _array_bytes(array: NDArray[Any]) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.ascontiguousarray(array), version=(1, 0), allow_pickle=False)
    return stream.getvalue()


def _arrays(archive: zipfile.ZipFile) -> Mapping[str, NDArray[Any]]:
    names = sorted(entry.filename for entry in archive.infolist())
    expected = sorted(f"{name}.npy" for name in _DTYPES)
    if names != expected:
        raise BadGraph(f"expected {', '.join(expected)}, got {', '.join(names)[:200] or 'nothing'}")
    size = sum(entry.file_size for entry in archive.infolist())
    if size > LARGEST_BYTES:
        raise BadGraph(f"expected at most {LARGEST_BYTES} bytes unpacked, got {size}")
    # read() takes a member to its end, so that its checksum is compared
    return {name: np.lib.format.read_array(io.BytesIO(archive.read(f"{name}.npy")), allow_pickle=False) for name in _DTYPES}


def _check(graph: RoadGraph) -> None:
    for name, dtype in _DTYPES.items():
        array = getattr(graph, name)
        if array.ndim != 1 or array.dtype != np.dtype(dtype):
            raise BadGraph(f"{name}: expected one dimension of {dtype}, got {array.ndim} of {array.dtype.str}")
    _check_lengths(graph, _NODE_ARRAYS)
    _check_lengths(graph, _EDGE_ARRAYS)
    n = len(graph.lon)
    _check_range("lon", graph.lon, -180, 180)
    _check_range("lat", graph.lat, -90, 90)
    _check_range("start", graph.start, 0, n - 1)
    _check_range("end", graph.end, 0, n - 1)
    _check_range("length_m", graph.length_m, 0, 1e6)
    _check_range("road_class", graph.road_class, 0, len(ROAD_CLASSES) - 1)


def _check_lengths(graph: RoadGraph, names: tuple[str, ...]) -> None:
    sizes = {name: len(getattr(graph, name)) for name in names}
    if len(set(sizes.values())) > 1:
        raise BadGraph(f"expected {', '.join(names)} of one length, got {', '.join(map(str, sizes.values()))}")


def _check_range(name: str, values: NDArray[Any], low: float, high: float) -> None:
    inside = (values >= low) & (values <= high)  # a NaN is never inside
    if not inside.all():
        raise BadGraph(f"{name}: expected {low:g} to {high:g}, got {values[~inside][0]}")
