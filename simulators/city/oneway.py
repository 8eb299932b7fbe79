"""One-way streets: those that the plan names, unless they would leave some place that a car could not reach or leave."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from dispatch.roads import ROAD_CLASSES
from simulators.city.weave import Web

_PATH = ROAD_CLASSES.index("path")
_WAY = np.array([1.0, 0.35])  # against the traffic of nobody's street: all run up this slope, or down it by turns


def with_oneway(web: Web, names: Sequence[str], wanted: Sequence[str]) -> tuple[Web, NDArray[np.bool_]]:
    """The web with the edges of one-way streets turned their way, and which edges these are."""
    edges, oneway = web.edges.copy(), np.zeros(len(web.edges), dtype=bool)
    parts = _parts(web, edges, oneway)
    for turn, name in enumerate(wanted):
        mine = (web.name == names.index(name)) & (web.road_class != _PATH)
        tried, tried_oneway = edges.copy(), oneway | mine
        slope = ((web.points[edges[:, 1]] - web.points[edges[:, 0]]) @ _WAY) * (1 if turn % 2 else -1)
        wrong = mine & (slope < 0)
        tried[wrong] = tried[wrong][:, ::-1]
        if _parts(web, tried, tried_oneway) == parts:
            edges, oneway = tried, tried_oneway
    return Web(web.points, edges, web.road_class, web.name), oneway


def _parts(web: Web, edges: NDArray[np.int64], oneway: NDArray[np.bool_]) -> int:
    """Strongly connected parts of what cars may use; nodes with paths alone count one each."""
    cars = web.road_class != _PATH
    back = cars & ~oneway
    tail = np.concatenate([edges[cars, 0], edges[back, 1]])
    head = np.concatenate([edges[cars, 1], edges[back, 0]])
    n = len(web.points)
    links = coo_array((np.ones(len(tail)), (tail, head)), shape=(n, n))
    return int(connected_components(links, directed=True, connection="strong")[0])
