"""The ground: sub-districts tile the outline, the map's layers are small and marked, the streets are one graph."""

import json
from itertools import combinations

import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from shapely import get_coordinates
from shapely.geometry import shape

from care.district import District
from dispatch.roads import ROAD_CLASSES, RoadGraph, load
from simulators.district.ground import ground, homes_by_area, road_graph

LAYERS = {"outline", "subdistricts", "water", "rail", "parks", "landmarks", "streets"}


@pytest.fixture(scope="module")
def roads(district: District) -> RoadGraph:
    return load(district.roads)


def test_the_outline_is_simplified_and_rounded(district: District) -> None:
    (outline,) = [shape(dict(a.outline)) for a in district.areas if a.level == "district"]
    corners = get_coordinates(outline)
    assert len(corners) < 40
    assert np.allclose(corners, corners.round(3), atol=1e-12)
    assert outline.is_valid


def test_subdistricts_tile_the_outline(district: District) -> None:
    (outline,) = [shape(dict(a.outline)) for a in district.areas if a.level == "district"]
    tiles = [shape(dict(a.outline)) for a in district.areas if a.level == "subdistrict"]
    assert all(tile.is_valid and not tile.is_empty for tile in tiles)
    assert sum(tile.area for tile in tiles) == pytest.approx(outline.area, abs=1e-9)
    assert [(a, b) for a, b in combinations(range(len(tiles)), 2) if tiles[a].intersection(tiles[b]).area > 1e-9] == []
    for tile in tiles:
        assert tile.difference(outline).area < 1e-9


def test_no_subdistrict_is_a_sliver() -> None:
    areas = {code: tile.area for code, tile in ground().tiles.items()}
    assert min(areas.values()) > 0.03 * sum(areas.values())
    assert all(tile.geom_type == "Polygon" for tile in ground().tiles.values())


@pytest.mark.parametrize(
    ("one", "other", "north", "east"),
    [
        ("120105001", "120105002", False, None),  # 光复道 lies south of 望海楼
        ("120105003", "120105002", True, True),  # 鸿顺里 north-east of 望海楼, up the Zhongshan road
        ("120105004", "120105003", True, False),  # 新开河 across the river
        ("120105005", "120105004", True, None),  # 铁东路 at the northern end
        ("120105006", "120105008", True, None),  # 建昌道 north of 王串场
        ("120105008", "120105003", None, True),
        ("120105009", "120105008", None, True),
        ("120105010", "120105009", None, True),  # 月牙河 is the east
    ],
)
def test_neighbours_lie_as_they_do_on_any_map(one: str, other: str, north: bool | None, east: bool | None) -> None:
    a, b = ground().tiles[one].centroid, ground().tiles[other].centroid
    assert north is None or (a.y > b.y) == north
    assert east is None or (a.x > b.x) == east


def test_layers_are_marked_as_demo(district: District) -> None:
    assert set(district.layers) == LAYERS
    for name, layer in district.layers.items():
        assert layer["type"] == "FeatureCollection", name
        assert layer["demo"] is True
        assert layer["features"]
        assert all(feature["properties"]["demo"] is True for feature in layer["features"])


def test_layers_are_valid_and_light(district: District) -> None:
    for name, layer in district.layers.items():
        assert len(json.dumps(layer, ensure_ascii=False)) < 600_000, name
        assert all(shape(feature["geometry"]).is_valid for feature in layer["features"])


def test_subdistricts_are_named_on_the_map(district: District) -> None:
    named = {f["properties"]["code"]: f["properties"]["name_zh"] for f in district.layers["subdistricts"]["features"]}
    assert named == {a.code: a.name_zh for a in district.areas if a.level == "subdistrict"}


def test_rivers_do_not_overlap(district: District) -> None:
    rivers = [shape(f["geometry"]) for f in district.layers["water"]["features"] if f["properties"]["kind"] == "river"]
    assert len(rivers) == 5
    assert all(a.intersection(b).area < 1e-8 for a, b in combinations(rivers, 2))


def test_the_map_draws_every_street_of_the_graph_once(district: District, roads: RoadGraph) -> None:
    features = district.layers["streets"]["features"]
    drawn = sum(len(line) - 1 for f in features for line in f["geometry"]["coordinates"])
    assert drawn == len(roads.start)
    assert {f["properties"]["class"] for f in features} == set(ROAD_CLASSES)


def test_main_roads_have_names(district: District) -> None:
    features = district.layers["streets"]["features"]
    main = [f["properties"]["name"] for f in features if f["properties"]["class"] in ("trunk", "primary", "secondary")]
    assert all(main)
    assert len(set(main)) > 60


def test_the_graph_is_of_one_piece(roads: RoadGraph) -> None:
    n = len(roads.lon)
    links = coo_array((np.ones(len(roads.start)), (roads.start, roads.end)), shape=(n, n))
    assert connected_components(links, directed=False)[0] == 1


def test_cars_get_everywhere_that_is_no_footpath(roads: RoadGraph) -> None:
    cars = roads.road_class != ROAD_CLASSES.index("path")
    back = cars & ~roads.oneway
    tail = np.concatenate([roads.start[cars], roads.end[back]])
    head = np.concatenate([roads.end[cars], roads.start[back]])
    n = len(roads.lon)
    part = connected_components(coo_array((np.ones(len(tail)), (tail, head)), shape=(n, n)), connection="strong")[1]
    used = np.unique(np.concatenate([tail, head]))
    assert len(set(part[used].tolist())) == 1
    assert 0 < roads.oneway.sum() < 0.05 * len(roads.oneway)


def test_the_graph_has_the_grain_of_a_city(roads: RoadGraph) -> None:
    assert 3_000 <= len(roads.lon) <= 6_000
    assert roads.length_m.max() < 125  # places are bound to nodes
    assert np.median(roads.length_m) > 45
    degree = np.bincount(np.concatenate([roads.start, roads.end]))
    assert 0.05 < (degree == 1).mean() < 0.25  # dead ends there are, as in any old town
    assert degree.max() <= 6
    share = np.bincount(roads.road_class, weights=roads.length_m) / roads.length_m.sum()
    assert share[ROAD_CLASSES.index("residential")] == share.max()
    assert share[:2].sum() < 0.2


def test_lengths_are_those_of_straight_edges(roads: RoadGraph) -> None:
    east = (roads.lon[roads.start] - roads.lon[roads.end]) * 86_200
    north = (roads.lat[roads.start] - roads.lat[roads.end]) * 111_195
    assert np.allclose(np.hypot(east, north), roads.length_m, rtol=0.005, atol=0.2)


def test_few_bridges_cross_the_xinkai_river(district: District, roads: RoadGraph) -> None:
    (river,) = [shape(f["geometry"]) for f in district.layers["water"]["features"] if f["properties"]["name_zh"] == "新开河"]
    crossing = {
        f["properties"]["name"]: f["properties"]["class"]
        for f in district.layers["streets"]["features"]
        if shape(f["geometry"]).intersects(river.buffer(-1e-5))
    }
    assert 4 <= len(crossing) <= 9
    assert not {"residential", "path"} & set(crossing.values())


def test_homes_are_shared_out_among_subdistricts() -> None:
    assert sum(homes_by_area().values()) == 2000
    assert set(homes_by_area()) == set(ground().tiles)


def test_the_graph_is_made_of_the_streets() -> None:
    graph = road_graph(ground().streets)
    assert len(graph.lon) == len(ground().streets.lonlat)
    assert set(ground().streets.area) == set(ground().tiles)
