"""Where a responder is taken to stand, what keeps them from going, and their ways at once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from care.people import SKILLS
from dispatch.candidate import RULES, STALE_AFTER, Candidate, Reason, Standing, obstacles, standing, ways
from dispatch.roads import RoadGraph, Route, Unreachable, network, route

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
HERE, STATION = (117.21, 39.16), (117.20, 39.17)
SOMEONE = Candidate("r1", "李*", "nurse", "ebike", ("nursing", "first_aid"), *HERE, NOW, *STATION, on_duty=True, busy=False)


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (timedelta(0), Standing(HERE, False, ())),
        (STALE_AFTER, Standing(HERE, False, ())),
        (STALE_AFTER + timedelta(seconds=1), Standing(STATION, True, (Reason("assign.position_stale", 601, "s"),))),
        (timedelta(days=2), Standing(STATION, True, (Reason("assign.position_stale", 172_800, "s"),))),
        (timedelta(seconds=-5), Standing(HERE, False, ())),  # a phone's clock a little ahead is no reason to doubt it
    ],
)
def test_a_position_counts_for_ten_minutes(age: timedelta, expected: Standing) -> None:
    assert standing(replace(SOMEONE, position_at=NOW - age), NOW) == expected


@pytest.mark.parametrize("missing", ["lon", "lat", "position_at"])
def test_without_a_whole_position_the_station_counts(missing: str) -> None:
    unknown = replace(SOMEONE, **{missing: None})  # type: ignore[arg-type]
    assert standing(unknown, NOW) == Standing(STATION, True, (Reason("assign.position_unknown"),))


@given(
    st.booleans(),
    st.booleans(),
    st.lists(st.sampled_from(SKILLS), unique=True),
    st.lists(st.sampled_from(SKILLS)),
)
def test_every_obstacle_is_named_and_nothing_else(on_duty: bool, busy: bool, has: list[str], needed: list[str]) -> None:
    found = obstacles(replace(SOMEONE, on_duty=on_duty, busy=busy, skills=tuple(has)), needed)
    assert (Reason("assign.off_duty") in found) == (not on_duty)
    assert (Reason("assign.busy") in found) == busy
    assert {reason.unit for reason in found if reason.rule == "assign.lacks_skill"} == set(needed) - set(has)
    assert len(found) == (not on_duty) + busy + len(set(needed) - set(has))
    assert {reason.rule for reason in found} <= set(RULES)


def test_obstacles_do_not_depend_on_the_order_of_skills() -> None:
    nobody = replace(SOMEONE, skills=())
    assert obstacles(nobody, ("lifting", "aed")) == obstacles(nobody, ("aed", "lifting", "aed"))


@given(
    starts=st.lists(
        st.tuples(st.sampled_from(["foot", "ebike", "car"]), st.tuples(st.floats(117.2, 117.25), st.floats(39.15, 39.2))),
        max_size=6,
    )
)
def test_ways_at_once_are_the_ways_one_by_one(starts: list[tuple[str, tuple[float, float]]], town: RoadGraph) -> None:
    to = (117.23, 39.17)
    assert ways(town, to, starts) == [route(network(town, vehicle), place, to) for vehicle, place in starts]


def test_a_way_may_be_missing_for_one_and_there_for_another(town: RoadGraph) -> None:
    nowhere = (float("nan"), 39.17)
    first, second = ways(town, (117.23, 39.17), [("car", nowhere), ("car", (117.22, 39.17))])
    assert isinstance(first, Unreachable)
    assert isinstance(second, Route)
