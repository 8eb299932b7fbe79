"""The model that ships against the score file, on some of the people of the recordings: a figure below its interval fails.

The recordings may not be copied here; without them this is skipped, and says so. Hand-made signals are judged always. The model has
seen these people: this finds a broken path or a wrong file, `vigil train falls --judge` finds a worse model.
"""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analytics import models
from analytics.detectors.fall_motion import fall_motion
from analytics.evaluate.falls import stream
from tests.unit.analytics.motion.made import CALM, TRIPPING, motion
from vigil.offline.__main__ import main

ROOT = Path(__file__).parents[2]
RECORDINGS = ROOT.parent / "shared" / "data" / "falls"
SCORES = ROOT / "docs" / "scores" / "falls.json"
SOME = {"sisfall": ["SA05", "SE06"], "wedafall": ["U03", "U25"], "mobifall": ["M03", "M11", "M29"]}

pytestmark = pytest.mark.skipif(not models.FALLS.exists(), reason="there is no model of falls: vigil train falls --data DIR")


@pytest.mark.parametrize("rate_hz", [25.0, 50.0, 100.0])
def test_a_fall_made_by_hand_is_one_and_walking_is_none(rate_hz: float) -> None:
    judge = models.load_falls().judge()
    assert len(stream(fall_motion(judge), motion(TRIPPING, rate_hz))) == 1
    assert stream(fall_motion(judge), motion(CALM, rate_hz)) == ()


@pytest.mark.parametrize("name", sorted(SOME))
def test_no_figure_is_below_its_interval(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if not RECORDINGS.exists():
        pytest.skip(f"the recordings are not there: {RECORDINGS} (see docs/models/falls.md)")
    scores = json.loads(SCORES.read_text())["leave_one_subject_out"] if SCORES.exists() else {}
    if name not in scores:
        pytest.skip(f"{name} has not been judged: vigil train falls --data DIR --judge")
    rows = pd.read_parquet(RECORDINGS / f"{name}.parquet", filters=[("subject", "in", SOME[name])])
    kept = sorted(rows["trial"].unique())[::3]
    rows[rows["trial"].isin(kept)].to_parquet(tmp_path / f"{name}.parquet")
    assert main(["evaluate", "falls", str(tmp_path / f"{name}.parquet"), "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    least = scores[name]
    for figure in ("sensitivity", "specificity"):
        assert found[figure]["high"] >= least[figure]["low"], (name, figure, found[figure])
        assert found[figure]["value"] >= least[figure]["low"] - 5, (name, figure, found[figure])
    assert "figures of the elderly: the trials do not say who is old" in found["not_computed"]
