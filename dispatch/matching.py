"""Several incidents at once as one assignment; fire and pressed buttons go first, each to its nearest, and never wait for it.

Among the rest a higher priority is served before a lower one; within a priority as many incidents as possible get a responder, and
among all ways to do that the one with the least travel in total is taken (Hungarian method).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from dispatch.assignment import DEFAULT_RULE, Rule, rank
from dispatch.candidate import Candidate, obstacles, standing, ways
from dispatch.circle import Home
from dispatch.graph import RoadGraph
from dispatch.network import Place, Route


@dataclass(frozen=True, slots=True)
class Waiting:
    """An incident that waits for a responder. `immediate`: fire, or something a person pressed."""

    incident: str
    place: Place
    needed_skills: tuple[str, ...]
    fire: bool
    pressed: bool
    priority: int
    raised_at: datetime

    @property
    def immediate(self) -> bool:
        return self.fire or self.pressed


@dataclass(frozen=True, slots=True)
class Assigned:
    """Who goes to an incident; `responder` is None when nobody able is left."""

    incident: str
    responder: str | None
    travel_s: float | None


def assign(
    incidents: Sequence[Waiting],
    responders: Sequence[Candidate],
    *,
    roads: RoadGraph,
    homes: Sequence[Home],
    now: datetime,
    rule: Rule = DEFAULT_RULE,
) -> list[Assigned]:
    """One responder for each incident as far as they go, in the order of service. The order of the arguments changes nothing."""
    queue = sorted(incidents, key=lambda one: (not one.fire, not one.pressed, one.priority, one.raised_at, one.incident))
    people = sorted(responders, key=lambda candidate: candidate.code)
    done: list[Assigned] = []
    for one in queue:
        if one.immediate:
            chosen = rank(one.place, one.needed_skills, people, roads=roads, homes=homes, now=now, rule=rule).chosen
            done.append(Assigned(one.incident, chosen.responder, chosen.travel_s) if chosen else Assigned(one.incident, None, None))
            people = _without(people, done[-1:])
    rest = [one for one in queue if not one.immediate]
    for _, group in groupby(rest, key=lambda one: one.priority):
        done += _match(list(group), people, roads, now, rule)
        people = _without(people, done)
    return done


def least_total(cost: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Pairs (row, column), each used once: first as many finite pairs as possible, then the least sum of their costs (≥ 0)."""
    possible = np.isfinite(cost)
    if not possible.any():
        return []
    prohibitive = (cost[possible].max() + 1) * (min(cost.shape) + 1)  # more than any full set of possible pairs
    rows, columns = linear_sum_assignment(np.where(possible, cost, prohibitive))
    return [(int(row), int(column)) for row, column in zip(rows, columns, strict=True) if possible[row, column]]


def _without(people: Sequence[Candidate], done: Sequence[Assigned]) -> list[Candidate]:
    gone = {one.responder for one in done}
    return [replace(candidate, busy=True) if candidate.code in gone else candidate for candidate in people]


def _match(
    incidents: Sequence[Waiting], people: Sequence[Candidate], roads: RoadGraph, now: datetime, rule: Rule
) -> list[Assigned]:
    starts = [(candidate.vehicle, standing(candidate, now, rule.stale_after).place) for candidate in people]
    cost = np.full((len(incidents), len(people)), np.inf)
    for row, one in enumerate(incidents):
        for column, (candidate, way) in enumerate(zip(people, ways(roads, one.place, starts), strict=True)):
            if isinstance(way, Route) and not obstacles(candidate, one.needed_skills):
                cost[row, column] = round(way.seconds, 1)
    pairs = dict(least_total(cost))
    return [
        Assigned(one.incident, people[pairs[row]].code, float(cost[row, pairs[row]]))
        if row in pairs
        else Assigned(one.incident, None, None)
        for row, one in enumerate(incidents)
    ]
