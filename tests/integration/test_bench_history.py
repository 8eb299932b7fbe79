"""The benchmark's month is as the desk would have made it, stands on the product's own indexes, and goes however the run ends."""

import os
import signal
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bench import month
from bench.fleet import Fleet, district
from bench.month import Month
from store import history
from store.connect import Connection, connect
from store.register import load_district
from store.server import Database

pytestmark = pytest.mark.integration

_ROOT = Path(__file__).resolve().parents[2]
_INDEXES = "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'readings' ORDER BY 1"
_MARKED = "INSERT INTO stale_buckets SELECT DISTINCT 2, bucket, device_id FROM folded_hours ON CONFLICT DO NOTHING"


async def asked(conn: Connection, query: str) -> list[tuple[object, ...]]:
    return await (await conn.execute(query.encode())).fetchall()


async def rolled_up(conn: Connection) -> list[tuple[object, ...]]:
    return await asked(
        conn,
        "SELECT device_id, bucket, position, n, round(total::numeric, 6), low, high FROM readings_by_hour UNION ALL "
        "SELECT device_id, bucket, position, n, round(total::numeric, 6), low, high FROM readings_by_day ORDER BY 1, 2, 3, 4",
    )


async def test_the_month_is_as_the_desk_would_have_made_it(database: Database) -> None:
    this = Month(1, datetime.now(UTC).replace(second=0, microsecond=0))
    async with await connect(database.dsn("vigil_owner"), autocommit=True) as conn:
        await load_district(conn, district(Fleet(2, 1)), this.until)
        before = await asked(conn, _INDEXES)
        stored = await month.fill(conn, this)
        assert await asked(conn, _INDEXES) == before
        assert await asked(conn, "SELECT count(*) FROM readings") == [(stored[0],)]
        while await history.fold(conn, this.until, month.LEFT * 2):
            pass
        made = await rolled_up(conn)
        await conn.execute(_MARKED.encode())
        while await history.fold(conn, this.until):
            pass
        assert await rolled_up(conn) == made
        assert len(made) > 30 * 24 * 3
        assert await asked(conn, "SELECT sum(n)::bigint FROM readings_by_hour WHERE position = 1") == [(stored[0],)]


def test_what_is_told_to_end_leaves_nothing() -> None:
    """Not under pytest's directory, which other accounts may not pass through."""
    with tempfile.TemporaryDirectory(prefix="vigil-test-") as place:
        Path(place).chmod(0o711)
        argv = [sys.executable, "-m", "bench", "history", "--readings", "2000000"]
        with subprocess.Popen(argv, cwd=_ROOT, env=os.environ | {"TMPDIR": place}, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            assert "storing" in process.stderr.readline()
            assert len(list(Path(place).iterdir())) == 1
            process.send_signal(signal.SIGTERM)
            process.stderr.read()
        assert process.returncode != 0
        assert list(Path(place).iterdir()) == []
