"""The inside of institutions: floors, rooms and beds that add up."""

from collections import Counter, defaultdict
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from care.district import District
from care.places import Site, Zone
from simulators.district.facilities import zones


def _house(beds: int) -> Site:
    return Site("inst99", "institution", "试", "Test", "120105001", "", 117.2, 39.16, beds, "", demo=True)


def _beds_by_parent(inside: list[Zone], kind: str) -> Counter[str]:
    found: Counter[str] = Counter()
    for zone in inside:
        if zone.kind == kind:
            found[zone.parent] += zone.beds
    return found


@given(st.integers(1, 600), st.integers(0, 1000))
def test_beds_add_up_on_every_level(beds: int, seed: int) -> None:
    inside = list(zones(_house(beds), Random(seed)))
    rooms = {z.code: z.beds for z in inside if z.kind == "room"}
    floors = {z.code: z.beds for z in inside if z.kind == "floor" and z.beds}
    assert _beds_by_parent(inside, "bed") == rooms
    assert _beds_by_parent(inside, "room") == floors
    assert sum(floors.values()) == beds


@given(st.integers(1, 600), st.integers(0, 1000))
def test_outer_zones_come_before_inner_ones(beds: int, seed: int) -> None:
    """So that a register can be loaded in order."""
    seen: set[str] = {""}
    for zone in zones(_house(beds), Random(seed)):
        assert zone.parent in seen
        assert zone.code not in seen
        seen.add(zone.code)


@given(st.integers(1, 600), st.integers(0, 1000))
def test_no_room_is_empty_or_crowded(beds: int, seed: int) -> None:
    inside = list(zones(_house(beds), Random(seed)))
    assert all(1 <= z.beds <= 6 for z in inside if z.kind == "room")
    assert all(z.beds == 1 for z in inside if z.kind == "bed")
    assert all(z.beds == 0 for z in inside if z.kind in ("corridor", "kitchen", "bathroom", "hall"))


def test_a_zone_is_on_its_parent_s_floor(district: District) -> None:
    by_code = {z.code: z for z in district.zones}
    for zone in district.zones:
        if zone.parent:
            assert by_code[zone.parent].floor == zone.floor
            assert by_code[zone.parent].site == zone.site


def test_only_institutions_have_zones(district: District) -> None:
    institutions = {s.code: s.beds for s in district.sites if s.kind == "institution"}
    beds: dict[str, int] = defaultdict(int)
    for zone in district.zones:
        if zone.kind == "floor":
            beds[zone.site] += zone.beds
    assert beds == institutions


@pytest.mark.parametrize(("kind", "each"), [("kitchen", 1), ("hall", 1)])
def test_what_every_institution_has_once(district: District, kind: str, each: int) -> None:
    found = Counter(z.site for z in district.zones if z.kind == kind)
    assert set(found.values()) == {each}
    assert len(found) == 24


def test_every_floor_has_a_corridor_and_bathrooms(district: District) -> None:
    floors = {z.code for z in district.zones if z.kind == "floor"}
    for kind in ("corridor", "bathroom", "room"):
        assert {z.parent for z in district.zones if z.kind == kind} == floors


def test_zone_codes_begin_with_their_site(district: District) -> None:
    assert all(z.code.startswith(f"{z.site}-") for z in district.zones)


def test_rooms_are_numbered_as_on_doors(district: District) -> None:
    room = next(z for z in district.zones if z.code == "inst01-2-03")
    assert (room.name_zh, room.name_en, room.floor) == ("203室", "Room 203", 2)
    bed = next(z for z in district.zones if z.code == "inst01-2-03-1")
    assert (bed.name_zh, bed.parent) == ("203室1床", "inst01-2-03")
