"""Plausible life: every reading is one the contract accepts, at every hour, and quiet life stays under every alarm threshold."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices import codec
from devices.profiles import PROFILES
from simulators import readings

ALARMING = {"smoke_obscuration": 5.0, "temperature": 54.0, "co": 30.0, "gas": 5.0}


@pytest.mark.parametrize("profile", sorted(readings.HABITS))
@given(seed=st.integers(0, 10_000), hour=st.floats(0, 24, exclude_max=True))
def test_every_reading_is_within_the_profile_and_below_alarm(profile: str, seed: int, hour: float) -> None:
    found = readings.values(profile, Random(seed), hour)
    assert found
    codec.check_values(PROFILES[profile], found)
    assert all(found[name] < limit for name, limit in ALARMING.items() if name in found)


@pytest.mark.parametrize("profile", sorted(set(PROFILES) - set(readings.HABITS)))
def test_what_only_reports_its_link_measures_nothing(profile: str) -> None:
    assert readings.values(profile, Random(1), 12.0) == {}


def test_the_same_draw_gives_the_same_life() -> None:
    first, second = ([readings.values("bed_sensor", rng, hour) for hour in range(24)] for rng in (Random(3), Random(3)))
    assert first == second


def test_people_sleep_at_night_and_beds_are_empty_by_day() -> None:
    def share(hour: float) -> float:
        rng = Random(5)
        return sum(readings.values("bed_sensor", rng, hour)["occupied"] for _ in range(400)) / 400

    assert share(2.0) > 0.9
    assert share(10.0) < 0.2


def test_kitchens_are_warmest_at_meals() -> None:
    assert readings.near_meal(11.6) == pytest.approx(1.0)
    assert readings.near_meal(15.0) < 0.01
