"""Nets over ranks, calibration of several voices, and what a limb teaches: numbers that a file, a gap or a tie cannot upset."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import norm

from analytics.evaluate.recording import Signal, Trial
from analytics.learn import jury
from analytics.learn.augment import limb_turned
from analytics.learn.calibration import calibrated
from analytics.learn.examples import Examples, examples
from analytics.learn.falls import train
from analytics.learn.jury import scores
from analytics.nets import EDGE, KNOTS, inputs
from devices.profiles import ANYWHERE, POCKET, WAIST
from tests.unit.analytics.motion.made import CALM, STORY, motion

RANKS = norm.cdf(np.linspace(-EDGE, EDGE, KNOTS))


def knots_of(column: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
    return np.quantile(column, RANKS)[:, None]


def test_what_was_taught_goes_in_as_a_normal_distribution() -> None:
    column = np.random.default_rng(1).exponential(size=20_000)
    seen = inputs(column[:, None], knots_of(column))[:, 0]
    assert np.quantile(seen, [0.16, 0.5, 0.84]) == pytest.approx([-1, 0, 1], abs=0.03)
    order = np.argsort(column)
    assert (np.diff(seen[order]) >= 0).all()


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e9, max_value=1e9))
def test_nothing_goes_in_beyond_the_edge(value: float) -> None:
    seen = inputs(np.array([[value]]), knots_of(np.random.default_rng(1).normal(size=2000)))
    assert np.abs(seen[0, 0]) <= EDGE + 1e-9
    assert seen[0, 1] == 0.0


@given(arrays(np.float64, 40, elements=st.sampled_from([0.0, 1.0, 2.0])))
def test_of_what_is_counted_the_middle_goes_in(column: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> None:
    """As the library's own normal scores: equal values stand where they stand on the mean."""
    knots = knots_of(column)
    for value in (0.0, 1.0, 2.0):
        places = np.flatnonzero(knots[:, 0] == value)
        if len(places):
            expected = places.mean() * 2 * EDGE / (KNOTS - 1) - EDGE
            assert inputs(np.array([[value]]), knots)[0, 0] == pytest.approx(expected)


def test_what_is_not_known_goes_in_as_the_middle_and_says_so() -> None:
    knots = np.repeat(knots_of(np.arange(100.0)), 2, axis=1)
    assert inputs(np.array([[np.nan, 0.0]]), knots)[0].tolist() == pytest.approx([0.0, -EDGE, 2.5])


def test_who_shouts_is_not_believed_more() -> None:
    """Log odds of two, one of them a hundred times too sure: both weigh as they are right."""
    chance = np.random.default_rng(2)
    labels = chance.integers(0, 2, 4000)
    voices = labels[:, None] * 2.0 - 1.0 + chance.normal(size=(4000, 2))
    slopes, offset = calibrated(voices * [1.0, 100.0], labels)
    assert slopes[0] == pytest.approx(100.0 * slopes[1], rel=0.1)
    likely = 1 / (1 + np.exp(-(voices * [1.0, 100.0] @ np.array(slopes) + offset)))
    assert likely.mean() == pytest.approx(labels.mean(), abs=0.01)
    unsure, unheard = np.where(np.arange(4000) < 2000, labels, -1), voices.copy()
    unheard[2000:] = np.nan
    assert calibrated(unheard, unsure)[0] == pytest.approx(calibrated(voices[:2000], labels[:2000])[0])


def trials(profile: str) -> list[Trial]:
    chance, found = np.random.default_rng(1), []
    for number in range(12):
        signal = motion(STORY if number % 2 == 0 else CALM)
        stronger = signal.xyz_mg * chance.uniform(0.9, 1.3)
        shaken = Signal(signal.times_ms, stronger + chance.normal(size=signal.xyz_mg.shape) * 20)
        annotated = (5.0, 5.7) if number % 2 == 0 else None
        found.append(Trial(str(number), f"p{number // 2}", "", number % 2 == 0, shaken, None, annotated, profile))
    return found


def test_what_is_worn_at_the_trunk_is_also_shown_as_of_a_limb() -> None:
    waist, pocket = examples(trials(WAIST), 3, 1), examples(trials(POCKET), 3, 1)
    assert set(waist.variant[waist.turned].tolist()) == {2}
    assert not pocket.turned.any()
    assert not examples(trials(WAIST), 3, 0).turned.any(), "as recorded is as recorded"
    own = waist.at(WAIST)
    assert not own.turned.any()
    assert np.array_equal(own.rows, waist.rows[waist.worn_at(WAIST)], equal_nan=True)
    assert len(own.rows) == np.count_nonzero(~waist.turned)


def test_a_limb_is_for_who_is_worn_nobody_knows_where(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(jury.PARAMETERS, "max_iter", 4)
    monkeypatch.setitem(jury.PARAMETERS, "min_samples_leaf", 3)
    monkeypatch.setitem(jury.NET, "max_iter", 2)
    monkeypatch.setattr("analytics.learn.falls.LEAST_WORN", 3)
    waist = examples(trials(WAIST), 3, 1)
    model, juries = train(waist, 5, "x")
    assert set(model.worn) == {WAIST}
    alone: Examples = waist.at(WAIST)
    assert np.array_equal(scores(juries[WAIST], alone.rows), scores(train(alone, 5, "x")[1][ANYWHERE], alone.rows))
    assert train(replace(alone, worn=np.full(len(alone.falls), POCKET)), 5, "x")[0].worn == {}, "where there is nothing else"


def test_a_limb_turns_around_the_blow_and_nowhere_else() -> None:
    signal = motion(CALM)
    turned = [limb_turned(signal, False, np.random.default_rng(seed)) for seed in range(40)]
    moved = [one for one in turned if one is not signal]
    assert 15 < len(moved) < 35
    for one in moved:
        assert np.linalg.norm(one.xyz_mg, axis=1) == pytest.approx(np.linalg.norm(signal.xyz_mg, axis=1))
        changed = np.abs(one.xyz_mg - signal.xyz_mg).max(axis=1) > 1e-6
        assert not changed[0] or not changed.all()
    slipped = [limb_turned(signal, True, np.random.default_rng(seed)) for seed in range(40)]
    assert sum(one is signal for one in slipped) > sum(one is signal for one in turned)
