"""The split of the outline into sub-districts along drawn lines: tiles without gaps or overlaps. Demo, no legal boundary."""

from collections.abc import Mapping

from shapely import Point, Polygon, set_precision, unary_union
from shapely.geometry.base import BaseGeometry
from shapely.ops import polygonize

from simulators.city.plan import Plan
from simulators.metres import shape_to_degrees

_GRID_DEG = 1e-7


class UnassignedTile(ValueError):
    """The drawn lines make no tile around a sub-district's centre, or two centres share one."""

    def __init__(self, code: str) -> None:
        super().__init__(f"sub-district {code}: its centre has no tile of its own")
        self.code = code


def tiles(plan: Plan) -> Mapping[str, BaseGeometry]:
    """The sub-districts by code, in degrees. Raises UnassignedTile."""
    outline = shape_to_degrees(plan.outline)
    lines = [outline.boundary, *(shape_to_degrees(cut, 9) for cut in plan.cuts)]
    noded = unary_union(set_precision(lines, _GRID_DEG), grid_size=_GRID_DEG)
    faces = [face for face in polygonize(noded) if outline.contains(face.representative_point())]
    owned = {
        code: unary_union([_around(code, faces, shape_to_degrees(point)) for point in points]) for code, points in _seeds(plan)
    }
    if sum(tile.area for tile in owned.values()) > outline.area:
        raise UnassignedTile(" and ".join(owned))
    for sliver in faces:
        if not any(tile.contains(sliver.representative_point()) for tile in owned.values()):
            code = max(owned, key=lambda code: owned[code].intersection(sliver).length)
            owned[code] = unary_union([owned[code], sliver])
    return owned


def _seeds(plan: Plan) -> list[tuple[str, list[Point]]]:
    return [(quarter.code, [quarter.centre, *quarter.others]) for quarter in plan.quarters]


def _around(code: str, faces: list[Polygon], centre: BaseGeometry) -> BaseGeometry:
    for face in faces:
        if face.contains(centre):
            return face
    raise UnassignedTile(code)
