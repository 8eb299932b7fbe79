"""Which resolution is tried for a span: the finest that fits and is kept."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.profiles import PROFILES
from store.history import STEPS, resolutions

ALL = ["readings", "minutes", "hours", "days"]
BED, DOOR = PROFILES["bed_sensor"], PROFILES["door_contact"]  # every minute; every half hour


@pytest.mark.parametrize(
    ("days", "most", "first"),
    [
        (1 / 24, 1000, "readings"),
        (1, 1000, "hours"),
        (1, 1440, "readings"),
        (30, 1000, "hours"),
        (90, 1000, "days"),
        (10_000, 1000, "days"),
    ],
)
def test_the_finest_that_fits(days: float, most: int, first: str) -> None:
    assert resolutions(BED, timedelta(days=days), most, ALL)[0] == first


def test_a_device_that_says_little_is_shown_whole() -> None:
    assert resolutions(DOOR, timedelta(days=20), 1000, ALL)[0] == "readings"


def test_what_is_no_longer_kept_is_not_tried() -> None:
    assert resolutions(BED, timedelta(hours=1), 1000, ["minutes", "hours", "days"]) == ["minutes", "hours", "days"]
    assert resolutions(BED, timedelta(hours=1), 1000, ["days"]) == ["days"]


@given(
    span=st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=20_000)),
    most=st.integers(min_value=1, max_value=10_000),
    reaching=st.lists(st.sampled_from(ALL), unique=True),
)
def test_always_something_and_days_last(span: timedelta, most: int, reaching: list[str]) -> None:
    found = resolutions(BED, span, most, reaching)
    assert found[-1] == "days"
    assert found == sorted(found, key=ALL.index)
    for name in found[:-1]:
        assert name in reaching
        assert span / {"readings": BED.cadence, **STEPS}[name] <= most
