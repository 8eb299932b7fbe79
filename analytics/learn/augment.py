"""The same motion as another device, worn otherwise, would have recorded it: chance comes as a seeded generator."""

import numpy as np

from analytics.evaluate.recording import Signal
from analytics.fall_features import AFTER, BEFORE
from analytics.motion import RATE_HZ, Samples

RANGES_MG = (2000.0, 2000.0, 4000.0, 8000.0, 16000.0)
SLOWEST_HZ, FASTEST_HZ = 20.0, 200.0
NOISE_MG, OFFSET_MG, SCALE = 15.0, 40.0, 0.03
JITTER = 0.15  # of a sample's time
GAP_SHARE, LONGEST_GAP_MS = 0.3, 400.0
CUT_SHARE = 0.35
SHORTEST_BEFORE, SHORTEST_AFTER = RATE_HZ // 2, round(1.6 * RATE_HZ)


def worn_otherwise(signal: Signal, chance: np.random.Generator) -> Signal:
    """Turned or mirrored, another rate and range, noise, jitter of the clock, and sometimes a gap."""
    turn, _ = np.linalg.qr(chance.normal(size=(3, 3)))
    values = signal.xyz_mg @ turn * (1.0 + chance.uniform(-SCALE, SCALE))
    rate = float(np.exp(chance.uniform(np.log(SLOWEST_HZ), np.log(FASTEST_HZ))))
    step = 1000.0 / rate
    times = np.arange(signal.times_ms[0] + chance.uniform(0.0, step), signal.times_ms[-1], step)
    seen = times + chance.uniform(-JITTER, JITTER, len(times)) * step
    sampled = np.stack([np.interp(seen, signal.times_ms, values[:, axis]) for axis in range(3)], axis=1)
    sampled += chance.normal(size=3) * OFFSET_MG + chance.normal(size=sampled.shape) * NOISE_MG
    span = float(chance.choice(RANGES_MG))
    sampled = np.clip(sampled, -span, span)
    if chance.random() < GAP_SHARE:
        start = chance.uniform(times[0], times[-1])
        kept = (times < start) | (times > start + chance.uniform(50.0, LONGEST_GAP_MS))
        times, sampled = times[kept], sampled[kept]
    return Signal(times, sampled)


def cut_short(windows: Samples, chance: np.random.Generator) -> Samples:
    """Windows (n, 300, 3) of which some begin late or end early, as when a device was just put on or falls silent."""
    found = windows.copy()
    for one in found:
        if chance.random() < CUT_SHARE:
            one[: BEFORE - chance.integers(SHORTEST_BEFORE, BEFORE)] = np.nan
        if chance.random() < CUT_SHARE / 2:
            one[BEFORE + chance.integers(SHORTEST_AFTER, AFTER) :] = np.nan
    return found
