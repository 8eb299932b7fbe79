"""`vigil evaluate bed-exit` on recordings that may be shipped (tests/data/README.md)."""

import json
from pathlib import Path

import pandas as pd
import pytest

from vigil.offline.__main__ import main

RECORDED = Path(__file__).parents[2] / "data" / "w2isp_rising.csv.gz"


def test_each_group_is_judged_by_the_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "rising.parquet"
    frame = pd.read_csv(RECORDED)
    frame.to_parquet(path)
    assert main(["evaluate", "bed-exit", str(path), "--rounds", "6", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["groups"] == ["F", "M"] == sorted(found["thresholds"])
    labels = frame["label"].to_numpy()
    again = frame["trial"].diff().to_numpy() == 0
    assert found["exits"] == int((again[1:] & (labels[1:] == 4) & (labels[:-1] != 4)).sum())
    rates = [one["seen"]["value"] for one in found["by_threshold"].values()]
    assert rates == sorted(rates, reverse=True)
    assert 0 < found["rest_under_alarm_pct"] < 100


def test_one_group_alone_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "one.parquet"
    frame = pd.read_csv(RECORDED)
    frame[frame["sex"] == "F"].to_parquet(path)
    assert main(["evaluate", "bed-exit", str(path)]) == 1
    assert "expected at least two groups of people, got F" in capsys.readouterr().err
    frame.drop(columns="rssi").to_parquet(path)
    assert main(["evaluate", "bed-exit", str(path)]) == 1
    assert "missing: rssi" in capsys.readouterr().err
