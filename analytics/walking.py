"""Whether somebody walks: a movement strong enough, at the pace of steps."""

import numpy as np

from analytics.fall_features import rhythm
from analytics.motion import RATE_HZ, Samples

SEEN = 4 * RATE_HZ
LEAST_RHYTHM, LEAST_G = 0.45, 0.08


def walks(cells_mg: Samples) -> bool:
    """Over the last four seconds of cells (n, 4), as in `motion.Track.grid`. Less than that says nothing: False."""
    if len(cells_mg) < SEEN:
        return False
    xyz = cells_mg[-SEEN:, :3] / 1000.0
    magnitude = np.sqrt((xyz * xyz).sum(axis=1))[None]
    return bool(magnitude.std() >= LEAST_G and rhythm(magnitude, np.ones_like(magnitude, dtype=np.bool_))[0] >= LEAST_RHYTHM)
