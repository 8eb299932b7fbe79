"""The command that trains the model of falls: its card lies beside it and is installed with it; what has no use is refused."""

import json
import tomllib
from pathlib import Path

import numpy as np
import pytest

from analytics import models
from analytics.evaluate.recording import Signal, Trial
from analytics.learn import falls as learn
from analytics.learn import jury
from tests.unit.analytics.motion.made import CALM, STORY, motion
from vigil import adoption
from vigil.offline import labelled
from vigil.offline.__main__ import main

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    "option", [("--judge",), ("--judge", "across"), ("--together", "4"), ("--model", "m.npz"), ("--scores", "s")]
)
def test_what_a_challenger_has_no_use_for_is_refused(option: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "falls", "--with-feedback", *option]) == 1
    assert f"expected --with-feedback without {option[0]}, which it has no use for" in capsys.readouterr().err


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few trees of few trials."""
    for name, value in (("max_iter", 4), ("min_samples_leaf", 3)):
        monkeypatch.setitem(jury.PARAMETERS, name, value)
    monkeypatch.setattr(learn, "LEAST_WORN", 3)


def acted(profile: str = "wearable") -> list[Trial]:
    """Six people, half of whose trials are falls."""
    chance, given = np.random.default_rng(1), list[Trial]()
    for number in range(12):
        signal = motion(CALM if number % 2 else STORY)
        shaken = Signal(signal.times_ms, signal.xyz_mg * chance.uniform(0.9, 1.3) + chance.normal(size=signal.xyz_mg.shape) * 20)
        given.append(Trial(str(number), f"p{number // 2}", "acted", number % 2 == 0, shaken, profile=profile))
    return given


@pytest.mark.usefixtures("small")
def test_what_ships_is_judged_where_it_is_worn_where_nobody_knows_and_where_it_is_not(tmp_path: Path) -> None:
    for name, profile in (("wedafall", "wearable_wrist"), ("mobifall", "wearable_pocket")):
        labelled.write(tmp_path / f"{name}.parquet", acted(profile))
    order = ("--judge", "as-shipped", "--judged", "mobifall", "--together", "3", "--scores", str(tmp_path / "scores.json"))
    assert main(["train", "falls", "--data", str(tmp_path), "--sets", "wedafall", "mobifall", *order, "--json"]) == 0
    scores = json.loads((tmp_path / "scores.json").read_text())
    for kind in ("taught_by_all_sets", "worn_anywhere", "enrolled_as_wearable_wrist"):
        assert list(scores[kind]) == ["mobifall"]
        assert scores[kind]["mobifall"]["trials"] == 12
    assert "enrolled_as_wearable_pocket" not in scores, "there it is worn"


@pytest.mark.usefixtures("small")
def test_the_card_lies_beside_the_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labelled.write(tmp_path / "mobifall.parquet", acted())
    path = tmp_path / "made" / "new.npz"
    path.parent.mkdir()
    assert main(["train", "falls", "--data", str(tmp_path), "--sets", "mobifall", "--model", str(path), "--json"]) == 0
    card = json.loads(path.with_suffix(".json").read_text())
    assert card == json.loads(capsys.readouterr().out)
    assert card["sha256"] == {one: adoption.digest(path.parent / one) for one in ("new.npz", "new.skops")}
    assert card["trained_on"]["mobifall"]["sha256"] == adoption.digest(tmp_path / "mobifall.parquet")


def test_the_card_of_the_model_that_ships_ships_too() -> None:
    """`vigil train falls` writes it where `adoption` reads it, and it is installed: without it no recording would be known."""
    assert models.FALLS.with_suffix(".json") == models.FALLS_CARD
    data = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]["analytics"]
    for file in (models.FALLS, models.FALLS_SKOPS, models.FALLS_CARD):
        assert any(file.match(pattern) for pattern in data), file.name
