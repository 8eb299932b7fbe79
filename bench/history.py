"""A month of one device's metric out of millions of stored readings: how long the answer takes, and what a reading weighs.

The month is made by `bench.month`; its last six hours are rolled up by the function that the desk calls, which is timed. Everybody
asks as the api does, through `history.series`. All of it lies in a directory of its own under TMPDIR and goes with the run.
"""

import asyncio
import contextlib
import os
import random
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from bench import month
from bench.compressed import compressed
from bench.figures import milliseconds, rate
from bench.fleet import Fleet, district
from bench.machine import machine, versions
from bench.month import DENSE, PER_DEVICE, Month, told
from bench.servers import running_database, scratch
from devices.profiles import PROFILES
from store import history
from store.connect import Connection, connect
from store.migrate import apply
from store.register import load_district
from store.statements import statements

_SPAN = timedelta(days=month.DAYS)
_QUESTIONS, _EXPLAINED, _DENSE_QUESTIONS = 400, 50, 50
_POINTS = 1_000
_GB = 10**9
_BYTES_A_READING, _BYTES_BESIDE = 260, 3 * _GB  # at the peak, while the key is sorted; write-ahead log and an empty cluster
_LIVE_DEVICES = 200
_ROLL_UPS = ("folded_hours", "folded_days")
_HOURS = statements("history")["hours"]


class NoRoom(Exception):
    """The readings do not fit: `needed` and `there` are bytes under `place`."""

    def __init__(self, place: Path, readings: int, needed: int, there: int) -> None:
        super().__init__(
            f"history: {readings:,} readings need {needed / _GB:.1f} GB under {place}, there are {there / _GB:.1f} GB; "
            "ask for fewer with --readings or name another place with TMPDIR"
        )
        self.place = place
        self.needed = needed
        self.there = there


