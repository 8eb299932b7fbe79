"""Shifts at their edges, over midnight and over whole days."""

from datetime import datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from care.people import Responder, Shift
from devices.keys import instant

ALL_WEEK = (0, 1, 2, 3, 4, 5, 6)
MONDAY = instant(1_790_553_600_000)  # 2026-09-28 00:00; a local time, whatever its offset

times = st.times().map(lambda t: t.replace(microsecond=0))
weekdays = st.sets(st.sampled_from(ALL_WEEK)).map(lambda days: tuple(sorted(days)))
shifts = st.builds(Shift, times, times, weekdays)
local_times = st.integers(0, 14 * 86_400 - 1).map(lambda s: MONDAY + timedelta(seconds=s))


def length(shift: Shift) -> timedelta:
    start = timedelta(hours=shift.start.hour, minutes=shift.start.minute, seconds=shift.start.second)
    end = timedelta(hours=shift.end.hour, minutes=shift.end.minute, seconds=shift.end.second)
    return end - start if start < end else end - start + timedelta(days=1)


def covers_by_enumeration(shift: Shift, local: datetime) -> bool:
    """Written from the words: try every start of the last two days."""
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    for back in (0, 1):
        day = midnight - timedelta(days=back)
        start = datetime.combine(day.date(), shift.start, tzinfo=local.tzinfo)
        if day.weekday() in shift.weekdays and start <= local < start + length(shift):
            return True
    return False


def test_the_reference_monday_is_one() -> None:
    assert MONDAY.weekday() == 0
    assert MONDAY.time() == time(0)


@given(shifts, local_times)
def test_a_shift_covers_what_its_words_say(shift: Shift, local: datetime) -> None:
    assert shift.covers(local) == covers_by_enumeration(shift, local)


@pytest.mark.parametrize(
    ("hours", "covered"),
    [(21.99, False), (22, True), (24, True), (29.99, True), (30, False), (46, False), (-1, False)],
)
def test_a_night_shift_of_monday_runs_into_tuesday_only(hours: float, covered: bool) -> None:
    night = Shift(time(22), time(6), (0,))
    assert night.covers(MONDAY + timedelta(hours=hours)) is covered


def test_the_night_of_sunday_runs_into_monday() -> None:
    night = Shift(time(22), time(6), (6,))
    assert night.covers(MONDAY + timedelta(hours=5))
    assert not night.covers(MONDAY + timedelta(hours=23))


def test_a_shift_that_ends_when_it_starts_is_a_whole_day() -> None:
    day = Shift(time(8), time(8), (0,))
    assert [day.covers(MONDAY + timedelta(hours=h)) for h in (7, 8, 31, 32)] == [False, True, True, False]


@given(local_times)
def test_without_weekdays_nobody_is_ever_on_duty(local: datetime) -> None:
    assert not Shift(time(0), time(0), ()).covers(local)


@given(st.lists(shifts, max_size=3).map(tuple), local_times)
def test_a_responder_is_on_duty_in_any_of_the_shifts(shifts: tuple[Shift, ...], local: datetime) -> None:
    responder = Responder("r-1", "李某", "nurse", ("nursing",), "site-1", "120105001", "foot", "", shifts)
    assert responder.on_duty(local) == any(covers_by_enumeration(shift, local) for shift in shifts)
