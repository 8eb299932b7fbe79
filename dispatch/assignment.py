"""Who goes: the nearest free responder by road who can do the job, near-ties to the choice that leaves the better coverage. Pure.

Every candidate is kept with travel time and reasons for and against, so that the trail of a dispatch can answer "why not the
other one?" years later. Nobody is chosen who is unable; when nobody is able nobody is chosen, and people decide.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dispatch.candidate import STALE_AFTER, Candidate, Reason, Standing, obstacles, standing, ways
from dispatch.circle import PLAN_TRAVEL_S, Home, Post, reach, share_of
from dispatch.graph import RoadGraph
from dispatch.network import Place, Route, Unreachable

__all__ = ["Candidate", "Choice", "DEFAULT_RULE", "Home", "Ranking", "Reason", "Rule", "as_json", "rank"]

_SHARE_DIGITS = 3


@dataclass(frozen=True, slots=True)
class Rule:
    """The numbers of the default rule; kept with every ranking. Coverage counts in tenths of a percent, as it is shown."""

    near_tie_s: float = 60.0
    plan_travel_s: float = PLAN_TRAVEL_S
    stale_after: timedelta = STALE_AFTER


DEFAULT_RULE = Rule()


@dataclass(frozen=True, slots=True)
class Choice:
    """One candidate as judged. No `travel_s` and `distance_m` where there is no way; `coverage_after` for the able only.

    `route` is the line to draw; it stays out of the JSON of a ranking, the dispatch keeps that of the chosen.
    """

    responder: str
    name: str
    kind: str
    vehicle: str
    skills: tuple[str, ...]
    travel_s: float | None
    distance_m: float | None
    from_station: bool
    able: bool
    chosen: bool
    reasons: tuple[Reason, ...]
    coverage_after: float | None
    route: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Ranking:
    """All candidates, best first: the chosen, the other near-ties, the further ones, the unable by travel time."""

    choices: tuple[Choice, ...]
    coverage_before: float
    rule: Rule

    @property
    def chosen(self) -> Choice | None:
        """Who should go; None when nobody is able."""
        return next((choice for choice in self.choices if choice.chosen), None)


def rank(
    place: Place,
    needed_skills: Sequence[str],
    responders: Sequence[Candidate],
    *,
    roads: RoadGraph,
    homes: Sequence[Home],
    now: datetime,
    rule: Rule = DEFAULT_RULE,
) -> Ranking:
    """Judge everyone for an incident at `place`. The order of `responders` and `homes` changes nothing."""
    people = sorted(responders, key=lambda candidate: candidate.code)
    standings = [standing(candidate, now, rule.stale_after) for candidate in people]
    routes = ways(roads, place, [(c.vehicle, s.place) for c, s in zip(people, standings, strict=True)])
    before, after = _coverages(people, standings, roads, homes, rule)
    judged = [_judge(*facts, needed_skills) for facts in zip(people, standings, routes, after, strict=True)]
    return Ranking(_ordered(judged, rule), before, rule)


def as_json(ranking: Ranking) -> dict[str, Any]:
    """The ranking as plain JSON values, for the trail of a dispatch; coverage after each choice is among its reasons."""
    return {
        "choices": [_choice_json(choice) for choice in ranking.choices],
        "coverage_before": ranking.coverage_before,
        "rule": {
            "near_tie_s": ranking.rule.near_tie_s,
            "plan_travel_s": ranking.rule.plan_travel_s,
            "stale_after_s": ranking.rule.stale_after.total_seconds(),
        },
    }


def _choice_json(choice: Choice) -> dict[str, Any]:
    values = asdict(choice) | {"skills": list(choice.skills), "reasons": [asdict(reason) for reason in choice.reasons]}
    return {name: value for name, value in values.items() if name not in ("coverage_after", "route")}


def _coverages(
    people: Sequence[Candidate], standings: Sequence[Standing], roads: RoadGraph, homes: Sequence[Home], rule: Rule
) -> tuple[float, list[float]]:
    """The coverage by everyone free, and by everyone free but each one in turn."""
    posts = [Post(c.code, *s.place, c.vehicle) for c, s in zip(people, standings, strict=True)]
    free = np.array([candidate.on_duty and not candidate.busy for candidate in people], dtype=bool)
    reached = np.zeros((len(posts), len(homes)), dtype=bool)
    reached[free] = reach(roads, [post for post, is_free in zip(posts, free, strict=True) if is_free], homes, rule.plan_travel_s)
    by_how_many: NDArray[np.intp] = reached.sum(axis=0, dtype=np.intp)
    return _share(by_how_many > 0, homes), [_share(by_how_many > mine, homes) for mine in reached]


def _share(covered: NDArray[np.bool_], homes: Sequence[Home]) -> float:
    return round(share_of(covered, homes), _SHARE_DIGITS)


def _judge(candidate: Candidate, at: Standing, way: Route | Unreachable, coverage_after: float, needed: Sequence[str]) -> Choice:
    there = isinstance(way, Route)
    against = obstacles(candidate, needed) + (() if there else (Reason("assign.unreachable"),))
    left = () if against else (Reason("assign.coverage_after", coverage_after, "share"),)
    return Choice(
        responder=candidate.code,
        name=candidate.name,
        kind=candidate.kind,
        vehicle=candidate.vehicle,
        skills=candidate.skills,
        travel_s=round(way.seconds, 1) if isinstance(way, Route) else None,
        distance_m=round(way.metres) if isinstance(way, Route) else None,
        from_station=at.from_station,
        able=not against,
        chosen=False,
        reasons=against + left + at.reasons,
        coverage_after=None if against else coverage_after,
        route=way.line if isinstance(way, Route) else (),
    )


def _seconds(choice: Choice) -> float:
    return inf if choice.travel_s is None else choice.travel_s


def _left(choice: Choice) -> float:
    return 0.0 if choice.coverage_after is None else choice.coverage_after


def _ordered(judged: Sequence[Choice], rule: Rule) -> tuple[Choice, ...]:
    by_time = sorted(judged, key=lambda choice: (_seconds(choice), choice.responder))
    able = [choice for choice in by_time if choice.able]
    unable = [choice for choice in by_time if not choice.able]
    if not able:
        return tuple(unable)
    ties = [choice for choice in able if _seconds(choice) - _seconds(able[0]) < rule.near_tie_s]
    ties.sort(key=lambda choice: -_left(choice))  # stable: equal coverage stays in order of time
    winner, losers = ties[0], [*ties[1:], *able[len(ties) :]]
    return (
        replace(winner, chosen=True, reasons=_why(winner, able, len(ties) - 1) + winner.reasons),
        *(replace(loser, reasons=(_why_not(loser, winner), *loser.reasons)) for loser in losers),
        *unable,
    )


def _why(winner: Choice, able: Sequence[Choice], other_ties: int) -> tuple[Reason, ...]:
    if len(able) == 1:
        return (Reason("assign.only_able", winner.travel_s, "s"),)
    if winner is not able[0]:
        return (Reason("assign.near_tie_coverage", round(_seconds(winner) - _seconds(able[0]), 1), "s"),)
    tied = (Reason("assign.near_tie_coverage_no_better", other_ties),) if other_ties else ()
    return (Reason("assign.nearest", winner.travel_s, "s"), *tied)


def _why_not(loser: Choice, winner: Choice) -> Reason:
    further_s = round(_seconds(loser) - _seconds(winner), 1)
    if further_s > 0:
        return Reason("assign.further", further_s, "s")
    if _left(loser) < _left(winner):
        return Reason("assign.leaves_less_coverage", round(_left(winner) - _left(loser), _SHARE_DIGITS), "share")
    return Reason("assign.equal_by_code")
