"""A window that production judged, as a trial of some six seconds: whoever streams it again sees the same cells.

The cells of `motion.Track` become samples at 250 Hz, five a cell and all equal, since the grid is laid through straight lines
between samples: its points then lie between equals. What was cut off at the range is put back onto the axes that were cut, so that
the whole force is the one that was kept.
"""

import numpy as np

from analytics.evaluate.recording import Signal, Trial
from analytics.motion import CELL_MS, RANGE_MG, Samples, Track
from devices.profiles import ANYWHERE

STEP_MS, PHASE_MS = 4.0, 2.0
_EACH = int(CELL_MS / STEP_MS)


def trial_of(
    number: int, subject: str, activity: str, is_fall: bool | None, track: Track, impact_cell: int, profile: str = ANYWHERE
) -> Trial:
    """The trial of a window of a device of this profile whose impact is cell number `impact_cell`."""
    impact_s = (impact_cell - track.first) * CELL_MS / 1000.0
    annotated = (impact_s, impact_s + CELL_MS / 1000.0) if is_fall else None
    return Trial(str(number), subject, activity, is_fall, signal_of(track), None, annotated, profile)


def signal_of(track: Track) -> Signal:
    """The samples of a track's cells, the first cell at 0."""
    samples = np.repeat(_whole(track.grid()), _EACH, axis=0)
    times: Samples = PHASE_MS + STEP_MS * np.arange(len(samples), dtype=np.float64)
    return Signal(times, samples)


def _whole(cells: Samples) -> Samples:
    """Cells (n, 4) as samples (n, 3) whose force is the fourth column where an axis is at its range."""
    xyz = cells[:, :3]
    cut = np.abs(xyz) >= RANGE_MG
    square = cells[:, 3] ** 2 - np.where(cut, 0.0, xyz**2).sum(axis=1)
    share = np.sqrt(np.maximum(square, 0.0) / np.maximum(cut.sum(axis=1), 1))
    return np.where(cut, np.sign(xyz) * np.maximum(np.rint(share)[:, None], RANGE_MG), xyz)
