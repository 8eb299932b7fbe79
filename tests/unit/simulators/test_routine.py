"""A resident's day: nights are long and quiet, trips are short, and everyone is somewhere at every hour."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators import routine
from simulators.routine import NOBODY, Routine

HOUR = st.floats(0, 24, exclude_max=True)
SEED = st.integers(0, 10_000)
STEP = 1 / 60
DAY = [minute * STEP for minute in range(24 * 60)]


@given(SEED, HOUR)
def test_nobody_is_in_two_places(seed: int, hour: float) -> None:
    day = routine.draw(Random(seed))
    assert day.in_bed(hour) + day.up_at_night(hour) + day.out(hour) <= 1


@given(SEED)
def test_the_same_draw_is_the_same_day(seed: int) -> None:
    assert routine.draw(Random(seed)) == routine.draw(Random(seed))


@given(SEED)
def test_a_night_is_a_night(seed: int) -> None:
    """Asleep at two unless on a trip, and in bed for a plausible part of the day."""
    day = routine.draw(Random(seed))
    hours = sum(day.in_bed(hour) for hour in DAY) * STEP
    assert 4.5 <= hours <= 13 or hours == pytest.approx(24)
    assert day.in_bed(2) or day.up_at_night(2)
    assert sum(day.up_at_night(hour) for hour in DAY) * 60 * STEP <= 25  # minutes


def test_a_night_that_begins_after_midnight() -> None:
    day = Routine(night=(0.5, 6.0))
    assert [day.in_bed(hour) for hour in (23.9, 0.4, 0.5, 5.9, 6.0)] == [False, False, True, True, False]


def test_a_trip_takes_one_out_of_bed() -> None:
    day = Routine(night=(22.0, 6.0), trips=((1.0, 1.2), (23.95, 0.1)))
    assert [day.in_bed(hour) for hour in (22.5, 0.0, 0.5, 1.1, 1.2)] == [True, False, True, False, True]
    assert day.up_at_night(23.99)


def test_a_district_of_people_differs() -> None:
    days = [routine.draw(Random(seed)) for seed in range(500)]
    at_nine = sum(day.in_bed(21.0) for day in days)
    assert 100 < at_nine < 400  # some early, some late
    assert 5 < sum(day.night == (0.0, 24.0) for day in days) < 60
    assert all(sum(day.in_bed(hour) for day in days) < 60 for hour in (10.0, 16.0))


def test_a_bed_that_nobody_has_is_empty() -> None:
    assert not any(NOBODY.in_bed(hour) for hour in DAY)
