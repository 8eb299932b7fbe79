"""Wearers a core: the CPU that raw signal costs the detectors, 50 samples a second in one packet, states adopted as after a commit.

Everyone walks with it at the waist, some of them hard enough to be looked at; one in a hundred falls, so that stage two has its
part. What a message costs beside its detectors is `parts`' to say.
"""

import time
from dataclasses import asdict, dataclass
from datetime import timedelta
from random import Random
from typing import Any

import numpy as np

from analytics import models
from analytics.detectors.fall_motion import fall_motion
from analytics.fall_judge import RULE
from analytics.runtime import Runtime
from analytics.step import Finding, Origin, Waveform
from bench.machine import machine, versions
from devices.keys import Key, instant
from devices.profiles import WAIST
from simulators import motion

START = instant(1_790_000_000_000)
RATE_HZ = 50


@dataclass(frozen=True, slots=True)
class Parameters:
    """`wearers` at once, each for `seconds`."""

    wearers: int = 200
    seconds: int = 30
    seed: int = 7


async def run(parameters: Parameters) -> dict[str, Any]:
    """The benchmark's JSON object."""
    before = machine()
    judge = models.load_falls().judge() if models.FALLS.exists() else RULE
    runtime, found, used = Runtime([fall_motion(judge)]), list[Finding](), 0.0
    signals = [_signal(number, parameters) for number in range(parameters.wearers)]
    for second in range(parameters.seconds):
        packets = [_packet(number, second, signal) for number, signal in enumerate(signals)]
        began = time.process_time()
        for packet in packets:
            trial = runtime.trial()
            found += trial.feed(packet)
            trial.adopt()
        used += time.process_time() - began
    cost = used / (parameters.wearers * parameters.seconds)
    figures = {
        "wearers_per_core": int(1.0 / cost),
        "cpu_ms_per_packet": round(cost * 1000, 3),
        "falls_found": sum(one.raised for one in found),
        "judge": judge.version,
    }
    return {"benchmark": "falls", "versions": versions(), "machine": before, "parameters": asdict(parameters), "figures": figures}


def _signal(number: int, parameters: Parameters) -> list[list[tuple[float, float, float]]]:
    """Milli-g by the second: a walk of one's own pace and mounting, and for one in a hundred a fall in the middle."""
    chance = np.random.default_rng((parameters.seed, number))
    t = np.arange(parameters.seconds * RATE_HZ) / RATE_HZ
    step = np.sin(2 * np.pi * chance.uniform(1.4, 2.2) * t)
    xyz = np.stack((0.15 * step, 0.1 * np.roll(step, 9), 1.0 + chance.uniform(0.1, 0.45) * step), axis=1)
    xyz += chance.normal(size=xyz.shape) * 0.02
    if number % 100 == 0:
        fell, down = motion.fall(Random(number)), len(t) // 2
        fell = fell[: len(t) - down]
        xyz[down : down + len(fell)], xyz[down + len(fell) :] = fell, fell[-1]
    turn, _ = np.linalg.qr(chance.normal(size=(3, 3)))
    rounded = np.rint(xyz @ turn * 1000.0).reshape(parameters.seconds, RATE_HZ, 3)
    return [[(x, y, z) for x, y, z in second] for second in rounded.tolist()]


def _packet(number: int, second: int, signal: list[list[tuple[float, float, float]]]) -> Waveform:
    origin, at = Origin(f"wear-{number}", WAIST, "1", "home", "", f"s-{number}"), START + timedelta(seconds=second)
    return Waveform(origin, at, at + timedelta(seconds=1), Key(origin.device, "b", second, 0), RATE_HZ, "mg", tuple(signal[second]))
