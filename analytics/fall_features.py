"""What a stretch of motion around an impact looks like, in numbers that do not depend on how the device is worn.

Only magnitudes, angles between mean directions and projections on them: turning the device, swapping or mirroring its axes changes
nothing. Everything is computed on the grid of `motion` (50 cells a second, ±2 g), so rate and range change little.
What was not recorded is NaN.
"""

import numpy as np
from numpy.typing import NDArray

from analytics.motion import RATE_HZ, Samples

BEFORE, AFTER = 3 * RATE_HZ, 3 * RATE_HZ
FEWEST = 5  # cells that make a mean

_DT = 1.0 / RATE_HZ
_PARTS: dict[str, tuple[float, float]] = {
    "before_3": (-3.0, -2.0),
    "before_2": (-2.0, -1.0),
    "before_1": (-1.0, -0.3),
    "impact": (-0.3, 0.5),
    "after_1": (0.5, 1.2),
    "after_2": (1.2, 2.0),
    "after_3": (2.0, 3.0),
}
_SLICES = {name: slice(BEFORE + round(a * RATE_HZ), BEFORE + round(b * RATE_HZ)) for name, (a, b) in _PARTS.items()}
_EARLY, _BEGUN = slice(0, BEFORE - RATE_HZ), slice(0, BEFORE - RATE_HZ // 4)
_FALLING = slice(BEFORE - RATE_HZ, BEFORE + 1)
_AROUND = slice(BEFORE - RATE_HZ // 2, BEFORE + RATE_HZ // 2)
_HIT = slice(BEFORE - 5, BEFORE + 6)
_LYING = slice(BEFORE + RATE_HZ // 2, None)
_REBOUND = slice(BEFORE + 15, BEFORE + 60)
_MEASURES = ("mean", "std", "min", "max", "jerk", "sway")
_ANGLES = (
    ("early", "after_3"), ("early", "after_2"), ("before_1", "after_2"), ("before_1", "after_3"), ("after_1", "after_3"),
    ("after_2", "after_3"), ("before_3", "before_1"), ("early", "after_1"), ("early", "impact"), ("after_3", "end"),
)  # fmt: skip
_FALL = ("lowest", "low_08_s", "low_06_s", "low_to_peak_s", "area_under", "fall_speed", "side_speed")
_BLOW = ("peak", "area_over", "jerk_max", "jerk_mean", "over_19_s", "blow_along_before", "blow_along_after", "rebound")
_REST = ("peaks_before", "peaks_after", "over_15_s", "rhythm_before", "rhythm_after", "still_after_s", "level_after")
_TURN = ("turn_max", "turn_before_s", "quiet_ratio")
_PROFILE, _BIN = slice(BEFORE - 56, BEFORE + 72), 8
_COURSE = 15  # cells of each mean direction along the window
NAMES: tuple[str, ...] = (
    *(f"{part}_{measure}" for part in _PARTS for measure in _MEASURES),
    *(f"angle_{one}_{other}" for one, other in _ANGLES),
    *_FALL, *_BLOW, *_REST, *_TURN,
    *(f"profile_{place}" for place in range((_PROFILE.stop - _PROFILE.start) // _BIN)),
    *(f"course_{which}_{place}" for which in ("up", "down") for place in range((BEFORE + AFTER) // _COURSE)),
)  # fmt: skip
_Flags = NDArray[np.bool_]


def window(cells_mg: Samples, peak: int) -> Samples:
    """Three seconds before to three after cell `peak` of a grid, in g, shape (300, 3), NaN where nothing was recorded."""
    found = np.full((BEFORE + AFTER, 3), np.nan)
    low, high = max(0, peak - BEFORE), min(len(cells_mg), peak + AFTER)
    found[low - peak + BEFORE : high - peak + BEFORE] = cells_mg[low:high, :3] / 1000.0
    return found


def features(windows: Samples) -> Samples:
    """The numbers of `NAMES`, shape (n, len(NAMES)), for windows of shape (n, 300, 3)."""
    known = ~np.isnan(windows[:, :, 0])
    win = np.where(known[:, :, None], windows, 0.0)
    magnitude = np.sqrt((win * win).sum(axis=2))
    change = np.zeros_like(magnitude)
    change[:, 1:] = np.sqrt((np.diff(win, axis=1) ** 2).sum(axis=2)) / _DT
    both = known.copy()
    both[:, 1:] &= known[:, :-1]
    both[:, 0] = False
    change *= both
    means = {name: _direction(win[:, part], known[:, part]) for name, part in _SLICES.items()}
    early, begun = _direction(win[:, _EARLY], known[:, _EARLY]), _direction(win[:, _BEGUN], known[:, _BEGUN])
    means["early"] = np.where(np.isnan(early), begun, early)
    means["end"] = _direction(win[:, -RATE_HZ // 2 :], known[:, -RATE_HZ // 2 :])
    parts = [_measures(magnitude[:, p], known[:, p], change[:, p], both[:, p], win[:, p]) for p in _SLICES.values()]
    angles = [_angle(means[one], means[other])[:, None] for one, other in _ANGLES]
    up, down = _unit(means["early"]), _unit(means["after_3"])
    return np.concatenate(
        (
            *parts,
            *angles,
            _fall(win[:, _FALLING], magnitude[:, _FALLING], known[:, _FALLING], up),
            _blow(win, magnitude, known, (change, both), up, down),
            _rest(win, magnitude, known, down),
            _turn(win, known, parts[-1][:, 1], parts[0][:, 1]),
            _profile(magnitude[:, _PROFILE], known[:, _PROFILE]),
            _course(win, known, up),
            _course(win, known, down),
        ),
        axis=1,
    )


def _mean(values: Samples, known: _Flags) -> Samples:
    """Means of rows whose unknown values are 0."""
    return np.asarray(values.sum(axis=1) / _count(known))


def _count(known: _Flags) -> Samples:
    """How many values are known, NaN where they are too few."""
    count = known.sum(axis=1)
    return np.where(count >= FEWEST, count, np.nan)


def _most(values: Samples, known: _Flags) -> Samples:
    found = np.where(known, values, -np.inf).max(axis=1)
    return np.where(np.isinf(found), np.nan, found)


def _direction(part: Samples, known: _Flags) -> Samples:
    return np.asarray(part.sum(axis=1) / _count(known)[:, None])


def _measures(magnitude: Samples, known: _Flags, change: Samples, both: _Flags, part: Samples) -> Samples:
    count = _count(known)
    mean, square = magnitude.sum(axis=1) / count, (magnitude * magnitude).sum(axis=1) / count
    direction = part.sum(axis=1) / count[:, None]
    std = np.sqrt(np.maximum(square - mean * mean, 0.0))
    sway = np.sqrt(np.maximum(square - (direction * direction).sum(axis=1), 0.0))  # a square is the sum of its axes'
    enough = count * 0.0
    low, high = np.where(known, magnitude, np.inf).min(axis=1) + enough, magnitude.max(axis=1) + enough
    return np.stack((mean, std, low, high, _mean(change, both), sway), axis=1)


def _angle(one: Samples, other: Samples) -> Samples:
    """Degrees between two directions, row by row."""
    length = np.sqrt((one * one).sum(axis=-1) * (other * other).sum(axis=-1))
    cosine = (one * other).sum(axis=-1) / np.where(length > 1e-6, length, np.nan)
    return np.asarray(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))


def _unit(mean: Samples) -> Samples:
    length = np.sqrt((mean * mean).sum(axis=1, keepdims=True))
    return np.asarray(mean / np.where(length > 1e-6, length, np.nan))


def _fall(win: Samples, magnitude: Samples, known: _Flags, up: Samples) -> Samples:
    """The second before the impact: how light, how long, and what speed it gathered down and across (g·s)."""
    seen = np.where(known, magnitude, np.inf)
    lowest = seen.argmin(axis=1)
    under = np.where(known, np.maximum(1.0 - magnitude, 0.0), 0.0).sum(axis=1) * _DT
    along = (win * up[:, None, :]).sum(axis=2)
    across = np.where(known[:, :, None], win - along[:, :, None] * up[:, None, :], 0.0).sum(axis=1) * _DT
    return np.stack(
        (
            seen.min(axis=1),
            (seen < 0.8).sum(axis=1) * _DT,
            (seen < 0.6).sum(axis=1) * _DT,
            (magnitude.shape[1] - 1 - lowest) * _DT,
            under,
            np.where(known, along - 1.0, 0.0).sum(axis=1) * _DT,
            np.sqrt((across * across).sum(axis=1)),
        ),
        axis=1,
    )


def _blow(win: Samples, magnitude: Samples, known: _Flags, jerk: tuple[Samples, _Flags], up: Samples, down: Samples) -> Samples:
    """The impact itself: how hard, how sharp, and along which of the two verticals."""
    around, seen = magnitude[:, _AROUND], known[:, _AROUND]
    sharp, met = jerk[0][:, _AROUND], jerk[1][:, _AROUND]
    return np.stack(
        (
            _most(around, seen),
            np.where(seen, np.maximum(around - 1.0, 0.0), 0.0).sum(axis=1) * _DT,
            _most(sharp, met),
            _mean(sharp, met),
            (known & (magnitude > 1.9)).sum(axis=1) * _DT,
            _share(win[:, _HIT], up),
            _share(win[:, _HIT], down),
            _most(magnitude[:, _REBOUND], known[:, _REBOUND]),
        ),
        axis=1,
    )


def _share(hit: Samples, direction: Samples) -> Samples:
    """How much of the blow lies along a direction, 0 to 1."""
    along = (hit * direction[:, None, :]).sum(axis=2)
    return np.asarray((along * along).sum(axis=1) / np.maximum((hit * hit).sum(axis=(1, 2)), 1e-9))


def _rest(win: Samples, magnitude: Samples, known: _Flags, down: Samples) -> Samples:
    """What surrounds it: other blows, steps or clapping that repeat, and how still it is afterwards."""
    over = known & (magnitude > 1.5)
    rises = over[:, 1:] & ~over[:, :-1]
    lying = (win * down[:, None, :]).sum(axis=2)[:, _LYING]
    return np.stack(
        (
            rises[:, : BEFORE - 10].sum(axis=1),
            rises[:, BEFORE + 25 :].sum(axis=1),
            over.sum(axis=1) * _DT,
            rhythm(magnitude[:, :BEFORE], known[:, :BEFORE]),
            rhythm(magnitude[:, BEFORE:], known[:, BEFORE:]),
            (known & (np.abs(magnitude - 1.0) < 0.12))[:, BEFORE:].sum(axis=1) * _DT,
            _mean(np.where(known[:, _LYING], lying, 0.0), known[:, _LYING]),
        ),
        axis=1,
    )


def rhythm(magnitude: Samples, known: _Flags) -> Samples:
    """The strongest autocorrelation at 0.3 to 1.2 s: steps and clapping repeat, falls do not."""
    level = np.where(known, magnitude - _mean(magnitude, known)[:, None], 0.0)
    spectrum = np.fft.rfft(level, 512, axis=1)
    found = np.fft.irfft(spectrum.real**2 + spectrum.imag**2, 512, axis=1)
    strongest = found[:, 15:61].max(axis=1) / np.maximum(found[:, 0], 1e-4)
    return np.where(known.sum(axis=1) >= 2 * RATE_HZ, strongest, np.nan)


def _turn(win: Samples, known: _Flags, after: Samples, before: Samples) -> Samples:
    """How far the direction of a fifth of a second turns within half a second, and how calm it is after against before."""
    width, apart = RATE_HZ // 5, RATE_HZ // 2
    sums = np.cumsum(np.concatenate((np.zeros((len(win), 1, 3)), win), axis=1), axis=1)
    mean = sums[:, width:] - sums[:, :-width]
    turned = _angle(mean[:, :-apart], mean[:, apart:])
    seen = ~np.isnan(turned) & known[:, : turned.shape[1]]
    quiet = np.log((after + 0.01) / (before + 0.01))
    early = slice(0, BEFORE - RATE_HZ // 2)
    return np.stack((_most(turned, seen), (seen & (turned > 20.0))[:, early].sum(axis=1) * _DT, quiet), axis=1)


def _profile(magnitude: Samples, known: _Flags) -> Samples:
    """The course of the magnitude around the impact, a mean for every 0.16 s."""
    shape = (len(magnitude), -1, _BIN)
    return np.asarray(np.where(known, magnitude, np.nan).reshape(shape).mean(axis=2))


def _course(win: Samples, known: _Flags, direction: Samples) -> Samples:
    """How the mean direction of every 0.3 s stands to a vertical: the cosine, 1 along it, -1 against it."""
    sums = np.where(known[:, :, None], win, np.nan).reshape(len(win), -1, _COURSE, 3).sum(axis=2)
    length = np.sqrt((sums * sums).sum(axis=2))
    along = (sums * direction[:, None, :]).sum(axis=2)
    return np.asarray(along / np.where(length > 1e-6, length, np.nan))
