"""Reading the drawing: corners cut, ends joined, boundaries found, tiles made."""

import copy
import json
from typing import Any

import numpy as np
import pytest
from shapely import LineString, Point

from dispatch.roads import ROAD_CLASSES
from simulators.city.plan import Plan, curve, plan_of
from simulators.city.quarters import UnassignedTile, tiles
from simulators.metres import to_degrees

KILOMETRE = 1000.0


def _degrees(*metres: tuple[float, float]) -> list[list[float]]:
    found: list[list[float]] = to_degrees(np.array(metres, dtype=float), 9).tolist()
    return found


def _drawing(**changes: Any) -> dict[str, Any]:
    """A square of two kilometres with a road and a cut through its middle."""
    quarter = {"angle": 0, "spacing_m": [100, 150], "loss": 0.1, "lanes": 0.5, "streets": ["甲路"], "homes": 1}
    return {
        "outline": _degrees((-1000, -1000), (1000, -1000), (1000, 1000), (-1000, 1000), (-1000, -1000)),
        "rivers": [{"name_zh": "河", "name_en": "River", "width_m": 40, "line": _degrees((-1500, 600), (1500, 600))}],
        "rail": [],
        "stations": [],
        "parks": [{"name_zh": "园", "name_en": "Park", "ring": _degrees((300, 300), (500, 300), (500, 500), (300, 500))}],
        "roads": [
            {"name": "大路", "class": "primary", "line": _degrees((0, -1200), (0, 1200))},
            {"name": "横路", "class": "secondary", "line": _degrees((-900, 0), (-40, 0))},
        ],
        "oneway": [],
        "subdistricts": [
            {"code": "1", "zh": "西", "en": "West", "at": _degrees((-500, 0))[0], **quarter},
            {"code": "2", "zh": "东", "en": "East", "at": _degrees((500, 0))[0], **quarter},
        ],
        "cuts": [{"along": "大路"}],
        **changes,
    }


def test_a_curve_keeps_its_ends() -> None:
    line = curve(_degrees((0, 0), (500, 500), (1000, 0)))
    assert np.allclose(line.coords[0], (0, 0), atol=0.01)
    assert np.allclose(line.coords[-1], (1000, 0), atol=0.01)


def test_a_curve_has_no_sharp_corner() -> None:
    points = np.array(curve(_degrees((0, 0), (500, 500), (1000, 0))).coords)
    step = np.diff(points, axis=0)
    turn = np.abs(np.diff(np.unwrap(np.arctan2(step[:, 1], step[:, 0]))))
    assert turn.max() < np.radians(25)


def test_a_closed_curve_is_a_ring() -> None:
    ring = curve(_degrees((0, 0), (100, 0), (100, 100), (0, 100)), closed=True)
    assert ring.is_ring
    assert ring.envelope.area < 10_000.1


def test_a_straight_line_stays_straight() -> None:
    assert len(curve(_degrees((0, 0), (300, 0), (1000, 0))).coords) == 2


def test_a_road_that_falls_short_is_joined() -> None:
    roads = {road.name: road.line for road in plan_of(_drawing()).roads}
    assert roads["横路"].distance(roads["大路"]) < 1e-6
    assert roads["横路"].coords[0] == pytest.approx((-900, 0), abs=0.01)


def test_a_road_far_from_others_is_left_alone() -> None:
    drawing = _drawing()
    drawing["roads"][1]["line"] = _degrees((-900, 0), (-200, 0))
    roads = {road.name: road.line for road in plan_of(drawing).roads}
    assert roads["横路"].length == pytest.approx(700, abs=0.1)


def test_ends_drawn_at_one_point_all_reach_the_third_road() -> None:
    drawing = _drawing()
    drawing["roads"].append({"name": "斜路", "class": "secondary", "line": _degrees((-700, -700), (-40, 0))})
    roads = {road.name: road.line for road in plan_of(drawing).roads}
    assert roads["横路"].distance(roads["大路"]) < 1e-6
    assert roads["斜路"].distance(roads["大路"]) < 1e-6


