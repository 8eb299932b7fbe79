"""Features do not depend on mounting, nor on who is asked beside them; what is not there is unknown, never a warning."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.candidates import impacts
from analytics.fall_features import AFTER, BEFORE, NAMES, features, window
from analytics.fall_judge import PARTS
from analytics.motion import Samples, lay
from analytics.walking import walks
from tests.examples import examples
from tests.unit.analytics.motion.made import CALM, RISING, STORY, motion

SIGNAL = motion(STORY)
CELLS = lay(SIGNAL.times_ms, SIGNAL.xyz_mg / 3)[1]  # nothing cut off, so that turning is exact but for rounding
(PEAK,) = impacts(lay(SIGNAL.times_ms, SIGNAL.xyz_mg)[1], 0, 10_000)
AT = {name: place for place, name in enumerate(NAMES)}


def row(win: Samples) -> Samples:
    found: Samples = features(win[None])[0]
    return found


def test_names_are_unique_and_every_one_has_a_part() -> None:
    assert len(set(NAMES)) == len(NAMES) == len(row(window(CELLS, PEAK)))
    assert sorted(np.concatenate(list(PARTS.values())).tolist()) == list(range(len(NAMES)))


@given(seed=st.integers(0, 10_000))
@settings(max_examples=examples(25))
def test_turning_swapping_and_mirroring_the_device_changes_nothing(seed: int) -> None:
    chance = np.random.default_rng(seed)
    turn, _ = np.linalg.qr(chance.normal(size=(3, 3)))
    win = window(CELLS, PEAK)
    assert row(win @ turn) == pytest.approx(row(win), abs=1e-5, nan_ok=True)


@given(first=st.integers(0, BEFORE), last=st.integers(BEFORE + 1, BEFORE + AFTER))
@settings(max_examples=examples(40))
def test_what_was_not_recorded_is_unknown(first: int, last: int) -> None:
    win = window(CELLS, PEAK).copy()
    win[:first], win[last:] = np.nan, np.nan
    alone = row(win)
    beside = features(np.stack((window(CELLS, PEAK), win)))
    assert np.array_equal(alone, beside[1], equal_nan=True)
    assert alone[AT["peak"]] == row(window(CELLS, PEAK))[AT["peak"]] or last < BEFORE + 25 or first > BEFORE - 25


def test_a_fall_looks_like_one() -> None:
    seen = row(window(lay(SIGNAL.times_ms, SIGNAL.xyz_mg)[1], PEAK))
    assert seen[AT["peak"]] > 2.0
    assert 75 < seen[AT["angle_early_after_3"]] < 105
    assert seen[AT["low_08_s"]] > 0.2
    assert seen[AT["still_after_s"]] > 2.0


def test_only_the_hardest_of_close_impacts_is_looked_at() -> None:
    cells = np.tile([0.0, 0.0, 1000.0, 1000.0], (300, 1))
    cells[100, 2], cells[130, 2], cells[250, 2], cells[290, 2] = 1800, 1900, 1500, 1300
    assert impacts(cells, 0, 300) == [130, 250]
    assert impacts(cells, 131, 300) == [250]


def test_walking_is_told_from_standing_and_lying() -> None:
    def at(parts: tuple[object, ...], second: float) -> bool:
        signal = motion(parts)  # type: ignore[arg-type]
        return walks(lay(signal.times_ms, signal.xyz_mg)[1][: round(second * 50)])

    assert at(CALM, 14.0)
    assert not at(CALM, 5.0)
    assert not at(CALM, 3.0)
    assert not at(STORY, 13.0)
    assert at(RISING, 25.0)
