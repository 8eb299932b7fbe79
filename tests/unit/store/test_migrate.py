"""What is pending follows from what is applied and what is known, and every contradiction is named."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from store.migrate import Applied, Migration, MigrationChanged, MigrationMissing, MigrationSkipped, _pending, migrations

NOW = datetime(2026, 11, 24, tzinfo=UTC)
ONE, TWO, THREE = (Migration(n, f"000{n}_x", str(n) * 64, b"") for n in (1, 2, 3))


def applied(*known: Migration) -> list[Applied]:
    return [Applied(one.version, one.name, one.sha256, NOW) for one in known]


@pytest.mark.parametrize(
    ("done", "expected"),
    [((), [ONE, TWO, THREE]), ((ONE,), [TWO, THREE]), ((ONE, TWO, THREE), [])],
)
def test_the_rest_is_pending(done: tuple[Migration, ...], expected: list[Migration]) -> None:
    assert _pending(applied(*done), [ONE, TWO, THREE]) == expected


def test_newer_database_than_program() -> None:
    with pytest.raises(MigrationMissing) as refused:
        _pending(applied(ONE, TWO), [ONE])
    assert refused.value.name == "0002_x"


def test_edited_file() -> None:
    with pytest.raises(MigrationChanged) as refused:
        _pending(applied(ONE), [Migration(1, "0001_x", "f" * 64, b""), TWO])
    assert refused.value.name == "0001_x"


def test_file_before_one_that_is_applied() -> None:
    with pytest.raises(MigrationSkipped) as refused:
        _pending(applied(ONE, THREE), [ONE, TWO, THREE])
    assert refused.value.name == "0002_x"


def test_files_are_read_in_order_with_their_digest(tmp_path: Path) -> None:
    (tmp_path / "0002_b.sql").write_bytes(b"SELECT 2;")
    (tmp_path / "0001_a.sql").write_bytes(b"SELECT 1;")
    (tmp_path / "notes.txt").write_bytes(b"")
    found = migrations(tmp_path)
    assert [(one.version, one.name, one.body) for one in found] == [(1, "0001_a", b"SELECT 1;"), (2, "0002_b", b"SELECT 2;")]
    assert found[0].sha256 == "17db4fd369edb9244b9f91d9aeed145c3d04ad8ba6e95d06247f07a63527d11a"
