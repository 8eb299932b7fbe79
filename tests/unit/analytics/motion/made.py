"""Motion made by hand: standing, walking, a fall, lying; as seen by a device of any rate, range and mounting."""

from collections.abc import Callable
from datetime import timedelta

import numpy as np

from analytics.evaluate.recording import Signal
from analytics.motion import Samples
from analytics.step import Origin, Waveform
from devices.keys import Key, instant, milliseconds

START_MS = 1_790_000_000_000
ORIGIN = Origin("wear-1", "wearable", "120105001", "home-1", "home-1-hall", "sen-1")
Motion = tuple[float, Callable[[Samples], Samples]]


def _standing(t: Samples) -> Samples:
    return np.stack((0.02 * np.sin(3 * t), 0.02 * np.cos(2 * t), 1.0 + 0.01 * np.sin(5 * t)), axis=1)


def _walking(t: Samples) -> Samples:
    step = np.sin(2 * np.pi * 1.8 * t)
    return np.stack((0.15 * step, 0.1 * np.sin(np.pi * 1.8 * t), 1.0 + 0.3 * step), axis=1)


def _falling(t: Samples) -> Samples:
    return np.stack((0.1 + 0.2 * t, 0.05 + 0 * t, np.maximum(0.1, 0.9 - 2.0 * t)), axis=1)


def _hitting(t: Samples) -> Samples:
    blow = np.exp(-(((t - 0.06) / 0.03) ** 2))
    return np.stack((0.9 + 3.5 * blow, 0.3 + 1.5 * blow, 0.2 + 1.0 * blow), axis=1)


def _lying(t: Samples) -> Samples:
    return np.stack((1.0 + 0 * t, 0.05 + 0 * t, 0.02 * np.sin(t)), axis=1)


STORY: tuple[Motion, ...] = ((5.0, _standing), (0.5, _falling), (0.2, _hitting), (8.0, _lying))
TRIPPING: tuple[Motion, ...] = ((5.0, _walking), *STORY[1:])
CALM: tuple[Motion, ...] = ((5.0, _standing), (10.0, _walking), (5.0, _standing))
RISING: tuple[Motion, ...] = (*STORY, (20.0, _walking))
WALK: tuple[Motion, ...] = ((40.0, _walking),)


def motion(parts: tuple[Motion, ...], rate_hz: float = 50.0) -> Signal:
    """The parts one after another."""
    times, values, begun = list[Samples](), list[Samples](), 0.0
    count = round(sum(seconds for seconds, _ in parts) * rate_hz)
    every = np.arange(count) / rate_hz
    for seconds, move in parts:
        own = every[(every >= begun - 1e-9) & (every < begun + seconds - 1e-9)]
        times.append(own * 1000.0)
        values.append(move(own - begun) * 1000.0)
        begun += seconds
    return Signal(np.concatenate(times), np.rint(np.concatenate(values)))


def lying_and(hz: float, force_g: float, seconds: float, turned: bool = False) -> tuple[Motion, ...]:
    """A fall, and then who lies as he fell, or turned over, moves up and down so fast and so hard."""

    def move(t: Samples) -> Samples:
        level = 1.0 + force_g * np.sin(2 * np.pi * hz * t)
        return np.stack((-level if turned else level, 0.05 + 0 * t, 0.02 * np.sin(t)), axis=1)

    return (*STORY, (seconds, move))


def messages(signal: Signal, rate_hz: float, cuts: list[int], start_ms: int = START_MS, first: int = 0) -> list[Waveform]:
    """The signal as waveform messages, cut before these samples, numbered from `first`; each start is a boot of its own."""
    found = []
    for number, part in enumerate(np.split(np.arange(len(signal.times_ms)), sorted(set(cuts))), first):
        if len(part):
            at = instant(start_ms + round(signal.times_ms[part[0]]))
            now = at + timedelta(seconds=len(part) / rate_hz)
            xyz = tuple((x, y, z) for x, y, z in signal.xyz_mg[part].tolist())
            found.append(Waveform(ORIGIN, at, now, Key(ORIGIN.device, str(start_ms), number, milliseconds(at)), rate_hz, "mg", xyz))
    return found


def by_the_second(signal: Signal, rate_hz: float, start_ms: int = START_MS) -> list[Waveform]:
    """One message a second."""
    step = round(rate_hz)
    return messages(signal, rate_hz, list(range(step, len(signal.times_ms), step)), start_ms)
