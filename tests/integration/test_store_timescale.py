"""A real TimescaleDB and plain PostgreSQL: the same schema files, the same data, the same answers, also for late data and after
compression, and what is over its time goes on both.
"""

import math
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from psycopg.types.json import Jsonb

from store import history
from store.connect import Connection, connect
from store.history import Point
from store.server import Database

pytestmark = pytest.mark.integration

SHANGHAI = "Asia/Shanghai"
NOW = datetime.now(UTC).replace(second=0, microsecond=0)
MIDNIGHT = NOW.astimezone(ZoneInfo(SHANGHAI)).replace(hour=0, minute=0).astimezone(UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
VIEWS = ("readings_by_minute", "readings_by_hour", "readings_by_day")
_PORTION = 200
Reading = tuple[str, datetime, int, list[float | None]]

_STORE = """
INSERT INTO readings (device_id, at, b, n, received_at, profile_version, values)
SELECT device_id, at, 'b', n, at, 1, values
FROM jsonb_to_recordset(%s) AS r (code text, at timestamptz, n bigint, values real[]) JOIN devices USING (code)
ON CONFLICT DO NOTHING RETURNING n
"""
_PLACE = """
INSERT INTO areas (code, name_zh, name_en, parent, level, outline, demo)
VALUES ('tst', '', '', '', 'district', '{}', true), ('tst001', '', '', 'tst', 'subdistrict', '{}', true),
    ('tst002', '', '', 'tst', 'subdistrict', '{}', true) ON CONFLICT DO NOTHING;
INSERT INTO sites (code, kind, name_zh, name_en, area, address, lon, lat, beds, phone, demo)
VALUES ('one', 'home', '', '', 'tst001', '', 117, 39, 0, '', true), ('two', 'home', '', '', 'tst002', '', 117, 39, 0, '', true)
ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Engine:
    """One of the two databases, and how its roll-ups are brought up to date."""

    name: str
    conn: Connection
    refresh: Callable[[], Awaitable[None]]

    async def store(self, readings: Sequence[Reading]) -> list[int]:
        """The numbers of those that were new. In small portions: the WebAssembly server reads a message from one packet."""
        rows = [{"code": code, "at": at.isoformat(), "n": n, "values": values} for code, at, n, values in readings]
        new: list[int] = []
        for start in range(0, len(rows), _PORTION):
            cursor = await self.conn.execute(_STORE, [Jsonb(rows[start : start + _PORTION])])
            new += [n for (n,) in await cursor.fetchall()]
        return new

    async def enrol(self, device: str, site: str = "one", area: str = "tst001") -> str:
        await self.conn.execute(
            "INSERT INTO devices (code, profile, profile_version, site_id, area, firmware, enrolled_at) "
            "SELECT %s, 'bed_sensor', 1, site_id, %s, '', now() FROM sites WHERE code = %s",
            (device, area, site),
        )
        return device

    async def points(
        self, device: str, resolution: str, since: datetime, until: datetime, metric: str = "heart_rate"
    ) -> list[Point]:
        steps = {"readings": timedelta(minutes=1), **history.STEPS}
        found = await history.series(self.conn, device, metric, since, until, math.ceil((until - since) / steps[resolution]), NOW)
        assert found.resolution == resolution
        return found.points


@dataclass(frozen=True, slots=True)
class Both:
    """The same is done to both; `plain` and `timescale` are asked."""

    plain: Engine
    timescale: Engine

    async def store(self, readings: Sequence[Reading]) -> list[int]:
        new = await self.plain.store(readings)
        assert sorted(await self.timescale.store(readings)) == sorted(new)
        return new

    async def enrol(self, device: str, site: str = "one", area: str = "tst001") -> str:
        await self.plain.enrol(device, site, area)
        return await self.timescale.enrol(device, site, area)

    async def refresh(self) -> None:
        await self.plain.refresh()
        await self.timescale.refresh()

    async def points(
        self, device: str, resolution: str, since: datetime, until: datetime, metric: str = "heart_rate"
    ) -> list[Point]:
        """What both say, which must be the same."""
        plain = await self.plain.points(device, resolution, since, until, metric)
        assert same(await self.timescale.points(device, resolution, since, until, metric), plain)
        return plain


@pytest.fixture
async def both(database: Database, timescale: str) -> AsyncIterator[Both]:
    """Both engines with the same two sites and no readings."""
    async with (
        await connect(database.dsn("vigil_owner"), autocommit=True) as plain,
        await connect(timescale, autocommit=True) as real,
    ):

        async def fold() -> None:
            await folded(plain)

        async def refresh() -> None:
            for view in VIEWS:
                await real.execute(f"CALL refresh_continuous_aggregate('{view}', NULL, NULL)".encode())

        real.prepare_threshold = None  # every connection is the same session there
        engines = Both(Engine("plain", plain, fold), Engine("timescale", real, refresh))
        await real.execute("TRUNCATE readings; DELETE FROM devices")
        for engine in (engines.plain, engines.timescale):
            await engine.conn.execute(_PLACE)
            await history.roll_ups_in(engine.conn, SHANGHAI)
        await refresh()
        yield engines
        await history.roll_ups_in(real, SHANGHAI)


async def folded(conn: Connection, now: datetime = NOW) -> None:
    for _ in range(2):  # what is stored before a call is folded by the next
        while await history.fold(conn, now):
            pass


async def rows(conn: Connection, query: str) -> list[tuple[Any, ...]]:
    return await (await conn.execute(query.encode())).fetchall()


def walk(device: str, since: datetime, until: datetime, every: timedelta, seed: int = 1) -> list[Reading]:
    """Irregular readings: jitter, gaps, metrics that are left out."""
    chance, found, at, n = random.Random(f"{device}{seed}"), [], since, seed * 1_000_000
    while at < until:
        n += 1
        moment = at + timedelta(milliseconds=chance.randrange(int(every.total_seconds() * 900)))
        if chance.random() > 0.1 and moment < until:
            heart = None if chance.random() < 0.2 else round(60 + 20 * chance.random(), 1)
            found.append((device, moment, n, [1.0, heart, 15.5, None, -60.0]))
        at += every
    return found


def expected(readings: Sequence[Reading], bucket: Callable[[datetime], datetime]) -> list[Point]:
    """The heart rates of these readings, computed here."""
    groups: dict[datetime, list[float]] = {}
    for _, at, _, values in readings:
        if values[1] is not None:
            groups.setdefault(bucket(at), []).append(values[1])
    return [Point(at, len(v), sum(v) / len(v), min(v), max(v)) for at, v in sorted(groups.items())]


def wall(zone: str, **floor: Any) -> Callable[[datetime], datetime]:
    """The bucket by the clock on the wall."""
    return lambda at: at.astimezone(ZoneInfo(zone)).replace(**floor, fold=1).astimezone(UTC)


def same(found: Sequence[Point], wanted: Sequence[Point]) -> bool:
    """Equal but for the rounding of sums and of real."""
    return len(found) == len(wanted) and all(
        (a.at, a.count) == (b.at, b.count)
        and all(math.isclose(x, y, rel_tol=1e-6) for x, y in ((a.mean, b.mean), (a.low, b.low), (a.high, b.high)))
        for a, b in zip(found, wanted, strict=True)
    )


BY_MINUTE = wall(SHANGHAI, second=0, microsecond=0)
BY_HOUR = wall(SHANGHAI, minute=0, second=0, microsecond=0)
BY_DAY = wall(SHANGHAI, hour=0, minute=0, second=0, microsecond=0)


async def test_every_resolution_before_and_after_folding(both: Both) -> None:
    """Computed from the readings alone, and after folding from what was folded and the tail: always the same."""
    device = await both.enrol("res-1")
    since, dense = MIDNIGHT - 3 * DAY, NOW - 2 * HOUR
    readings = walk(device, since, dense, timedelta(minutes=4)) + walk(device, dense, NOW, timedelta(seconds=20), seed=2)
    await both.store(readings)
    found = await both.points(device, "readings", since, since + 6 * HOUR)
    assert [(p.at, p.count) for p in found] == [(at, 1) for _, at, _, v in readings if at < since + 6 * HOUR and v[1] is not None]
    for engines in ((both.timescale,), (both.plain, both.timescale)):
        for engine in engines:
            assert same(await engine.points(device, "hours", since, NOW), expected(readings, BY_HOUR)), engine
            assert same(await engine.points(device, "days", since, NOW), expected(readings, BY_DAY)), engine
            assert same(
                await engine.points(device, "minutes", dense, NOW), [p for p in expected(readings, BY_MINUTE) if p.at >= dense]
            )
        await both.refresh()
    since, until = dense + timedelta(seconds=90), NOW - timedelta(seconds=100)
    wanted = [p for p in expected(readings, BY_MINUTE) if since - MINUTE < p.at < until]
    assert same(await both.points(device, "minutes", since, until), wanted), "the minutes of both ends are whole"


async def test_late_data_corrects_what_was_folded(both: Both) -> None:
    device = await both.enrol("late-1")
    readings = walk(device, MIDNIGHT - 4 * DAY, NOW, timedelta(minutes=5))
    await both.store(readings)
    await both.refresh()
    since = MIDNIGHT - 4 * DAY
    before = await both.points(device, "hours", since, NOW)
    assert same(before, expected(readings, BY_HOUR))
    late = walk(device, MIDNIGHT - 3 * DAY, MIDNIGHT - 3 * DAY + 5 * HOUR, timedelta(minutes=7), seed=2)
    late += walk(device, NOW - 4 * HOUR, NOW, timedelta(minutes=11), seed=3)
    assert len(await both.store(late)) == len(late)
    await both.refresh()
    readings += late
    assert same(await both.points(device, "hours", since, NOW), expected(readings, BY_HOUR))
    assert same(await both.points(device, "days", since, NOW), expected(readings, BY_DAY))
    await both.refresh()
    assert same(await both.points(device, "days", since, NOW), expected(readings, BY_DAY))


async def test_hours_and_days_follow_the_timezone(both: Both) -> None:
    """Half an hour off, folded before the change of timezone and after it."""
    device = await both.enrol("zone-1")
    readings = walk(device, MIDNIGHT - 3 * DAY, MIDNIGHT, timedelta(minutes=13))
    await both.store(readings)
    for zone in ("Asia/Kolkata", "America/St_Johns", SHANGHAI):
        for engine in (both.plain, both.timescale):
            await history.roll_ups_in(engine.conn, zone)
        await both.refresh()
        hours = expected(readings, wall(zone, minute=0, second=0, microsecond=0))
        days = expected(readings, wall(zone, hour=0, minute=0, second=0, microsecond=0))
        assert same(await both.points(device, "hours", MIDNIGHT - 3 * DAY, MIDNIGHT), hours)
        assert same(await both.points(device, "days", MIDNIGHT - 3 * DAY, MIDNIGHT), days)


async def test_the_night_in_which_the_clock_is_put_back(both: Both) -> None:
    """The hour that is lived twice is one of 120 minutes, the day one of 25 hours."""
    zone, day = "Europe/Berlin", datetime(2026, 10, 25, tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)
    for engine in (both.plain, both.timescale):
        await history.roll_ups_in(engine.conn, zone)
    device = await both.enrol("night-1")
    await both.store(readings := walk(device, day - DAY, day + 2 * DAY, timedelta(minutes=9)))
    await folded(both.plain.conn, day + 3 * DAY)
    await both.timescale.refresh()
    hours = expected(readings, wall(zone, minute=0, second=0, microsecond=0))
    days = expected(readings, wall(zone, hour=0, minute=0, second=0, microsecond=0))
    assert len(days) == 3
    assert max(point.count for point in hours) > 8
    for engine in (both.plain, both.timescale):
        for resolution, wanted in (("hours", hours), ("days", days)):
            most = {"hours": 100, "days": 4}[resolution]
            found = await history.series(engine.conn, device, "heart_rate", day - DAY, day + 3 * DAY, most, day + 3 * DAY)
            assert (found.resolution, same(found.points, wanted)) == (resolution, True), engine


async def test_what_is_compressed_takes_late_data_and_no_repeats(both: Both) -> None:
    device = await both.enrol("comp-1")
    since, until = MIDNIGHT - 5 * DAY, MIDNIGHT - 2 * DAY
    readings = walk(device, since, until, timedelta(minutes=4))
    await both.store(readings)
    await both.refresh()
    real = both.timescale.conn
    chunks = await (await real.execute("SELECT compress_chunk(show_chunks('readings', older_than => %s))", [until])).fetchall()
    assert len(chunks) >= 2
    for view in VIEWS[:2]:
        await real.execute(f"SELECT compress_chunk(c, if_not_compressed => true) FROM show_chunks('{view}') AS c".encode())
    again = readings[::3]
    late = walk(device, since, since + DAY, timedelta(minutes=17), seed=2)
    assert sorted(await both.store([*again, *late])) == sorted(n for _, _, n, _ in late)
    assert await both.store([*again, *late]) == []
    await both.refresh()
    assert same(await both.points(device, "hours", since, until), expected([*readings, *late], BY_HOUR))
    assert len(await both.points(device, "readings", since, until)) == sum(r[3][1] is not None for r in [*readings, *late])
    stats = await (
        await real.execute(
            "SELECT before_compression_total_bytes, after_compression_total_bytes FROM hypertable_compression_stats('readings')"
        )
    ).fetchone()
    assert stats is not None
    assert stats[1] < stats[0] / 2


async def test_policies_are_what_the_table_says(both: Both) -> None:
    """Chunks, compression, refreshing and retention as the schema files set them, on the real TimescaleDB."""
    real = both.timescale.conn
    chunks = dict(
        await rows(
            real,
            "SELECT hypertable_name, time_interval FROM timescaledb_information.dimensions "
            "WHERE hypertable_name IN ('readings', 'waveforms')",
        )
    )
    assert chunks == {"readings": DAY, "waveforms": HOUR}
    segments = await rows(
        real,
        "SELECT hypertable::text, segmentby, orderby FROM timescaledb_information.hypertable_compression_settings "
        "WHERE hypertable::text = 'readings'",
    )
    assert segments == [("readings", "device_id", "at,b,n")]
    views = await rows(
        real,
        "SELECT view_name, materialized_only, compression_enabled FROM timescaledb_information.continuous_aggregates ORDER BY 1",
    )
    assert views == [(view, False, True) for view in sorted(VIEWS)]
    dropped = dict(
        await rows(
            real,
            "SELECT coalesce(view_name, jobs.hypertable_name), (config->>'drop_after')::interval "
            "FROM timescaledb_information.jobs LEFT JOIN timescaledb_information.continuous_aggregates AS views "
            "ON materialization_hypertable_name = jobs.hypertable_name WHERE proc_name = 'policy_retention'",
        )
    )
    kept = dict(await rows(real, "SELECT relation, keep FROM retention WHERE by_policy AND keep IS NOT NULL"))
    assert dropped == kept
    assert set(kept) == {"readings", "waveforms", "readings_by_minute", "readings_by_hour"}
    late = await rows(
        real,
        "SELECT min((config->>'start_offset')::interval) FROM timescaledb_information.jobs "
        "WHERE proc_name = 'policy_refresh_continuous_aggregate'",
    )
    assert timedelta(days=7) < late[0][0] < kept["readings"]


async def test_analysts_read_names_and_only_their_scope(both: Both) -> None:
    """The same view on both; what an analyst may see is the owner's to say, not the analyst's."""
    mine, other = await both.enrol("view-1"), await both.enrol("view-2", "two", "tst002")
    await both.store(walk(mine, NOW - HOUR, NOW, MINUTE) + walk(other, NOW - HOUR, NOW, MINUTE))
    for engine in (both.plain, both.timescale):
        login = (await rows(engine.conn, "SELECT session_user::text"))[0][0]
        query = "SELECT device, metric, unit, count(*)::int FROM named_readings GROUP BY 1, 2, 3 ORDER BY 1, 2"
        assert await rows(engine.conn, query) == []
        await engine.conn.execute("INSERT INTO analysts VALUES (%s, 'tst001')", [login])
        seen = await rows(engine.conn, query)
        await engine.conn.execute("DELETE FROM analysts")
        assert [row[:3] for row in seen] == [
            (mine, "breathing_rate", "1/min"),
            (mine, "heart_rate", "1/min"),
            (mine, "occupied", "bool"),
            (mine, "signal", "dBm"),
        ]
        assert seen[0][3] > seen[1][3]


async def test_what_is_over_its_time_goes_and_its_roll_ups_stay(both: Both) -> None:
    device = await both.enrol("old-1")
    since = MIDNIGHT - 40 * DAY
    readings = walk(device, since, since + DAY, timedelta(minutes=30)) + walk(
        device, MIDNIGHT - DAY, MIDNIGHT, timedelta(minutes=30)
    )
    await both.store(readings)
    await both.refresh()
    for engine in (both.plain, both.timescale):
        await engine.conn.execute(
            "INSERT INTO waveforms (device_id, at, b, n, received_at, fs, unit, xyz) "
            "SELECT device_id, now() - age * interval '1 hour', 'b', 1, now(), 1, 'g', '' "
            "FROM devices, unnest('{0,1,4,50}'::int[]) AS age"
        )
    while await history.expire(both.plain.conn, NOW):
        pass
    for (job,) in await (
        await both.timescale.conn.execute("SELECT job_id FROM timescaledb_information.jobs WHERE proc_name = 'policy_retention'")
    ).fetchall():
        await both.timescale.conn.execute("CALL run_job(%s)", [job])
    for engine in (both.plain, both.timescale):
        left = await (await engine.conn.execute("SELECT count(*), min(at) > now() - interval '2 days' FROM readings")).fetchone()
        assert left == (sum(at > MIDNIGHT - 2 * DAY for _, at, _, _ in readings), True), engine
        waves = await (await engine.conn.execute("SELECT count(*) FROM waveforms")).fetchone()
        assert waves == (2,), engine
    await both.timescale.refresh()
