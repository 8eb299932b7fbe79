"""Who goes and why: invariants over random responders on a street, then the rule case by case."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.shapes import Choice as ChoiceShape
from dispatch.assignment import Candidate, Choice, Home, Ranking, Reason, Rule, as_json, rank
from dispatch.candidate import RULES
from dispatch.circle import Post, service_circle
from dispatch.roads import RoadGraph

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
LAT = 39.16
SKILLS = ("first_aid", "lifting", "fire")

Person = Callable[..., Candidate]
Judge = Callable[..., Ranking]


def _lon(metres: float) -> float:
    """The longitude of a point of the avenue."""
    return 117.2 + metres / (6_371_008.8 * 3.141592653589793 / 180 * 0.7753866)


def person(code: str, at_m: float, **changes: Any) -> Candidate:
    """An able responder with an e-bike (3.6 m/s on the avenue) and a fresh position, `at_m` metres along the avenue."""
    whole = Candidate(
        code=code,
        name=f"{code}*",
        kind="care_staff",
        vehicle="ebike",
        skills=SKILLS,
        lon=_lon(at_m),
        lat=LAT,
        position_at=NOW,
        station_lon=_lon(0),
        station_lat=LAT,
        on_duty=True,
        busy=False,
    )
    return replace(whole, **changes)


def everywhere(n: int = 41) -> list[Home]:
    return [Home(f"h{i}", _lon(100 * i), LAT) for i in range(n)]


PEOPLE = st.lists(
    st.tuples(
        st.integers(0, 40).map(lambda node: 100.0 * node),
        st.sampled_from(["foot", "ebike", "car"]),
        st.sets(st.sampled_from(SKILLS), min_size=1),
        st.sampled_from([None, 0, 5, 11, 600]),
        st.sampled_from([True, True, True, False]),
        st.sampled_from([False, False, False, True]),
    ),
    max_size=8,
).map(
    lambda drawn: [
        person(
            f"r{i}",
            at_m,
            vehicle=vehicle,
            skills=tuple(sorted(skills)),
            position_at=None if age is None else NOW - timedelta(minutes=age),
            on_duty=on_duty,
            busy=busy,
        )
        for i, (at_m, vehicle, skills, age, on_duty, busy) in enumerate(drawn)
    ]
)
NEEDED = st.sets(st.sampled_from(SKILLS), max_size=2).map(lambda skills: tuple(sorted(skills)))
WHERE = st.floats(0, 4000)
HOMES = st.lists(st.tuples(st.floats(0, 4000), st.floats(0.5, 3)), max_size=10).map(
    lambda drawn: [Home(f"h{i}", _lon(at_m), LAT, weight) for i, (at_m, weight) in enumerate(drawn)]
)


@pytest.fixture(scope="session")
def judge(avenue: RoadGraph) -> Judge:
    """Rank these people for an incident `at_m` metres along the avenue."""

    def _judge(at_m: float, people: list[Candidate], needed: tuple[str, ...] = (), homes: list[Home] | None = None) -> Ranking:
        return rank((_lon(at_m), LAT), needed, people, roads=avenue, homes=homes or [], now=NOW)

    return _judge


def reasons(choice: Choice) -> dict[str, float | None]:
    return {reason.rule.removeprefix("assign."): reason.value for reason in choice.reasons}


@given(at_m=WHERE, people=PEOPLE, needed=NEEDED, homes=HOMES)
def test_everyone_is_kept_with_a_reason_and_at_most_one_is_chosen(
    at_m: float, people: list[Candidate], needed: tuple[str, ...], homes: list[Home], judge: Judge
) -> None:
    ranking = judge(at_m, people, needed, homes)
    assert sorted(choice.responder for choice in ranking.choices) == sorted(candidate.code for candidate in people)
    assert all(choice.reasons for choice in ranking.choices)
    assert {reason.rule for choice in ranking.choices for reason in choice.reasons} <= set(RULES)
    able = [choice for choice in ranking.choices if choice.able]
    chosen = [choice for choice in ranking.choices if choice.chosen]
    assert len(chosen) == bool(able)
    assert ranking.choices[:1] == tuple(chosen) or not able
    assert ranking.chosen == (chosen[0] if chosen else None)


@given(at_m=WHERE, people=PEOPLE, needed=NEEDED, homes=HOMES)
def test_the_chosen_can_do_it_and_nobody_able_is_a_minute_nearer(
    at_m: float, people: list[Candidate], needed: tuple[str, ...], homes: list[Home], judge: Judge
) -> None:
    ranking = judge(at_m, people, needed, homes)
    by_code = {candidate.code: candidate for candidate in people}
    for choice in ranking.choices:
        candidate = by_code[choice.responder]
        assert choice.able == (candidate.on_duty and not candidate.busy and set(needed) <= set(candidate.skills))
    if ranking.chosen:
        assert ranking.chosen.able
        chosen_s = ranking.chosen.travel_s or 0.0
        assert all(choice.travel_s is not None and choice.travel_s > chosen_s - 60 for choice in ranking.choices if choice.able)


@given(at_m=WHERE, people=PEOPLE, needed=NEEDED, homes=HOMES, data=st.data())
def test_order_changes_nothing(
    at_m: float, people: list[Candidate], needed: tuple[str, ...], homes: list[Home], data: st.DataObject, judge: Judge
) -> None:
    shuffled = data.draw(st.permutations(people))
    mixed_homes = data.draw(st.permutations(homes))
    assert judge(at_m, shuffled, needed, mixed_homes) == judge(at_m, people, needed, homes)


@given(at_m=WHERE, people=PEOPLE, needed=NEEDED)
def test_without_homes_to_weigh_a_loser_might_as_well_not_be_there(
    at_m: float, people: list[Candidate], needed: tuple[str, ...], judge: Judge
) -> None:
    """Coverage is all that near-ties look at, so without homes the nearest goes, whoever else is taken away."""
    chosen = judge(at_m, people, needed).chosen
    for loser in people:
        if chosen and loser.code != chosen.responder:
            others = [candidate for candidate in people if candidate.code != loser.code]
            again = judge(at_m, others, needed).chosen
            assert again is not None
            assert again.responder == chosen.responder


@given(at_m=WHERE, people=PEOPLE, needed=NEEDED, homes=HOMES)
def test_a_loser_beyond_the_tie_whose_place_nobody_covers_never_decides(
    at_m: float, people: list[Candidate], needed: tuple[str, ...], homes: list[Home], judge: Judge
) -> None:
    """Someone unable stays out of everything when they are not free either: taking them away changes no one's answer."""
    ranking = judge(at_m, people, needed, homes)
    idle = {candidate.code for candidate in people if not candidate.on_duty or candidate.busy}
    without = judge(at_m, [candidate for candidate in people if candidate.code not in idle], needed, homes)
    assert without.choices == tuple(choice for choice in ranking.choices if choice.responder not in idle)
    assert without.coverage_before == ranking.coverage_before


