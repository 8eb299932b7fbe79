"""Roll-ups on plain PostgreSQL: nothing is missed and nothing counted twice, whoever stores or folds at the same time; what is over
its time goes; a worker folds and expires without the right to delete.
"""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from desk import housekeeping
from devices.profiles import PROFILES
from store import history, messages
from store.connect import Connection, connect
from store.devices import RegisteredDevice, UnknownDevice
from store.history import UnknownMetric
from store.messages import ReadingRow
from store.server import Database

pytestmark = pytest.mark.integration

NOW = datetime.now(UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LONG_AGO = NOW.replace(minute=0, second=0, microsecond=0) - 5 * HOUR
Known = dict[str, RegisteredDevice]


def reading(device: RegisteredDevice, at: datetime, n: int, value: float) -> ReadingRow:
    return ReadingRow(device.device_id, at, "b", n, at, 1, [1.0, value, None, None, -60.0])


async def fold(conn: Connection) -> None:
    for _ in range(2):  # what is stored before a call is folded by the next
        while await history.fold(conn, NOW):
            pass
    await conn.commit()


async def hours(conn: Connection, since: datetime = LONG_AGO, until: datetime = NOW) -> list[tuple[datetime, int, float]]:
    found = await history.series(conn, "bed-9", "heart_rate", since, until, 10, NOW)
    await conn.commit()
    assert found.resolution == "hours"
    return [(point.at, point.count, point.mean) for point in found.points]


async def test_a_transaction_that_commits_late_is_not_missed(database: Database, worker_conn: Connection, known: Known) -> None:
    """Stored before a fold, committed after two: it is in the fold after that, although newer ones were folded already."""
    async with await connect(database.dsn("vigil_worker")) as slow:
        await messages.insert_readings(slow, [reading(known["bed-9"], LONG_AGO, 1, 60.0)])
        await messages.insert_readings(worker_conn, [reading(known["bed-9"], LONG_AGO, 2, 80.0)])
        await worker_conn.commit()
        await fold(worker_conn)
        await fold(worker_conn)
        await slow.commit()
    await fold(worker_conn)
    assert await hours(worker_conn) == [(LONG_AGO, 2, 70.0)]


async def test_folding_again_changes_nothing_and_late_data_does(worker_conn: Connection, known: Known) -> None:
    rows = [reading(known["bed-9"], LONG_AGO + timedelta(seconds=20 * n), n, 60.0 + n) for n in range(10)]
    await messages.insert_readings(worker_conn, rows)
    await fold(worker_conn)
    assert await hours(worker_conn) == [(LONG_AGO, 10, 64.5)]
    await messages.insert_readings(worker_conn, rows)
    await fold(worker_conn)
    await fold(worker_conn)
    assert await hours(worker_conn) == [(LONG_AGO, 10, 64.5)]
    await messages.insert_readings(worker_conn, [reading(known["bed-9"], LONG_AGO + timedelta(seconds=5), 99, 75.5)])
    await fold(worker_conn)
    assert await hours(worker_conn) == [(LONG_AGO, 11, 65.5)]


async def test_the_newest_is_seen_at_once(worker_conn: Connection, known: Known) -> None:
    """Nobody has folded yet: hours and days hold what came a moment ago."""
    now = datetime.now(UTC)  # of this test: what is older than its database counts as late, and late waits for the fold
    await messages.insert_readings(worker_conn, [reading(known["bed-9"], now, 1, 60.0)])
    for points, name in ((2, "hours"), (1, "days")):
        found = await history.series(worker_conn, "bed-9", "heart_rate", now - HOUR, now + HOUR, points, now)
        assert (found.resolution, [point.count for point in found.points], found.unit) == (name, [1], "1/min")


async def test_desks_at_once_fold_once(database: Database, worker_conn: Connection, known: Known) -> None:
    rows = [reading(known["bed-9"], LONG_AGO + timedelta(seconds=n), n, 60.0) for n in range(600)]
    await messages.insert_readings(worker_conn, rows)
    await worker_conn.commit()

    async def one() -> None:
        async with await connect(database.dsn("vigil_worker"), autocommit=True) as conn:
            for _ in range(4):
                await history.fold(conn, NOW)

    await asyncio.gather(one(), one(), one())
    await fold(worker_conn)
    assert await hours(worker_conn) == [(LONG_AGO, 600, 60.0)]


async def test_a_long_absence_is_caught_up_in_slices(worker_conn: Connection, conn: Connection, known: Known) -> None:
    """The desk was away for two days: each call folds one slice, and what it has not reached yet is seen all the same."""
    now = datetime.now(UTC)  # the slices end at this moment, not at the one when the tests were collected
    at = now.replace(minute=0, second=0, microsecond=0) - 5 * HOUR
    await messages.insert_readings(worker_conn, [reading(known["bed-9"], at, 1, 60.0)])
    await worker_conn.commit()
    await conn.execute("UPDATE roll_up_state SET marked_to = now() - interval '2 days', "
        "hour_tail = date_trunc('hour', now() - interval '2 days'), day_tail = now() - interval '3 days'")  # fmt: skip
    await conn.commit()
    assert await hours(worker_conn, at, now) == [(at, 1, 60.0)]
    calls = 0
    while await history.fold(worker_conn, now, timedelta(hours=6)):
        calls += 1
        assert await hours(worker_conn, at, now) == [(at, 1, 60.0)]
    assert calls in (7, 8)
    await fold(worker_conn)
    assert await hours(worker_conn, at, now) == [(at, 1, 60.0)]


async def test_older_than_readings_are_kept_never_spoils_what_was_folded(worker_conn: Connection, known: Known) -> None:
    """A reading of last year is stored, but the hour that was folded then is left alone."""
    await messages.insert_readings(worker_conn, [reading(known["bed-9"], NOW - 31 * DAY, 1, 60.0)])
    await fold(worker_conn)
    assert await hours(worker_conn, NOW - 31 * DAY - HOUR, NOW - 31 * DAY + HOUR) == []


async def test_each_class_goes_in_its_time(worker_conn: Connection, conn: Connection, known: Known) -> None:
    """In portions; events and days stay for ever."""
    bed = known["bed-9"].device_id
    await conn.execute("INSERT INTO readings (device_id, at, b, n, received_at, profile_version, values) SELECT %s, now() - n * "
        "interval '1 day', 'b', n, now(), 1, '{1}' FROM generate_series(1, 60) AS n", [bed])  # fmt: skip
    for table, days in (("folded_hours", 1100), ("folded_days", 4000)):
        await conn.execute(f"INSERT INTO {table} (device_id, bucket, position, n, total, low, high) SELECT {bed}, "
            f"now() - n * interval '1 day', 1, 1, 1, 1, 1 FROM generate_series(1, {days}) AS n".encode())  # fmt: skip
    await conn.execute("INSERT INTO events (device_id, b, n, t, area, site_id, kind, at, received_at, values, drill, flags) SELECT "
        "1, 'b', 1, 1, '', 1, 'sos', now() - interval '20 years', now(), '{}', false, '{}'")  # fmt: skip
    await conn.commit()
    gone = [await history.expire(worker_conn, NOW, 7) for _ in range(6)]
    assert gone == [7 + 4, 7, 7, 7, 2, 0]
    await worker_conn.commit()
    for table, left in (("readings", 30), ("folded_hours", 1096), ("folded_days", 4000), ("events", 1)):
        assert await (await conn.execute(f"SELECT count(*) FROM {table}".encode())).fetchone() == (left,), table


async def test_a_worker_deletes_only_by_the_rules(worker_conn: Connection, api_conn: Connection) -> None:
    for statement in ("DELETE FROM readings", "DELETE FROM folded_hours", "UPDATE retention SET keep = '1 day'"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await worker_conn.execute(statement.encode())
        await worker_conn.rollback()
    for call in (history.fold(api_conn, NOW), history.expire(api_conn, NOW), history.roll_ups_in(api_conn, "UTC")):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await call
        await api_conn.rollback()


async def test_what_is_asked_wrongly(api_conn: Connection, known: Known) -> None:
    with pytest.raises(UnknownDevice, match="'nobody' is not in the register"):
        await history.series(api_conn, "nobody", "heart_rate", LONG_AGO, NOW, 100, NOW)
    with pytest.raises(UnknownMetric, match="bed_sensor: does not measure 'co', only occupied, heart_rate"):
        await history.series(api_conn, "bed-9", "co", LONG_AGO, NOW, 100, NOW)
    assert (await history.series(api_conn, "bed-9", "signal", NOW, LONG_AGO, 100, NOW)).points == []


async def test_more_readings_than_promised_are_rolled_up(worker_conn: Connection, known: Known) -> None:
    """A fire is reported every second: 3,600 readings are minutes where 1,000 points are asked for."""
    rows = [reading(known["bed-9"], LONG_AGO + timedelta(seconds=n), n, 60.0) for n in range(3600)]
    await messages.insert_readings(worker_conn, rows)
    await fold(worker_conn)
    ask = [(3600, "readings", 3600), (1000, "minutes", 60), (20, "hours", 1)]
    for most, resolution, points in ask:
        found = await history.series(worker_conn, "bed-9", "heart_rate", LONG_AGO, LONG_AGO + HOUR, most, NOW)
        assert (found.resolution, len(found.points), sum(p.count for p in found.points)) == (resolution, points, 3600)


async def test_metrics_are_named_as_the_profiles_do(conn: Connection) -> None:
    found = await (await conn.execute("SELECT profile, name, unit FROM metrics ORDER BY profile, position")).fetchall()
    assert found == [(name, m.name, m.unit) for name in sorted(PROFILES) for m in PROFILES[name].metrics]


async def test_the_documents_say_how_long_everything_is_kept(api_conn: Connection) -> None:
    text = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
    table = re.findall(r"^\| `(\w+)` \| .* \| (for ever|\d+ hours|\d+ days) \|$", text, re.M)
    units = {"hours": timedelta(hours=1), "days": DAY}
    said = {name: None if span == "for ever" else int(span.split()[0]) * units[span.split()[1]] for name, span in table}
    assert said == {kept.class_: kept.keep for kept in await history.retention(api_conn)}


async def test_the_desk_keeps_house_beside_its_clocks(database: Database, worker_conn: Connection, known: Known) -> None:
    """What is stored before and while it runs is folded; what is over its time is gone; it stops when told."""
    old = [reading(known["bed-9"], NOW - 40 * DAY + timedelta(seconds=n), n, 60.0) for n in range(50)]
    await messages.insert_readings(worker_conn, [*old, reading(known["bed-9"], LONG_AGO, 1, 60.0)])
    await worker_conn.commit()
    stop = asyncio.Event()
    dsn = database.dsn("vigil_worker")
    desk = asyncio.create_task(housekeeping.run(dsn, stop, lambda: datetime.now(UTC), every=0.05))
    async with asyncio.timeout(15):
        while await hours(worker_conn) != [(LONG_AGO, 1, 60.0)]:  # noqa: ASYNC110 - the desk folds
            await asyncio.sleep(0.05)
        await messages.insert_readings(worker_conn, [reading(known["bed-9"], LONG_AGO, 2, 80.0)])
        await worker_conn.commit()
        while await hours(worker_conn) != [(LONG_AGO, 2, 70.0)]:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    stop.set()
    await asyncio.wait_for(desk, 5)
    assert await (await worker_conn.execute("SELECT count(*) FROM readings")).fetchone() == (2,)
