"""Whose time counts, at its boundaries and over arbitrary times."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.clock import AHEAD, BEHIND, Fixed, fix, late
from devices.keys import instant, milliseconds

RECEIVED = datetime(2026, 9, 21, 3, 0, 0, 500_000, tzinfo=UTC)
MS = timedelta(milliseconds=1)
moments = st.integers(1_577_836_800_000, 3_786_912_000_000).map(instant)


@pytest.mark.parametrize(
    ("offset", "wrong"),
    [
        (timedelta(0), False),
        (AHEAD, False),
        (AHEAD + MS, True),
        (-BEHIND, False),
        (-BEHIND - MS, True),
        (timedelta(minutes=-14), False),
        (timedelta(days=-20_000), True),
    ],
)
def test_a_clock_is_wrong_only_beyond_its_limits(offset: timedelta, wrong: bool) -> None:
    said = RECEIVED + offset
    assert fix(milliseconds(said), RECEIVED) == Fixed(RECEIVED if wrong else said, wrong)


@pytest.mark.parametrize("t", [0, 1, 4_102_444_800_000])
def test_a_clock_that_was_never_set_is_wrong(t: int) -> None:
    assert fix(t, RECEIVED) == Fixed(RECEIVED, True)


@given(st.integers(0, 4_102_444_800_000), moments)
def test_the_fixed_time_is_never_far_from_arrival(t: int, received: datetime) -> None:
    fixed = fix(t, received)
    assert -BEHIND <= fixed.at - received <= AHEAD
    assert fixed.at.utcoffset() == timedelta(0)
    assert fixed.wrong == (milliseconds(fixed.at) != t) or fixed.at == received


@given(st.integers(0, 4_102_444_800_000), moments)
def test_a_clock_once_fixed_stays_fixed(t: int, received: datetime) -> None:
    fixed = fix(t, received)
    again = fix(milliseconds(fixed.at), received)
    assert not again.wrong
    assert milliseconds(again.at) == milliseconds(fixed.at)


@pytest.mark.parametrize(
    ("way", "seconds"),
    [
        (timedelta(seconds=-90), 0),
        (timedelta(0), 0),
        (timedelta(seconds=60), 0),
        (timedelta(seconds=60, milliseconds=1), 60),
        (timedelta(seconds=61, milliseconds=999), 61),
        (timedelta(minutes=14), 840),
        (timedelta(days=2), 172_800),
    ],
)
def test_late_is_whole_seconds_beyond_one_minute(way: timedelta, seconds: int) -> None:
    assert late(RECEIVED - way, RECEIVED) == seconds
