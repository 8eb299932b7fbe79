"""What columnar compression makes of a reading: two days of 35 devices on the TimescaleDB of the tests, where that is installed."""

import json
import shutil
import subprocess
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from store import history

_TIMESCALE = Path(__file__).resolve().parent.parent / "tests" / "timescale"
# sensor-like: a slow daily wave with noise, to a tenth; a state; a signal strength in whole dBm
_INSERT = """
INSERT INTO readings (device_id, at, b, n, received_at, stored_at, profile_version, values)
SELECT d, at, to_hex(4096 + d), extract(epoch FROM at)::bigint, at, at, 1, ARRAY[
    round((20 + 5 * sin(extract(epoch FROM at) / 13751 + d) + random())::numeric, 1),
    (random() < 0.2)::int, -60 - (random() * 5)::int]
FROM generate_series(%(since)s::timestamptz, %(until)s::timestamptz - interval '1 second', interval '1 minute') AS t (minute),
    generate_series(1, %(devices)s::int) AS d, LATERAL (SELECT minute + d %% 60 * interval '1 second') AS m (at)
"""


def compressed() -> dict[str, Any]:
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
