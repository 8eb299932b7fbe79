"""The streets inside a block of the skeleton: an oblique grid whose angle and spacing are the quarter's, gently bent, with gaps.

Every third or fourth line is a secondary street and runs through; the rest are residential and lose some of their links.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import hypot

import numpy as np
from numpy.random import Generator
from shapely import LineString, MultiLineString, Polygon, prepare
from shapely.affinity import rotate
from shapely.geometry.base import BaseGeometry
from shapely.ops import linemerge

from simulators.city.plan import Quarter
from simulators.metres import Points

_BEND_M = 16.0  # how far a line strays from straight
_WAVE_M = 230.0  # wavelength / 2π of the bend
_MARGIN_M = 45.0  # no street closer along the edge of a block
_SHORTEST_M = 45.0
_FRINGE_M = 420.0
_FRINGE_SHARE = 0.75
_SECONDARY_EVERY = (3, 4)


@dataclass(frozen=True, slots=True)
class Street:
    """A line that will be woven into the graph."""

    line: LineString
    road_class: str
    name: str


def streets(block: Polygon, quarter: Quarter, names: Iterator[str], rng: Generator) -> list[Street]:
    """The grid of one block."""
    centre = quarter.centre
    turn = quarter.angle_deg + rng.normal(0, 2.0)
    flat = rotate(block, -turn, origin=centre)
    low_x, low_y, high_x, high_y = flat.bounds
    xs, ys = _steps(low_x, high_x, quarter, rng), _steps(low_y, high_y, quarter, rng)
    prepare(block)
    found: list[Street] = []
    for along, across, upright in ((xs, ys, True), (ys, xs, False)):
        every, first = int(rng.integers(*_SECONDARY_EVERY, endpoint=True)), int(rng.integers(0, 2))
        big = len(along) > every
        for i, at in enumerate(along):
            secondary = big and i % every == first + 1
            name = next(names) if secondary else ""
            for line in _lines(float(at), across, upright, 0.0 if secondary else quarter.loss, rng):
                bent = rotate(line, turn, origin=centre)
                found.extend(Street(part, "secondary" if secondary else "residential", name) for part in _inside(bent, block))
    return found


def fringe(block: Polygon, skeleton: BaseGeometry, rng: Generator) -> list[Street]:
    """Streets along the part of a block's edge that is no drawn road: water, rail, the outline. Some stretches have none."""
    bare = block.boundary.difference(skeleton.buffer(0.5))
    found = []
    for line in _parts(linemerge(bare) if isinstance(bare, MultiLineString) else bare):
        for piece in _stretches(line.simplify(4.0).coords[:]):
            if piece.length > _SHORTEST_M and rng.random() < _FRINGE_SHARE:
                found.append(Street(piece, "residential", ""))
    return found


def _steps(low: float, high: float, quarter: Quarter, rng: Generator) -> Points:
    near, far = quarter.spacing_m
    count = int((high - low) / near) + 2
    gaps = rng.uniform(near, far, count)
    places = low + gaps[0] * rng.uniform(0.4, 1.0) + np.concatenate([[0.0], np.cumsum(gaps[1:])])
    return np.asarray(places[places < high])


def _lines(at: float, across: Points, upright: bool, loss: float, rng: Generator) -> Iterator[LineString]:
    """One line of the grid as runs between lost links."""
    if not len(across):
        return
    marks = np.concatenate([[across[0] - 400.0], across, [across[-1] + 400.0]])
    kept = rng.random(len(marks) - 1) >= loss
    run: list[tuple[float, float]] = []
    for k, (a, b) in enumerate(pairwise(marks.tolist())):
        if not kept[k]:
            if len(run) > 1:
                yield LineString(run)
            run = []
            continue
        halves = (a, (a + b) / 2, b) if not run else ((a + b) / 2, b)
        run.extend(_bent(at, float(h), upright) for h in halves)
    if len(run) > 1:
        yield LineString(run)


def _bent(at: float, along: float, upright: bool) -> tuple[float, float]:
    x, y = (at, along) if upright else (along, at)
    return x + _BEND_M * float(np.sin(y / _WAVE_M)), y + _BEND_M * float(np.sin(x / _WAVE_M + 1.3))


def _inside(line: LineString, block: Polygon) -> Iterator[LineString]:
    """The parts of a line inside a block that do not just hug its edge."""
    core = block.buffer(-_MARGIN_M)
    for part in _parts(line.intersection(block)):
        if part.length >= _SHORTEST_M and part.intersection(core).length > 0.35 * part.length:
            yield part


def _parts(shape: BaseGeometry) -> list[LineString]:
    pieces = list(getattr(shape, "geoms", [shape]))
    return [piece for piece in pieces if piece.geom_type == "LineString" and not piece.is_empty]


def _stretches(line: Sequence[tuple[float, ...]]) -> Iterator[LineString]:
    points, length = [line[0]], 0.0
    for a, b in pairwise(line):
        points.append(b)
        length += hypot(b[0] - a[0], b[1] - a[1])
        if length >= _FRINGE_M:
            yield LineString(points)
            points, length = [b], 0.0
    if len(points) > 1:
        yield LineString(points)
