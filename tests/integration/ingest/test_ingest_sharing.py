"""Telemetry workers share the areas evenly, whoever joins or leaves; a dead one's are taken in seconds, nothing lost or twice."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from broker.server import EmbeddedBroker
from care.district import District
from ingest.telemetry import run_telemetry
from store.server import Database

pytestmark = pytest.mark.integration

AREAS = 8
HELD = (
    "SELECT jsonb_array_length(stats -> 'areas') FROM workers WHERE NOT coalesce((stats ->> 'stopped')::boolean, false) ORDER BY 1"
)
COUNT = "SELECT count(*), count(DISTINCT (device_id, n)) FROM readings"


@pytest.fixture
async def town(
    broker: EmbeddedBroker, database: Database, furnish: Callable[..., Any], small_district: District, tmp_path: Path
) -> AsyncIterator[Any]:
    """Eight areas with a heat detector each."""
    area, site = small_district.areas[1], small_district.sites[0]
    heat = next(one for one in small_district.devices if one.code == "heat-9")
    codes = [f"tst1{number:02}" for number in range(AREAS)]
    more = replace(
        small_district,
        areas=(*small_district.areas, *(replace(area, code=code) for code in codes)),
        sites=(*small_district.sites, *(replace(site, code=f"home-{code}", area=code) for code in codes)),
        devices=tuple(replace(heat, code=f"heat-{code}", area=code, site=f"home-{code}", zone="", gateway="") for code in codes),
    )
    async with furnish(broker, database.dsn, more, tmp_path) as place:
        yield place


class Talk:
    """Every area's detector says something ten times a second, until told; what was PUBACKed counts."""

    def __init__(self, town: Any) -> None:
        self._town = town
        self._enough = asyncio.Event()
        self.said = 0

    async def __aenter__(self) -> "Talk":
        devices = [await self._town.device(f"heat-tst1{number:02}") for number in range(AREAS)]
        self._talking = [asyncio.create_task(self._talk(device)) for device in devices]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._enough.set()
        await asyncio.gather(*self._talking)

    async def _talk(self, device: Any) -> None:
        while not self._enough.is_set():
            await device.say("telemetry", self._town.message(v={"temperature": 20}))
            self.said += 1
            await asyncio.sleep(0.1)


async def test_areas_spread_evenly_as_workers_come_and_go(town: Any) -> None:
    async with Talk(town) as talk, town.running(run_telemetry, "one"):
        await town.until(HELD, [(8,)])
        async with town.running(run_telemetry, "two"):
            await town.until(HELD, [(4,), (4,)], seconds=20)
            async with town.running(run_telemetry, "three"):
                await town.until(HELD, [(2,), (3,), (3,)], seconds=20)
        await town.until(HELD, [(8,)], seconds=20)
    async with town.running(run_telemetry, "last"):
        await town.until(COUNT, [(talk.said, talk.said)], seconds=20)


async def test_a_dead_workers_areas_are_taken_within_seconds(town: Any) -> None:
    loop = asyncio.get_running_loop()
    async with Talk(town) as talk:
        doomed = await town.spawn("telemetry", name="doomed")
        await town.until(HELD, [(8,)], seconds=20)
        async with town.running(run_telemetry, "heir"):
            await town.until(HELD, [(4,), (4,)], seconds=20)
            doomed.kill()
            died = loop.time()
            await town.until("SELECT jsonb_array_length(stats -> 'areas') FROM workers WHERE worker = 'heir'", [(8,)])
            assert loop.time() - died < 8
            await asyncio.sleep(1)
    async with town.running(run_telemetry, "last"):
        await town.until(COUNT, [(talk.said, talk.said)], seconds=20)
    assert await town.rows("SELECT count(*) FROM alarms") == [(0,)]
