"""What a device costs: memory of each part and CPU a message, for fleets of a thousand to fifty thousand; and whether memory stays.

Every fleet says the same number of messages, so that what differs between two of them is the devices. The soak keeps one fleet
talking and looks at the memory again and again.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

import psutil

from bench import stored
from bench.console import watching
from bench.fleet import LOGIN, Fleet, buttons, talkers
from bench.machine import machine, versions
from bench.place import Place, furnished
from bench.processes import cpu_s, ours
from store import messages
from store.devices import set_tokens

_SAMPLE_S = 10.0
_SETTLE_S = 5.0
_READY_S = 300.0
_TELEMETRY = "ingest_telemetry"
_WARM_UP = 0.2  # of a soak, in which memory may still grow: everything is heard, seen and cached once


@dataclass(frozen=True, slots=True)
class Parameters:
    """Each of `fleets` says `messages` at `rate` a second. With `soak_minutes` a fleet then says `soak_rate` for so long."""

    fleets: tuple[int, ...] = (1_000, 10_000, 50_000)
    areas: int = 4
    messages: int = 100_000
    rate: float = 1_000.0
    soak_minutes: float = 0.0
    soak_devices: int = 5_000
    soak_rate: float = 500.0


@dataclass(slots=True)
class Parts:
    """What runs: process ids by part."""

    pids: dict[str, int] = field(default_factory=dict)

    def rss(self) -> dict[str, int]:
        """Resident bytes of each."""
        return {name: int(psutil.Process(pid).memory_info().rss) for name, pid in self.pids.items()}


@dataclass(frozen=True, slots=True)
class Point:
    """One fleet: resident bytes by part after all messages, and CPU seconds of the telemetry worker for 100,000 of them."""

    devices: int
    rss: Mapping[str, int]
    cpu_s_per_100k: float
    stored_all: bool

    def told(self) -> dict[str, Any]:
        """As the results show it."""
        megabytes = {f"{name}_rss_mb": round(size / 2**20, 1) for name, size in self.rss.items()}
        return {"devices": self.devices, **megabytes, "cpu_s_per_100k": self.cpu_s_per_100k, "stored_all": self.stored_all}


async def run(parameters: Parameters) -> dict[str, Any]:
    """The benchmark's JSON object."""
    before = machine()
    points = [await _point(parameters, devices) for devices in parameters.fleets]
    found: dict[str, Any] = {"fleets": [one.told() for one in points], **compared(points)}
    if parameters.soak_minutes:
        found |= await _soak(parameters)
    return {"benchmark": "scale", "versions": versions(), "machine": before, "parameters": asdict(parameters), "figures": found}


def compared(points: list[Point]) -> dict[str, Any]:
    """Bytes a device of each part above the smallest fleet, and the dearest message against the cheapest. Pure."""
    if len(points) < 2:
        return {}
    least, most = points[0], points[-1]
    more = most.devices - least.devices
    per_device = {f"{name}_bytes_per_device": round((size - least.rss[name]) / more) for name, size in most.rss.items()}
    costs = [one.cpu_s_per_100k for one in points]
    return {**per_device, "cost_ratio": round(max(costs) / min(costs), 2) if min(costs) else None}


def steady(samples: list[tuple[float, int]], warm_up: float = _WARM_UP) -> dict[str, Any]:
    """Of (second, bytes): least and most in MB after the warm-up, how far both are from their middle in per cent, and what the
    second half has more than the first, median to median, in per cent. Pure."""
    sizes = [size for second, size in samples if second >= warm_up * samples[-1][0]]
    low, high = min(sizes), max(sizes)
    first, second = median(sizes[: (len(sizes) + 1) // 2]), median(sizes[len(sizes) // 2 :])
    return {
        "low_mb": round(low / 2**20, 1),
        "high_mb": round(high / 2**20, 1),
        "within_pct": round(100 * (high - low) / (high + low), 1),
        "growth_pct": round(100 * (second - first) / first, 1),
    }


async def _point(parameters: Parameters, devices: int) -> Point:
    half = parameters.messages // 2
    async with _place(devices, parameters.areas) as (place, parts):
        said = True
        for first in (0, half):
            began = cpu_s(parts.pids[_TELEMETRY])
            await place.published(place.order(half, parameters.rate, first))
            said = await stored.until_stored(place.owner, first, half) and said
        cost = (cpu_s(parts.pids[_TELEMETRY]) - began) * 100_000 / half
        await asyncio.sleep(_SETTLE_S)
        return Point(devices, parts.rss(), round(cost, 2), said)


async def _soak(parameters: Parameters) -> dict[str, Any]:
    seconds = parameters.soak_minutes * 60
    count = int(seconds * parameters.soak_rate)
    samples: dict[str, list[tuple[float, int]]] = {}
    async with _place(parameters.soak_devices, parameters.areas) as (place, parts):
        clock = asyncio.get_running_loop().time
        async with place.publishing(place.order(count, parameters.soak_rate, 0)):
            began = clock()
            while (now := clock() - began) < seconds:
                for name, size in parts.rss().items():
                    samples.setdefault(name, []).append((now, size))
                await asyncio.sleep(_SAMPLE_S)
        whole = await stored.until_stored(place.owner, 0, count)
    return {"soak_stored_all": whole, **{f"soak_{name}": steady(seen) for name, seen in samples.items()}}


@asynccontextmanager
async def _place(devices: int, areas: int) -> AsyncIterator[tuple[Place, Parts]]:
    """The product around so many devices, all known to the callout, with one console looking."""
    async with furnished(Fleet(devices, areas, buttons=100)) as place:
        await place.sessions(place.lanes())
        await _enrol(place)
        async with (
            place.ingest("telemetry"),
            place.ingest("events"),
            place.part("callout", "--name", "callout"),
            place.api() as url,
            watching(url, LOGIN, place.password),
        ):
            await _all_held(place)
            yield place, Parts(ours())


async def _enrol(place: Place) -> None:
    known = [*talkers(place.fleet), *buttons(place.fleet)]
    await set_tokens(place.owner, {one.code: hashlib.sha256(one.code.encode()).digest() for one in known})


async def _all_held(place: Place) -> None:
    """Until the telemetry worker serves every area."""
    async with asyncio.timeout(_READY_S):
        while not any(  # noqa: ASYNC110 - asks another process
            len(row.stats.get("areas", ())) == place.fleet.areas for row in await messages.workers(place.owner)
        ):
            await asyncio.sleep(0.2)
