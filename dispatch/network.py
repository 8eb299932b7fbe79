"""Travel over the road graph: nearest node, times to and from a place, the fastest way. Pure.

Places are (lon, lat) in WGS-84 degrees and are bound to their nearest node; the way between place and node is walked in a
straight line. A network is a road graph as one vehicle may use it. Turnout and entry allowances belong to the caller.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import inf, isfinite
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.spatial import cKDTree

from dispatch.graph import RoadGraph
from dispatch.plane import Plane, plane_of

Place = tuple[float, float]
Arcs: TypeAlias = csr_array[np.float64, tuple[int, int]]

WALK_MPS = 1.4
SPEED_MPS: Mapping[str, tuple[float, ...]] = {
    "foot": (WALK_MPS, WALK_MPS, WALK_MPS, WALK_MPS, WALK_MPS),
    "ebike": (4.2, 4.2, 4.2, 3.6, 2.5),
    "car": (11.0, 7.5, 6.0, 4.2, 0.0),
    "elder": (1.0, 1.0, 1.0, 1.0, 1.0),
}
"""Door-to-door moving speed by vehicle and road class; 0 means "may not".

foot: between the mean 1.51 and the 15th percentile 1.25 m/s of adults crossing streets (Knoblauch et al., TRR 1538, 1996).
elder: the same study's 15th percentile of people over 65, 0.97 m/s; agrees with GB 50180-2018, which counts 800–1,000 m as
fifteen minutes' walk. ebike: 15 km/h, the limit in bicycle lanes (Road Traffic Safety Law of the PRC, article 58), less inside
compounds. car: an assumption, about half of the urban limits (Implementing Regulations, article 45: 30 and 50 km/h; trunk roads
up to 80) for lights and traffic; to be calibrated against the district's own arrivals.
"""

_ON_FOOT = frozenset({"foot", "elder"})  # whoever walks may go against a one-way street
_ISLAND_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Snap:
    """The node that stands for a place and the walk between them; (-1, inf, inf) where there is none."""

    node: int
    metres: float
    walk_s: float


@dataclass(frozen=True, slots=True)
class Route:
    """The fastest way: door to door in seconds and metres, and the line to draw."""

    seconds: float
    metres: float
    line: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Unreachable:
    """No way for this vehicle between the two places."""

    origin: Place
    destination: Place


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """A road graph as one vehicle may use it; build it with `network`, which keeps it.

    `forward` and `backward` hold seconds from row to column, the latter with every edge turned around; `metres` has the
    structure of `backward`. Only the nodes in `stops` stand for places: those of map islands that the vehicle cannot get
    on to or off would strand everyone near them.
    """

    graph: RoadGraph
    vehicle: str
    plane: Plane
    forward: Arcs
    backward: Arcs
    metres: NDArray[np.float64]
    stops: NDArray[np.intp]
    tree: cKDTree | None

    def nearest(self, lon: float, lat: float) -> Snap:
        """The nearest node that the vehicle can get to and away from."""
        if self.tree is None or not (isfinite(lon) and isfinite(lat)):
            return Snap(-1, inf, inf)
        metres, place = self.tree.query(self.plane.to_metres(lon, lat))
        return Snap(int(self.stops[int(place)]), float(metres), float(metres) / self.walk_mps)

    def nearest_of_many(self, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Of each place the node and the seconds walked to it; (-1, inf) where there is none. Finite coordinates only."""
        if self.tree is None or not len(lon):
            return np.full(len(lon), -1, dtype=np.intp), np.full(len(lon), inf)
        metres, place = self.tree.query(np.column_stack(self.plane.to_metres(lon, lat)))
        return self.stops[np.asarray(place)], np.asarray(metres) / self.walk_mps

    def times_between(self, origins: Sequence[Place], destinations: Sequence[Place], limit_s: float = inf) -> NDArray[np.float64]:
        """Seconds door to door from every origin (row) to every destination (column); inf where there is no way in `limit_s`."""
        begin, out_s = self.nearest_of_many(*_columns(origins))
        end, in_s = self.nearest_of_many(*_columns(destinations))
        if self.tree is None or not origins:
            return np.full((len(origins), len(destinations)), inf)
        nodes, row = np.unique(begin, return_inverse=True)
        times: NDArray[np.float64] = dijkstra(self.forward, indices=nodes, limit=limit_s)[row][:, end] + out_s[:, None] + in_s
        return np.where(times <= limit_s, times, inf)

    @property
    def walk_mps(self) -> float:
        """How fast the last metres are walked."""
        return min(SPEED_MPS[self.vehicle]) if self.vehicle in _ON_FOOT else WALK_MPS

    def times_to(self, lon: float, lat: float) -> NDArray[np.float64]:
        """Seconds from every node to this place, the walk from its node included; inf where there is no way."""
        return self._times(self.backward, self.nearest(lon, lat))

    def times_from(self, lon: float, lat: float, limit_s: float = inf) -> NDArray[np.float64]:
        """Seconds from this place to every node, the walk to its node included; inf where there is no way or beyond `limit_s`."""
        return self._times(self.forward, self.nearest(lon, lat), limit_s)

    def _times(self, csr: Arcs, snap: Snap, limit_s: float = inf) -> NDArray[np.float64]:
        if snap.node < 0 or snap.walk_s > limit_s:
            return np.full(len(self.graph.lon), np.inf)
        times: NDArray[np.float64] = dijkstra(csr, indices=[snap.node], limit=limit_s - snap.walk_s)[0]
        return times + snap.walk_s


