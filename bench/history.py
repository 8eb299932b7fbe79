"""A month of one device's metric out of millions of stored readings: how long the answer takes, and what a reading weighs.

Readings are generated inside the database, six hours at a time, and rolled up in bulk; the last six hours by the function that the
desk calls, which is timed. What columnar compression makes of them is weighed on the real TimescaleDB of the tests, where its
packages are installed.
"""

import json
import random
import shutil
import subprocess
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from bench.figures import milliseconds, rate
from bench.fleet import Fleet, district
from bench.machine import machine, versions
from bench.servers import running_database, scratch
from store import history
from store.connect import Connection, connect
from store.migrate import apply
from store.register import load_district

_DAYS = 30
_SPAN = timedelta(days=_DAYS)
_SLICE = timedelta(hours=6)
_PER_DEVICE = _DAYS * 24 * 60  # one a minute
_QUESTIONS = 200
_POINTS = 1_000
_TIMESCALE = Path(__file__).resolve().parent.parent / "tests" / "timescale"
# sensor-like: a slow daily wave with noise, to a tenth; a state; a signal strength in whole dBm
_INSERT = """
INSERT INTO readings (device_id, at, b, n, received_at, stored_at, profile_version, values)
SELECT d, at, 'b' || d, extract(epoch FROM at)::bigint, at, at, 1, ARRAY[
    round((20 + 5 * sin(extract(epoch FROM at) / 13751 + d) + random())::numeric, 1),
    (random() < 0.2)::int, -60 - (random() * 5)::int]
FROM generate_series(%(since)s::timestamptz, %(until)s::timestamptz - interval '1 second', interval '1 minute') AS t (minute),
    generate_series(1, %(devices)s::int) AS d, LATERAL (SELECT minute + d %% 60 * interval '1 second') AS m (at)
"""
_MINUTES = """
INSERT INTO folded_minutes (device_id, bucket, position, n, total, low, high)
SELECT device_id, date_bin('1 minute', at, 'epoch'), m.position, count(*), sum(m.value::float8), min(m.value), max(m.value)
FROM readings CROSS JOIN LATERAL unnest(values) WITH ORDINALITY AS m (value, position)
WHERE stored_at >= %(since)s AND stored_at < %(until)s GROUP BY 1, 2, 3
"""
_COARSER = """
INSERT INTO {} (device_id, bucket, position, n, total, low, high)
SELECT device_id, local_bucket(%(step)s, bucket, timezone), position, sum(n), sum(total), min(low), max(high)
FROM {}, roll_up_state
WHERE bucket >= local_bucket('day', %(since)s, timezone) AND bucket < local_bucket('day', %(until)s, timezone)
GROUP BY 1, 2, 3
"""
_WAIT = """
UPDATE roll_up_state SET marked_to = %(since)s, minute_tail = %(since)s, hour_tail = %(since)s, day_tail = %(since)s,
    asked_at = %(until)s, asked_xid = pg_snapshot_xmin(pg_current_snapshot())
"""


