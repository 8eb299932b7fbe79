"""Lanes of the 里 compounds: footpaths that leave a residential street at a right angle, some through, most of them blind."""

from collections.abc import Sequence

import numpy as np
from numpy.random import Generator
from shapely import LineString, Point, STRtree
from shapely.geometry.base import BaseGeometry

from simulators.city.blocks import Street
from simulators.city.plan import Quarter
from simulators.metres import Points

_REACH_M = 170.0
_NARROWEST_M = 60.0
_THROUGH_SHARE = 0.35
_BLIND = (0.45, 0.72)
_SHORTEST_EDGE_M = 79.0


def lanes(lines: Sequence[LineString], quarter: Quarter, everything: STRtree, barred: BaseGeometry, rng: Generator) -> list[Street]:
    """Lanes off the quarter's residential pieces (straight, between nodes)."""
    found = []
    for line in lines:
        if line.length >= _SHORTEST_EDGE_M and rng.random() < quarter.lanes:
            lane = _lane(line, everything, barred, rng)
            if lane is not None:
                found.append(Street(lane, "path", ""))
    return found


def _lane(line: LineString, everything: STRtree, barred: BaseGeometry, rng: Generator) -> LineString | None:
    a, b = np.array(line.coords[0]), np.array(line.coords[-1])
    start = a + (b - a) * rng.uniform(0.35, 0.65)
    along = (b - a) / np.hypot(*(b - a))
    out = np.array([-along[1], along[0]]) * (1 if rng.random() < 0.5 else -1)
    share, through = rng.uniform(*_BLIND), rng.random() < _THROUGH_SHARE
    room = _room(start, out, everything)
    if room < _NARROWEST_M:
        return None
    length = room if through and room < _REACH_M else min(room, _REACH_M) * share
    lane = LineString([start, start + out * length])
    return None if lane.intersects(barred) else lane


def _room(start: Points, out: Points, everything: STRtree) -> float:
    """How far one can go before the next street; `_REACH_M` when there is none in reach."""
    ray = LineString([start + out * 2.0, start + out * _REACH_M])
    room = _REACH_M
    for k in everything.query(ray, predicate="intersects"):
        room = min(room, Point(start).distance(everything.geometries[k].intersection(ray)))
    return room
