"""Named statements are read as they stand in the file."""

import re
from pathlib import Path

import pytest

from store.statements import RepeatedStatement, nouns, statements

STORE = Path(__file__).resolve().parents[3] / "store"


def write(folder: Path, text: str) -> Path:
    (folder / "noun.sql").write_text(text, encoding="utf-8")
    return folder


def test_each_name_opens_a_statement(tmp_path: Path) -> None:
    found = statements("noun", write(tmp_path, "-- name: one\nSELECT 1;\n\n-- name: two\n-- why\nSELECT '名;'\n;\n"))
    assert dict(found) == {"one": b"SELECT 1", "two": "-- why\nSELECT '名;'\n".encode()}


def test_only_the_closing_semicolon_is_taken(tmp_path: Path) -> None:
    assert statements("noun", write(tmp_path, "-- name: one\nSELECT ';';")) == {"one": b"SELECT ';'"}


def test_comment_is_no_name(tmp_path: Path) -> None:
    found = statements("noun", write(tmp_path, "-- what follows\n-- name: one\nSELECT 1 -- name: two\n"))
    assert list(found) == ["one"]


def test_repeated_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RepeatedStatement, match=r"noun\.sql: statement one expected once, got twice"):
        statements("noun", write(tmp_path, "-- name: one\nSELECT 1\n-- name: one\nSELECT 2\n"))


def test_statements_cannot_be_changed(tmp_path: Path) -> None:
    found = statements("noun", write(tmp_path, "-- name: one\nSELECT 1\n"))
    with pytest.raises(TypeError):
        found["one"] = b"DROP TABLE trail"  # type: ignore[index]


def test_every_sql_file_stands_beside_its_module() -> None:
    assert nouns() == sorted(file.stem for file in STORE.glob("*.sql"))
    assert all((STORE / f"{noun}.py").exists() for noun in nouns())


@pytest.mark.parametrize("noun", nouns())
def test_every_statement_is_used_and_every_used_one_exists(noun: str) -> None:
    source = (STORE / f"{noun}.py").read_text()
    existing = set(statements(noun))
    assert set(re.findall(r'_SQL\["(\w+)"', source)) <= existing
    built = tuple(re.findall(r'_SQL\[f"(\w+_)\{', source))  # the name ends in a table's name
    assert {name for name in existing if f'"{name}"' not in source and not (built and name.startswith(built))} == set()