@given(at_m=WHERE, people=PEOPLE, needed=NEEDED, homes=HOMES)
def test_among_near_ties_the_best_coverage_goes_then_the_nearest(
    at_m: float, people: list[Candidate], needed: tuple[str, ...], homes: list[Home], judge: Judge
) -> None:
    able = [choice for choice in judge(at_m, people, needed, homes).choices if choice.able]
    if not able:
        return
    nearest_s = min(choice.travel_s or 0.0 for choice in able)
    ties = [choice for choice in able if (choice.travel_s or 0.0) - nearest_s < 60]
    best = min(ties, key=lambda choice: (-(choice.coverage_after or 0.0), choice.travel_s or 0.0, choice.responder))
    assert best.chosen


@given(at_m=WHERE, people=PEOPLE, homes=HOMES)
def test_coverage_is_that_of_the_service_circle(
    at_m: float, people: list[Candidate], homes: list[Home], judge: Judge, avenue: RoadGraph
) -> None:
    free = [candidate for candidate in people if candidate.on_duty and not candidate.busy]
    fresh = [candidate.position_at is not None and NOW - candidate.position_at <= timedelta(minutes=10) for candidate in free]
    posts = [
        Post(one.code, one.lon if is_fresh and one.lon is not None else one.station_lon, LAT, one.vehicle)
        for one, is_fresh in zip(free, fresh, strict=True)
    ]
    ranking = judge(at_m, people, (), homes)
    assert ranking.coverage_before == pytest.approx(service_circle(avenue, posts, homes).share, abs=0.0006)
    for choice in ranking.choices:
        if choice.able:
            left = [post for post in posts if post.code != choice.responder]
            assert choice.coverage_after == pytest.approx(service_circle(avenue, left, homes).share, abs=0.0006)
        else:
            assert choice.coverage_after is None


