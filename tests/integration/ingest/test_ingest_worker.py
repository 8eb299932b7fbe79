"""Around the batches: connections that are cut, a register that changes, reports and figures."""

import asyncio
import urllib.request
from datetime import UTC, datetime
from typing import Any

import pytest

from broker.server import free_ports
from ingest.events import run_events
from ingest.telemetry import run_telemetry
from store import devices
from store.connect import connect

pytestmark = pytest.mark.integration

CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'lane-%' AND datname = current_database()"
BOTH = "SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM readings)"


async def cut(place: Any) -> int:
    """End the workers' connections as an operator would; how many there were."""
    async with await connect(place.dsn("postgres"), autocommit=True) as conn:
        return len(await (await conn.execute(CUT.encode())).fetchall())


async def test_connections_cut_again_and_again(place: Any) -> None:
    """The database goes on, only our connections to it die, at any moment."""
    press, smoke = await place.device("sos-1"), await place.device("smoke-1")
    async with place.running(run_events, "lane-e"), place.running(run_telemetry, "lane-t"):
        ended = 0
        for _ in range(8):
            ended += await cut(place)  # a worker that is between two connections has none
            for _ in range(5):
                await press.say("event", place.message(e="sos"))
                await smoke.say("telemetry", place.message(v={"smoke_obscuration": 60.0}))
        await place.until(BOTH, [(40, 40)], seconds=30)
    assert ended
    assert await place.rows("SELECT kind, rings FROM incidents ORDER BY kind") == [("smoke", 1), ("sos", 40)]
    assert await place.rows("SELECT count(*) FROM rejected") == [(0,)]


async def test_an_idle_connection_that_is_cut_is_replaced(place: Any) -> None:
    press = await place.device("sos-1")
    async with place.running(run_events, "lane-e"):
        await press.say("event", place.message(e="sos"))
        await place.until(BOTH, [(1, 0)])
        assert await cut(place) == 1
        await press.say("event", place.message(e="sos"))
        await place.until(BOTH, [(2, 0)])


async def test_a_revoked_device_is_refused_from_then_on(place: Any) -> None:
    press = await place.device("sos-1")
    async with place.running(run_events):
        await press.say("event", place.message(e="sos"))
        await place.until(BOTH, [(1, 0)])
        async with await connect(place.dsn("vigil_owner")) as conn:
            await devices.revoke(conn, "sos-1", datetime.now(UTC))
        await asyncio.sleep(0.3)
        await press.say("event", place.message(e="sos"))
        await place.until("SELECT left(reason, 50) FROM rejected", [("device: expected one in service, got 'sos-1', revo",)])
    assert await place.rows(BOTH) == [(1, 0)]


async def test_workers_say_how_they_are(place: Any) -> None:
    press = await place.device("sos-1")
    async with place.running(run_events, "lane-e"), place.running(run_telemetry, "lane-t"):
        await press.say("event", place.message(e="sos"))
        lanes = "SELECT worker, lane, stats ->> 'stopped' FROM workers ORDER BY worker"
        await place.until(lanes, [("lane-e", "events", None), ("lane-t", "telemetry", None)])
    told = await place.rows("SELECT stats FROM workers WHERE worker = 'lane-e'")
    assert (told[0][0]["messages"], told[0][0]["rejected"], told[0][0]["in_flight"], told[0][0]["stopped"]) == (1, 0, 0, True)
    assert told[0][0]["commit_ms_p99"] > 0


async def test_figures_on_the_loopback(place: Any) -> None:
    press, (port,) = await place.device("sos-1"), free_ports(1)
    async with place.running(run_events, metrics_port=port):
        await press.say("event", place.message(e="sos"))
        await place.until(BOTH, [(1, 0)])
        await asyncio.sleep(0.1)
        page = await asyncio.to_thread(_page, port)
    assert 'vigil_ingest_messages_total{lane="events"} 1.0' in page
    assert 'vigil_ingest_findings_total{lane="events"} 1.0' in page


def _page(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        return str(answer.read(), "utf-8")


async def test_broker_away_and_back(place: Any) -> None:
    press = await place.device("sos-1")
    async with place.running(run_events), place.running(run_telemetry, "telemetry"):
        await press.say("event", place.message(e="sos"))
        await place.until(BOTH, [(1, 0)])
        await place.broker.stop()
        await place.broker.start()
        again = await place.device("sos-2")
        await again.say("event", place.message(e="sos"))
        await again.say("telemetry", place.message(v={"battery": 50}))
        await place.until(BOTH, [(2, 1)], seconds=20)


async def test_clean_stop_leaves_the_rest_to_the_next(place: Any) -> None:
    press = await place.device("sos-1")
    for _ in range(3):
        async with place.running(run_events):
            await asyncio.gather(*(press.say("event", place.message(e="test")) for _ in range(200)))
    async with place.running(run_events, "last"):
        await place.until(BOTH, [(600, 0)])
    assert await place.rows("SELECT count(DISTINCT n) FROM events") == [(600,)]
