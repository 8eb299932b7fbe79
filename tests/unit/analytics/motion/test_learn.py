"""Training: the same from the same seed, exact as plain arrays, and never shown the people who judge it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from skops import io

from analytics import models
from analytics.detectors.fall_motion import fall_motion
from analytics.evaluate.falls import stream, waveform
from analytics.evaluate.recording import Signal, Trial, packets
from analytics.fall_features import NAMES
from analytics.fall_judge import RULE
from analytics.learn import calibration, jury
from analytics.learn import falls as learn
from analytics.learn.augment import cut_short, worn_otherwise
from analytics.learn.examples import Examples, examples, together
from analytics.learn.falls import train
from analytics.learn.judging import leave_each_out, pairs
from analytics.learn.jury import as_nets, flattened
from analytics.learn.saved import Untrusted, load, save
from devices.profiles import ANYWHERE
from tests.unit.analytics.motion.made import CALM, STORY, motion

WRIST, WAIST = "wearable_wrist", "wearable_waist"


@pytest.fixture(autouse=True)
def _few_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(jury.PARAMETERS, "max_iter", 8)
    monkeypatch.setitem(jury.PARAMETERS, "min_samples_leaf", 3)
    monkeypatch.setitem(jury.NET, "max_iter", 3)


@pytest.fixture(scope="module")
def trials() -> list[Trial]:
    chance = np.random.default_rng(1)
    found = []
    for number in range(18):
        fall = number % 2 == 0
        signal = motion(STORY if fall else CALM)
        shaken = Signal(signal.times_ms, signal.xyz_mg * chance.uniform(0.9, 1.3) + chance.normal(size=signal.xyz_mg.shape) * 20)
        found.append(Trial(str(number), f"p{number % 6}", "F" if fall else "D", fall, shaken, None, (5.0, 5.7) if fall else None))
    return found


@pytest.fixture(scope="module")
def given(trials: list[Trial]) -> Examples:
    return examples(trials, 3, 1)


@pytest.fixture
def worn(given: Examples, monkeypatch: pytest.MonkeyPatch) -> Examples:
    """The same, the first twelve at the wrist and the rest at the waist."""
    monkeypatch.setattr(learn, "LEAST_WORN", 3)
    return replace(given, worn=np.repeat([WRIST, WAIST], [12, len(given.falls) - 12]))


def test_the_same_seed_makes_the_same_model(trials: list[Trial], given: Examples) -> None:
    again = examples(trials, 3, 1)
    assert np.array_equal(again.rows, given.rows, equal_nan=True)
    one, other = train(given, 5, "x")[0], train(again, 5, "x")[0]
    assert np.array_equal(one.probability(given.rows), other.probability(given.rows))
    assert one.threshold == other.threshold


def test_plain_arrays_say_what_the_library_says(given: Examples) -> None:
    model, grown = train(given, 5, "x")
    library = np.mean([one.trees.decision_function(given.rows) for one in grown[ANYWHERE]], axis=0)
    assert flattened(grown[ANYWHERE]).score(given.rows) == pytest.approx(library, abs=1e-9)
    assert model.forest.score(given.rows) == pytest.approx(library, abs=1e-9)
    likely = [one.net.predict_proba(jury._inputs(given.rows, one.knots))[:, 1].astype(np.float64) for one in grown[ANYWHERE]]
    assert model.nets is not None
    assert model.nets.score(given.rows) == pytest.approx(np.mean([np.log(one / (1 - one)) for one in likely], axis=0), abs=1e-3)


def test_a_model_survives_its_files(given: Examples, tmp_path: Path) -> None:
    model, grown = train(given, 5, "x")
    models.save_falls(model, tmp_path / "m.npz")
    read = models.load_falls(tmp_path / "m.npz")
    assert np.array_equal(read.probability(given.rows), model.probability(given.rows))
    assert (read.version, read.threshold) == (model.version, model.threshold)
    save(grown, tmp_path / "m.skops")
    kept = load(tmp_path / "m.skops")[ANYWHERE]
    assert np.array_equal(flattened(kept).score(given.rows), model.forest.score(given.rows))
    assert model.nets is not None
    assert np.array_equal(as_nets(kept).score(given.rows), model.nets.score(given.rows))


def test_a_place_is_judged_by_its_own_and_all_jurors(worn: Examples, tmp_path: Path) -> None:
    model, grown = train(worn, 5, "x")
    assert set(model.worn) == {WRIST, WAIST}
    assert set(grown) == {ANYWHERE, WRIST, WAIST}
    own = train(worn.at(WRIST), 5, "x")[1][ANYWHERE]
    assert np.array_equal(flattened(grown[WRIST]).score(worn.rows), flattened(own).score(worn.rows)), "of that place alone"
    both = (flattened(grown[ANYWHERE]).score(worn.rows) + flattened(grown[WRIST]).score(worn.rows)) / 2
    assert model.worn[WRIST].forest.score(worn.rows) == pytest.approx(both, abs=1e-9)
    nets = model.worn[WRIST].nets
    assert nets is not None
    assert nets.score(worn.rows) == pytest.approx(as_nets([*grown[ANYWHERE], *grown[WRIST]]).score(worn.rows))
    models.save_falls(model, tmp_path / "m.npz")
    read = models.load_falls(tmp_path / "m.npz")
    for profile in (WRIST, WAIST):
        assert np.array_equal(read.worn[profile].probability(worn.rows), model.worn[profile].probability(worn.rows))
        assert read.judge().of(profile).threshold == model.worn[profile].threshold
    assert read.judge().of("wearable_pocket").assess == read.assess, "what no place knows, all judge"


def test_where_everything_is_worn_at_one_place_there_is_one_model(worn: Examples) -> None:
    model, grown = train(worn.at(WAIST), 5, "x")
    assert (model.worn, set(grown)) == ({}, {ANYWHERE})


def test_too_few_at_a_place_are_no_model_of_it(worn: Examples, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learn, "LEAST_WORN", 10)
    assert train(worn, 5, "x")[0].worn == {}


def test_the_jury_of_a_place_is_taught_once_for_the_same_examples(worn: Examples) -> None:
    """Who is left out wore it at one place: those of the others learn nothing new."""
    kept: learn.Kept = {}
    alone, _ = train(worn, 5, "x")
    train(worn, 5, "x", kept)
    again, juries = train(worn, 5, "x", kept)
    assert len(kept) == len(alone.worn) > 0
    for profile, model in alone.worn.items():
        assert np.array_equal(again.worn[profile].probability(worn.rows), model.probability(worn.rows))
        assert any(juries[profile] is jurors for jurors, _ in kept.values())
    train(worn.of(worn.trial[0] != np.arange(len(worn.falls))), 5, "x", kept)
    assert len(kept) == len(alone.worn) + 1, "one place without that trial, the other as before"
    train(worn, 6, "x", kept)
    assert len(kept) == 2 * len(alone.worn) + 1


def test_a_file_of_before_judges_alike_everywhere(given: Examples, tmp_path: Path) -> None:
    model, _ = train(given, 5, "x")
    models.save_falls(model, tmp_path / "m.npz")
    with np.load(tmp_path / "m.npz") as numbers:
        before = {name: numbers[name] for name in numbers.files if name != "worn" and not name.startswith("net_")}
    before["calibration"] = before["calibration"][:3]
    np.savez(tmp_path / "before.npz", **before)
    read = models.load_falls(tmp_path / "before.npz")
    odds = model.slopes[0] * model.forest.score(given.rows) + model.offset
    assert np.array_equal(read.probability(given.rows), 1 / (1 + np.exp(-odds)))
    assert read.judge().of(WRIST).assess == read.assess


def test_the_threshold_of_several_places_is_the_best_for_the_worst_of_them() -> None:
    """The wrist's falls are less sure: by all trials together its misses would hide behind the many of the waist."""
    waist_falls, waist_calm = np.full(60, 0.92), np.full(60, 0.2)
    wrist_falls, wrist_calm = np.linspace(0.42, 0.8, 10), np.full(10, 0.37)
    waist_calm[:6] = 0.60
    likely = np.concatenate((waist_falls, waist_calm, wrist_falls, wrist_calm))
    falls = np.repeat([True, False, True, False], [60, 60, 10, 10])
    worn = np.repeat([WAIST, WRIST], [120, 20])
    place = np.arange(len(likely))
    names, once = place.astype(np.str_), 0 * place + 1
    shown = Examples(likely[:, None], falls.astype(np.int64), place, 0 * place, 0 * place > 0, falls, names, worn, once)
    odds = np.log(likely / (1 - likely))
    assert calibration.threshold(shown, odds) == 0.4
    everywhere = replace(shown, worn=np.full(len(likely), WAIST))
    assert calibration.threshold(everywhere, odds) == 0.67, "a false alarm weighs twice"


