"""CO against the gates of EN 50291: when it must not yet alarm, when it must, and at samplings that are not even."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.detectors.co import DETECTORS, GATES, LONGEST_MIN, CoState, breathe, mean, unpacked
from analytics.runtime import Runtime
from analytics.step import Finding, Reading

Make = Callable[..., Reading]
Run = Callable[..., list[Finding]]
PROFILE = "co_detector"
EMPTY = b""


def minutes_to_alarm(reading: Make, run: Run, at: Callable[[float], datetime], ppm: float, times: Iterable[float]) -> float | None:
    found = run(DETECTORS, (reading(PROFILE, seconds, {"co": ppm}) for seconds in times))
    return (found[0].at - at(0)) / timedelta(minutes=1) if found else None


@pytest.mark.parametrize("every", [10, 30, 60, 120])
@pytest.mark.parametrize(
    ("ppm", "not_before", "at_latest"),
    [
        (30, 120, 124),
        (33, 100, 120),
        (50, 60, 90),
        (55, 50, 90),
        (100, 10, 40),
        (110, 9, 40),
        (300, 0.5, 3),
        (330, 0.5, 3),
        (5000, 0, 3),
    ],
)
def test_a_steady_concentration_alarms_inside_its_window(
    reading: Make, run: Run, at: Callable[[float], datetime], ppm: float, not_before: float, at_latest: float, every: int
) -> None:
    alarmed = minutes_to_alarm(reading, run, at, ppm, range(0, 130 * 60, every))
    assert alarmed is not None
    assert not_before <= alarmed <= at_latest


@pytest.mark.parametrize(("gate", "minutes"), GATES)
def test_the_alarm_comes_at_the_earliest_permitted_moment(
    reading: Make, run: Run, at: Callable[[float], datetime], gate: float, minutes: int
) -> None:
    assert minutes_to_alarm(reading, run, at, gate, range(0, 130 * 60, 10)) == minutes


@pytest.mark.parametrize("phase", [0, 1, 29.5, 59])
def test_where_the_minute_begins_does_not_matter(reading: Make, run: Run, at: Callable[[float], datetime], phase: float) -> None:
    alarmed = minutes_to_alarm(reading, run, at, 100, [phase + 20 * place for place in range(100)])
    assert alarmed == pytest.approx(10 + phase / 60, abs=1e-9)


@pytest.mark.parametrize("ppm", [0, 5, 15, 29.9])
def test_below_the_lowest_gate_nothing_ever_alarms(reading: Make, run: Run, at: Callable[[float], datetime], ppm: float) -> None:
    assert minutes_to_alarm(reading, run, at, ppm, range(0, 6 * 3600, 60)) is None


def test_one_wild_reading_is_no_alarm(reading: Make, run: Run) -> None:
    items = [reading(PROFILE, 10 * place, {"co": 452.0 if place == 5 else 0.0}) for place in range(60)]
    assert run(DETECTORS, items) == []


def test_noise_around_a_gate_does_not_start_the_count_anew(reading: Make, run: Run, at: Callable[[float], datetime]) -> None:
    found = run(DETECTORS, (reading(PROFILE, 20 * place, {"co": 160.0 if place % 2 else 60.0}) for place in range(60)))
    assert found
    assert 9 <= (found[0].at - at(0)) / timedelta(minutes=1) <= 12


def test_a_late_reading_changes_neither_dose_nor_judgement(reading: Make, run: Run) -> None:
    times = [(0, 2.0), (60, 2.0), (30, 5000.0), (70, 40.0), (130, 40.0), (65, 5000.0), (140, 40.0)]
    assert run(DETECTORS, [reading(PROFILE, seconds, {"co": ppm}) for seconds, ppm in times]) == []


def test_a_missing_stretch_adds_no_dose(reading: Make, run: Run) -> None:
    hourly = [reading(PROFILE, 3600 * place, {"co": 45.0}) for place in range(8)]
    assert run(DETECTORS, hourly) == []


def test_a_lost_message_or_two_delay_nothing(reading: Make, run: Run, at: Callable[[float], datetime]) -> None:
    assert minutes_to_alarm(reading, run, at, 300, [0, 180]) == 3
    assert minutes_to_alarm(reading, run, at, 100, [60 * m for m in range(20) if m % 4 in (0, 3)]) in (11, 12)


def test_fresh_air_ends_it_and_a_return_alarms_again(reading: Make, run: Run) -> None:
    values = [400.0] * 4 + [3.0] * 10 + [400.0] * 4
    found = run(DETECTORS, (reading(PROFILE, 60 * place, {"co": value}) for place, value in enumerate(values)))
    assert [finding.raised for finding in found] == [True, False, True]
    assert found[1].reasons[0].rule == "co_calm"


def test_dose_alone_never_alarms_in_fresh_air(reading: Make, run: Run) -> None:
    values = [95.0] * 9 + [10.0] * 120
    assert run(DETECTORS, (reading(PROFILE, 60 * place, {"co": value}) for place, value in enumerate(values))) == []


def test_the_alarm_tells_the_means_it_rests_on(reading: Make, run: Run) -> None:
    (found,) = run(DETECTORS, (reading(PROFILE, 60 * place, {"co": 100.0}) for place in range(11)))
    assert [reason.rule for reason in found.reasons] == ["co_mean_10_min"]
    assert found.reasons[0].value == 100.0
    assert found.evidence == {
        "co": 100.0,
        "co_mean_1_min": 100.0,
        "co_mean_10_min": 100.0,
        "co_mean_60_min": 16.7,
        "co_mean_120_min": 8.3,
    }


gaps = st.lists(st.integers(1, 400), min_size=2, max_size=60)
levels = st.lists(st.floats(0, 500, width=32), min_size=60, max_size=60)


@given(gaps=gaps, values=levels, more=levels)
def test_more_co_never_removes_or_delays_an_alarm(
    reading: Make, run: Run, gaps: list[int], values: list[float], more: list[float]
) -> None:
    times = [sum(gaps[:place]) for place in range(len(gaps))]
    lower = [reading(PROFILE, t, {"co": v}) for t, v in zip(times, values, strict=False)]
    higher = [reading(PROFILE, t, {"co": v + m}) for t, v, m in zip(times, values, more, strict=False)]
    raised = [finding.at for finding in run(DETECTORS, lower) if finding.raised]
    raised_higher = [finding.at for finding in run(DETECTORS, higher) if finding.raised]
    assert not raised or raised_higher[0] <= raised[0]


@given(gaps=gaps, values=levels)
def test_the_dose_is_what_was_breathed(gaps: list[int], values: list[float]) -> None:
    now, dose, expected = 1_790_000_000_000, EMPTY, 0.0
    for gap, ppm in zip(gaps, values, strict=False):
        dose = breathe(dose, now, now + gap * 1000, ppm)
        expected += ppm * min(gap * 1000, 300_000)
        now += gap * 1000
        if now <= 1_790_000_000_000 + LONGEST_MIN * 60_000:
            assert sum(part for _, _, part in unpacked(dose)) == pytest.approx(expected, rel=1e-9)
    parts = unpacked(dose)
    assert len(parts) <= LONGEST_MIN + 1
    assert all(until > now - LONGEST_MIN * 60_000 for _, until, _ in parts)
    assert all(one[1] <= other[0] for one, other in pairwise(parts))


@given(ppm=st.floats(1, 1000), minutes=st.integers(1, 120), phase=st.integers(0, 59_999))
def test_the_mean_of_a_steady_concentration_is_that_concentration(ppm: float, minutes: int, phase: int) -> None:
    start = 1_790_000_000_000 + phase
    dose = EMPTY
    for minute in range(121):
        dose = breathe(dose, start + minute * 60_000, start + (minute + 1) * 60_000, ppm)
    assert mean(dose, start + 121 * 60_000, minutes) == pytest.approx(ppm, rel=1e-9)


def test_clean_air_takes_no_memory() -> None:
    now, dose = 1_790_000_000_000, EMPTY
    for place in range(500):
        dose = breathe(dose, now + place * 7_000, now + (place + 1) * 7_000, 0.0)
    assert len(unpacked(dose)) == 1


def test_clean_seconds_of_a_minute_count_as_seconds() -> None:
    dirty = breathe(breathe(EMPTY, 0, 40_000, 0.0), 40_000, 60_000, 90.0)
    dirtier = breathe(breathe(EMPTY, 0, 40_000, 1.0), 40_000, 60_000, 90.0)
    for now in range(60_000, 121_000, 5_000):
        assert mean(dirty, now, 1) <= mean(dirtier, now, 1)


def test_memory_stays_within_two_hours(reading: Make) -> None:
    runtime = Runtime(DETECTORS)
    for place in range(600):
        trial = runtime.trial()
        trial.feed(reading(PROFILE, place * 60, {"co": 5.0}))
        trial.adopt()
    ((_, _, state),) = runtime.states()
    assert isinstance(state, CoState)
    assert len(state.dose) <= LONGEST_MIN + 1
