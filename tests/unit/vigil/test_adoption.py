"""Which model judges: only what was better and is unchanged; whatever is wrong with it, the one that ships takes its place."""

import json
import logging
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from analytics import models
from analytics.catalogue import TELEMETRY_LANE
from vigil import adoption
from vigil.adoption import NotAdopted
from vigil.doctor import machine
from vigil.parts.ingest import _detectors
from vigil.settings import Settings

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
SHIPPED = models.load_falls().version if models.FALLS.exists() else ""
pytestmark = pytest.mark.skipif(not SHIPPED, reason="there is no model of falls: vigil train falls --data DIR")


@pytest.fixture
def home(tmp_path: Path, trained: Path) -> Path:
    """A test's own copy of the three models."""
    return Path(shutil.copytree(trained, tmp_path / "models" / "falls"))


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three models that were trained here, each beside the one before it: two were better, one was not."""
    folder = tmp_path_factory.mktemp("trained")
    parent = {"model": SHIPPED, "sha256": adoption.digest(models.FALLS)}
    for name, better in (("first", True), ("second", True), ("worse", False)):
        model = models.load_falls()
        object.__setattr__(model, "version", name)
        models.save_falls(model, folder / f"{name}.npz")
        card = {
            "made_at": NOW.isoformat(),
            "decision": {"adopt": better, "why": ["because"]},
            "sha256": {f"{name}.npz": adoption.digest(folder / f"{name}.npz")},
            "parent": parent,
            "data": {"sisfall": {"sha256": "abc"}},
        }
        (folder / f"{name}.json").write_text(json.dumps(card))
        parent = {"model": name, "sha256": adoption.digest(folder / f"{name}.npz")}
    return folder


def judges(home: Path) -> str:
    return adoption.choose(home).model.version


def test_what_ships_judges_until_something_is_adopted(home: Path, tmp_path: Path) -> None:
    assert judges(tmp_path / "nowhere") == judges(home) == SHIPPED
    adoption.adopt(home, "first", NOW, "test")
    assert judges(home) == "first"
    adoption.adopt(home, "second", NOW, "test")
    adoption.adopt(home, "second", NOW, "test")
    assert judges(home) == "second"
    assert [row["model"] for row in adoption.listed(home) if row["judges"]] == ["second"]


def test_adoptions_are_taken_back_one_by_one(home: Path) -> None:
    adoption.adopt(home, "first", NOW, "test")
    adoption.adopt(home, "second", NOW, "test")
    assert (adoption.rollback(home, NOW, "test"), judges(home)) == ("first", "first")
    assert (adoption.rollback(home, NOW, "test"), judges(home)) == ("shipped", SHIPPED)
    with pytest.raises(NotAdopted, match="the one that ships judges"):
        adoption.rollback(home, NOW, "test")
    log = json.loads((home / "adopted.json").read_text())["log"]
    assert [(one["act"], one["model"]) for one in log] == [
        ("adopt", "first"), ("adopt", "second"), ("rollback", "first"), ("rollback", "shipped"),
    ]  # fmt: skip


def test_what_was_not_better_is_never_adopted(home: Path) -> None:
    with pytest.raises(NotAdopted, match="was not better than the model that judged: because"):
        adoption.adopt(home, "worse", NOW, "test")
    for name in ("nothing", "../falls/first", ""):
        with pytest.raises(NotAdopted, match="expected one that was trained here"):
            adoption.adopt(home, name, NOW, "test")
    assert judges(home) == SHIPPED


def test_only_what_was_compared_with_the_one_that_judges_is_adopted(home: Path) -> None:
    with pytest.raises(NotAdopted, match=f"second: was better than first, but {SHIPPED} judges now"):
        adoption.adopt(home, "second", NOW, "test")
    for name in ("first", "second"):
        adoption.adopt(home, name, NOW, "test")
    with pytest.raises(NotAdopted, match=f"was better than {SHIPPED}, but second judges now; `vigil models rollback` goes back"):
        adoption.adopt(home, "first", NOW, "test")
    assert judges(home) == "second"


def test_it_is_known_what_a_model_has_learned_from(home: Path) -> None:
    card = json.loads(models.FALLS_CARD.read_text())
    found = adoption.learned_from(home, adoption.choose(home))
    assert found == {name: one["sha256"] for name, one in card["trained_on"].items()}
    assert set(found) == {"sisfall", "wedafall", "mobifall"}
    assert card["sha256"]["falls.npz"] == adoption.digest(models.FALLS), "the card beside the model is this model's"
    adoption.adopt(home, "first", NOW, "test")
    assert adoption.learned_from(home, adoption.choose(home)) == {"sisfall": "abc"}
    chosen = adoption.choose(home)
    (home / "first.json").unlink()
    with pytest.raises(NotAdopted, match=r"first\.json.*rollback"):
        adoption.learned_from(home, chosen)
    assert adoption.learned_from(home, adoption.choose(home)) == found, "of the one that ships, which judges then"


def test_a_file_that_was_changed_is_not_adopted(home: Path) -> None:
    (home / "first.npz").write_bytes((home / "second.npz").read_bytes())
    with pytest.raises(NotAdopted, match="expected the file that was judged"):
        adoption.adopt(home, "first", NOW, "test")
    assert [row["whole"] for row in adoption.listed(home)] == [True, False, True, True]


def _other(home: Path) -> None:
    (home / "first.npz").write_bytes((home / "second.npz").read_bytes())


def _cut(home: Path) -> None:
    (home / "first.npz").write_bytes((home / "first.npz").read_bytes()[:1000])


def _lost(home: Path) -> None:
    (home / "first.npz").unlink()


def _nonsense(home: Path) -> None:
    (home / "adopted.json").write_text("{")


def _misshapen(home: Path) -> None:
    (home / "adopted.json").write_text('{"adopted": [7]}')


def _damaged(home: Path) -> None:
    """A file with the right digest and a damaged byte in the middle."""
    spoiled = bytearray((home / "first.npz").read_bytes())
    spoiled[len(spoiled) // 2] ^= 0xFF
    (home / "first.npz").write_bytes(spoiled)
    state = {"adopted": [{"model": "first", "sha256": adoption.digest(home / "first.npz")}], "log": []}
    (home / "adopted.json").write_text(json.dumps(state))


def _pickled(home: Path) -> None:
    """A file with the right digest and the wrong contents: what is pickled in it is never run."""
    (home / "first.npz").write_bytes(b"cos\nsystem\n(S'false'\ntR.")
    state = {"adopted": [{"model": "first", "sha256": adoption.digest(home / "first.npz")}], "log": []}
    (home / "adopted.json").write_text(json.dumps(state))


def _uncarded(home: Path) -> None:
    (home / "first.json").unlink()


def _card_of_another_file(home: Path) -> None:
    card = (home / "first.json").read_text()
    (home / "first.json").write_text(card.replace(adoption.digest(home / "first.npz"), "ab" * 32))


@pytest.mark.parametrize("harm", [_other, _cut, _lost, _nonsense, _misshapen, _damaged, _pickled, _uncarded, _card_of_another_file])
def test_where_the_adopted_one_is_spoiled_the_one_that_ships_judges_and_it_is_said(
    home: Path, harm: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    adoption.adopt(home, "first", NOW, "test")
    harm(home)
    with caplog.at_level(logging.ERROR, "vigil.models"):
        assert judges(home) == SHIPPED
    assert "the one that ships judges in its place" in caplog.text
    assert _looked(home) == (False, True), "the doctor says so too"


def test_what_judges_is_listed_truly_and_is_what_was_adopted_again_once_its_card_is_back(home: Path) -> None:
    adoption.adopt(home, "first", NOW, "test")
    card = (home / "first.json").read_text()
    assert _looked(home) == (True, False)
    _uncarded(home)
    assert [row["model"] for row in adoption.listed(home) if row["judges"]] == ["shipped"]
    with pytest.raises(NotAdopted, match="first"):
        adoption.adopt(home, "first", NOW, "test")
    (home / "first.json").write_text(card)
    assert (judges(home), _looked(home)) == ("first", (True, False))
    _uncarded(home)
    assert adoption.rollback(home, NOW, "test") == "shipped"
    assert _looked(home) == (True, False)


def _looked(home: Path) -> tuple[bool, bool]:
    """Whether the doctor finds the model well, and whether it says that the one that ships takes its place."""
    settings = Settings({"VIGIL_MODELS": str(home.parent), "VIGIL_DATA": str(home.parents[1])})
    [found] = [one for one in machine(settings) if one.name == "model of falls"]
    assert bool(found.remedy) is not found.ok
    return found.ok, "the one that ships judges" in found.found


def test_workers_take_the_adopted_one_at_their_start(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    adoption.adopt(home, "first", NOW, "test")
    adoption.adopt(home, "second", NOW, "test")
    with caplog.at_level(logging.INFO, "vigil.parts.ingest"):
        _detectors(Settings({"VIGIL_MODELS": str(home.parent)}))
        _detectors(Settings({"VIGIL_DATA": str(home.parents[1])}))
        _detectors(Settings({"VIGIL_DATA": str(home)}))
    assert [record.getMessage().split()[-1] for record in caplog.records] == ["second", "second", SHIPPED]


def test_a_damaged_model_that_ships_leaves_the_plain_rule(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    spoiled = bytearray(models.FALLS.read_bytes())
    spoiled[len(spoiled) // 2] ^= 0xFF
    (tmp_path / "falls.npz").write_bytes(spoiled)
    monkeypatch.setattr(models, "FALLS", tmp_path / "falls.npz")
    assert _detectors(Settings({"VIGIL_DATA": str(tmp_path / "empty")})) == TELEMETRY_LANE
    assert "falls are judged by the plain rule: falls.npz: expected a model of falls" in caplog.text
    with pytest.raises(NotAdopted, match="expected one that judges"):
        adoption.adopt(home, "first", NOW, "test")


@pytest.mark.parametrize("card", ["", "{", "[]", "{}", '{"made_at": 7}', "\udcff"])
def test_a_broken_card_is_listed_with_what_is_wrong(home: Path, card: str) -> None:
    (home / "first.json").write_bytes(card.encode(errors="surrogateescape"))
    rows = {row["model"]: row for row in adoption.listed(home)}
    assert "first.json: expected" in rows["first"]["error"]
    assert [rows[name]["whole"] for name in ("shipped", "first", "second")] == [True, False, True]
    with pytest.raises(NotAdopted, match=r"first\.json: expected"):
        adoption.adopt(home, "first", NOW, "test")


def test_a_model_without_its_card_is_not_adopted_and_it_is_said_what_was_expected(home: Path) -> None:
    (home / "first.json").unlink()
    with pytest.raises(adoption.NotAdopted, match=r"first\.json: expected what is known of the model as JSON"):
        adoption.adopt(home, "first", NOW, "zhao")
    assert judges(home) == SHIPPED
