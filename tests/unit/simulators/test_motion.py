"""An invented fall is one by physics, and one for the model that ships: at the trunk, whoever falls to whichever side."""

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics import models
from analytics.detectors.fall_motion import fall_motion
from analytics.evaluate.falls import stream
from analytics.evaluate.recording import Signal
from devices.profiles import ANYWHERE, WAIST
from simulators import motion
from simulators.scenarios import SCENARIOS

STANDING, LYING = slice(0, 3 * motion.RATE_HZ), slice(-2 * motion.RATE_HZ, None)


@given(st.integers(0, 10**6))
def test_it_weighs_what_a_body_weighs_and_lies_on_its_side(seed: int) -> None:
    felt = motion.fall(Random(seed))
    before, after = felt[STANDING].mean(axis=0), felt[LYING].mean(axis=0)
    assert np.linalg.norm(before) == pytest.approx(1.0, abs=0.05)
    assert np.linalg.norm(after) == pytest.approx(1.0, abs=0.05)
    assert 60.0 < np.degrees(np.arccos(before @ after)) < 110.0
    assert 1.9 < np.linalg.norm(felt, axis=1).max() < 16.0
    assert felt[LYING].std(axis=0).max() < 0.05


@given(st.integers(0, 10**6))
def test_packets_hold_whole_seconds_of_milli_g(seed: int) -> None:
    felt = motion.fall(Random(seed))
    sent = np.array(motion.packets(felt))
    assert sent.shape == (len(felt) // motion.RATE_HZ, motion.RATE_HZ, 3)
    assert np.abs(sent.reshape(-1, 3) / 1000.0 - felt[: sent.size // 3]).max() <= 0.0005


@pytest.mark.parametrize("profile", [ANYWHERE, WAIST])
@pytest.mark.parametrize("seed", range(12))
def test_the_model_that_ships_finds_it(seed: int, profile: str) -> None:
    felt = motion.fall(Random(seed))
    alarms = stream(
        fall_motion(models.load_falls().judge()),
        Signal(np.arange(len(felt), dtype=np.float64) * 20.0, np.rint(felt * 1000)),
        profile,
    )
    assert [one.impact_s for one in alarms] == [pytest.approx(motion.WALKS_S + motion.FALLS_S, abs=0.3)]


@pytest.mark.parametrize("profile", SCENARIOS["fall_motion"].profiles)
def test_and_finds_the_one_of_the_scenario(profile: str) -> None:
    seconds = [np.array(said.body["xyz"], dtype=np.float64) for said in SCENARIOS["fall_motion"].script]
    felt = np.concatenate(seconds)
    judge = models.load_falls().judge()
    assert len(stream(fall_motion(judge), Signal(np.arange(len(felt), dtype=np.float64) * 20.0, felt), profile)) == 1
