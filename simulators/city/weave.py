"""From a heap of lines to one street graph: noded, tiny edges drawn together, stubs cut, one connected piece kept."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from shapely import STRtree, get_parts, line_interpolate_point, segmentize, simplify, unary_union

from dispatch.roads import ROAD_CLASSES
from simulators.city.blocks import Street
from simulators.metres import Points

_GRID_M = 1.0
_NEAR_M = 4.0
_LONGEST_M = 88.0  # places are bound to nodes, so nodes stay close
_TOO_SHORT_M = 20.0
_STUB_M = 32.0


@dataclass(frozen=True, slots=True)
class Web:
    """The graph in metres: `points` rows of (east, north); edges as rows of two nodes; a class index and a name index each."""

    points: Points
    edges: NDArray[np.int64]
    road_class: NDArray[np.int64]
    name: NDArray[np.int64]


def weave(streets: Sequence[Street], names: Sequence[str]) -> Web:
    """One connected graph of all the streets; `names` gives the indices of street names."""
    pieces = get_parts(unary_union([s.line for s in streets], grid_size=_GRID_M))
    owner = _owners(pieces, streets)
    classes = np.array([ROAD_CLASSES.index(s.road_class) for s in streets])[owner]
    named = np.array([names.index(s.name) for s in streets])[owner]
    lines = segmentize(simplify(pieces, 2.5), _LONGEST_M)
    web = _assemble(lines, classes, named)
    web = _drawn_together(web)
    for _ in range(3):
        web = _without_stubs(web)
    return _largest(web)


def _owners(pieces: NDArray[np.object_], streets: Sequence[Street]) -> NDArray[np.int64]:
    """Which street each noded piece came from: of those that run through its middle the highest class."""
    rank = np.array([ROAD_CLASSES.index(s.road_class) for s in streets])
    tree = STRtree([s.line for s in streets])
    middles = line_interpolate_point(pieces, 0.5, normalized=True)
    piece, street = tree.query(middles, predicate="dwithin", distance=_NEAR_M)
    order = np.lexsort((street, rank[street], piece))
    piece, street = piece[order], street[order]
    _, first = np.unique(piece, return_index=True)
    return np.asarray(street[first], dtype=np.int64)


def _assemble(lines: NDArray[np.object_], classes: NDArray[np.int64], named: NDArray[np.int64]) -> Web:
    rows = [np.array(line.coords) for line in lines]
    ends = np.vstack([np.hstack([r[:-1], r[1:]]) for r in rows])
    of = np.repeat(np.arange(len(rows)), [len(r) - 1 for r in rows])
    points, index = np.unique(np.round(ends.reshape(-1, 2), 1), axis=0, return_inverse=True)
    return Web(points, index.reshape(-1, 2), classes[of], named[of])


def _drawn_together(web: Web) -> Web:
    """Edges shorter than a house front become one crossing; it stays where the greater road is."""
    gap = web.points[web.edges[:, 0]] - web.points[web.edges[:, 1]]
    short = np.hypot(gap[:, 0], gap[:, 1]) < _TOO_SHORT_M
    n = len(web.points)
    group = _groups(web.edges[short], n)
    rank = np.full(n, len(ROAD_CLASSES))
    for side in (0, 1):
        np.minimum.at(rank, web.edges[:, side], web.road_class)
    order = np.lexsort((np.arange(n), rank, group))
    _, first = np.unique(group[order], return_index=True)
    return _tidy(Web(web.points[order[first]], group[web.edges].astype(np.int64), web.road_class, web.name))


def _without_stubs(web: Web) -> Web:
    degree = np.bincount(web.edges.ravel(), minlength=len(web.points))
    gap = web.points[web.edges[:, 0]] - web.points[web.edges[:, 1]]
    loose = (degree[web.edges] == 1).any(axis=1) & (np.hypot(gap[:, 0], gap[:, 1]) < _STUB_M)
    return Web(web.points, web.edges[~loose], web.road_class[~loose], web.name[~loose])


def _tidy(web: Web) -> Web:
    """No loops, one edge a pair: of parallel ones the greater road."""
    pair = np.sort(web.edges, axis=1)
    order = np.lexsort((web.road_class, pair[:, 1], pair[:, 0]))
    order = order[pair[order, 0] != pair[order, 1]]
    _, first = np.unique(pair[order], axis=0, return_index=True)
    keep = np.sort(order[first])
    return Web(web.points, web.edges[keep], web.road_class[keep], web.name[keep])


def _largest(web: Web) -> Web:
    part = _groups(web.edges, len(web.points))
    sizes = np.bincount(part[web.edges[:, 0]])
    kept = part == sizes.argmax()
    inside = kept[web.edges[:, 0]]
    number = np.cumsum(kept) - 1
    return Web(web.points[kept], number[web.edges[inside]], web.road_class[inside], web.name[inside])


def _groups(edges: NDArray[np.int64], nodes: int) -> NDArray[np.int64]:
    links = coo_array((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(nodes, nodes))
    return np.asarray(connected_components(links, directed=False)[1], dtype=np.int64)