@given(at_m=WHERE, people=PEOPLE, needed=NEEDED, homes=HOMES)
def test_a_ranking_survives_json_and_is_what_the_console_expects(
    at_m: float, people: list[Candidate], needed: tuple[str, ...], homes: list[Home], judge: Judge
) -> None:
    ranking = judge(at_m, people, needed, homes)
    plain = as_json(ranking)
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    shapes = [ChoiceShape.model_validate(choice) for choice in plain["choices"]]
    assert [shape.responder for shape in shapes] == [choice.responder for choice in ranking.choices]
    assert plain["rule"] == {"near_tie_s": 60.0, "plan_travel_s": 600.0, "stale_after_s": 600.0}


def test_the_nearest_goes_and_the_others_know_why_not(judge: Judge) -> None:
    people = [person("near", 900), person("far", 1800), person("farther", 2700)]
    first, second, third = judge(0, people).choices
    assert (first.responder, second.responder, third.responder) == ("near", "far", "farther")
    assert first.travel_s == pytest.approx(250, abs=1)
    assert first.distance_m == pytest.approx(900, abs=3)
    assert reasons(first) == {"nearest": first.travel_s, "coverage_after": 1.0}
    assert reasons(second)["further"] == pytest.approx(250, abs=1)
    assert reasons(third)["further"] == pytest.approx(500, abs=1)


def test_a_near_tie_goes_to_whoever_is_missed_less(judge: Judge) -> None:
    """The nearer one, 28 s ahead, is the last who covers the east end; two stand in the west."""
    people = [person("east", 2100), person("west", 1800), person("west-too", 1700)]
    ranking = judge(1950 + 52, people, homes=everywhere())
    chosen, others = ranking.chosen, {choice.responder: choice for choice in ranking.choices}
    assert chosen is not None
    assert chosen.responder == "west"
    assert reasons(chosen)["near_tie_coverage"] == pytest.approx(28, abs=2)
    missed = (others["west"].coverage_after or 0.0) - (others["east"].coverage_after or 0.0)
    assert missed > 0
    assert reasons(others["east"])["leaves_less_coverage"] == pytest.approx(missed)
    assert ranking.coverage_before == 1.0


def test_a_minute_is_too_much_to_trade_for_coverage(judge: Judge) -> None:
    people = [person("east", 2100), person("west", 1800), person("west-too", 1700)]
    chosen = judge(2100, people, homes=everywhere()).chosen
    assert chosen is not None
    assert chosen.responder == "east"
    assert list(reasons(chosen)) == ["nearest", "coverage_after"]


def test_exactly_a_minute_is_no_tie(avenue: RoadGraph) -> None:
    """The further one would leave the better coverage; whether that counts hangs on the last tenth of a second."""
    people, homes = [person("east", 2100), person("west", 1800), person("west-too", 1700)], everywhere()
    times = {choice.responder: choice.travel_s or 0.0 for choice in _along(avenue, people, homes, Rule()).choices}
    gap_s = times["west"] - times["east"]
    assert [_winner(avenue, people, homes, Rule(near_tie_s=s)) for s in (gap_s, gap_s + 0.1)] == ["east", "west"]


def _along(avenue: RoadGraph, people: list[Candidate], homes: list[Home], rule: Rule) -> Ranking:
    return rank((_lon(2002), LAT), (), people, roads=avenue, homes=homes, now=NOW, rule=rule)


