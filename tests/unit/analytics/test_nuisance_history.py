"""A device that called for nothing three times in a month becomes a task, whatever else it did."""

from datetime import UTC, datetime, timedelta

from analytics.nuisance_history import NUISANCE, REAL, History, Outcome, histories, maintenance_due
from dispatch.incident import CAUSES

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def days(device: str, *ago: float, cause: str = "cooking_steam") -> list[Outcome]:
    return [Outcome(device, NOW - timedelta(days=one), cause) for one in ago]


def test_three_within_thirty_days_are_a_task() -> None:
    assert maintenance_due(days("a", 1, 2), NOW) == ()
    assert maintenance_due(days("a", 1, 2, 31), NOW) == ()
    assert maintenance_due(days("a", 1, 2, 30), NOW) == (History("a", 3, 0, NOW - timedelta(days=1)),)


def test_the_worst_comes_first_and_real_fires_excuse_nothing() -> None:
    outcomes = [*days("a", 1, 2, 3), *days("b", 1, 2, 3, 4), *days("a", 5, cause="real_fire"), *days("c", 1, 2, 3, cause="test")]
    found = maintenance_due(outcomes, NOW)
    assert [(one.device, one.nuisances, one.real) for one in found] == [("b", 4, 0), ("a", 3, 1)]


def test_every_nuisance_is_in_the_history_long_before_a_task() -> None:
    found = histories([*days("a", 1), *days("b", 2, cause="real_fire"), *days("a", 3, cause="real_fire")], NOW)
    assert [(one.device, one.nuisances, one.real, one.due) for one in found] == [("a", 1, 1, False)]


def test_what_lies_ahead_does_not_count() -> None:
    assert maintenance_due(days("a", -1, -2, -3), NOW) == ()


def test_the_causes_are_those_that_people_choose_from() -> None:
    assert set(CAUSES) >= NUISANCE | REAL
