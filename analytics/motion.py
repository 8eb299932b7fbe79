"""A wearer's acceleration on one grid: whatever the device's rate, range and packets, 50 cells a second of at most ±2 g.

A cell is the mean of the signal over its 20 ms, on a grid that is fixed in time, so the same samples make the same cells however
they were cut into packets. Lost samples are bridged over at most `LONGEST_BRIDGE_MS`; a longer gap starts a new track. What came
already is passed over.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float64]

CELL_MS = 20
RATE_HZ = 1000 // CELL_MS
RANGE_MG = 2000.0  # the smallest range that wearables have: what lies beyond is cut off on every device alike
LONGEST_BRIDGE_MS = 1000.0
KEPT = 8 * RATE_HZ
UNITS_MG = {"mg": 1.0, "g": 1000.0, "m_s2": 1000.0 / 9.80665}

_POINTS = 4  # a cell is the mean of so many points of the straight line between samples
_STEP_MS = CELL_MS / _POINTS
_COLUMNS = 4  # x, y, z within the range, and the magnitude as it came
_BYTES = 2 * _COLUMNS
_LARGEST_MG = 32_000.0
_Sample = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Track:
    """The last seconds of one wearer. `cells`: four little-endian int16 a cell (x, y, z within the range, the whole magnitude) in
    milli-g, the first of them number `first` (cells since the epoch); `last_ms` of the newest sample, and
    `tail` (ms, x, y, z, magnitude) what the unfinished cell needs: the samples from the last before it."""

    first: int = 0
    cells: bytes = b""
    last_ms: float | None = None
    tail: tuple[_Sample, ...] = ()

    @property
    def end(self) -> int:
        """The number of the cell after the newest."""
        return self.first + len(self.cells) // _BYTES

    def grid(self) -> Samples:
        """The cells in milli-g, shape (n, 4)."""
        return np.frombuffer(self.cells, dtype="<i2").reshape(-1, _COLUMNS).astype(np.float64)


EMPTY = Track()


def extend(track: Track, start_ms: float, rate_hz: float, samples_mg: Samples) -> Track:
    """The track after a packet: `samples_mg` of shape (n, 3) at `rate_hz`, the first at `start_ms` since the epoch."""
    times: Samples = start_ms + np.arange(len(samples_mg), dtype=np.float64) * (1000.0 / rate_hz)
    values = _columns(samples_mg)
    if track.last_ms is not None:
        fresh = int(np.searchsorted(times, track.last_ms, side="right"))
        times, values = times[fresh:], values[:, fresh:]
        if not len(times):
            return track
        if times[0] - track.last_ms <= LONGEST_BRIDGE_MS:
            tail = np.array(track.tail).T
            times, values = np.concatenate((tail[0], times)), np.concatenate((tail[1:], values), axis=1)
        else:
            track = EMPTY
    first, made = _laid(times, values, track.end if track.cells else None)
    kept = (track.cells + made.astype("<i2").tobytes())[-KEPT * _BYTES :]
    end = first + len(made)
    needed = max(int(np.searchsorted(times, end * CELL_MS, side="right")) - 1, 0)
    tail = np.vstack((times[needed:], values[:, needed:])).T
    return Track(end - len(kept) // _BYTES, kept, float(times[-1]), tuple(tuple(row) for row in tail.tolist()))


def set_back(track: Track, start_ms: float, rate_hz: float) -> tuple[Track, int]:
    """The track by a clock that was set back, so that a packet which begins at `start_ms` follows on it; and by how many cells."""
    if track.last_ms is None:
        return track, 0
    cells = int(np.ceil((track.last_ms + 1000.0 / rate_hz - start_ms) / CELL_MS))
    by = float(cells * CELL_MS)
    tail = tuple((ms - by, *values) for ms, *values in track.tail)
    return Track(track.first - cells, track.cells, track.last_ms - by, tail), cells


def lay(times_ms: Samples, samples_mg: Samples) -> tuple[int, Samples]:
    """A whole recording on the grid: number of the first cell, and the cells in milli-g, shape (n, 4) as in `Track.grid`.

    `times_ms` rise, shape (n,); `samples_mg` of shape (n, 3). Gaps of any length are bridged.
    """
    return _laid(times_ms, _columns(samples_mg), None)


def in_mg(samples: Sequence[Sequence[float]], unit: str) -> Samples | None:
    """Samples in milli-g, shape (n, 3); None for a unit that is no acceleration."""
    factor = UNITS_MG.get(unit)
    if factor is None:
        return None
    found = np.array(samples, dtype=np.float64)
    return found if factor == 1.0 else found * factor


def _columns(samples_mg: Samples) -> Samples:
    """Shape (4, n)."""
    values = np.empty((_COLUMNS, len(samples_mg)))
    x, y, z = samples_mg.T
    values[3] = np.minimum(np.sqrt(x * x + y * y + z * z), _LARGEST_MG)
    np.clip(samples_mg.T, -RANGE_MG, RANGE_MG, out=values[:3])
    return values


def _laid(times: Samples, values: Samples, first: int | None) -> tuple[int, Samples]:
    start = int(np.ceil((times[0] - _STEP_MS / 2) / CELL_MS)) if first is None else first
    count = int(np.floor((times[-1] + _STEP_MS / 2) / CELL_MS)) - start
    if count <= 0:
        return start, np.zeros((0, _COLUMNS))
    points = start * CELL_MS + _STEP_MS / 2 + np.arange(count * _POINTS) * _STEP_MS
    lines = np.array([np.interp(points, times, column) for column in values])
    sums = np.add.reduce(lines.reshape(_COLUMNS, count, _POINTS), axis=2)
    return start, np.rint(sums.T * (1.0 / _POINTS))
