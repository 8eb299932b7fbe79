"""The hand-drawn plan (data/plan.json) as shapes in metres: curves smoothed, rivers and tracks given their widths."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from shapely import LineString, Point, Polygon, simplify
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

from simulators.metres import Points, to_metres

_RAIL_HALF_M = 22.0
_BANK_M = 14.0
_ROUNDS = 3
_JOIN_M = 70.0
_SAME_END_M = 1.0
_OVERSHOOT_M = 60.0  # past the crossing, so that the lines meet; what dangles is dropped


@dataclass(frozen=True, slots=True)
class Road:
    """A road of the skeleton: drawn by hand, so it may cross water and rail."""

    name: str
    road_class: str
    line: LineString


@dataclass(frozen=True, slots=True)
class Quarter:
    """How a sub-district is built: its grid's angle in degrees and spacing, the share of lost links and of blocks with lanes."""

    code: str
    name_zh: str
    name_en: str
    centre: Point
    others: tuple[Point, ...]
    angle_deg: float
    spacing_m: tuple[float, float]
    loss: float
    lanes: float
    streets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that was drawn by hand, in metres."""

    outline: Polygon
    rivers: Mapping[str, tuple[str, LineString, float]]
    rail: Mapping[str, tuple[str, LineString]]
    parks: Mapping[str, tuple[str, Polygon, Polygon | None]]
    stations: Mapping[str, tuple[str, Point]]
    roads: tuple[Road, ...]
    quarters: tuple[Quarter, ...]
    cuts: tuple[LineString, ...]
    oneway: tuple[str, ...]

    @property
    def water(self) -> BaseGeometry:
        """Everything wet, as one shape."""
        return unary_union([line.buffer(width / 2) for _, line, width in self.rivers.values()])

    @property
    def barred(self) -> BaseGeometry:
        """Where no street is built except the drawn ones: water and its banks, tracks, parks."""
        tracks = [line.buffer(_RAIL_HALF_M) for _, line in self.rail.values()]
        parks = [ring for _, ring, _ in self.parks.values()]
        return unary_union([self.water.buffer(_BANK_M), *tracks, *parks])


def plan_of(drawn: Mapping[str, Any]) -> Plan:
    """Read the drawing."""
    rivers = {r["name_zh"]: (r["name_en"], curve(r["line"]), float(r["width_m"])) for r in drawn["rivers"]}
    rail = {r["name_zh"]: (r["name_en"], curve(r["line"])) for r in drawn["rail"]}
    roads = _joined([Road(r["name"], r["class"], curve(r["line"])) for r in drawn["roads"]])
    known = (
        {road.name: road.line for road in roads}
        | {n: line for n, (_, line, _) in rivers.items()}
        | {n: v[1] for n, v in rail.items()}
    )
    return Plan(
        outline=Polygon(to_metres(np.array(drawn["outline"]))),
        rivers=rivers,
        rail=rail,
        parks={p["name_zh"]: _park(p) for p in drawn["parks"]},
        stations={s["name_zh"]: (s["name_en"], Point(to_metres(np.array([s["at"]]))[0])) for s in drawn["stations"]},
        roads=roads,
        quarters=tuple(_quarter(q) for q in drawn["subdistricts"]),
        cuts=tuple(_cut(c, known) for c in drawn["cuts"]),
        oneway=tuple(drawn["oneway"]),
    )


def curve(drawn: Sequence[Sequence[float]], closed: bool = False) -> LineString:
    """A drawn line without its corners: Chaikin's corner cutting, the ends kept."""
    points = to_metres(np.array(drawn))
    if closed:
        points = np.vstack([points, points[:1]])
    for _ in range(_ROUNDS):
        points = _cut_corners(points, closed)
    line: LineString = simplify(LineString(points), 1.0)
    return line


def _cut_corners(points: Points, closed: bool) -> Points:
    a, b = points[:-1], points[1:]
    cut = np.empty((2 * len(a), 2))
    cut[0::2] = 0.75 * a + 0.25 * b
    cut[1::2] = 0.25 * a + 0.75 * b
    return np.vstack([cut, cut[:1]]) if closed else np.vstack([points[:1], cut[1:-1], points[-1:]])


def _joined(roads: Sequence[Road]) -> tuple[Road, ...]:
    """Roads whose ends reach the road they were drawn to: smoothing draws a curve off its own points."""
    joined = list(roads)
    for i, road in enumerate(roads):
        ends = [_reach(Point(road.line.coords[at]), [r for r in roads if r.name != road.name]) for at in (0, -1)]
        joined[i] = Road(road.name, road.road_class, LineString([*ends[0], *road.line.coords, *ends[1]]))
    return tuple(joined)


def _reach(end: Point, others: Sequence[Road]) -> list[Point]:
    lines = [road.line for road in others if road.line.boundary.distance(end) > _SAME_END_M]
    nearest = min(lines, key=lambda line: line.distance(end))
    gap = nearest.distance(end)
    return [nearest.interpolate(nearest.project(end))] if 0 < gap < _JOIN_M else []


def _park(drawn: Mapping[str, Any]) -> tuple[str, Polygon, Polygon | None]:
    lake = Polygon(curve(drawn["lake"], closed=True)) if "lake" in drawn else None
    return drawn["name_en"], Polygon(curve(drawn["ring"], closed=True)), lake


def _quarter(drawn: Mapping[str, Any]) -> Quarter:
    low, high = drawn["spacing_m"]
    centre, *others = (Point(row) for row in to_metres(np.array([drawn["at"], *drawn.get("with", [])])))
    return Quarter(
        code=drawn["code"],
        name_zh=drawn["zh"],
        name_en=drawn["en"],
        centre=centre,
        others=tuple(others),
        angle_deg=drawn["angle"],
        spacing_m=(low, high),
        loss=drawn["loss"],
        lanes=drawn["lanes"],
        streets=tuple(drawn["streets"]),
    )


def _cut(drawn: Mapping[str, Any], known: Mapping[str, LineString]) -> LineString:
    """A boundary between sub-districts: a line of its own, a whole road, river or track, or the part between two points."""
    if drawn["along"] not in known:
        return curve(drawn["line"])
    line = known[drawn["along"]]
    if "line" not in drawn:
        return line
    first, last = sorted(line.project(Point(p)) for p in to_metres(np.array(drawn["line"])))
    return _between(line, max(0.0, first - _OVERSHOOT_M), min(line.length, last + _OVERSHOOT_M))


def _between(line: LineString, first: float, last: float) -> LineString:
    inner = [Point(c) for c in line.coords if first < line.project(Point(c)) < last]
    return LineString([line.interpolate(first), *inner, line.interpolate(last)])