@dataclass(frozen=True, slots=True)
class Parameters:
    """How many readings lie there, at least: a device says one a minute for a month."""

    readings: int = 2_000_000

    @property
    def devices(self) -> int:
        """As many as that takes."""
        return max(1, -(-self.readings // _PER_DEVICE))


async def run(parameters: Parameters) -> dict[str, Any]:
    """The benchmark's JSON object."""
    before = machine()
    with scratch() as folder:
        async with (
            running_database(folder / "postgres") as base,
            await connect(base.dsn("vigil_owner"), autocommit=True, application="vigil-bench") as owner,
        ):
            figures = await _measured(owner, parameters.devices)
    figures |= _compressed()
    return {"benchmark": "history", "versions": versions(), "machine": before, "parameters": asdict(parameters), "figures": figures}


async def _measured(owner: Connection, devices: int) -> dict[str, Any]:
    await apply(owner)
    await owner.execute("SET statement_timeout = 0")  # filling and vacuuming what takes months to come together
    end = datetime.now(UTC).replace(second=0, microsecond=0)
    async with owner.transaction():
        await load_district(owner, district(Fleet(devices, 1)), end)
    stored, folded = await _filled(owner, devices, end)
    await owner.execute("VACUUM (ANALYZE) readings, folded_minutes, folded_hours, folded_days")
    count = await _one(owner, "SELECT count(*) FROM readings")
    answers = [await _asked(owner, end) for _ in range(_QUESTIONS)]
    tables = ("folded_minutes", "folded_hours", "folded_days")
    weights = {table: await _one(owner, f"SELECT pg_total_relation_size('{table}')") for table in ("readings", *tables)}
    return {
        "readings": count,
        **milliseconds([seconds for seconds, _ in answers]),
        "points": max(points for _, points in answers),
        "generated_per_second": stored,
        "folded_per_second": folded,
        "bytes_per_reading": round(weights["readings"] / count, 1),
        "roll_up_bytes_per_reading": round(sum(weights[table] for table in tables) / count, 1),
    }


async def _filled(owner: Connection, devices: int, end: datetime) -> tuple[float, float]:
    """Readings stored a second, and folded a second in the last slice."""
    since, stored, count = end - _SPAN, 0.0, 0
    while since < end:
        span = {"since": since, "until": since + _SLICE}
        began = time.perf_counter()
        count = (await owner.execute(_INSERT, {**span, "devices": devices})).rowcount
        stored += time.perf_counter() - began
        if since + _SLICE < end:
            await owner.execute(_MINUTES, span)
        since += _SLICE
    await _coarser(owner, end - _SPAN, end)
    await owner.execute(_WAIT, {"since": end - _SLICE, "until": end})
    began = time.perf_counter()
    await history.fold(owner, end, _SLICE)
    return rate(devices * _PER_DEVICE, stored), rate(count, time.perf_counter() - began)


async def _coarser(owner: Connection, since: datetime, until: datetime) -> None:
    day = since
    while day < until:  # whole local days, the last one left to the fold and the tails
        span = {"since": day, "until": day + timedelta(days=1)}
        for table, finer, step in (("folded_hours", "folded_minutes", "hour"), ("folded_days", "folded_hours", "day")):
            await owner.execute(_COARSER.format(table, finer).encode(), {**span, "step": step})
        day += timedelta(days=1)


async def _asked(owner: Connection, end: datetime) -> tuple[float, int]:
    """A month of some metric of some device: seconds and points."""
    code, metric = random.choice(await (await owner.execute(
        "SELECT code, name FROM devices JOIN metrics USING (profile) WHERE device_id <= (SELECT max(device_id) FROM readings) "
        "AND position <= 3")).fetchall())  # fmt: skip
    began = time.perf_counter()
    found = await history.series(owner, code, metric, end - _SPAN, end, _POINTS, end)
    return time.perf_counter() - began, len(found.points)


async def _one(conn: Connection, query: str) -> int:
    row = await (await conn.execute(query.encode())).fetchone()
    return int(row[0]) if row else 0


def _compressed() -> dict[str, Any]:
    """Bytes a reading on TimescaleDB, before and after compression; None where there is none."""
    names = ("timescale_bytes_per_reading", "compressed_bytes_per_reading", "compressed_bytes_per_value")
    if shutil.which("node") is None or not (_TIMESCALE / "node_modules").is_dir():
        return dict.fromkeys(names)
    with ExitStack() as stack:
        server = subprocess.Popen(["node", "server.mjs"], cwd=_TIMESCALE, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        stack.enter_context(server)
        if server.stdout is None:
            return dict.fromkeys(names)
        port = json.loads(server.stdout.readline())["port"]
        dsn = f"host=127.0.0.1 port={port} user=postgres password=postgres dbname=postgres sslmode=disable"
        with psycopg.connect(dsn, autocommit=True, prepare_threshold=None) as conn:
            before, after = _weighed(conn)
    return dict(zip(names, (round(before, 1), round(after, 1), round(after / 3, 2)), strict=True))


def _weighed(conn: "psycopg.Connection[tuple[Any, ...]]") -> tuple[float, float]:
    schema = Path(history.__file__).parent / "schema"
    conn.execute("CREATE EXTENSION timescaledb")
    for name in ("0001_register", "0002_messages", "0003_incidents", "0004_timescale"):
        conn.execute((schema / f"{name}.sql").read_bytes())
    devices, day = 35, datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=9)
    for hour in range(48):
        since = day + timedelta(hours=hour)
        conn.execute(_INSERT, {"since": since, "until": since + timedelta(hours=1), "devices": devices})
    conn.execute("SELECT compress_chunk(show_chunks('readings'))")
    row = conn.execute("SELECT before_compression_total_bytes, after_compression_total_bytes, (SELECT count(*) FROM readings) "
        "FROM hypertable_compression_stats('readings')").fetchone()  # fmt: skip
    if row is None:
        return 0.0, 0.0
    return row[0] / row[2], row[1] / row[2]
