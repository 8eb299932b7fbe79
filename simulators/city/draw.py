"""The whole drawing: skeleton, blocks, lanes, woven into one graph."""

from collections.abc import Iterator, Mapping
from itertools import cycle

import numpy as np
from numpy.random import Generator, default_rng
from shapely import LineString, Polygon, STRtree, get_parts, unary_union
from shapely.geometry.base import BaseGeometry
from shapely.ops import polygonize

from simulators.city.blocks import Street, fringe, streets
from simulators.city.lanes import lanes
from simulators.city.plan import Plan, Quarter
from simulators.city.weave import Web, weave

_EDGE_M = 16.0
_SMALLEST_BLOCK_M2 = 6_000.0

Tiles = Mapping[str, BaseGeometry]  # in metres


def street_names(plan: Plan) -> tuple[str, ...]:
    """Every name a street may have, "" first."""
    drawn = [road.name for road in plan.roads]
    return tuple(dict.fromkeys(["", *drawn, *(name for q in plan.quarters for name in q.streets)]))


def draw(plan: Plan, tiles: Tiles, seed: int) -> Web:
    """The street graph of the plan; the same seed draws the same streets."""
    rng = default_rng(seed)
    inner = plan.outline.buffer(-_EDGE_M)
    skeleton = [Street(part, road.road_class, road.name) for road in plan.roads for part in _clipped(road.line, inner)]
    built = [*skeleton, *_built(plan, inner, skeleton, tiles, rng)]
    names = street_names(plan)
    web = weave(built, names)
    return weave([*built, *_lanes(plan, web, inner, tiles, rng)], names)


def _built(plan: Plan, inner: Polygon, skeleton: list[Street], tiles: Tiles, rng: Generator) -> list[Street]:
    drawn = unary_union([s.line for s in skeleton])
    names = {q.code: _names(q) for q in plan.quarters}
    found: list[Street] = []
    for face in polygonize(unary_union([drawn, inner.boundary])):
        if not inner.contains(face.representative_point()):
            continue
        for block in _polygons(face.difference(plan.barred)):
            quarter = _quarter_of(block, plan.quarters, tiles)
            found += [*streets(block, quarter, names[quarter.code], rng), *fringe(block, drawn, rng)]
    return found


def _lanes(plan: Plan, web: Web, inner: Polygon, tiles: Tiles, rng: Generator) -> list[Street]:
    pieces = [LineString(web.points[edge]) for edge in web.edges]
    everything = STRtree(pieces)
    barred = unary_union([plan.barred, plan.outline.buffer(2_000).difference(inner)])
    residential = [piece for piece, k in zip(pieces, web.road_class, strict=True) if k == 3]
    found = []
    for quarter in plan.quarters:
        mine = [piece for piece in residential if tiles[quarter.code].contains(piece.centroid)]
        found += lanes(mine, quarter, everything, barred, rng)
    return found


def _names(quarter: Quarter) -> Iterator[str]:
    return cycle(quarter.streets)


def _quarter_of(block: Polygon, quarters: tuple[Quarter, ...], tiles: Tiles) -> Quarter:
    return max(quarters, key=lambda quarter: tiles[quarter.code].intersection(block).area)


def _polygons(shape: BaseGeometry) -> list[Polygon]:
    return [part for part in get_parts(shape) if part.geom_type == "Polygon" and part.area > _SMALLEST_BLOCK_M2]


def _clipped(line: LineString, inner: Polygon) -> list[LineString]:
    return [
        part for part in np.atleast_1d(get_parts(line.intersection(inner))) if part.geom_type == "LineString" and part.length > 40
    ]