def test_variants_that_a_trial_was_not_shown_in_are_no_missed_falls(trials: list[Trial]) -> None:
    """Own labels are shown in more copies than a large set that was worn at the same place."""
    at_waist = [replace(one, profile=WAIST) for one in trials if one.is_fall]
    both = together([examples(at_waist, 3, 1), examples(at_waist[:2], 3, 3)])
    assert calibration._shown(both).sum(axis=0).tolist() == [3] * len(at_waist) + [5] * 2
    assert calibration._shown(both.at(WAIST)).sum(axis=0).tolist() == [2] * len(at_waist) + [4] * 2


def test_a_file_that_holds_more_than_a_jury_is_refused(tmp_path: Path) -> None:
    save({ANYWHERE: [jury.Juror(RULE, None, np.zeros(1))]}, tmp_path / "m.skops")
    with pytest.raises(Untrusted, match="Judge"):
        load(tmp_path / "m.skops")


def test_trees_alone_as_the_library_kept_them_before_are_no_jury(given: Examples, tmp_path: Path) -> None:
    _, grown = train(given, 5, "x")
    io.dump({ANYWHERE: [one.trees for one in grown[ANYWHERE]]}, tmp_path / "m.skops")
    with pytest.raises(Untrusted, match="expected a jury, got trees alone"):
        load(tmp_path / "m.skops")


