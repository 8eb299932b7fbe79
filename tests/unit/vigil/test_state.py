"""What a running Vigil tells about itself comes back, to its own account alone."""

import stat
from pathlib import Path

import pytest

from vigil import state
from vigil.state import NotRunning, State

TOLD = State(12, "http://127.0.0.1:8080", 1883, 5432, 7, {"api": 13})


def test_what_is_told_is_read_until_it_is_forgotten(tmp_path: Path) -> None:
    state.write(tmp_path, TOLD)
    state.write(tmp_path, TOLD)
    assert state.read(tmp_path) == TOLD
    state.forget(tmp_path)
    state.forget(tmp_path)
    with pytest.raises(NotRunning, match="start it with make run"):
        state.read(tmp_path)


def test_nobody_else_may_read_it_whatever_was_left_behind(tmp_path: Path) -> None:
    (tmp_path / "run.json.new").write_text("half a draft")
    (tmp_path / "run.json").write_text("{}")
    state.write(tmp_path, TOLD)
    assert [(path.name, stat.S_IMODE(path.stat().st_mode)) for path in tmp_path.iterdir()] == [("run.json", 0o600)]
