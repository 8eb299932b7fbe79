"""The desk's verdict on the probe: silence is no good news, one press that does not come out is enough."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.probe import DEAD_AFTER, EVERY, PATIENCE, STAGES, Lost, Report, judge

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
LONG_AGO = NOW - timedelta(days=1)
STUCK = EVERY + 3 * PATIENCE


def rule(report: Report | None, watching: datetime = LONG_AGO, now: datetime = NOW) -> str | None:
    found = judge(report, watching, now)
    return found.rule if found else None


def test_all_is_well_while_presses_come_out() -> None:
    assert rule(Report(NOW, success_at=NOW - EVERY)) is None


def test_one_press_that_does_not_come_out_is_enough_and_the_next_that_does_ends_it() -> None:
    failed = Report(NOW, success_at=NOW - EVERY, failed_at=NOW, stage="not_shown")
    assert rule(failed) == "probe_not_shown"
    assert rule(Report(NOW, success_at=NOW, failed_at=NOW - SECOND, stage="not_shown")) is None


@pytest.mark.parametrize("stage", STAGES)
def test_it_says_how_far_the_press_came(stage: str) -> None:
    assert rule(Report(NOW, failed_at=NOW, stage=stage)) == f"probe_{stage}"


def test_a_probe_that_is_not_heard_of_is_dead() -> None:
    assert rule(Report(NOW - DEAD_AFTER, success_at=NOW - DEAD_AFTER)) is None
    assert rule(Report(NOW - DEAD_AFTER - SECOND, success_at=NOW - DEAD_AFTER - SECOND)) == "probe_dead"
    assert rule(None) == "probe_dead"


def test_a_probe_that_lives_but_does_not_press_is_as_good_as_dead() -> None:
    assert rule(Report(NOW, success_at=NOW - STUCK)) is None
    assert rule(Report(NOW, success_at=NOW - STUCK - SECOND)) == "probe_dead"
    assert rule(Report(NOW)) == "probe_dead"


def test_what_could_not_be_read_before_is_not_held_against_it() -> None:
    """The database was away for an hour: reports are as old, and the probe gets the time to make one."""
    old = Report(NOW - timedelta(hours=1), success_at=NOW - timedelta(hours=1))
    assert rule(old, watching=NOW) is None
    assert rule(old, watching=NOW, now=NOW + DEAD_AFTER) is None
    assert rule(old, watching=NOW, now=NOW + DEAD_AFTER + SECOND) == "probe_dead"
    assert rule(None, watching=NOW) is None


def test_an_outage_is_one_alarm_an_hour_however_often_it_is_judged() -> None:
    began = NOW - EVERY
    keys = []
    for second in range(0, 3 * 3600, 60):
        at = NOW + timedelta(seconds=second)
        found = judge(Report(at, success_at=began, failed_at=at, stage="not_shown"), LONG_AGO, at)
        assert isinstance(found, Lost)
        assert found.since == began
        keys.append(found.key)
    assert len(set(keys)) == 4  # the first, then at one, two and three hours; 3 h after the last success lies inside the range
    assert keys == sorted(keys, key=lambda key: int(key.partition("/")[2]))


def test_two_outages_are_two_alarms() -> None:
    first, second = (
        judge(Report(NOW, success_at=NOW - ago, failed_at=NOW, stage="not_shown"), LONG_AGO, NOW) for ago in (EVERY, EVERY + SECOND)
    )
    assert first and second
    assert first.key != second.key


TIMES = st.integers(-600, 600).map(lambda seconds: NOW - timedelta(seconds=seconds))


@given(st.none() | st.builds(Report, TIMES, st.none() | TIMES, st.none() | TIMES, st.sampled_from(STAGES)), TIMES, TIMES)
def test_it_is_total_and_a_known_word(report: Report | None, watching: datetime, now: datetime) -> None:
    found = judge(report, watching, now)
    assert found is None or found.rule in {"probe_dead", *(f"probe_{stage}" for stage in STAGES)}
