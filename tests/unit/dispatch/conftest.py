"""Random small road graphs, and a plain reference for travel over them that shares nothing with the code under test."""

import heapq
from collections import defaultdict
from collections.abc import Callable, Mapping

import numpy as np
import pytest
from hypothesis import strategies as st

from dispatch.roads import SPEED_MPS, RoadGraph

Place = tuple[float, float]
Legs = Mapping[int, Mapping[int, float]]
Edge = tuple[int, int, float, int, bool]

LON, LAT = st.floats(117.19, 117.21), st.floats(39.15, 39.17)


def _graph(nodes: list[Place], edges: list[Edge]) -> RoadGraph:
    start, end, length_m, road_class, oneway = zip(*edges, strict=True) if edges else ((), (), (), (), ())
    return RoadGraph(
        np.array([lon for lon, _ in nodes], dtype=np.float64),
        np.array([lat for _, lat in nodes], dtype=np.float64),
        np.array(start, dtype=np.int32),
        np.array(end, dtype=np.int32),
        np.array(length_m, dtype=np.float32),
        np.array(road_class, dtype=np.uint8),
        np.array(oneway, dtype=np.bool_),
    )


@st.composite
def _graphs(draw: st.DrawFn, *, oneways: bool = True, least_edges: int = 0, apart: bool = False) -> RoadGraph:
    nodes = draw(st.lists(st.tuples(LON, LAT), min_size=1, max_size=12, unique=apart))
    node = st.integers(0, len(nodes) - 1)
    oneway = st.booleans() if oneways else st.just(False)
    edge = st.tuples(node, node, st.floats(0, 2000, width=32), st.integers(0, 4), oneway)
    return _graph(nodes, draw(st.lists(edge, min_size=least_edges, max_size=30)))


def _legs(graph: RoadGraph, vehicle: str) -> Legs:
    """Seconds of the fastest single edge between neighbours, as a reader of the brief would write it down."""
    legs: dict[int, dict[int, float]] = defaultdict(dict)
    for i in range(len(graph.start)):
        speed_mps = SPEED_MPS[vehicle][graph.road_class[i]]
        if speed_mps == 0:
            continue
        a, b, seconds = int(graph.start[i]), int(graph.end[i]), float(graph.length_m[i]) / speed_mps
        legs[a][b] = min(seconds, legs[a].get(b, seconds))
        if not graph.oneway[i] or vehicle in ("foot", "elder"):
            legs[b][a] = min(seconds, legs[b].get(a, seconds))
    return legs


def _reference_times(graph: RoadGraph, vehicle: str, source: int) -> list[float]:
    legs = _legs(graph, vehicle)
    best = [float("inf")] * len(graph.lon)
    best[source] = 0.0
    queue = [(0.0, source)]
    while queue:
        seconds, node = heapq.heappop(queue)
        for other, leg in legs.get(node, {}).items():
            if seconds + leg < best[other]:
                best[other] = seconds + leg
                heapq.heappush(queue, (best[other], other))
    return best


@pytest.fixture(scope="session")
def make_graph() -> Callable[[list[Place], list[Edge]], RoadGraph]:
    """A graph from (lon, lat) nodes and (start, end, length_m, road_class, oneway) edges."""
    return _graph


@pytest.fixture(scope="session")
def graphs() -> Callable[..., st.SearchStrategy[RoadGraph]]:
    """A strategy for small graphs: `oneways=False` without one-way streets, `least_edges=n`, `apart` no two nodes on one spot."""
    return _graphs


@pytest.fixture(scope="session")
def reference_times() -> Callable[[RoadGraph, str, int], list[float]]:
    """Plain Dijkstra: seconds from one node to every node."""
    return _reference_times


@pytest.fixture(scope="session")
def avenue() -> RoadGraph:
    """A straight residential street of 41 nodes, 100 m apart, from west to east along 39.16 N."""
    step = 100 / (6_371_008.8 * np.pi / 180 * np.cos(np.radians(39.16)))
    nodes = [(117.2 + i * float(step), 39.16) for i in range(41)]
    return _graph(nodes, [(i, i + 1, 100.0, 3, False) for i in range(40)])


@pytest.fixture(scope="session")
def town() -> RoadGraph:
    """A grid of 64 × 64 crossings about 80 m apart with gaps, one-way streets and all road classes; the size of a district."""
    side, rng = 64, np.random.default_rng(20)
    east, north = np.meshgrid(np.arange(side), np.arange(side), indexing="ij")
    lon = 117.2 + east.ravel() * 0.0009 + rng.normal(0, 0.0001, side * side)
    lat = 39.15 + north.ravel() * 0.0008 + rng.normal(0, 0.0001, side * side)
    node = np.arange(side * side).reshape(side, side)
    start = np.concatenate([node[:-1].ravel(), node[:, :-1].ravel()])
    end = np.concatenate([node[1:].ravel(), node[:, 1:].ravel()])
    kept = rng.random(len(start)) < 0.85
    start, end = start[kept], end[kept]
    length_m = np.hypot((lon[start] - lon[end]) * 86_200, (lat[start] - lat[end]) * 111_195)
    return RoadGraph(
        lon,
        lat,
        start.astype(np.int32),
        end.astype(np.int32),
        length_m.astype(np.float32),
        rng.integers(0, 5, len(start)).astype(np.uint8),
        rng.random(len(start)) < 0.1,
    )
