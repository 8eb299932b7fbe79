"""How many rooms one core watches: zones at one reading a second each, through the production lane of detectors, no transport.

Each reading carries what a smoke detector says (smoke and temperature), every tenth zone also has a CO cell. The rooms are quiet
but never still, so nothing is skipped; a share of them burns, so that the alarm path is measured too.
"""

import asyncio
import gc
import random
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from analytics.catalogue import TELEMETRY_LANE
from analytics.runtime import Runtime
from analytics.step import Origin, Reading
from bench.machine import machine, versions
from devices.keys import Key, instant, milliseconds

_START = instant(1_790_000_000_000)
_ZONES_A_SITE = 50
_BURNING = 200  # one zone in so many warms until it burns


@dataclass(frozen=True, slots=True)
class Parameters:
    """`zones` rooms for `seconds` of their time; `seed` for what they say."""

    zones: int = 5_000
    seconds: int = 30
    seed: int = 7


async def run(parameters: Parameters) -> dict[str, Any]:
    """Feed every second of every zone; CPU seconds of this process are what counts."""
    return await asyncio.to_thread(_run, parameters)


def _run(parameters: Parameters) -> dict[str, Any]:
    rng = random.Random(parameters.seed)
    origins = [
        Origin(f"smoke-{n}", "smoke_detector", "120105001", f"s{n // _ZONES_A_SITE}", f"z{n}") for n in range(parameters.zones)
    ]
    cells = [Origin(f"co-{n}", "co_detector", "120105001", one.site, one.zone) for n, one in enumerate(origins) if n % 10 == 0]
    runtime = Runtime(TELEMETRY_LANE)
    fed = raised = 0
    spent = worst = 0.0
    for second in range(parameters.seconds):
        batch = _second(origins, cells, second, rng)
        gc.collect()
        before = time.process_time()
        trial = runtime.trial()
        for item in batch:
            raised += sum(finding.raised for finding in trial.feed(item))
        trial.adopt()
        took = time.process_time() - before
        spent, worst, fed = spent + took, max(worst, took), fed + len(batch)
    return {
        "benchmark": "fire",
        "parameters": {"zones": parameters.zones, "seconds": parameters.seconds, "seed": parameters.seed},
        "figures": {
            "readings": fed,
            "cpu_us_a_reading": round(spent / fed * 1e6, 1),
            "zones_a_core": int(parameters.zones * parameters.seconds / spent),
            "worst_second_cpu_s": round(worst, 3),
            "raised": raised,
        },
        "versions": versions(),
        "machine": machine(),
    }


def _second(origins: list[Origin], cells: list[Origin], second: int, rng: random.Random) -> list[Reading]:
    at = _START + timedelta(seconds=second)
    t = milliseconds(at)
    batch = []
    for n, one in enumerate(origins):
        warm = 2.0 * second if n % _BURNING == 0 else 0.0
        values = {"smoke_obscuration": 0.2 + rng.random() * 0.2 + warm / 3, "temperature": 21.0 + rng.random() * 0.3 + warm}
        batch.append(Reading(one, at, at, Key(one.device, "", second, t), values))
    batch += [Reading(one, at, at, Key(one.device, "", second, t), {"co": rng.random() * 2}) for one in cells]
    return batch
