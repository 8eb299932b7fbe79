"""Readings of a quiet district: always what the profile allows, never near an alarm, and alike to how people live."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices import codec
from devices.profiles import PROFILES
from simulators import readings, routine

HOUR = st.floats(0, 24, exclude_max=True)


@pytest.mark.parametrize("profile", sorted(PROFILES))
@given(seed=st.integers(0, 10_000), hour=HOUR)
def test_every_value_is_the_profiles_own_and_possible(profile: str, seed: int, hour: float) -> None:
    found = readings.values(profile, Random(seed), hour, routine.draw(Random(seed)))
    codec.check_values(PROFILES[profile], found)


@given(seed=st.integers(0, 100_000), hour=HOUR)
def test_a_quiet_life_is_far_from_every_threshold(seed: int, hour: float) -> None:
    """Half of what standards call an alarm: EN 54-7 smoke, EN 54-5 heat, EN 50291 CO at 50 ppm, EN 50194 gas at 5 %LEL."""
    day = routine.draw(Random(seed))
    rng = Random(seed)
    assert readings.values("smoke_detector", rng, hour, day)["smoke_obscuration"] < 2.5
    assert readings.values("heat_detector", rng, hour, day)["temperature"] < 40
    assert readings.values("co_detector", rng, hour, day)["co"] < 15
    assert readings.values("gas_detector", rng, hour, day)["gas"] < 2.5


@given(seed=st.integers(0, 10_000), hour=HOUR)
def test_the_same_draw_is_the_same_reading(seed: int, hour: float) -> None:
    day = routine.draw(Random(seed))
    for profile in PROFILES:
        assert readings.values(profile, Random(seed), hour, day) == readings.values(profile, Random(seed), hour, day)


@given(seed=st.integers(0, 10_000), hour=HOUR)
def test_a_bed_follows_its_resident(seed: int, hour: float) -> None:
    """Occupied all night long, not by the toss of a coin each minute; a pulse only where somebody lies."""
    day = routine.draw(Random(seed))
    found = readings.values("bed_sensor", Random(seed), hour, day)
    assert found["occupied"] == day.in_bed(hour)
    assert ("heart_rate" in found) == day.in_bed(hour)


def test_a_trip_at_night_is_seen_by_the_radar_and_nobody_walks_in_his_sleep() -> None:
    day = routine.Routine(night=(21.0, 6.0), trips=((2.0, 2.2),))
    assert readings.values("fall_radar", Random(1), 2.1, day)["presence"] == 1
    assert [readings.values("fall_radar", Random(seed), 3.0, day)["presence"] for seed in range(50)] == [0] * 50
    assert [readings.values("wearable", Random(seed), 3.0, day)["steps"] for seed in range(50)] == [0] * 50
    assert [readings.values("door_contact", Random(seed), 3.0, day)["open"] for seed in range(50)] == [0] * 50


@pytest.mark.parametrize(("hour", "cooking"), [(7.0, True), (11.6, True), (17.8, True), (3.0, False), (15.0, False), (22.0, False)])
def test_kitchens_are_warm_at_meals(hour: float, cooking: bool) -> None:
    assert (readings.near_meal(hour) > 0.9) is cooking
    assert (readings.near_meal(hour) < 0.01) is not cooking


@pytest.mark.parametrize("profile", ["sos_button", "pull_cord", "gateway", "no such thing"])
def test_what_only_reports_its_link_measures_nothing(profile: str) -> None:
    assert readings.values(profile, Random(1), 12, routine.NOBODY) == {}
