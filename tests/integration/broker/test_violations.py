"""Forged publishes and foreign subscriptions of a real server, found in its log, named, and counted once in a real database."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from broker.callout import Counts, connection
from broker.violations import Names
from store import health, refusals
from store.connect import Connection, connect
from store.server import Database
from vigil import witness

if TYPE_CHECKING:
    from tests.integration.broker.conftest import Callout, Field

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("loaded")]


@pytest.fixture
async def judge(field: "Field") -> "Callout":
    return await field.judging()


@pytest.fixture
async def names(judge: "Callout") -> AsyncIterator[Names]:
    async with connection(judge.settings, "warden") as warden:
        yield Names(warden)


@pytest.fixture
def log(field: "Field") -> Path:
    return field.broker.directory / "nats.log"


@pytest.fixture
def counted(
    worker_conn: Connection, api_conn: Connection, names: Names, log: Path
) -> Callable[[], Awaitable[dict[tuple[str, str], int]]]:
    """Read the log to its end; what is counted then, by kind and device."""

    async def count() -> dict[tuple[str, str], int]:
        while await witness.follow(worker_conn, names, log):
            await worker_conn.commit()
        await worker_conn.commit()
        rows = await refusals.listed(api_conn, "tst", datetime.now(UTC) - timedelta(hours=1), 100)
        await api_conn.rollback()
        found: dict[tuple[str, str], int] = {}
        for row in rows:  # the test may run over the full hour
            found[row.kind, row.device] = found.get((row.kind, row.device), 0) + row.times
        return found

    return count


async def test_who_tried_is_named_whatever_it_calls_itself(
    field: "Field", counted: Callable[[], Awaitable[dict[tuple[str, str], int]]], api_conn: Connection
) -> None:
    device = await field.connected("sos-1", client_id="whatever-1")
    for topic in ("care/v1/a/s/sos-2/event", "care/v1/a/s/sos-2/telemetry"):
        await device.publish(topic, b"{}")
    assert not await device.subscribe("care/v1/+/+/+/event")
    await device.publish("care/v1/a/s/sos-1/event", b"{}")
    assert await counted() == {("publish", "sos-1"): 2, ("subscribe", "sos-1"): 1}
    rows = await refusals.listed(api_conn, "tst", datetime.now(UTC) - timedelta(hours=1), 10)
    assert {row.subject for row in rows} == {"care.v1.a.s.sos-2.telemetry", "care.v1.*.*.*.event"}
    assert all(abs(row.last_at - datetime.now(UTC)) < timedelta(seconds=30) for row in rows), "the log's clock is UTC"


async def test_a_device_that_has_left_is_still_named(
    field: "Field", counted: Callable[[], Awaitable[dict[tuple[str, str], int]]]
) -> None:
    device = await field.connected("sos-2")
    await device.publish("care/v1/a/s/sos-1/event", b"{}")
    device.close()
    assert await counted() == {("publish", "sos-2"): 1}


async def test_what_was_read_is_counted_once(field: "Field", counted: Callable[[], Awaitable[dict[tuple[str, str], int]]]) -> None:
    device = await field.connected("sos-1")
    for _ in range(20):
        await device.publish("care/v1/a/s/sos-2/event", b"{}")
    assert await counted() == {("publish", "sos-1"): 20}
    assert await counted() == {("publish", "sos-1"): 20}
    await device.publish("care/v1/a/s/sos-2/event", b"{}")
    assert await counted() == {("publish", "sos-1"): 21}


async def test_a_full_log_is_read_to_its_end_first(
    field: "Field", counted: Callable[[], Awaitable[dict[tuple[str, str], int]]], log: Path
) -> None:
    device = await field.connected("sos-1")
    await device.publish("care/v1/a/s/sos-2/event", b"{}")
    assert (await counted())[("publish", "sos-1")] == 1
    await device.publish("care/v1/a/s/sos-2/event", b"{}")
    _renamed(log)
    assert await counted() == {("publish", "sos-1"): 3}


async def test_refused_logins_wait_for_the_database(
    field: "Field", judge: "Callout", database: Database, api_conn: Connection
) -> None:
    started = datetime.now(UTC)
    for code, token in (("sos-1", "wrong"), ("sos-1", "wrong"), ("mallory", "x")):
        assert not await field.device(code, token, client_id=code).connect()
    async with await connect(database.dsn("vigil_worker")) as gone:
        pass
    with pytest.raises(psycopg.OperationalError):
        await witness.keep(gone, "callout-a", judge.counts, started, started)
    assert sum(judge.counts.untold.values()) == 3, "nothing is lost"
    async with await connect(database.dsn("vigil_worker")) as there:
        for _ in range(2):
            await witness.keep(there, "callout-a", judge.counts, started, datetime.now(UTC))
    assert not judge.counts.untold
    assert await refusals.totals(api_conn) == {"unknown_device": 1, "wrong_token": 2}
    [row] = await health.workers(api_conn)
    assert (row.lane, row.stats["refused"], row.stats["listening"]) == ("callout", {"unknown_device": 1, "wrong_token": 2}, True)


async def test_it_runs_beside_a_callout(
    field: "Field", judge: "Callout", database: Database, api_conn: Connection, log: Path
) -> None:
    stop = asyncio.Event()
    totals: dict[str, int] = {}
    watching = [
        asyncio.create_task(witness.watch(name, database.dsn("vigil_worker"), judge.settings, judge.counts, log, stop, totals))
        for name in ("callout-a", "callout-b")
    ]
    device = await field.connected("sos-1")
    await device.publish("care/v1/a/s/sos-2/event", b"{}")
    try:
        async with asyncio.timeout(15):
            while (await _totals(api_conn)).get("publish") != 1:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
            while "callout-b" not in {row.worker for row in await health.workers(api_conn)}:
                await api_conn.rollback()
                await asyncio.sleep(0.1)
    finally:
        stop.set()
        await asyncio.gather(*watching)
    assert {row.lane for row in await health.workers(api_conn)} == {"callout"}


def _renamed(log: Path) -> None:
    """As the server does when it is full; the new one begins with the last line of the old one."""
    line = log.read_bytes().splitlines(keepends=True)[-1]
    log.rename(log.with_name(f"{log.name}.2026.11.24"))
    log.write_bytes(line)


async def _totals(conn: Connection) -> dict[str, int]:
    found = await refusals.totals(conn)
    await conn.rollback()
    return found


def test_names_that_anybody_invents_are_bounded() -> None:
    counts = Counts()
    for number in range(5_000):
        counts.refuse("unknown_device", f"invented-{number}")
    counts.refuse("unknown_device", "x" * 500)
    assert len(counts.untold) == 1_001
    assert sum(counts.untold.values()) == counts.refused["unknown_device"] == 5_001
