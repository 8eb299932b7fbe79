"""Roll-ups hold what condenses, are folded in portions, and what an installation held before that is carried over."""

from datetime import UTC, datetime, timedelta

import pytest

from care.district import District
from store import history, migrate, register
from store.connect import Connection, connect
from store.history import Point
from store.server import Database

pytestmark = pytest.mark.integration

NOW = datetime.now(UTC).replace(second=0, microsecond=0)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FIRST = NOW - 4 * DAY
BEFORE = [one for one in migrate.migrations() if one.version <= 9]
Answers = dict[str, list[Point]]

# three values, one of them often left out; every 40 to 80 seconds, so that some minutes hold two and some none
_INSERT = """
INSERT INTO readings (device_id, at, b, n, received_at, stored_at, profile_version, values)
SELECT device_id, at, '7f3a', n, at, stored, 1, ARRAY[1, CASE WHEN n %% 3 > 0 THEN 60 + n %% 17 END, 15.5, NULL, -60]::real[]
FROM devices, generate_series(1, %(count)s) AS n,
    LATERAL (SELECT %(first)s::timestamptz + n * interval '60 s' + (n * 37 %% 41 - 20) * interval '1 s') AS a (at),
    LATERAL (SELECT coalesce(%(stored)s::timestamptz, at)) AS s (stored)
WHERE code = 'bed-9'
"""
# roll-ups of which the readings have gone
_OLD = """
INSERT INTO {} (device_id, bucket, position, n, total, low, high)
SELECT device_id, local_bucket('{}', now() - n * interval '1 {}', 'Asia/Shanghai'), 2, 60, 3600, 50, 70
FROM devices, generate_series({}, {}) AS n WHERE code = 'bed-9'
"""


async def asked(conn: Connection) -> Answers:
    """Hours and days of the last days and of long ago, as everybody asks for them."""
    found: Answers = {}
    for name, since, until, most in (
        ("hours", FIRST - DAY, NOW, 200),
        ("days", FIRST - DAY, NOW, 6),
        ("old hours", NOW - 60 * DAY, NOW - 40 * DAY, 500),
        ("old days", NOW - 3000 * DAY, NOW - 40 * DAY, 2999),
    ):
        series = await history.series(conn, "bed-9", "heart_rate", since, until, most, NOW)
        assert series.resolution in name
        found[name] = series.points
    return found


async def minutes(conn: Connection) -> list[tuple[object, ...]]:
    found = await conn.execute("SELECT bucket, position, n, total, low, high FROM readings_by_minute ORDER BY 1, 2")
    return await found.fetchall()


async def fold(conn: Connection) -> None:
    for _ in range(2):  # what is stored before a call is folded by the next
        while await history.fold(conn, NOW):
            pass


async def stored(conn: Connection, first: datetime, count: int, when: datetime | None = None) -> None:
    await conn.execute(_INSERT, {"first": first, "count": count, "stored": when})


async def test_what_an_installation_holds_is_carried_over(
    empty_database: Database, small_district: District, now: datetime
) -> None:
    """Folded, late and not yet folded, and older than readings are kept: the same answers before, after, and folded again."""
    async with await connect(empty_database.dsn("vigil_owner"), autocommit=True) as conn:
        await migrate.apply(conn, BEFORE)
        await register.load_district(conn, small_district, now)
        await stored(conn, FIRST, 4 * 24 * 60 - 30)
        await conn.execute("UPDATE roll_up_state SET marked_to = %s", [FIRST - DAY])
        await fold(conn)
        for table, step, since, until in (("folded_hours", "hour", 900, 1500), ("folded_days", "day", 31, 2500)):
            await conn.execute(_OLD.format(table, step, step, since, until).encode())
        before, by_minute = await asked(conn), await minutes(conn)
        await stored(conn, NOW - 2 * HOUR + timedelta(seconds=10), 90, datetime.now(UTC))  # late, and nobody has folded it
        assert await migrate.apply(conn)

        after = await asked(conn)
        folded_to = (await (await conn.execute("SELECT hour_tail FROM roll_up_state")).fetchall())[0][0]
        for name, points in before.items():
            if name.startswith("old"):
                assert after[name] == points
        assert [p for p in after["hours"] if p.at < folded_to] == [p for p in before["hours"] if p.at < folded_to]
        kept = {row[:2]: row for row in await minutes(conn)}
        assert len(by_minute) > 10_000
        assert all(kept[row[:2]] == row for row in by_minute if isinstance(row[0], datetime) and row[0] < NOW - 2 * HOUR)

        await fold(conn)
        again = await asked(conn)
        assert {name: again[name] for name in ("old hours", "old days")} == {
            name: before[name] for name in ("old hours", "old days")
        }
        assert len(before["old hours"]) > 400
        assert sum(p.count for p in again["hours"]) == sum(p.count for p in before["hours"]) + 60
        assert sum(p.count for p in again["days"]) == sum(p.count for p in before["days"]) + 60


