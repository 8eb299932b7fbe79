"""The two circles: what responders reach in time (service circle) and what residents reach on foot (life circle). Pure.

Of the fifteen minutes, answer, offer, accept and entry take about five: the service circle is planned with ten minutes of travel
and measured whole with fifteen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from math import fsum

import numpy as np
from numpy.typing import NDArray

from dispatch.graph import RoadGraph
from dispatch.network import network

PLAN_TRAVEL_S = 600.0
WHOLE_CIRCLE_S = 900.0


@dataclass(frozen=True, slots=True)
class Home:
    """Where someone in care lives; `weight` counts them, more for those who need help sooner."""

    code: str
    lon: float
    lat: float
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Post:
    """Where a responder stands, and what they would travel by."""

    code: str
    lon: float
    lat: float
    vehicle: str


@dataclass(frozen=True, slots=True)
class Facility:
    """Somewhere that residents walk to: an institution, day care, a canteen."""

    code: str
    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class Coverage:
    """`share` of the homes' weight inside the circle, from 0 to 1; without any homes 1.0, since nobody is left out.

    `doubly` is the share that stays inside whichever one responder is taken away. `outside` lists home codes in the order given.
    """

    share: float
    doubly: float
    homes: int
    outside: tuple[str, ...]
    within_s: float


def service_circle(roads: RoadGraph, posts: Sequence[Post], homes: Sequence[Home], within_s: float = PLAN_TRAVEL_S) -> Coverage:
    """Which homes at least one of these responders reaches by road in time."""
    return _coverage(reach(roads, posts, homes, within_s), homes, within_s)


def life_circle(
    roads: RoadGraph, facilities: Sequence[Facility], homes: Sequence[Home], within_s: float = WHOLE_CIRCLE_S
) -> Coverage:
    """From which homes an elder reaches at least one of these facilities on foot in time."""
    on_foot = network(roads, "elder")
    times = on_foot.times_between([(home.lon, home.lat) for home in homes], [(one.lon, one.lat) for one in facilities], within_s)
    return _coverage(np.isfinite(times).T, homes, within_s)


def reach(roads: RoadGraph, posts: Sequence[Post], homes: Sequence[Home], within_s: float) -> NDArray[np.bool_]:
    """Who (row) reaches which home (column) by road in time."""
    reached = np.zeros((len(posts), len(homes)), dtype=bool)
    places = [(home.lon, home.lat) for home in homes]
    rows = sorted(range(len(posts)), key=lambda row: posts[row].vehicle)
    for vehicle, group in groupby(rows, key=lambda row: posts[row].vehicle):
        mine = list(group)
        origins = [(posts[row].lon, posts[row].lat) for row in mine]
        reached[mine] = np.isfinite(network(roads, vehicle).times_between(origins, places, within_s))
    return reached


def share_of(covered: NDArray[np.bool_], homes: Sequence[Home]) -> float:
    """The share of the homes' weight that is covered; summed exactly, so that the order of the homes changes nothing."""
    total = fsum(home.weight for home in homes)
    return fsum(home.weight for home, inside in zip(homes, covered, strict=True) if inside) / total if total > 0 else 1.0


def _coverage(reached: NDArray[np.bool_], homes: Sequence[Home], within_s: float) -> Coverage:
    times = reached.sum(axis=0)
    outside = tuple(home.code for home, n in zip(homes, times, strict=True) if not n)
    return Coverage(share_of(times > 0, homes), share_of(times > 1, homes), len(homes), outside, within_s)
