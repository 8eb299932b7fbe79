"""Every site stands beside a street, on dry land, in the sub-district that it says."""

from collections import Counter, defaultdict

import pytest
from shapely import LineString, Point, STRtree
from shapely.geometry import shape

from care.district import District
from care.privacy import mask_address
from dispatch.roads import load, network
from simulators.district.ground import ground
from simulators.metres import shape_to_metres


@pytest.fixture(scope="module")
def points(district: District) -> dict[str, Point]:
    return {site.code: Point(site.lon, site.lat) for site in district.sites}


def test_every_site_is_inside_its_subdistrict(district: District, points: dict[str, Point]) -> None:
    tiles = {a.code: shape(dict(a.outline)) for a in district.areas}
    assert [s.code for s in district.sites if not tiles[s.area].contains(points[s.code])] == []


def test_every_site_is_near_a_street(district: District, points: dict[str, Point]) -> None:
    streets = ground().streets
    tree = STRtree([LineString(line) for line in streets.metres[streets.edges]])
    places = [shape_to_metres(point) for point in points.values()]
    _, distance = tree.query_nearest(places, return_distance=True, all_matches=False)
    assert len(distance) == len(district.sites)
    assert distance.max() <= 60


def test_nobody_lives_in_water_or_in_a_park(points: dict[str, Point]) -> None:
    assert [code for code, point in points.items() if ground().barred.contains(point)] == []


@pytest.mark.parametrize("vehicle", ["foot", "ebike", "car"])
def test_every_site_can_be_reached(district: District, vehicle: str) -> None:
    roads = network(load(district.roads), vehicle)
    station = next(s for s in district.sites if s.kind == "institution")
    there, back = roads.times_from(station.lon, station.lat), roads.times_to(station.lon, station.lat)
    for site in district.sites:
        end = roads.nearest(site.lon, site.lat)
        assert end.metres < 120
        assert there[end.node] + end.walk_s < 3 * 3600
        assert back[end.node] < 3 * 3600


def test_a_home_has_its_own_door(district: District) -> None:
    homes = [s for s in district.sites if s.kind == "home"]
    assert max(Counter(h.address for h in homes).values()) == 1
    assert [h.code for h in homes] == [f"h{n:04d}" for n in range(1, 2001)]


def test_an_address_reads_like_one(district: District) -> None:
    names = {a.code: a.name_zh for a in district.areas}
    for site in district.sites:
        assert site.address.startswith(f"{names[site.area]}街道")
        assert site.address.endswith("室" if site.kind == "home" else "号")


def test_the_door_can_be_hidden(district: District) -> None:
    for home in (s for s in district.sites if s.kind == "home"):
        assert "室" not in mask_address(home.address)


def test_homes_come_in_compounds(district: District) -> None:
    """A compound's buildings stand together, and no two compounds share a name."""
    compounds = defaultdict(list)
    for home in (s for s in district.sites if s.kind == "home"):
        compounds[home.name_zh.split("-")[0].rstrip("0123456789")].append(home)
    assert 120 < len(compounds) < 220
    for homes in compounds.values():
        assert len({h.area for h in homes}) == 1
        middle = shape_to_metres(Point(homes[0].lon, homes[0].lat))
        assert all(middle.distance(shape_to_metres(Point(h.lon, h.lat))) < 420 for h in homes)


def test_flats_of_one_building_share_a_place(district: District) -> None:
    places = defaultdict(set)
    for home in (s for s in district.sites if s.kind == "home"):
        places[home.address.partition("号楼")[0]].add((home.lon, home.lat))
    assert all(len(place) == 1 for place in places.values())


def test_facilities_keep_their_distance(district: District) -> None:
    places = [shape_to_metres(Point(s.lon, s.lat)) for s in district.sites if s.kind != "home"]
    apart = [min(a.distance(b) for b in places if b is not a) for a in places]
    assert min(apart) > 120


def test_only_institutions_house_people(district: District) -> None:
    beds = {s.kind: s.beds for s in district.sites if s.kind != "institution"}
    assert set(beds.values()) == {0}
    sizes = sorted(s.beds for s in district.sites if s.kind == "institution")
    assert sizes[0] >= 50
    assert sizes[-1] <= 500


def test_facility_names_are_their_own(district: District) -> None:
    names = [s.name_zh for s in district.sites if s.kind != "home"]
    assert len(names) == len(set(names))
    assert all(s.phone for s in district.sites if s.kind != "home")