def _winner(avenue: RoadGraph, people: list[Candidate], homes: list[Home], rule: Rule) -> str:
    chosen = _along(avenue, people, homes, rule).chosen
    return chosen.responder if chosen else ""


def test_a_tie_that_coverage_does_not_break_stays_with_the_nearest(judge: Judge) -> None:
    people = [person("a", 1800), person("b", 1900)]
    first, second = judge(2100, people).choices
    assert (first.responder, reasons(first)["near_tie_coverage_no_better"]) == ("b", 1)
    assert second.responder == "a"


def test_equals_are_told_apart_by_code(judge: Judge) -> None:
    first, second = judge(0, [person("b", 900), person("a", 900)]).choices
    assert (first.responder, second.responder) == ("a", "b")
    assert second.reasons[0] == Reason("assign.equal_by_code")


def test_the_only_one_able_goes_however_far(judge: Judge) -> None:
    people = [
        person("near", 0, busy=True),
        person("off", 100, on_duty=False),
        person("untrained", 200, skills=("fire",)),
        person("far", 4000),
    ]
    ranking = judge(0, people, ("first_aid",))
    assert [choice.responder for choice in ranking.choices] == ["far", "near", "off", "untrained"]
    assert [next(iter(reasons(choice))) for choice in ranking.choices] == ["only_able", "busy", "off_duty", "lacks_skill"]
    assert [choice.able for choice in ranking.choices] == [True, False, False, False]


def test_nobody_able_means_nobody_chosen_but_everyone_listed_by_time(judge: Judge) -> None:
    ranking = judge(0, [person("b", 200, skills=()), person("a", 100, busy=True)], ("lifting", "first_aid"))
    assert ranking.chosen is None
    assert [choice.responder for choice in ranking.choices] == ["a", "b"]
    lacking = tuple(Reason("assign.lacks_skill", unit=skill) for skill in ("first_aid", "lifting"))
    assert ranking.choices[1].reasons == lacking


def test_nobody_at_all_is_an_answer(judge: Judge) -> None:
    assert judge(0, [], homes=everywhere()) == Ranking((), 0.0, Rule())


def test_a_stale_position_is_replaced_by_the_station_and_said(judge: Judge) -> None:
    (choice,) = judge(0, [person("r", 4000, position_at=NOW - timedelta(minutes=11))]).choices
    assert choice.from_station
    assert choice.travel_s == pytest.approx(0, abs=1)
    assert reasons(choice)["position_stale"] == 660


def test_whom_no_road_leads_here_is_unable_and_has_no_times(judge: Judge, make_graph: Callable[..., RoadGraph]) -> None:
    footpath = make_graph([(117.2, LAT), (117.21, LAT)], [(0, 1, 860.0, 4, False)])
    ranking = rank((117.21, LAT), (), [person("r", 0, vehicle="car")], roads=footpath, homes=[], now=NOW)
    (choice,) = ranking.choices
    assert (choice.able, choice.travel_s, choice.distance_m, choice.route) == (False, None, None, ())
    assert choice.reasons == (Reason("assign.unreachable"),)


def test_the_rule_is_an_argument_and_is_kept(avenue: RoadGraph) -> None:
    people = [person("near", 100), person("east", 4000), person("also-near", 200)]
    homes = [Home("h", _lon(4000), LAT)]
    patient = Rule(near_tie_s=3600.0, plan_travel_s=120.0, stale_after=timedelta(minutes=1))
    ranking = rank((_lon(3500), LAT), (), people, roads=avenue, homes=homes, now=NOW, rule=patient)
    assert ranking.chosen is not None
    assert ranking.chosen.responder == "also-near"
    assert as_json(ranking)["rule"] == {"near_tie_s": 3600.0, "plan_travel_s": 120.0, "stale_after_s": 60.0}


def test_the_route_leads_from_the_responder_to_the_incident(judge: Judge) -> None:
    chosen = judge(300, [person("r", 900)]).chosen
    assert chosen is not None
    assert (chosen.route[0], chosen.route[-1]) == ((_lon(900), LAT), (_lon(300), LAT))
    assert "route" not in as_json(judge(300, [person("r", 900)]))["choices"][0]
