"""A condition begins once, lasts, and ends only after calm; late and repeated readings change nothing twice."""

from datetime import timedelta

from hypothesis import example, given
from hypothesis import strategies as st

from analytics.condition import Change, Condition, advance, reset
from devices.keys import instant

HOLD = timedelta(seconds=60)
START = instant(1_790_000_000_000)

FRESH = Condition()

Step = tuple[int, float]
steps = st.lists(st.tuples(st.integers(0, 600), st.floats(0, 20)), max_size=40)


def judge(readings: list[Step], condition: Condition = FRESH) -> tuple[Condition, list[tuple[int, Change]]]:
    """Over at 10, calm below 5."""
    changes: list[tuple[int, Change]] = []
    for seconds, value in readings:
        condition, change = advance(condition, START + timedelta(seconds=seconds), value >= 10, value < 5, HOLD)
        if change is not Change.NONE:
            changes.append((seconds, change))
    return condition, changes


def test_it_begins_at_the_first_reading_over_the_limit() -> None:
    assert judge([(0, 1), (10, 9.9), (20, 10), (30, 15)])[1] == [(20, Change.RAISED)]


def test_it_ends_after_a_minute_of_calm_and_not_before() -> None:
    assert judge([(0, 12), (10, 1), (69, 1)])[1] == [(0, Change.RAISED)]
    assert judge([(0, 12), (10, 1), (70, 1)])[1] == [(0, Change.RAISED), (70, Change.ENDED)]


def test_what_is_neither_over_nor_calm_starts_the_calm_anew() -> None:
    assert judge([(0, 12), (10, 1), (60, 7), (80, 1), (139, 1)])[1] == [(0, Change.RAISED)]
    assert judge([(0, 12), (10, 1), (60, 7), (80, 1), (140, 1)])[1][-1] == (140, Change.ENDED)


def test_one_calm_reading_after_a_long_gap_is_not_yet_calm() -> None:
    assert judge([(0, 12), (3600, 1)])[1] == [(0, Change.RAISED)]


def test_it_begins_again_after_its_end() -> None:
    assert [change for _, change in judge([(0, 12), (10, 1), (70, 1), (80, 12)])[1]] == [
        Change.RAISED,
        Change.ENDED,
        Change.RAISED,
    ]


def test_a_late_reading_over_the_limit_still_begins_it() -> None:
    assert judge([(0, 1), (60, 1), (30, 12)])[1] == [(30, Change.RAISED)]


def test_a_late_reading_of_an_episode_that_is_over_does_not_begin_it_again() -> None:
    assert len(judge([(0, 12), (10, 1), (70, 1), (80, 1), (5, 14), (0, 12), (69, 14)])[1]) == 2


def test_a_late_calm_reading_ends_nothing() -> None:
    assert judge([(100, 12), (0, 1), (99, 1)])[1] == [(100, Change.RAISED)]


def test_readings_from_before_an_open_alarm_do_not_end_it() -> None:
    opened = Condition(onset=START + timedelta(seconds=500))
    assert judge([(0, 1), (100, 1), (200, 1), (500, 1)], opened)[1] == []
    assert judge([(0, 1), (510, 1), (570, 1)], opened)[1] == [(570, Change.ENDED)]


def test_after_a_reset_it_begins_anew_with_the_next_reading_but_not_with_late_ones() -> None:
    burning, _ = judge([(0, 1), (60, 12), (120, 12)])
    armed = reset(burning)
    assert judge([(30, 12), (60, 12), (120, 12)], armed)[1] == []
    assert judge([(121, 12)], armed)[1] == [(121, Change.RAISED)]
    assert judge([(121, 1)], armed)[1] == []


@given(steps)
def test_it_begins_and_ends_in_turn_whatever_the_order(readings: list[Step]) -> None:
    changes = [change for _, change in judge(readings)[1]]
    assert changes[::2] == [Change.RAISED] * len(changes[::2])
    assert changes[1::2] == [Change.ENDED] * len(changes[1::2])


@given(steps)
def test_repeats_change_nothing(readings: list[Step]) -> None:
    in_order = sorted(readings)
    twice = [reading for reading in in_order for _ in (1, 2)]
    assert judge(twice)[1] == judge(in_order)[1]
    condition, _ = judge(in_order)
    repeats = [
        reading for reading in in_order if condition.ended is None or START + timedelta(seconds=reading[0]) <= condition.ended
    ]
    if condition.onset is not None or condition.ended is not None:
        assert judge(repeats, condition)[1] == []


@given(steps)
def test_whoever_went_over_the_limit_was_told(readings: list[Step]) -> None:
    changes = judge(readings)[1]
    assert bool(changes) == any(value >= 10 for _, value in readings)


def test_a_late_reading_that_is_not_calm_starts_the_calm_anew() -> None:
    assert judge([(0, 12), (10, 1), (40, 1), (30, 12), (75, 1), (134, 1)])[1] == [(0, Change.RAISED)]
    assert judge([(0, 12), (10, 1), (40, 1), (30, 7), (75, 1), (135, 1)])[1][-1] == (135, Change.ENDED)
    assert judge([(0, 12), (10, 1), (40, 1), (9, 12), (70, 1)])[1][-1] == (70, Change.ENDED)


def test_of_two_readings_of_one_instant_the_one_over_the_limit_counts_also_at_the_very_end() -> None:
    assert judge([(0, 12), (10, 1), (70, 1), (70, 12)])[1][-1] == (70, Change.RAISED)


@given(steps, st.lists(st.floats(0, 10), min_size=40, max_size=40))
@example([(0, 0.0), (1, 0.0), (1, 10.0), (61, 0.0)], [10.0, *[0.0] * 39])  # the calm of the higher one was not interrupted
@example([(0, 0.0), (10, 0.0), (70, 0.0), (70, 12.0)], [10.0, *[0.0] * 39])  # nor did it begin again in the instant of its end
def test_more_is_never_less_alarm(readings: list[Step], more: list[float]) -> None:
    lower = higher = FRESH
    for (seconds, value), extra in zip(sorted(readings), more, strict=False):
        at = START + timedelta(seconds=seconds)
        lower, _ = advance(lower, at, value >= 10, value < 5, HOLD)
        higher, _ = advance(higher, at, value + extra >= 10, value + extra < 5, HOLD)
        assert higher.onset is not None or lower.onset is None
