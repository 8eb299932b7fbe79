"""The ingest benchmark measures what it says: tiny sizes, everything real."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from bench import ingest, stored
from bench.fleet import Fleet
from bench.place import Place, furnished

pytestmark = pytest.mark.integration

_INSERT = """INSERT INTO readings (device_id, at, b, n, received_at, profile_version, values)
SELECT device_id, %s, 'b', %s, now(), 1, '{1,2,3}' FROM devices LIMIT 1"""


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    """Servers and a small fleet."""
    async with furnished(Fleet(devices=20, areas=2)) as found:
        yield found


async def test_loss_repeats_and_commit_times_are_seen_in_what_is_stored(place: Place) -> None:
    now = datetime.now(UTC)
    async with place.owner.transaction():
        await place.owner.execute(_INSERT, (now - timedelta(seconds=2), 100))
        await place.owner.execute(_INSERT, (now - timedelta(seconds=3), 100))  # the same message twice, under another time
        await asyncio.sleep(0.5)  # between INSERT and commit
    await place.owner.execute(_INSERT, (now, 102))
    await place.owner.execute(_INSERT, (now, 999))  # of another phase
    found = await stored.summary(place.owner, 100, 5)
    assert (found.rows, found.distinct) == (3, 2)
    assert 3.5 <= found.latencies[2] < 10
    assert found.latencies[0] >= 2.5
    assert 0 < found.seconds < 5
    assert not (await stored.summary(place.owner, 500, 5)).rows


async def test_the_publisher_sends_as_many_as_ordered_and_at_the_rate_ordered(place: Place) -> None:
    await place.sessions(place.lanes())
    at_once = await place.published(place.order(500, 0, 0))
    assert (at_once["sent"], at_once["acknowledged"]) == (500, 500)
    steady = await place.published(place.order(150, 100, 500))
    assert steady["sent"] == steady["acknowledged"] == 150
    assert 1.3 < steady["seconds"] < 4
    async with place.ingest("telemetry"):
        assert await stored.until_stored(place.owner, 0, 650)
    found = await stored.summary(place.owner, 0, 650)
    assert (found.rows, found.distinct) == (650, 650)


async def test_a_run_reports_every_figure_and_loses_nothing() -> None:
    report = await ingest.run(ingest.Parameters(devices=40, areas=2, messages=1_500, seconds=1, rate=200))
    figures = report["figures"]
    assert (figures["lost"], figures["duplicates"], figures["floor_lost"]) == (0, 0, 0)
    assert figures["live_rate"] == 200
    for name in ("messages_per_second", "floor_messages_per_second", "ratio", "peak_rss_mb", "p50_ms", "p99_ms"):
        assert figures[name] > 0, name
    assert figures["p50_ms"] <= figures["p99_ms"] <= figures["max_ms"]
    assert {"python", "postgres", "nats", "paho"} <= report["versions"].keys()
    assert report["machine"]["cores"] > 0