@dataclass(frozen=True, slots=True)
class Parameters:
    """How many readings lie there, at least: a device says one a minute for a month."""

    readings: int = 2_000_000

    @property
    def devices(self) -> int:
        """As many as that takes."""
        return max(1, -(-self.readings // PER_DEVICE))

    @property
    def bytes_needed(self) -> int:
        """On disk at the peak, rounded up."""
        return self.devices * PER_DEVICE * _BYTES_A_READING + _BYTES_BESIDE


async def run(parameters: Parameters) -> dict[str, Any]:
    """The benchmark's JSON object. Raises NoRoom before anything is begun."""
    place = Path(tempfile.gettempdir())
    if (there := shutil.disk_usage(place).free) < parameters.bytes_needed:
        raise NoRoom(place, parameters.readings, parameters.bytes_needed, there)
    before = machine()
    with scratch() as folder:
        async with (
            _watched(folder) as peak,
            running_database(folder / "postgres") as base,
            await connect(base.dsn("vigil_owner"), autocommit=True, application="vigil-bench") as owner,
            await connect(base.dsn("vigil_api"), autocommit=True, application="vigil-bench") as api,
        ):
            figures = await _measured(owner, api, parameters.devices)
        figures["peak_disk_gb"] = round(max(peak) / _GB, 1)
    figures |= compressed()
    return {"benchmark": "history", "versions": versions(), "machine": before, "parameters": asdict(parameters), "figures": figures}


async def _measured(owner: Connection, api: Connection, devices: int) -> dict[str, Any]:
    await apply(owner)
    await owner.execute("SET statement_timeout = 0")  # filling and indexing what takes months to come together
    this = Month(devices, datetime.now(UTC).replace(second=0, microsecond=0))
    async with owner.transaction():
        await load_district(owner, district(Fleet(devices + 1, 1)), this.until)
    stored, a_second = await month.fill(owner, this)
    folded = await _folded(owner, this)
    told("asking")
    load = os.getloadavg()[0]
    chance = random.Random(2)
    answers = [await _asked(api, this, chance) for _ in range(_QUESTIONS)]
    dense = [await _dense(api, this) for _ in range(_DENSE_QUESTIONS)]
    statement = [await _explained(owner, this, chance) for _ in range(_EXPLAINED)]
    return {
        "readings": stored,
        **milliseconds([seconds for seconds, _ in answers]),
        "points": max(points for _, points in answers),
        "load_when_asked": round(load, 1),
        **milliseconds([one.execution_s for one in statement], "statement_"),
        "statement_planning_ms": milliseconds([one.planning_s for one in statement])["p50_ms"],
        "statement_pages": max(one.pages for one in statement),
        "statement_walk": " + ".join(sorted({node for one in statement for node in one.nodes})),
        **milliseconds(dense, "minutes_of_a_fire_"),
        "generated_per_second": round(a_second),
        "folded_per_second": folded,
        **await _weights(owner, stored),
    }


async def _folded(owner: Connection, this: Month) -> float:
    """Readings that the desk's function folds a second, in its own portions."""
    told("folding the last six hours")
    count = await _one(
        owner, f"SELECT count(*) FROM readings WHERE stored_at >= '{this.folded}' AND stored_at < '{this.last_hour}'"
    )
    began = time.perf_counter()
    while await history.fold(owner, this.until, month.LEFT + month.HOUR):
        pass
    spent = time.perf_counter() - began
    rolled = await _one(owner, "SELECT sum(n) FROM folded_hours WHERE position = 1")
    lie_there = await _one(owner, f"SELECT count(*) FROM readings WHERE at < '{this.last_hour}'")
    if rolled != lie_there:
        raise RuntimeError(f"{lie_there} readings, of which {rolled} are in the hours")
    return rate(count, spent)


async def _asked(api: Connection, this: Month, chance: random.Random) -> tuple[float, int]:
    """A month of some metric of some device: seconds and points."""
    code, metric, _ = await _some(api, chance.randint(1, this.devices), chance)
    began = time.perf_counter()
    found = await history.series(api, code, metric, this.until - _SPAN, this.until, _POINTS, this.until)
    spent = time.perf_counter() - began
    if found.resolution != "hours" or sum(point.count for point in found.points) < PER_DEVICE:
        raise RuntimeError(f"{code} {metric}: {len(found.points)} {found.resolution} are not a month of readings")
    return spent, len(found.points)


async def _dense(api: Connection, this: Month) -> float:
    """Twelve hours of a device that said one reading a second: minutes, made when they are asked for."""
    code, metric, _ = await _some(api, this.devices + 1, random.Random(1))
    began = time.perf_counter()
    found = await history.series(api, code, metric, this.until - DENSE, this.until, _POINTS, this.until)
    spent = time.perf_counter() - began
    if found.resolution != "minutes" or sum(point.count for point in found.points) < DENSE.total_seconds():
        raise RuntimeError(f"{code} {metric}: {len(found.points)} {found.resolution} are not twelve hours of a fire")
    return spent


async def _some(conn: Connection, device_id: int, chance: random.Random) -> tuple[str, str, int]:
    """A device's code, one of its metrics, and that one's position."""
    row = await (await conn.execute("SELECT code, profile FROM devices WHERE device_id = %s", [device_id])).fetchone()
    if row is None:
        raise RuntimeError(f"no device has the number {device_id}")
    order = PROFILES[row[1]].order
    position = chance.randrange(len(order))
    return row[0], order[position], position + 1


async def _explained(owner: Connection, this: Month, chance: random.Random) -> "_Explained":
    """What the database itself says of the statement for a month."""
    device_id = chance.randint(1, this.devices)
    _, _, position = await _some(owner, device_id, chance)
    arguments = {"device_id": device_id, "position": position, "since": this.until - _SPAN, "until": this.until, "most": _POINTS}
    found = await owner.execute(b"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + _HOURS, arguments)
    (told_,) = (await found.fetchall())[0][0]
    top = told_["Plan"]
    pages = top["Shared Hit Blocks"] + top["Shared Read Blocks"]
    return _Explained(told_["Planning Time"] / 1000, told_["Execution Time"] / 1000, pages, frozenset(_scans(top)))


@dataclass(frozen=True, slots=True)
class _Explained:
    planning_s: float
    execution_s: float
    pages: int
    nodes: frozenset[str]


def _scans(plan: dict[str, Any]) -> Iterator[str]:
    if "Relation Name" in plan:
        yield f"{plan['Node Type']} on {plan['Relation Name']}"
    for part in plan.get("Plans", ()):
        yield from _scans(part)


async def _weights(owner: Connection, stored: int) -> dict[str, float]:
    sizes = {name: await _one(owner, f"SELECT pg_total_relation_size('{name}')") for name in ("readings", *_ROLL_UPS)}
    return {
        "bytes_per_reading": round(sizes["readings"] / stored, 1),
        "live_bytes_per_reading": round(await _live(owner), 1),
        "roll_up_bytes_per_reading": round(sum(sizes[name] for name in _ROLL_UPS) / stored, 2),
        "database_gb": round(await _one(owner, "SELECT pg_database_size(current_database())") / _GB, 1),
    }


async def _live(owner: Connection) -> float:
    """Bytes a reading where the indexes grow with every minute's readings, as in a running cell."""
    told("weighing a day that comes minute by minute")
    await owner.execute("CREATE TABLE live (LIKE readings INCLUDING ALL)")
    this, chance = Month(_LIVE_DEVICES, datetime(2026, 1, 2, 12, tzinfo=UTC)), np.random.default_rng(3)
    at, count = this.since, 0
    while at < this.since + timedelta(days=1):
        count += await month.copy(owner, "live", [month.rows(this, at, at + timedelta(minutes=1), chance)])
        at += timedelta(minutes=1)
    return await _one(owner, "SELECT pg_total_relation_size('live')") / count


async def _one(conn: Connection, query: str) -> int:
    row = await (await conn.execute(query.encode())).fetchone()
    return int(row[0]) if row else 0


@asynccontextmanager
async def _watched(folder: Path) -> AsyncIterator[list[int]]:
    """What lies under the folder, looked at every few seconds; the list grows."""
    seen = [0]

    async def look() -> None:
        while True:
            seen.append(await asyncio.to_thread(_size, folder))
            await asyncio.sleep(5)

    task = asyncio.create_task(look())
    try:
        yield seen
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def _size(folder: Path) -> int:
    found = 0
    for file in folder.rglob("*"):
        with contextlib.suppress(OSError):  # it went meanwhile
            found += file.lstat().st_blocks * 512
    return found
