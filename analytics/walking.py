"""Whether a wearer who fell walks again: a movement at the pace of steps, by somebody who no longer lies as he lay.

Who lies and knocks, trembles or is convulsed moves as regularly as one who walks. The pace tells the fast ones apart; the slow ones
only the direction of gravity: it must have left that in which the wearer lay. At the wrist, or nobody knows where, it says less, so
that more seconds are asked for. Most are where it says nothing, since it is not known how the wearer lay or the fall did not turn
him, and where it is not again as before the fall: he may have turned over. Not to see that somebody is up costs a visit, to believe
it of one who lies may cost a life.
"""

from dataclasses import dataclass

import numpy as np

from analytics.fall_features import AFTER, BEFORE, FEWEST
from analytics.motion import RATE_HZ, Samples
from devices.profiles import POCKET, WAIST

SEEN = 4 * RATE_HZ
LEAST_RHYTHM, LEAST_G = 0.35, 0.08
PACE = (20, 61)  # cells of a step, or of two where only every second one is felt: 50 to 150 a minute. Steps of people of 61 to 85
# years: 70 to 148 a minute (Tudor-Locke et al. 2021, CADENCE-Adults, doi 10.1186/s12966-021-01199-4)
TURNED_DEG = 45.0
FIXED = (WAIST, POCKET)  # turn with the body
FIXED_S, LOOSE_S, DOUBTFUL_S = 10, 15, 30  # seconds of walking in a row

_Direction = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Posture:
    """Directions of gravity in milli-g: how the wearer `lay` after the impact and `stood` before it; () where it is not known."""

    lay: _Direction = ()
    stood: _Direction = ()


UNKNOWN = Posture()


def posture(cells_mg: Samples, impact: int) -> Posture:
    """Around the impact at this index of cells (n, 4), as in `motion.Track.grid`: 1 to 3 s after it, 3 to 1 s before it."""
    lay = cells_mg[impact + RATE_HZ : impact + AFTER]
    return Posture(_direction(lay), _direction(cells_mg[max(0, impact - BEFORE) : max(0, impact - RATE_HZ)]))


def walks(cells_mg: Samples) -> bool:
    """Whether the last four seconds of cells (n, 4) move at the pace of steps. Less than that says nothing: False."""
    if len(cells_mg) < SEEN:
        return False
    xyz = cells_mg[-SEEN:, :3] / 1000.0
    level = np.sqrt((xyz * xyz).sum(axis=1))
    level -= level.mean()
    spectrum = np.fft.rfft(level, 512)
    alike = np.fft.irfft(spectrum.real**2 + spectrum.imag**2, 512)  # with itself, so many cells later
    if alike[0] < SEEN * LEAST_G**2:
        return False
    steps, quicker = alike[slice(*PACE)].max(), alike[: PACE[0]]
    shaken = (quicker[1:-1] >= quicker[:-2]) & (quicker[1:-1] >= quicker[2:]) & (quicker[1:-1] >= steps)
    return bool(steps >= LEAST_RHYTHM * alike[0] and not shaken.any())


def enough_s(cells_mg: Samples, fell: Posture, profile: str) -> int | None:
    """How many seconds in a row, the last four of these cells among them, show that the wearer of a device of this profile is up;
    None where he lies as he lay."""
    now = _direction(cells_mg[-SEEN:])
    if not (fell.lay and now) or (fell.stood and _angle(fell.lay, fell.stood) < TURNED_DEG):
        return DOUBTFUL_S
    if _angle(now, fell.lay) < TURNED_DEG:
        return None
    if fell.stood and _angle(now, fell.stood) > TURNED_DEG:
        return DOUBTFUL_S
    return FIXED_S if profile in FIXED else LOOSE_S


def _direction(cells_mg: Samples) -> _Direction:
    return tuple(round(axis) for axis in cells_mg[:, :3].mean(axis=0).tolist()) if len(cells_mg) >= FEWEST else ()


def _angle(one: _Direction, other: _Direction) -> float:
    """Degrees; a direction of no length is near to all."""
    length = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(np.degrees(np.arccos(np.clip(np.dot(one, other) / length, -1.0, 1.0)))) if length else 0.0