def test_tiles_of_a_square_cut_in_two() -> None:
    split = tiles(plan_of(_drawing()))
    assert set(split) == {"1", "2"}
    assert split["1"].area == pytest.approx(split["2"].area, rel=1e-4)
    assert split["1"].intersection(split["2"]).area == 0


def test_a_cut_may_be_part_of_a_road_or_a_line_of_its_own() -> None:
    for cut in (
        {"along": "大路", "line": _degrees((0, -1100), (0, 1100))},
        {"along": "field path", "line": _degrees((0, -1100), (0, 1100))},
        {"along": "河", "line": _degrees((-1100, 600), (1100, 600))},
    ):
        drawing = _drawing(cuts=[cut])
        if cut["along"] == "河":
            drawing["subdistricts"][1]["at"] = _degrees((0, 800))[0]
        assert set(tiles(plan_of(drawing))) == {"1", "2"}


def test_a_sliver_joins_the_neighbour_with_the_longest_border() -> None:
    cuts = [{"along": "大路"}, {"along": "b", "line": _degrees((100, -1100), (100, 1100))}]
    split = tiles(plan_of(_drawing(cuts=cuts)))
    assert sum(tile.area for tile in split.values()) == pytest.approx(_area(), rel=1e-4)
    assert split["1"].intersection(split["2"]).area == 0


def _area() -> float:
    ((west, south), _, (east, north), *_) = _drawing()["outline"]
    return float((east - west) * (north - south))


def test_two_centres_in_one_tile_are_refused() -> None:
    with pytest.raises(UnassignedTile, match="1 and 2"):
        tiles(plan_of(_drawing(cuts=[])))


def test_a_centre_outside_is_refused() -> None:
    drawing = _drawing()
    drawing["subdistricts"][1]["at"] = _degrees((5000, 0))[0]
    with pytest.raises(UnassignedTile) as caught:
        tiles(plan_of(drawing))
    assert caught.value.code == "2"


def test_nobody_builds_on_water_banks_or_parks() -> None:
    barred = plan_of(_drawing()).barred
    assert barred.contains(Point(0, 600))
    assert barred.contains(Point(0, 630))
    assert barred.contains(Point(400, 400))
    assert not barred.contains(Point(0, 0))


def test_the_plan_names_known_classes(plan: Plan) -> None:
    assert {road.road_class for road in plan.roads} <= set(ROAD_CLASSES[:3])
    assert len({road.name for road in plan.roads}) == len(plan.roads)


def test_one_way_streets_are_streets_of_the_plan(plan: Plan) -> None:
    known = {road.name for road in plan.roads} | {name for q in plan.quarters for name in q.streets}
    assert set(plan.oneway) <= known


def test_every_main_road_meets_another(plan: Plan) -> None:
    for road in plan.roads:
        assert min(road.line.distance(other.line) for other in plan.roads if other is not road) < 1e-6, road.name


def test_parks_and_stations_are_inside(plan: Plan) -> None:
    for name, (_, ring, lake) in plan.parks.items():
        assert plan.outline.intersection(ring).area > 0.9 * ring.area, name
        assert lake is None or ring.contains(lake)
    assert all(plan.outline.buffer(200).contains(point) for _, point in plan.stations.values())


def test_no_main_road_runs_through_a_park(plan: Plan) -> None:
    for name, (_, ring, _) in plan.parks.items():
        assert [road.name for road in plan.roads if road.line.intersection(ring.buffer(-15)).length > 1] == [], name


def test_the_drawing_is_plain_json_with_rounded_degrees(drawn: dict[str, Any]) -> None:
    again = json.loads(json.dumps(copy.deepcopy(drawn), ensure_ascii=False))
    assert again == drawn
    assert all(LineString(road["line"]).length > 0.001 for road in drawn["roads"])
