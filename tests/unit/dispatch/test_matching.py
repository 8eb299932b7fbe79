"""Several incidents at once: optimal against trying everything, and fire and buttons never wait."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from math import inf
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.assignment import rank
from dispatch.candidate import Candidate
from dispatch.matching import Assigned, Waiting, assign, least_total
from dispatch.roads import RoadGraph

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
LAT = 39.16
SKILLS = ("first_aid", "lifting")


def _lon(metres: float) -> float:
    return 117.2 + metres / (6_371_008.8 * 3.141592653589793 / 180 * 0.7753866)


def person(code: str, at_m: float, **changes: Any) -> Candidate:
    place = (_lon(at_m), LAT)
    return replace(Candidate(code, code, "nurse", "ebike", SKILLS, *place, NOW, *place, on_duty=True, busy=False), **changes)


def waiting(incident: str, at_m: float, **changes: Any) -> Waiting:
    return replace(Waiting(incident, (_lon(at_m), LAT), (), False, False, 2, NOW), **changes)


PEOPLE = st.lists(
    st.tuples(st.floats(0, 4000), st.sets(st.sampled_from(SKILLS)), st.sampled_from([False, False, True])), max_size=5
).map(
    lambda drawn: [person(f"r{i}", at_m, skills=tuple(sorted(skills)), busy=busy) for i, (at_m, skills, busy) in enumerate(drawn)]
)
INCIDENTS = st.lists(
    st.tuples(
        st.floats(0, 4000),
        st.sets(st.sampled_from(SKILLS), max_size=1),
        st.sampled_from(["fire", "pressed", "", ""]),
        st.integers(1, 3),
        st.integers(0, 300),
    ),
    max_size=5,
).map(
    lambda drawn: [
        waiting(
            f"i{i}",
            at_m,
            needed_skills=tuple(skills),
            fire=how == "fire",
            pressed=how == "pressed",
            priority=1 if how else priority,
            raised_at=NOW - timedelta(seconds=age_s),
        )
        for i, (at_m, skills, how, priority, age_s) in enumerate(drawn)
    ]
)
COSTS = st.integers(1, 5).flatmap(
    lambda rows: st.integers(1, 5).flatmap(
        lambda columns: st.lists(
            st.lists(st.one_of(st.integers(0, 4000).map(float), st.just(inf)), min_size=columns, max_size=columns),
            min_size=rows,
            max_size=rows,
        )
    )
)


def best_by_trying(cost: list[list[float]]) -> tuple[int, float]:
    """(pairs, total) of the best assignment: the most pairs, then the least total; every way is tried."""
    table = cost if len(cost) <= len(cost[0]) else [list(column) for column in zip(*cost, strict=True)]
    best = (0, 0.0)
    for columns in permutations(range(len(table[0])), len(table)):
        taken = [row[column] for row, column in zip(table, columns, strict=True) if row[column] < inf]
        best = min(best, (-len(taken), sum(taken)))
    return -best[0], best[1]


@given(COSTS)
def test_the_assignment_is_the_best_there_is(cost: list[list[float]]) -> None:
    pairs = least_total(np.array(cost))
    assert len({row for row, _ in pairs}) == len({column for _, column in pairs}) == len(pairs)
    assert (len(pairs), sum(cost[row][column] for row, column in pairs)) == best_by_trying(cost)


def test_nothing_to_assign_is_an_answer() -> None:
    assert least_total(np.full((2, 3), inf)) == []
    assert least_total(np.zeros((0, 3))) == []


@pytest.fixture(scope="session")
def solve(avenue: RoadGraph) -> Callable[[list[Waiting], list[Candidate]], list[Assigned]]:
    """Assign on the avenue, without homes to weigh."""
    return lambda incidents, people: assign(incidents, people, roads=avenue, homes=[], now=NOW)


Solve = Callable[[list[Waiting], list[Candidate]], list[Assigned]]


@given(incidents=INCIDENTS, people=PEOPLE)
def test_everyone_goes_at_most_once_and_only_where_they_are_able(
    incidents: list[Waiting], people: list[Candidate], solve: Solve
) -> None:
    done = solve(incidents, people)
    assert sorted(one.incident for one in done) == sorted(one.incident for one in incidents)
    sent = [one.responder for one in done if one.responder]
    assert len(sent) == len(set(sent))
    by_code, by_incident = {one.code: one for one in people}, {one.incident: one for one in incidents}
    for one in done:
        assert (one.responder is None) == (one.travel_s is None)
        if one.responder:
            candidate = by_code[one.responder]
            assert not candidate.busy
            assert set(by_incident[one.incident].needed_skills) <= set(candidate.skills)


@given(incidents=INCIDENTS, people=PEOPLE, data=st.data())
def test_order_changes_nothing(incidents: list[Waiting], people: list[Candidate], data: st.DataObject, solve: Solve) -> None:
    assert solve(data.draw(st.permutations(incidents)), data.draw(st.permutations(people))) == solve(incidents, people)


@given(incidents=INCIDENTS, people=PEOPLE)
def test_fire_and_buttons_get_what_they_would_get_alone_among_themselves(
    incidents: list[Waiting], people: list[Candidate], solve: Solve
) -> None:
    """Whatever else waits, the answers for fire and pressed buttons are the same."""
    immediate = [one for one in incidents if one.immediate]
    assert solve(incidents, people)[: len(immediate)] == solve(immediate, people)


@given(incidents=INCIDENTS, people=PEOPLE)
def test_the_first_fire_or_button_gets_the_choice_of_the_single_rule(
    incidents: list[Waiting], people: list[Candidate], solve: Solve, avenue: RoadGraph
) -> None:
    first = min(
        (one for one in incidents if one.immediate),
        key=lambda one: (not one.fire, not one.pressed, one.raised_at, one.incident),
        default=None,
    )
    if first:
        chosen = rank(first.place, first.needed_skills, people, roads=avenue, homes=[], now=NOW).chosen
        expected = Assigned(first.incident, chosen.responder, chosen.travel_s) if chosen else Assigned(first.incident, None, None)
        assert solve(incidents, people)[0] == expected


@given(incidents=INCIDENTS, people=PEOPLE)
def test_a_lower_priority_never_takes_anyone_from_a_higher(incidents: list[Waiting], people: list[Candidate], solve: Solve) -> None:
    done = {one.incident: one for one in solve(incidents, people)}
    for level in (1, 2, 3):
        upper = [one for one in incidents if one.immediate or one.priority <= level]
        assert {one.incident: one for one in solve(upper, people)} == {one.incident: done[one.incident] for one in upper}


def test_two_falls_share_two_responders_for_the_least_total(solve: Solve) -> None:
    """The nearest of both is the same one; sending that one to the first would cost the second a long way."""
    people = [person("middle", 2000), person("west", 1000)]
    done = solve([waiting("fall-middle", 2300), waiting("fall-west", 1600)], people)
    assert {one.incident: one.responder for one in done} == {"fall-middle": "middle", "fall-west": "west"}


def test_a_high_priority_far_away_goes_before_a_low_one_next_door(solve: Solve) -> None:
    done = solve([waiting("near", 1000, priority=3), waiting("far", 4000, priority=1)], [person("only", 1000)])
    assert [(one.incident, one.responder) for one in done] == [("far", "only"), ("near", None)]


def test_a_button_takes_the_nearest_though_the_total_would_be_less(solve: Solve) -> None:
    people = [person("middle", 2000), person("west", 1000)]
    done = solve([waiting("fall", 2300), waiting("sos", 1600, pressed=True)], people)
    assert [(one.incident, one.responder) for one in done] == [("sos", "middle"), ("fall", "west")]


def test_fire_goes_before_a_button_that_rang_earlier(solve: Solve) -> None:
    fire = waiting("fire", 2000, fire=True)
    sos = waiting("sos", 2000, pressed=True, raised_at=NOW - timedelta(minutes=2))
    assert [(one.incident, one.responder) for one in solve([sos, fire], [person("only", 1000)])] == [
        ("fire", "only"),
        ("sos", None),
    ]
