"""Telemetry, stored exactly once: how fast a waiting backlog drains through the product's worker, how that compares with the floor
in the same run, and how long a message takes from publish to commit at a steady rate.
"""

import asyncio
from asyncio.subprocess import Process
from dataclasses import asdict, dataclass
from typing import Any

from bench import floor, stored
from bench.figures import rate
from bench.fleet import Fleet
from bench.machine import machine, versions
from bench.place import Place, furnished
from bench.processes import answer, cpu_s, job, peak_rss_mb
from bench.stored import Stored
from broker.lanes import SessionSpec
from devices.topics import ROOT
from store import messages

_FLOOR = SessionSpec("vigil-bench-floor", (f"{ROOT}/+/+/+/telemetry",))
_LIVE_SHARE = 0.6


@dataclass(frozen=True, slots=True)
class Parameters:
    """`messages` wait in the backlog; then `rate` a second (0: six tenths of what was drained) for `seconds`."""

    devices: int = 5_000
    areas: int = 4
    messages: int = 60_000
    seconds: float = 15.0
    rate: float = 0.0
    payload: int = 165


@dataclass(frozen=True, slots=True)
class Drained:
    """A backlog drained by one process: what was stored, what that cost the process beside its start, and what it cost all."""

    stored: Stored
    cpu_s_per_100k: float
    all_cpu_s_per_100k: float
    peak_rss_mb: float


async def run(parameters: Parameters) -> dict[str, Any]:
    """The benchmark's JSON object."""
    before, fleet = machine(), Fleet(parameters.devices, parameters.areas)
    async with furnished(fleet) as place:
        least = await _floor(place, parameters)
        await place.sessions(place.lanes())
        drained, lived = await _product(place, parameters)
    figures = {
        "messages_per_second": drained.stored.per_second,
        "floor_messages_per_second": least.stored.per_second,
        "ratio": round(drained.stored.per_second / least.stored.per_second, 3) if least.stored.per_second else None,
        "cpu_s_per_100k": drained.cpu_s_per_100k,
        "floor_cpu_s_per_100k": least.cpu_s_per_100k,
        "cpu_ratio": round(least.cpu_s_per_100k / drained.cpu_s_per_100k, 3) if drained.cpu_s_per_100k else None,
        "all_cpu_s_per_100k": drained.all_cpu_s_per_100k,
        "floor_all_cpu_s_per_100k": least.all_cpu_s_per_100k,
        "floor_lost": parameters.messages - least.stored.distinct,
        **lived,
    }
    return {"benchmark": "ingest", "versions": versions(), "machine": before, "parameters": asdict(parameters), "figures": figures}


async def _floor(place: Place, parameters: Parameters) -> Drained:
    where, user = place.broker.endpoint, "ingest"
    order = floor.Order(
        where.host,
        where.mqtt_port,
        user,
        place.broker.secrets.passwords[user],
        _FLOOR.client_id,
        place.database.dsn("vigil_worker"),
        parameters.messages,
    )
    await place.sessions([_FLOOR])
    await place.published(place.order(parameters.messages, 0, 0, parameters.payload))
    async with job("bench.floor", asdict(order)) as process:
        await answer(process)
        measured = await _drained(place, process, 0, parameters.messages, cpu_s(process.pid))
        await answer(process)
        await _go_on(process)
    await stored.forget(place.owner)
    return measured


async def _product(place: Place, parameters: Parameters) -> tuple[Drained, dict[str, Any]]:
    first, count = 0, parameters.messages
    start = await _start(place)
    sent = await place.published(place.order(count, 0, first, parameters.payload))
    async with place.ingest("telemetry") as worker:
        drained = await _drained(place, worker, first, count, start)
        wanted = parameters.rate or round(_LIVE_SHARE * drained.stored.per_second)
        order = place.order(int(wanted * parameters.seconds), wanted, first + count, parameters.payload)
        live = await place.published(order)
        await stored.until_stored(place.owner, order.first, order.count)
        peak = peak_rss_mb(worker.pid)
    lived = await stored.summary(place.owner, order.first, order.count)
    return drained, {
        "lost": sent["acknowledged"] + live["acknowledged"] - drained.stored.distinct - lived.distinct,
        "duplicates": drained.stored.rows + lived.rows - drained.stored.distinct - lived.distinct,
        "peak_rss_mb": peak,
        "live_rate": wanted,
        "live_published_per_second": rate(live["sent"], live["seconds"]),
        "live_messages_per_second": lived.per_second,
        "p50_ms": round(lived.latencies[0] * 1000, 1),
        "p99_ms": round(lived.latencies[1] * 1000, 1),
        "max_ms": round(lived.latencies[2] * 1000, 1),
    }


async def _start(place: Place) -> float:
    """CPU seconds that a worker takes until it serves every area and has nothing to do."""
    async with place.ingest("telemetry") as worker:
        async with asyncio.timeout(60):
            while await _areas_held(place) < place.fleet.areas:  # noqa: ASYNC110 - asks another process
                await asyncio.sleep(0.1)
        return cpu_s(worker.pid)


async def _areas_held(place: Place) -> int:
    alive = await messages.workers(place.owner)
    return len(alive[0].stats.get("areas", ())) if alive else 0


async def _drained(place: Place, process: Process, first: int, count: int, start: float) -> Drained:
    """Watch a process drain what waits; `start` is what its beginning costs it."""
    servers = [place.broker.pid, _pid(place)]
    began = sum(cpu_s(pid) for pid in servers)
    await stored.until_first(place.owner, first)
    await stored.until_stored(place.owner, first, count)
    own, others = cpu_s(process.pid) - start, sum(cpu_s(pid) for pid in servers) - began
    found = await stored.summary(place.owner, first, count)
    share = 100_000 / max(1, found.rows)
    return Drained(found, round(own * share, 2), round((own + others) * share, 2), peak_rss_mb(process.pid))


def _pid(place: Place) -> int:
    if place.database.process is None:
        raise RuntimeError("the database has stopped")
    return place.database.process.pid


async def _go_on(process: Process) -> None:
    if process.stdin is not None:
        process.stdin.write(b"\n")
        await process.stdin.drain()
    await answer(process)
