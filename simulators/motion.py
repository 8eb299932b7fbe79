"""What a device worn at the trunk feels while somebody walks, falls and lies: raw acceleration, invented and no recording.

A body is a direction that turns and a force along it. While it falls it weighs less; the speed that it gains so is what the blows
take away again, first of knee or hip, then of the trunk, which ring out; then it turns a little more, and lies but for breath.
"""

from random import Random

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 50
WALKS_S, FALLS_S, LIES_S = 4.0, 0.7, 4.3
_LANDS_DEG, _SETTLES_DEG = (70.0, 100.0), (5.0, 25.0)
_TURNS_ON_S, _SETTLES_S = 0.25, 1.5  # after the blow
_LEAST_WEIGHT = (0.3, 0.5)  # in the middle of a fall: nobody falls like a stone
_FIRST_SHARE, _FIRST_S = (0.2, 0.45), (0.10, 0.18)  # what the first blow takes, and how long before the second
_BLOW_S, _RINGS_HZ, _FADES_S = (0.07, 0.12), (7.0, 12.0), 0.12
_RINGS_SHARE = 0.4
_NOISE_G = 0.015

Signal = NDArray[np.float64]


def fall(rng: Random) -> Signal:
    """Walking, a fall to any side, and lying, in g at RATE_HZ, shape (n, 3); z is up while standing."""
    t = np.arange(-WALKS_S, FALLS_S + LIES_S, 1.0 / RATE_HZ)
    noise = np.random.default_rng(rng.randrange(2**32))
    down = _turned(t, rng)
    weight = 1.0 - (1.0 - rng.uniform(*_LEAST_WEIGHT)) * np.sin(np.pi * np.clip(t / FALLS_S, 0.0, 1.0))
    speed = float((1.0 - weight).sum()) / RATE_HZ
    felt = down * (weight + _steps(t, rng) * (t < 0) + _breath(t, rng) * (t > FALLS_S))[:, None]
    felt += _sway(t, rng) * (t < 0)[:, None]
    first = rng.uniform(*_FIRST_SHARE)
    felt += _blow(t - FALLS_S + rng.uniform(*_FIRST_S), first * speed, down, rng)
    felt += _blow(t - FALLS_S, (1.0 - first) * speed, down, rng)
    return np.asarray(felt + noise.normal(size=felt.shape) * _NOISE_G)


def packets(signal: Signal) -> list[list[list[int]]]:
    """The signal in whole seconds of milli-g, as a device would send it; what is left of a second is not sent."""
    whole = len(signal) // RATE_HZ
    cut = np.rint(signal[: whole * RATE_HZ] * 1000.0).astype(int)
    return [second.tolist() for second in cut.reshape(whole, RATE_HZ, 3)]


def _turned(t: Signal, rng: Random) -> Signal:
    """Where up is for the device, (n, 3): over while falling and a little after it, and once more in coming to rest."""
    towards, aside = rng.uniform(0.0, 2 * np.pi), np.radians(rng.uniform(*_SETTLES_DEG))
    lean = np.radians(rng.uniform(*_LANDS_DEG)) * _smooth(t / (FALLS_S + _TURNS_ON_S))
    about = towards + aside * _smooth((t - FALLS_S) / _SETTLES_S)
    return np.stack((np.sin(lean) * np.cos(about), np.sin(lean) * np.sin(about), np.cos(lean)), axis=1)


def _smooth(share: Signal) -> Signal:
    """From 0 to 1, still at both ends."""
    share = np.clip(share, 0.0, 1.0)
    return np.asarray(share**2 * (3.0 - 2.0 * share))


def _steps(t: Signal, rng: Random) -> Signal:
    """What steps add along the body: a heel's blow and its echo."""
    phase, force = 2 * np.pi * rng.uniform(1.5, 2.0) * t, rng.uniform(0.15, 0.3)
    return np.asarray(force * np.sin(phase) + 0.4 * force * np.sin(2 * phase + 0.7))


def _sway(t: Signal, rng: Random) -> Signal:
    """What steps add across it, from side to side at half their pace, (n, 3)."""
    pace = rng.uniform(0.75, 1.0)
    return np.stack([rng.uniform(0.03, 0.12) * np.sin(2 * np.pi * pace * t + rng.uniform(0, 6)) for _ in range(3)], axis=1)


def _blow(since: Signal, speed: float, down: Signal, rng: Random) -> Signal:
    """One blow that takes this speed (g s), from the floor and from the side, and rings out, (n, 3)."""
    lasts, pitch = rng.uniform(*_BLOW_S), rng.uniform(*_RINGS_HZ)
    hard = speed * np.pi / (2.0 * lasts)
    pulse = hard * np.sin(np.pi * np.clip(since / lasts, 0.0, 1.0))
    rings = _RINGS_SHARE * hard * np.exp(-np.maximum(since, 0.0) / _FADES_S) * np.sin(2 * np.pi * pitch * since) * (since > 0)
    return np.asarray(pulse[:, None] * _aside(down, rng) + rings[:, None] * _aside(down, rng))


def _breath(t: Signal, rng: Random) -> Signal:
    return np.asarray(0.01 * np.sin(2 * np.pi * rng.uniform(0.2, 0.3) * t))


def _aside(down: Signal, rng: Random) -> Signal:
    """Directions a little off these, all to the same side."""
    found = down + np.array([rng.gauss(0, 0.4) for _ in range(3)])
    return np.asarray(found / np.linalg.norm(found, axis=1)[:, None])
