"""A recorded trial of a wearable, and the packets in which its device would have sent it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from analytics.motion import Samples
from devices.profiles import ANYWHERE

PACKET_S = 1.0
LONGEST_PAUSE_MS = 300.0  # between samples of one packet, whatever its rate
_STEADY = 3.0  # usual intervals between samples of one packet: a longer one would move the others by its length
_HURRIED, _BURSTS = 0.25, 0.1  # intervals shorter than this share of the mean one; from that share of all on it is a radio's bursts
_SMOOTHED = 11  # arrivals that make one even time: radios hand samples over in bursts


@dataclass(frozen=True, slots=True, eq=False)
class Signal:
    """`times_ms` rise, shape (n,); `xyz_mg` of shape (n, 3)."""

    times_ms: Samples
    xyz_mg: Samples

    @property
    def seconds(self) -> float:
        """From the first sample to the last."""
        return float(self.times_ms[-1] - self.times_ms[0]) / 1000.0 if len(self.times_ms) else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """One trial. `is_fall` and `elderly` are None where nobody says; `fall_s` is the annotated interval, if there is one,
    `profile` that of a device worn there."""

    trial: str
    subject: str
    activity: str
    is_fall: bool | None
    signal: Signal
    elderly: bool | None = None
    fall_s: tuple[float, float] | None = None
    profile: str = ANYWHERE


@dataclass(frozen=True, slots=True, eq=False)
class Packet:
    """Samples `xyz_mg` (n, 3) at `rate_hz`, the first at `start_ms` from the trial's start."""

    start_ms: float
    rate_hz: float
    xyz_mg: Samples


def even(times_ms: Samples) -> Samples:
    """When samples were taken, by when they arrived: a device samples evenly, its radio delivers in bursts. Pauses stay."""
    found = times_ms.astype(np.float64)
    for run in _runs(found):
        if len(run) > _SMOOTHED:
            found[run] = _smooth(found[run])
    return np.maximum.accumulate(found)


def packets(signal: Signal) -> Iterator[Packet]:
    """One-second packets; a pause begins a new one. `signal.times_ms` as `even` gives them."""
    usual = float(np.median(np.diff(signal.times_ms))) if len(signal.times_ms) > 1 else 20.0
    for run in _runs(signal.times_ms):
        times = signal.times_ms[run]
        number = ((times - times[0]) // (PACKET_S * 1000.0)).astype(np.int64)
        for part in np.split(run, np.flatnonzero(np.diff(number)) + 1):
            span = signal.times_ms[part[-1]] - signal.times_ms[part[0]]
            step = span / (len(part) - 1) if len(part) > 1 and span > 0 else max(usual, 1.0)
            yield Packet(float(signal.times_ms[part[0]]), 1000.0 / step, signal.xyz_mg[part])


def _runs(times_ms: Samples) -> Iterator["np.ndarray[tuple[int], np.dtype[np.int64]]"]:
    """Indices between pauses."""
    for run in np.split(np.arange(len(times_ms)), np.flatnonzero(np.diff(times_ms) > _pause_ms(times_ms)) + 1):
        if len(run):
            yield run


def _pause_ms(times_ms: Samples) -> float:
    """From which interval on nothing was sampled. Between a radio's bursts something was: what it then hands over in a hurry."""
    steps = np.diff(times_ms)
    steps = steps[steps <= LONGEST_PAUSE_MS]
    if not len(steps) or np.mean(steps < _HURRIED * steps.mean()) >= _BURSTS:
        return LONGEST_PAUSE_MS
    return float(min(LONGEST_PAUSE_MS, _STEADY * np.median(steps)))


def _smooth(times_ms: Samples) -> Samples:
    """The moving mean, drawn on straight at both ends."""
    half = _SMOOTHED // 2
    middle = np.convolve(times_ms, np.full(_SMOOTHED, 1.0 / _SMOOTHED), "valid")
    step = (middle[-1] - middle[0]) / max(1, len(middle) - 1)
    before = middle[0] - step * np.arange(half, 0, -1)
    return np.concatenate((before, middle, middle[-1] + step * np.arange(1, half + 1)))
