"""The trail's arithmetic."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from api.trail import STAMPED, TARGETS_S, Cost, costs
from dispatch.incident import STAMPS

NIGHT = datetime(2026, 3, 1, 3, 10, 40, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NIGHT + timedelta(seconds=seconds)


def test_the_story_of_the_sketch() -> None:
    story = [
        ("raised", at(0.112)),
        ("received", at(0.120)),
        ("stored", at(0.131)),
        ("shown", at(0.148)),
        ("acknowledged", at(12)),
        ("offered", at(25)),
        ("accepted", at(51)),
    ]
    found = costs(story)
    assert found[0] == Cost(None, None)
    assert [round(one.cost_s or 0, 3) for one in found[1:]] == [0.008, 0.011, 0.017, 11.852, 13, 26]
    assert [one.target_s for one in found[1:]] == [2, 1, 2, 60, 90, 60]


def test_what_is_no_stamp_costs_nothing_and_does_not_shift_the_next() -> None:
    found = costs([("raised", at(0)), ("note", at(5)), ("rang_again", at(9)), ("acknowledged", at(20))])
    assert found[1:] == [Cost(None, None), Cost(None, None), Cost(20, 60)]


def test_a_missing_stamp_is_counted_into_the_next() -> None:
    assert costs([("raised", at(0)), ("acknowledged", at(70))])[1] == Cost(70, 60)


def test_a_clock_that_runs_ahead_never_gains_time() -> None:
    found = costs([("raised", at(90)), ("received", at(0)), ("stored", at(0.1)), ("shown", at(91))])
    assert [one.cost_s for one in found] == [None, 0, 0, 1]


def test_stamps_are_those_of_the_incident() -> None:
    assert set(STAMPS) == STAMPED


def test_the_targets_make_the_fifteen_minutes_of_the_circle() -> None:
    circle = ("acknowledged", "offered", "accepted", "en_route", "arrived", "entered")
    assert sum(TARGETS_S[stamp] for stamp in circle) == 900


def test_nothing_of_nothing() -> None:
    assert costs([]) == []


@given(st.lists(st.tuples(st.sampled_from([*STAMPS, "note", "escalated"]), st.integers(-10_000, 10_000)), max_size=30))
def test_costs_are_never_negative_and_add_up_to_the_longest_span(story: list[tuple[str, int]]) -> None:
    found = costs([(kind, at(second)) for kind, second in story])
    assert len(found) == len(story)
    spent = [one.cost_s for one in found if one.cost_s is not None]
    stamps = [second for kind, second in story if kind in STAMPED]
    assert all(cost >= 0 for cost in spent)
    assert sum(spent) == (max(stamps) - stamps[0] if stamps else 0)