@pytest.mark.parametrize("lost", ["net_", "net_first", "slope"])
def test_nets_without_their_slope_and_a_slope_without_its_nets_are_refused(given: Examples, tmp_path: Path, lost: str) -> None:
    """At the start of a worker, which then takes another judge: not at the first impact."""
    models.save_falls(train(given, 5, "x")[0], tmp_path / "m.npz")
    with np.load(tmp_path / "m.npz") as numbers:
        kept = {name: numbers[name] for name in numbers.files if not (lost.startswith("net_") and name.startswith(lost))}
    if lost == "slope":
        kept["calibration"] = kept["calibration"][:3]
    np.savez(tmp_path / "lost.npz", **kept)
    with pytest.raises(models.BadModel):
        models.load_falls(tmp_path / "lost.npz")


def test_a_model_of_other_features_is_refused(given: Examples, tmp_path: Path) -> None:
    model, _ = train(given, 5, "x")
    models.save_falls(model, tmp_path / "m.npz")
    with np.load(tmp_path / "m.npz") as numbers:
        changed = {**numbers, "names": np.array(["other"])}
    np.savez(tmp_path / "other.npz", **changed)
    with pytest.raises(models.BadModel):
        models.load_falls(tmp_path / "other.npz")


@pytest.mark.skipif(not models.FALLS.exists(), reason="there is no model of falls: vigil train falls --data DIR")
def test_a_damaged_byte_is_a_bad_model_or_none_that_matters(tmp_path: Path) -> None:
    """Flipped at the head, at the index at the end, and at many places between."""
    whole, path = models.FALLS.read_bytes(), tmp_path / "falls.npz"
    right, rows = models.load_falls(), np.full((1, len(NAMES)), 0.5)
    refused = 0
    for place in (*range(80), *range(80, len(whole) - 1400, len(whole) // 80), *range(len(whole) - 1400, len(whole), 9)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x41]) + whole[place + 1 :])
        try:
            found = models.load_falls(path)
        except models.BadModel:
            refused += 1
        else:
            assert np.array_equal(found.probability(rows), right.probability(rows)), place
    assert refused > 200


@pytest.mark.parametrize("size", [0, 1, 30, 5000, 140_000])
def test_a_file_that_ends_early_is_a_bad_model(size: int, tmp_path: Path) -> None:
    path = tmp_path / "falls.npz"
    path.write_bytes(models.FALLS.read_bytes()[:size] if models.FALLS.exists() else bytes(size))
    with pytest.raises(models.BadModel, match="expected a model of falls"):
        models.load_falls(path)


def test_the_stream_judges_what_training_saw(trials: list[Trial], given: Examples) -> None:
    """Feature parity: the rows that production judges are those of the examples of the same trial."""
    seen: list[np.ndarray[tuple[int], np.dtype[np.float64]]] = []

    def note(row: np.ndarray[tuple[int], np.dtype[np.float64]], impact_g: float) -> tuple[float, tuple[()]]:
        seen.append(row)
        return 0.0, ()

    stream(fall_motion(replace(RULE, assess=note)), trials[0].signal)
    learned = given.rows[(given.trial == 0) & (given.variant == 0)]
    assert np.array(seen) == pytest.approx(learned, abs=1e-9, nan_ok=True)
    assert len(list(packets(trials[0].signal))) == len([waveform(one, 0) for one in packets(trials[0].signal)])


def test_nobody_is_judged_by_what_he_taught(trials: list[Trial], given: Examples, monkeypatch: pytest.MonkeyPatch) -> None:
    taught: list[set[str]] = []
    original = learn.train

    def spy(shown: Examples, seed: int, version: str, kept: learn.Kept) -> object:
        taught.append(set(shown.people[shown.trial].tolist()))
        return original(shown, seed, version, kept)

    monkeypatch.setattr("analytics.learn.judging.train", spy)
    found = [mine for _, mine in leave_each_out(trials, given, 5)]
    assert [{one.subject for one in part} for part in found] == [{name} for name in sorted(set(given.people.tolist()))]
    assert all(not ({one.subject for one in part} & shown) for part, shown in zip(found, taught, strict=True))
    assert sum(len(part) for part in found) == len(trials)


def test_other_sets_teach_too_and_who_is_judged_still_teaches_nothing(
    trials: list[Trial], given: Examples, monkeypatch: pytest.MonkeyPatch
) -> None:
    taught: list[set[str]] = []
    original = learn.train

    def spy(shown: Examples, seed: int, version: str, kept: learn.Kept) -> object:
        taught.append(set(shown.people[shown.trial].tolist()))
        return original(shown, seed, version, kept)

    monkeypatch.setattr("analytics.learn.judging.train", spy)
    found = [mine for _, mine in leave_each_out(trials, given, 5, beside=[given], together_out=4)]
    people = set(given.people.tolist())
    assert sorted(one.trial for part in found for one in part) == sorted(one.trial for one in trials)
    assert [len({one.subject for one in part}) for part in found] == [3, 3]
    for part, shown in zip(found, taught, strict=True):
        assert {name[2:] for name in shown if name.startswith("0/")} == people - {one.subject for one in part}
        assert {name[2:] for name in shown if name.startswith("1/")} == people


def test_sets_put_together_keep_their_people_apart(given: Examples) -> None:
    both = together([given, given])
    assert len(np.unique(both.people)) == 2 * len(np.unique(given.people))
    assert both.trial.max() == 2 * len(given.falls) - 1


def test_labels_follow_the_annotation(given: Examples) -> None:
    assert set(given.labels[given.falls[given.trial]].tolist()) <= {1, 0, -1}
    assert (given.labels[~given.falls[given.trial]] == 0).all()
    assert len(np.unique(given.trial[given.labels == 1])) == given.falls.sum()


def test_pairs() -> None:
    assert pairs(["a", "b"]) == [(("a",), "b")]
    assert pairs(["a", "b", "c"]) == [(("a",), "b"), (("a",), "c"), (("b", "c"), "a"), (("a", "c"), "b"), (("a", "b"), "c")]


def test_another_device_records_the_same_motion_otherwise() -> None:
    signal = motion(STORY)
    one = worn_otherwise(signal, np.random.default_rng(4))
    other = worn_otherwise(signal, np.random.default_rng(4))
    assert np.array_equal(one.xyz_mg, other.xyz_mg)
    assert len({len(worn_otherwise(signal, np.random.default_rng(seed)).times_ms) for seed in range(6)}) == 6
    assert (np.diff(one.times_ms) > 0).all()
    cut = cut_short(np.ones((200, 300, 3)), np.random.default_rng(4))
    assert 0.3 < np.isnan(cut[:, 0, 0]).mean() < 0.7 or np.isnan(cut[:, 0, 0]).any()
    assert not np.isnan(cut[:, 130:225]).any()
    assert len(NAMES) > 0
