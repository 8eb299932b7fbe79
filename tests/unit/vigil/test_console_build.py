"""A console that is older than its sources is said to be, and nothing else is."""

import os
from pathlib import Path

import pytest

from vigil.console_build import fault, place


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    for name, at in (
        ("src/App.vue", 100),
        ("package.json", 100),
        ("dist/index.html", 200),
        ("node_modules/x.js", 300),
        ("tests/a.ts", 300),
    ):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name)
        os.utime(path, (at, at))
    return tmp_path


def test_what_was_built_after_its_sources_is_well(sources: Path) -> None:
    assert fault(sources / "dist", sources) == ""


@pytest.mark.parametrize("name", ["src/App.vue", "package.json"])
def test_what_was_changed_since_is_named(sources: Path, name: str) -> None:
    os.utime(sources / name, (201, 201))
    assert fault(sources / "dist", sources) == f"built before {name} was changed"


def test_none_is_none(sources: Path) -> None:
    (sources / "dist" / "index.html").unlink()
    assert fault(sources / "dist", sources) == f"no index.html in {sources / 'dist'}"


def test_a_build_that_somebody_names_is_of_no_sources_here(sources: Path) -> None:
    os.utime(sources / "src/App.vue", (201, 201))
    assert fault(*place(sources / "dist")) == ""
