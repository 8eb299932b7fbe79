"""`vigil evaluate stillness` and `vigil train routine` on a home whose recording may be shipped (tests/data/README.md)."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from vigil.offline.__main__ import main

HOME = Path(__file__).parents[2] / "data" / "ordonez_a.csv.gz"


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home as the parquet file that the commands read."""
    path = tmp_path_factory.mktemp("homes") / "homes.parquet"
    frame = pd.read_csv(HOME)
    frame["time"] = pd.to_datetime(frame["time"])
    frame.to_parquet(path)
    return path


def asked(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main([*arguments, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_a_recorded_home_is_judged_by_its_later_part(recording: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = asked(capsys, "evaluate", "stillness", str(recording), "--cuts", "300")
    (home,) = found["homes"].values()
    assert home["days_taught"] == 8
    assert found["resident_days"] == pytest.approx(7.1, abs=0.1)
    assert found["false_alarms"] <= 1
    assert found["delay_day_h"]["median"] < 6
    cuts = found["cuts"]
    assert cuts["judged"] + cuts["unseen"] + cuts["alarm_standing"] < 300
    assert cuts["out_share"] > 0.05
    assert found["cold_start"] == {}


def test_the_same_seed_gives_the_same_figures(recording: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = asked(capsys, "evaluate", "stillness", str(recording), "--cuts", "50", "--seed", "3")
    assert one == asked(capsys, "evaluate", "stillness", str(recording), "--cuts", "50", "--seed", "3")


def test_rows_come_out_of_training(recording: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = asked(capsys, "train", "routine", str(recording), "--version", "home/1", "--offset", "60")
    row = found["routines"]["ordonez_A"]
    assert (row["version"], row["days"], row["offset_min"]) == ("home/1", 15, 60)
    assert max(row["still_s"]["bedroom-bed-pressure+"]) > 8 * 3600
    assert found["population"]["days"] == 0


def test_what_is_no_recording_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other.parquet"
    pd.DataFrame({"home": ["a"], "time": [1]}).to_parquet(other)
    for path, words in ((tmp_path / "none.parquet", "found none"), (other, "missing: sensor, value")):
        assert main(["evaluate", "stillness", str(path)]) == 1
        assert words in capsys.readouterr().err
