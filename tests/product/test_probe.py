"""The probe on the whole product: its press comes out, nobody is rung by it, and where a part hangs it says how far it came."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from simulators.wire import Endpoint
from store import devices, health
from store.connect import Connection, connect
from store.server import EmbeddedDatabase
from tests.conftest import Product
from vigil import state
from vigil.metrics import ProbeMeters
from vigil.probe import Console, Probe, ProbeSettings

pytestmark = [pytest.mark.integration, pytest.mark.slow]


def database(product: Product) -> EmbeddedDatabase:
    return state.database(product.data)


@pytest.fixture
async def owner(product: Product) -> AsyncIterator[Connection]:
    async with await connect(database(product).dsn("vigil_owner"), autocommit=True) as conn:
        yield conn


@pytest.fixture
async def settings(product: Product, owner: Connection) -> ProbeSettings:
    """The settings of the probe that runs, for one of our own that presses when a test wants it."""
    code = (await health.probes(owner))[0].code
    own = await devices.one(owner, code)
    secrets: Path = product.data / "secrets"
    return ProbeSettings(
        code=code,
        area=own.area,
        site=own.site,
        where=Endpoint("127.0.0.1", product.mqtt_port),
        token=(secrets / "probe_token").read_text().strip(),
        url=product.url,
        key=(secrets / "probe_key").read_text().strip(),
        dsn="",
        patience_s=4.0,
    )


@pytest.fixture
async def probe(settings: ProbeSettings) -> AsyncIterator[Probe]:
    console = Console()
    watching = asyncio.create_task(console.run(settings.url, settings.key))
    yield Probe(settings, console, ProbeMeters())
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)


def board(product: Product) -> list[dict[str, Any]]:
    with httpx.Client(base_url=product.url, headers={"X-Vigil": "1"}) as desk:
        desk.post("/api/login", json={"login": "admin", "password": product.passwords["admin"]}).raise_for_status()
        found: list[dict[str, Any]] = desk.get("/api/incidents").json()
    return found


async def test_a_press_takes_the_whole_path_and_rings_nobody(product: Product, probe: Probe, owner: Connection) -> None:
    before = {one["id"] for one in board(product)}
    for _ in range(3):
        found = await probe.press()
        assert found.ms is not None, found.stage
        assert 0 < found.ms < 2_000
    assert probe.stats()["success_at"]
    assert {one["id"] for one in board(product)} == before
    row = await (
        await owner.execute("SELECT drill, state, rings FROM incidents WHERE kind = 'probe' AND state = 'open'")
    ).fetchone()
    assert row is not None
    assert (row[0], row[1]) == (True, "open")
    assert row[2] >= 3
    events = await (await owner.execute("SELECT count(*) FROM events WHERE kind = 'probe' AND drill")).fetchone()
    assert events is not None
    assert events[0] >= 3


async def test_the_running_probe_reports_and_the_figures_show_it(product: Product, owner: Connection) -> None:
    async with asyncio.timeout(30):
        while not (row := (await health.probes(owner))[0]).stats or not row.stats["success_at"]:  # noqa: ASYNC110
            await asyncio.sleep(0.2)
    assert row.stats["ms"] > 0


async def test_where_the_event_lane_hangs_the_press_is_seen_and_not_stored(product: Product, probe: Probe) -> None:
    lane = state.read(product.data).children["ingest-events"]
    assert (await probe.press()).ms is not None
    os.kill(lane, signal.SIGSTOP)
    try:
        lost = await probe.press()
    finally:
        os.kill(lane, signal.SIGCONT)
    assert (lost.ms, lost.stage) == (None, "not_stored")
    await asyncio.sleep(3)  # what was lost comes late, and is not taken for the next one
    again = await probe.press()
    assert again.ms is not None
    assert probe.stats()["stage"] == "not_stored"


async def test_without_a_broker_it_is_not_accepted_and_without_a_console_there_is_no_feed(settings: ProbeSettings) -> None:
    nowhere = Probe(settings, Console(), ProbeMeters())
    began = time.monotonic()
    assert (await nowhere.press()).stage == "no_feed"
    assert time.monotonic() - began < settings.patience_s + 1
    console = Console()
    console.open.set()
    forged = ProbeSettings(**{**{name: getattr(settings, name) for name in settings.__slots__}, "token": "wrong"})
    assert (await Probe(forged, console, ProbeMeters()).press()).stage == "not_accepted"


async def test_a_probe_that_is_killed_is_started_again(product: Product) -> None:
    before = state.read(product.data).children["probe"]
    os.kill(before, signal.SIGKILL)
    async with asyncio.timeout(20):
        while state.read(product.data).children.get("probe", before) == before:  # noqa: ASYNC110
            await asyncio.sleep(0.2)
