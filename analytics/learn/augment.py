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
LIMB_SHARE, LIMB_DEG = 0.6, (20.0, 110.0)  # what a thigh turns in sitting down, or a wrist on its way to a table
SLIP_SHARE, SLIP_DEG = 0.3, (0.0, 30.0)  # a device that slips in a fall
TURN_MS, TURN_FROM_BLOW_MS = (400.0, 1500.0), (-300.0, 600.0)
HARDEST_SHARE, HARD_QUANTILE = 0.7, 0.95


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


def limb_turned(signal: Signal, fell: bool, chance: np.random.Generator) -> Signal:
    """What is worn at the trunk as a limb would have had it, which turns by itself around a blow: a waist that sits down stays
    upright, a thigh does not. In a fall the body turns already; there the device only slips."""
    share, angles = (SLIP_SHARE, SLIP_DEG) if fell else (LIMB_SHARE, LIMB_DEG)
    if chance.random() >= share:
        return signal
    force = (signal.xyz_mg**2).sum(axis=1)
    hard = np.flatnonzero(force >= np.quantile(force, HARD_QUANTILE))
    blow = int(force.argmax()) if chance.random() < HARDEST_SHARE else int(chance.choice(hard))
    middle = signal.times_ms[blow] + chance.uniform(*TURN_FROM_BLOW_MS)
    course = np.clip((signal.times_ms - middle) / chance.uniform(*TURN_MS) + 0.5, 0.0, 1.0)
    axis = chance.normal(size=3)
    angle = np.radians(chance.uniform(*angles)) * (1.0 - np.cos(np.pi * course)) / 2.0
    return Signal(signal.times_ms, _rotated(signal.xyz_mg, axis / np.linalg.norm(axis), angle))


def cut_short(windows: Samples, chance: np.random.Generator) -> Samples:
    """Windows (n, 300, 3) of which some begin late or end early, as when a device was just put on or falls silent."""
    found = windows.copy()
    for one in found:
        if chance.random() < CUT_SHARE:
            one[: BEFORE - chance.integers(SHORTEST_BEFORE, BEFORE)] = np.nan
        if chance.random() < CUT_SHARE / 2:
            one[BEFORE + chance.integers(SHORTEST_AFTER, AFTER) :] = np.nan
    return found


def _rotated(xyz: Samples, axis: Samples, angle: Samples) -> Samples:
    """Each row turned about `axis` by its angle in radians (Rodrigues)."""
    cosine, sine = np.cos(angle)[:, None], np.sin(angle)[:, None]
    return np.asarray(xyz * cosine + np.cross(axis, xyz) * sine + axis * (xyz @ axis)[:, None] * (1.0 - cosine))
