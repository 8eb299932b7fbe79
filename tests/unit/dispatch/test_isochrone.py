"""Isochrones contain what is reached and leave out what is not, nest, and are quick enough to draw while someone waits."""

import json
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from dispatch.roads import SPEED_MPS, WALK_MPS, RoadGraph, isochrone, isochrone_of_any, network

Graphs = Callable[..., st.SearchStrategy[RoadGraph]]
Make = Callable[..., RoadGraph]

PLACES = st.tuples(st.floats(117.195, 117.205), st.floats(39.155, 39.165))
VEHICLE = st.sampled_from(sorted(SPEED_MPS))
LIMITS = st.lists(st.floats(1, 2000), min_size=1, max_size=4)
ONE_METRE_DEG = 1 / 111_195
LARGEST_SPREAD_M = 3 * 25.0 * 2**0.5


def outline(band: dict[str, Any]) -> BaseGeometry:
    assert band["type"] in ("Polygon", "MultiPolygon")
    geometry: BaseGeometry = shape(band)
    return geometry


@given(data=st.data(), vehicle=VEHICLE, place=PLACES, limits=LIMITS)
def test_every_node_reached_lies_inside_and_bands_nest(
    data: st.DataObject, vehicle: str, place: tuple[float, float], limits: list[float], graphs: Graphs
) -> None:
    graph = data.draw(graphs(least_edges=1))
    net = network(graph, vehicle)
    times = net.times_from(*place)
    bands = [outline(band) for band in isochrone(net, *place, limits)]
    assert len(bands) == len(limits)
    for limit_s, band in zip(limits, bands, strict=True):
        assert band.is_valid
        reached = times <= limit_s - 1e-6
        assert shapely.contains_xy(band, graph.lon[reached], graph.lat[reached]).all()
        assert band.is_empty == (not (times <= limit_s).any())
    in_order = [band for _, band in sorted(zip(limits, bands, strict=True), key=lambda pair: pair[0])]
    for inner, outer in pairwise(in_order):
        assert inner.is_empty or shapely.covers(outer.buffer(ONE_METRE_DEG), inner)


def test_a_band_ends_where_time_ends(avenue: RoadGraph) -> None:
    """From the middle of a straight street an e-bike at 3.6 m/s gets 360 m to each side in 100 s, between two nodes."""
    net = network(avenue, "ebike")
    (band,) = isochrone(net, float(avenue.lon[20]), 39.16, [100.0])
    west, _, east, _ = outline(band).bounds
    half_m = net.plane.distance_m((west, 39.16), (east, 39.16)) / 2
    assert 360 < half_m < 360 + LARGEST_SPREAD_M
    middle = net.plane.distance_m(((west + east) / 2, 39.16), (float(avenue.lon[20]), 39.16))
    assert middle < 25.0


def test_a_band_is_as_wide_as_the_houses_along_a_street(avenue: RoadGraph) -> None:
    (band,) = isochrone(network(avenue, "ebike"), float(avenue.lon[20]), 39.16, [300.0])
    _, south, _, north = outline(band).bounds
    assert 100 <= (north - south) / ONE_METRE_DEG <= 150


def test_the_walk_to_the_street_costs_time(avenue: RoadGraph) -> None:
    net = network(avenue, "car")
    away = (float(avenue.lon[20]), 39.16 + 140 * ONE_METRE_DEG)
    near, far = isochrone(net, *away, [140 / WALK_MPS - 1, 140 / WALK_MPS + 20])
    assert near == {"type": "MultiPolygon", "coordinates": []}
    assert outline(far).contains(shapely.Point(float(avenue.lon[20]), 39.16))


def test_a_oneway_street_is_reached_in_its_direction_only(make_graph: Make, avenue: RoadGraph) -> None:
    nodes = [(float(lon), 39.16) for lon in avenue.lon]
    loop_back = [(i + 1, i, 100.0, 4, True) for i in range(40)]  # keeps the street in one piece for a bicycle, but slowly
    graph = make_graph(nodes, [(i, i + 1, 100.0, 0, True) for i in range(40)] + loop_back)
    (band,) = isochrone(network(graph, "ebike"), float(graph.lon[20]), 39.16, [300.0])
    west, _, east, _ = outline(band).bounds
    to_the_west, to_the_east = (float(graph.lon[20]) - west), (east - float(graph.lon[20]))
    assert to_the_east / to_the_west == pytest.approx((4.2 * 300 + 50) / (2.5 * 300 + 50), rel=0.1)