async def test_a_mark_of_before_is_folded_after(empty_database: Database, small_district: District, now: datetime) -> None:
    """The minutes that waited for their fold when the schema changed belong to hours that still wait."""
    hour = NOW.replace(minute=0) - 30 * HOUR
    async with await connect(empty_database.dsn("vigil_owner"), autocommit=True) as conn:
        await migrate.apply(conn, BEFORE)
        await register.load_district(conn, small_district, now)
        await stored(conn, hour, 50)
        await conn.execute(
            "INSERT INTO stale_buckets SELECT 1, date_trunc('minute', at), device_id FROM readings ON CONFLICT DO NOTHING"
        )
        await conn.execute("UPDATE roll_up_state SET marked_to = now(), hour_tail = now(), day_tail = now()")
        await migrate.apply(conn)
        await fold(conn)
        found = await history.series(conn, "bed-9", "heart_rate", hour, hour + HOUR, 2, NOW)
        assert (found.resolution, [(p.at, p.count) for p in found.points]) == ("hours", [(hour, 34)])


async def test_a_roll_up_condenses(database: Database, known: object) -> None:
    """One reading a minute: a twentieth of a row an hour of roll-ups a reading and metric, and no row a minute."""
    async with await connect(database.dsn("vigil_owner"), autocommit=True) as conn:
        await stored(conn, FIRST, 4 * 24 * 60)
        await conn.execute("UPDATE roll_up_state SET marked_to = %s", [FIRST - DAY])
        await fold(conn)
        (rows,) = (
            await (await conn.execute("SELECT (SELECT count(*) FROM folded_hours) + (SELECT count(*) FROM folded_days)")).fetchall()
        )[0]
        assert rows <= 4 * (4 * 25 + 5)
        tables = await (
            await conn.execute("SELECT relname FROM pg_class WHERE relname LIKE 'folded_%' AND relkind = 'r'")
        ).fetchall()
        assert {name for (name,) in tables} == {"folded_hours", "folded_days"}


async def test_more_than_a_portion_is_answered_rightly_at_every_step(database: Database, loaded: District) -> None:
    """Hours are answered from readings until all of a tail is folded: none is missing and none counts twice in between."""
    since = NOW - 29 * DAY
    async with await connect(database.dsn("vigil_owner"), autocommit=True) as conn:
        await conn.execute("UPDATE roll_up_state SET marked_to = now() - interval '1 minute'")  # the template may be old
        await conn.execute(
            "INSERT INTO readings (device_id, at, b, n, received_at, profile_version, values) SELECT device_id, "
            "%s + n * interval '1 hour', '7f3a', n, now(), 1, '{1,60}' FROM generate_series(1, 690) AS n, devices",
            [since],
        )
        assert not await history.fold(conn, NOW)  # asks who still stores
        await conn.execute("UPDATE roll_up_state SET hour_tail = %s, day_tail = %s", [since - DAY, since - DAY])
        calls = 0
        while await history.fold(conn, NOW):
            calls += 1
            found = await history.series(conn, "bed-9", "heart_rate", since, NOW, 750, NOW)
            assert (found.resolution, {p.count for p in found.points}, len(found.points)) == ("hours", {1}, 690)
        assert calls >= 690 * len(loaded.devices) // 1000
        (left,) = (await (await conn.execute("SELECT count(*) FROM folded_hours WHERE position = 2")).fetchall())[0]
        assert left == 690 * len(loaded.devices)


async def test_an_hour_that_has_lost_readings_is_left_as_it_was(database: Database, loaded: District) -> None:
    """Late data for an hour of which some readings are over their time must not replace what was folded of all of them."""
    edge = NOW - 30 * DAY
    async with await connect(database.dsn("vigil_owner"), autocommit=True) as conn:
        await conn.execute(
            "INSERT INTO folded_hours (device_id, bucket, position, n, total, low, high) "
            "SELECT device_id, local_bucket('hour', %s, 'Asia/Shanghai'), 2, 60, 3600, 50, 70 FROM devices WHERE code = 'bed-9'",
            [edge],
        )
        await stored(conn, edge + timedelta(minutes=1), 2, datetime.now(UTC))
        await fold(conn)
        found = await conn.execute("SELECT n FROM folded_hours WHERE position = 2 ORDER BY bucket LIMIT 1")
        assert await found.fetchall() == [(60,)]


async def test_a_change_of_timezone_is_answered_at_once_and_folded_later(database: Database, loaded: District) -> None:
    async with await connect(database.dsn("vigil_owner"), autocommit=True) as conn:
        await stored(conn, FIRST, 3 * 24 * 60, datetime.now(UTC))
        await fold(conn)
        answers = []
        await history.roll_ups_in(conn, "Asia/Kolkata")
        for _ in range(2):
            found = await history.series(conn, "bed-9", "heart_rate", FIRST, NOW, 200, NOW)
            answers.append([(p.at, p.count, p.low, p.high) for p in found.points])
            await fold(conn)
        assert answers[0] == answers[1]
        assert {at.minute for at, *_ in answers[0]} == {30}
        assert sum(count for _, count, *_ in answers[0]) == 3 * 24 * 60 * 2 // 3


async def test_readings_kept_for_ever_are_folded_too(database: Database, known: object) -> None:
    """Also anew, for another timezone."""
    async with await connect(database.dsn("vigil_owner"), autocommit=True) as conn:
        await conn.execute("UPDATE retention SET keep = NULL WHERE class = 'readings'")
        await stored(conn, FIRST, 2 * 24 * 60)
        await conn.execute("UPDATE roll_up_state SET marked_to = %s", [FIRST - DAY])
        await fold(conn)
        total = "SELECT sum(n), count(*) FROM folded_hours"
        before = await (await conn.execute(total)).fetchone()
        assert before is not None and before[0] > 10_000
        await history.roll_ups_in(conn, "Europe/Lisbon")
        await fold(conn)
        assert await (await conn.execute(total)).fetchone() == before
