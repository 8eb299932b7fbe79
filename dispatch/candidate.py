"""Someone who might be sent: where they stand as far as we know, what keeps them from going, and their way to a place. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from dispatch.graph import RoadGraph
from dispatch.network import Place, Route, Unreachable, network, routes_to

STALE_AFTER = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A responder at this moment. `lon`, `lat`, `position_at`: what their phone last said, None where it never did."""

    code: str
    name: str
    kind: str
    vehicle: str
    skills: tuple[str, ...]
    lon: float | None
    lat: float | None
    position_at: datetime | None
    station_lon: float
    station_lat: float
    on_duty: bool
    busy: bool


@dataclass(frozen=True, slots=True)
class Reason:
    """Why, in parts that i18n can say: `rule` is a key of RULES, `unit` that of the value or the code that the rule is about."""

    rule: str
    value: float | None = None
    unit: str = ""


RULES = (
    "assign.nearest",  # seconds of travel
    "assign.only_able",  # seconds of travel
    "assign.near_tie_coverage",  # chosen for the coverage, though so many seconds further than the nearest
    "assign.near_tie_coverage_no_better",  # so many near-ties would leave no better coverage
    "assign.coverage_after",  # share of homes in the circle when this one is gone
    "assign.further",  # seconds longer than the chosen
    "assign.leaves_less_coverage",  # no further than the chosen, but leaves that much less share
    "assign.equal_by_code",  # nothing between them; the code decides, so that the same facts give the same answer
    "assign.off_duty",
    "assign.busy",
    "assign.lacks_skill",  # the skill is the unit
    "assign.unreachable",
    "assign.position_stale",  # seconds of age; counted from the station
    "assign.position_unknown",  # counted from the station
)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where we take someone to be; `from_station` when their own position is missing or stale, with the reason."""

    place: Place
    from_station: bool
    reasons: tuple[Reason, ...]


def standing(candidate: Candidate, now: datetime, stale_after: timedelta = STALE_AFTER) -> Standing:
    """The last position while it is fresh, else the station."""
    station = (candidate.station_lon, candidate.station_lat)
    if candidate.lon is None or candidate.lat is None or candidate.position_at is None:
        return Standing(station, True, (Reason("assign.position_unknown"),))
    age = now - candidate.position_at
    if age > stale_after:
        return Standing(station, True, (Reason("assign.position_stale", round(age.total_seconds()), "s"),))
    return Standing((candidate.lon, candidate.lat), False, ())


def obstacles(candidate: Candidate, needed_skills: Iterable[str]) -> tuple[Reason, ...]:
    """What keeps them from doing this job, whatever the way; empty when nothing does."""
    missing = sorted(set(needed_skills) - set(candidate.skills))
    return (
        *((Reason("assign.off_duty"),) if not candidate.on_duty else ()),
        *((Reason("assign.busy"),) if candidate.busy else ()),
        *(Reason("assign.lacks_skill", unit=skill) for skill in missing),
    )


def ways(roads: RoadGraph, destination: Place, starts: Sequence[tuple[str, Place]]) -> list[Route | Unreachable]:
    """The way of each (vehicle, place) to the destination, by one search a vehicle."""
    found: dict[int, Route | Unreachable] = {}
    order = sorted(range(len(starts)), key=lambda i: starts[i][0])
    for vehicle, group in groupby(order, key=lambda i: starts[i][0]):
        mine = list(group)
        routes = routes_to(network(roads, vehicle), destination, [starts[i][1] for i in mine])
        found.update(zip(mine, routes, strict=True))
    return [found[i] for i in range(len(starts))]
