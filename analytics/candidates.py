"""Stage one's eye: the impacts in a stretch of motion that are worth a closer look."""

import numpy as np

from analytics.motion import RATE_HZ, Samples

IMPACT_G = 1.35  # within ±2 g an axis and over 20 ms; the softest of 2,436 recorded falls reaches it
APART = RATE_HZ  # of several impacts within a second only the hardest is looked at


def impacts(cells_mg: Samples, low: int, high: int) -> list[int]:
    """Indices from `low` to `high` (not included) where the magnitude reaches `IMPACT_G` and is the largest within a second.

    `cells_mg` as in `motion.Track.grid`.
    """
    xyz = cells_mg[:, :3]
    power = np.einsum("ij,ij->i", xyz, xyz)
    found = []
    for at in (np.flatnonzero(power[low:high] >= (IMPACT_G * 1000.0) ** 2) + low).tolist():
        start = max(0, at - APART)
        if at - start == int(power[start : at + APART + 1].argmax()):
            found.append(at)
    return found
