"""The invented month: what PostgreSQL reads of it, in which order, and how much room it asks for."""

import asyncio
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from bench import history
from bench.cli import main
from bench.month import Month, rows

UNTIL = datetime(2026, 11, 25, 12, 34, tzinfo=UTC)
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


def columns(tuple_: bytes) -> list[bytes]:
    """One tuple of COPY BINARY, cut as PostgreSQL cuts it."""
    (count,), place, found = struct.unpack_from(">h", tuple_), 2, []
    for _ in range(count):
        (size,) = struct.unpack_from(">i", tuple_, place)
        found.append(tuple_[place + 4 : place + 4 + size])
        place += 4 + size
    assert place == len(tuple_)
    return found


def test_a_row_is_what_copy_reads() -> None:
    made = rows(
        Month(3, UNTIL), UNTIL - timedelta(days=2), UNTIL - timedelta(days=2) + timedelta(minutes=1), np.random.default_rng(1)
    )
    for device, row in enumerate(made, 1):
        said, at, b, n, received, stored, version, values = columns(row.tobytes())
        assert struct.unpack(">i", said) == (device,)
        assert EPOCH + timedelta(microseconds=struct.unpack(">q", at)[0]) == UNTIL - timedelta(days=2) + timedelta(seconds=device)
        assert at == received == stored
        assert (b, struct.unpack(">h", version)) == (f"{device:04x}".encode(), (1,))
        assert struct.unpack(">q", n) == (int((UNTIL - timedelta(days=2)).timestamp()) + device,)
        assert struct.unpack_from(">5i", values) == (1, 0, 700, 3, 1)
        temperature, state, signal = struct.unpack(">4xf4xf4xf", values[20:])
        assert 14 < temperature < 27
        assert state in (0, 1)
        assert -66 < signal < -59


def test_everyone_speaks_once_a_minute_in_time_order_and_one_burns_at_the_end() -> None:
    month = Month(70, UNTIL)
    hours = list(month.hours())
    assert (hours[0][0], hours[-1][1]) == (month.since, UNTIL)
    assert UNTIL - month.since >= timedelta(days=30)
    since, until = hours[-2]
    made = rows(month, since, until, np.random.default_rng(1))
    assert (np.diff(made["at"].astype(np.int64)) >= 0).all()
    assert np.bincount(made["device_id"].astype(np.int64)).tolist() == [0, *[60] * 70, 3600]
    quiet = rows(month, *hours[100], np.random.default_rng(1))
    assert np.bincount(quiet["device_id"].astype(np.int64)).tolist() == [0, *[60] * 70]


def test_without_room_nothing_is_begun(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(history.NoRoom) as error:
        asyncio.run(history.run(history.Parameters(10**13)))
    assert error.value.needed > error.value.there > 0
    assert main(["history", "--readings", str(10**13)]) == 1
    said = capsys.readouterr()
    assert f"under {tmp_path}" in said.err
    assert "TMPDIR" in said.err
    assert (said.out, list(tmp_path.iterdir())) == ("", [])