@lru_cache(maxsize=16)
def network(graph: RoadGraph, vehicle: str) -> Network:
    """The graph for one vehicle of SPEED_MPS, built once. Raises KeyError for an unknown vehicle."""
    tail, head, seconds, metres = _arcs(graph, vehicle)
    n = len(graph.lon)
    forward = csr_array((seconds, (tail, head)), shape=(n, n))
    backward = csr_array((seconds, (head, tail)), shape=(n, n))
    lengths = csr_array((metres, (head, tail)), shape=(n, n))
    plane = plane_of(graph.lon, graph.lat)
    stops = _stops(forward, tail)
    tree = cKDTree(np.column_stack(plane.to_metres(graph.lon[stops], graph.lat[stops]))) if len(stops) else None
    return Network(graph, vehicle, plane, forward, backward, lengths.data, stops, tree)


def route(network: Network, origin: Place, destination: Place) -> Route | Unreachable:
    """The fastest way from one place to another."""
    return routes_to(network, destination, (origin,))[0]


def routes_to(network: Network, destination: Place, origins: Iterable[Place]) -> list[Route | Unreachable]:
    """The fastest way from each origin to one destination, by one search for all of them."""
    end = network.nearest(*destination)
    if end.node < 0:
        return [Unreachable(origin, destination) for origin in origins]
    times, towards = dijkstra(network.backward, indices=[end.node], return_predecessors=True)
    return [_route(network, origin, destination, end, times[0], towards[0]) for origin in origins]


def _route(
    network: Network,
    origin: Place,
    destination: Place,
    end: Snap,
    times: NDArray[np.float64],
    towards: NDArray[np.int32],
) -> Route | Unreachable:
    begin = network.nearest(*origin)
    if begin.node < 0 or not isfinite(times[begin.node]):
        return Unreachable(origin, destination)
    if begin.node == end.node:  # next door or the same building: nobody walks to the corner and back
        metres = min(begin.metres + end.metres, network.plane.distance_m(origin, destination))
        return Route(metres / network.walk_mps, metres, (origin, destination))
    nodes = _chain(begin.node, end.node, towards)
    metres = begin.metres + end.metres + sum(_step_m(network, b, a) for a, b in pairwise(nodes))
    line = ((float(network.graph.lon[node]), float(network.graph.lat[node])) for node in nodes)
    return Route(float(times[begin.node]) + begin.walk_s + end.walk_s, metres, (origin, *line, destination))


def _columns(places: Sequence[Place]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    columns = np.array(places, dtype=np.float64).reshape(-1, 2)
    return columns[:, 0], columns[:, 1]


def _chain(node: int, end: int, towards: NDArray[np.int32]) -> list[int]:
    chain = [node]
    while node != end:
        node = int(towards[node])
        chain.append(node)
    return chain


def _step_m(network: Network, row: int, column: int) -> float:
    first, last = network.backward.indptr[row], network.backward.indptr[row + 1]
    found = first + np.searchsorted(network.backward.indices[first:last], column)
    return float(network.metres[found])


def _arcs(graph: RoadGraph, vehicle: str) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64], NDArray[np.float64]]:
    """Every direction that the vehicle may take as tail, head, seconds, metres; of parallel arcs the fastest alone."""
    speed_mps = np.array(SPEED_MPS[vehicle])[graph.road_class]
    along = speed_mps > 0
    against = along & (~graph.oneway | (vehicle in _ON_FOOT))
    tail = np.concatenate([graph.start[along], graph.end[against]])
    head = np.concatenate([graph.end[along], graph.start[against]])
    metres = np.concatenate([graph.length_m[along], graph.length_m[against]]).astype(np.float64)
    seconds = metres / np.concatenate([speed_mps[along], speed_mps[against]])
    order = np.lexsort((metres, seconds, head, tail))
    tail, head, seconds, metres = tail[order], head[order], seconds[order], metres[order]
    first = np.ones(len(tail), dtype=bool)  # a sparse matrix would add parallel arcs up
    first[1:] = (tail[1:] != tail[:-1]) | (head[1:] != head[:-1])
    return tail[first], head[first], seconds[first], metres[first]


def _stops(forward: Arcs, tails: NDArray[np.int32]) -> NDArray[np.intp]:
    """Nodes of the strongly connected parts that hold at least a tenth of what the largest holds."""
    if not len(tails):
        return np.array([], dtype=np.intp)
    _, part = connected_components(forward, directed=True, connection="strong")
    size = np.bincount(part)
    used = np.zeros(forward.shape[0], dtype=bool)
    used[forward.indices] = True
    used[tails] = True
    return np.flatnonzero(used & (size[part] >= max(1, _ISLAND_SHARE * size.max())))
