"""Spots for buildings: beside a street, inside the sub-district, off water and parks."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from shapely import Point, prepare
from shapely.geometry.base import BaseGeometry

from dispatch.roads import ROAD_CLASSES
from simulators.district.ground import Ground
from simulators.metres import Points, to_degrees

_PLOTS = tuple(ROAD_CLASSES.index(k) for k in ("secondary", "residential", "path"))
_OFFSET_M = (13.0, 27.0)
_TRIES = 200


class NoRoom(RuntimeError):
    """No spot beside these streets is inside the sub-district and dry."""

    def __init__(self, area: str) -> None:
        super().__init__(f"area {area}: no spot found in {_TRIES} tries")
        self.area = area


@dataclass(frozen=True, slots=True)
class Spot:
    """A place for a door: degrees, and metres from the middle of the district."""

    lon: float
    lat: float
    east: float
    north: float


class Plots:
    """The edges of one sub-district beside which one may build, and how to find spots there."""

    def __init__(self, ground: Ground, area: str) -> None:
        self.area = area
        self.streets = ground.streets
        self.edges = np.flatnonzero((ground.streets.area == area) & np.isin(ground.streets.road_class, _PLOTS))
        self._tile: BaseGeometry = ground.tiles[area]
        self._barred = ground.barred
        self._tree = cKDTree(ground.streets.middles[self.edges])
        prepare(self._tile)
        prepare(self._barred)

    def near(self, east: float, north: float, radius_m: float) -> NDArray[np.int64]:
        """Edges whose middles lie within a radius; the nearest one when there is none."""
        found = sorted(self._tree.query_ball_point((east, north), radius_m)) or [int(self._tree.query((east, north))[1])]
        return np.asarray(self.edges[found], dtype=np.int64)

    def spot(self, edges: Sequence[int] | NDArray[np.int64], rng: Random) -> Spot:
        """Somewhere beside one of these edges. Raises NoRoom."""
        for _ in range(_TRIES):
            spot = self._try(int(edges[rng.randrange(len(edges))]), rng)
            place = Point(spot.lon, spot.lat)
            if self._tile.contains(place) and not self._barred.contains(place):
                return spot
        raise NoRoom(self.area)

    def spread(self, count: int, taken: list[Spot], rng: Random, candidates: int) -> list[Spot]:
        """Spots far from each other and from those taken, which they join: each the best of some candidates."""
        chosen = []
        for _ in range(count):
            best = max((self.spot(self.edges, rng) for _ in range(candidates)), key=lambda spot: _clearance(spot, taken))
            taken.append(best)
            chosen.append(best)
        return chosen

    def _try(self, edge: int, rng: Random) -> Spot:
        a, b = self.streets.metres[self.streets.edges[edge]]
        along = (b - a) / np.hypot(*(b - a))
        side = rng.choice((-1, 1)) * rng.uniform(*_OFFSET_M)
        place = a + (b - a) * rng.uniform(0.15, 0.85) + np.array([-along[1], along[0]]) * side
        return spot_at(place)


def spot_at(place: Points) -> Spot:
    """The spot at (east, north)."""
    lon, lat = to_degrees(place)
    return Spot(float(lon), float(lat), float(place[0]), float(place[1]))


def _clearance(spot: Spot, taken: Sequence[Spot]) -> float:
    return min(((spot.east - t.east) ** 2 + (spot.north - t.north) ** 2 for t in taken), default=float("inf"))