def test_where_streets_run_side_by_side_the_earliest_arrival_counts(make_graph: Make, avenue: RoadGraph) -> None:
    """A footpath along a main road, joined to it at the west end only, is reached much later than the road it touches."""
    nodes = [(float(lon), 39.16) for lon in avenue.lon]
    road = [(i, i + 1, 100.0, 0, False) for i in range(40)]
    path = [(0, 41, 0.0, 4, False), *((41 + i, 42 + i, 100.0, 4, False) for i in range(40))]
    graph = make_graph([*nodes, *nodes], [*road, *path])
    net = network(graph, "ebike")
    (band,) = isochrone(net, *nodes[0], [900.0])
    assert net.plane.distance_m(nodes[0], (outline(band).bounds[2], 39.16)) > 4.2 * 900


def test_a_park_in_the_middle_stays_a_hole_and_a_courtyard_does_not(make_graph: Make) -> None:
    def ring(side_m: float) -> RoadGraph:
        step, cells = side_m / 10 * ONE_METRE_DEG, range(10)
        around = [
            *((i, 0) for i in cells), *((10, i) for i in cells), *((10 - i, 10) for i in cells), *((0, 10 - i) for i in cells),
        ]  # fmt: skip
        nodes = [(117.2 + x * step * 1.2896, 39.16 + y * step) for x, y in around]
        return make_graph(nodes, [(i, (i + 1) % 40, side_m / 10, 3, False) for i in range(40)])

    park, courtyard = (isochrone(network(ring(side), "car"), 117.2, 39.16, [3600.0])[0] for side in (600.0, 180.0))
    assert (len(park["coordinates"]), len(courtyard["coordinates"])) == (2, 1)


def test_of_any_start_is_the_union_of_each(town: RoadGraph) -> None:
    starts = [
        (network(town, "foot"), (117.21, 39.16)),
        (network(town, "car"), (117.24, 39.19)),
        (network(town, "foot"), (117.24, 39.16)),
    ]
    (together,) = isochrone_of_any(starts, [300.0])
    each = shapely.union_all([outline(isochrone(net, *place, [300.0])[0]) for net, place in starts])
    difference = shapely.symmetric_difference(outline(together), each)
    assert difference.area < 0.03 * each.area


def test_no_start_and_no_limit_are_answered(town: RoadGraph) -> None:
    assert isochrone_of_any([], [60.0, 120.0]) == [{"type": "MultiPolygon", "coordinates": []}] * 2
    assert isochrone(network(town, "foot"), 117.21, 39.16, []) == []


def test_the_same_limit_twice_gives_the_same_band_twice(town: RoadGraph) -> None:
    first, small, again = isochrone(network(town, "foot"), 117.21, 39.16, [300.0, 60.0, 300.0])
    assert first == again != small


def test_a_band_is_plain_json_of_few_closed_rings(town: RoadGraph) -> None:
    bands = isochrone(network(town, "car"), 117.23, 39.17, [300.0, 600.0])
    text = json.dumps(bands)
    assert len(text) < 30_000
    for band in bands:
        for polygon in band["coordinates"] if band["type"] == "MultiPolygon" else [band["coordinates"]]:
            assert all(ring[0] == ring[-1] and len(ring) >= 4 for ring in polygon)


def test_three_bands_of_a_district_take_no_longer_than_a_blink(town: RoadGraph) -> None:
    """Of work; on a machine that is busy with something else they take longer."""
    net = network(town, "ebike")
    took = []
    for _ in range(5):
        begin = time.process_time()
        isochrone(net, 117.23, 39.17, [300.0, 600.0, 900.0])
        took.append(time.process_time() - begin)
    assert min(took) < 0.150
