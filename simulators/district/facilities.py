"""Institutions, day-care centres and canteens: where they stand, and the floors, rooms and beds of those who house people."""

from collections.abc import Callable, Iterator, Mapping
from random import Random
from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from care.places import Site, Zone
from simulators.district.ground import Ground, Streets, words
from simulators.district.homes import phone
from simulators.district.spots import Plots, Spot

_KINDS = (("institutions", "institution", "inst"), ("day_care", "day_care", "dc"), ("canteens", "canteen", "ct"))
_BEDS_A_FLOOR = 48
_ROOM_BEDS = (2, 3, 4, 4, 4, 6)
_ROOMS_A_BATHROOM = 2
_CANDIDATES = 7


def facilities(ground: Ground, rng: Random) -> tuple[Site, ...]:
    """Every facility of the district; they keep some distance from each other."""
    sign = _signs(ground.streets)
    plots = {area.code: Plots(ground, area.code) for area in ground.areas if area.parent}
    towns = {area.code: area.name_zh for area in ground.areas}
    found = []
    taken: list[Spot] = []
    for key, kind, prefix in _KINDS:
        for number, drawn in enumerate(words()[key], start=1):
            (spot,) = plots[drawn["area"]].spread(1, taken, rng, _CANDIDATES)
            address = f"{towns[drawn['area']]}街道{sign(spot)}{rng.randrange(2, 180)}号"
            found.append(_site(f"{prefix}{number:02d}", kind, drawn, spot, address, rng))
    return tuple(found)


def zones(site: Site, rng: Random) -> Iterator[Zone]:
    """The inside of an institution, outer zones first: floors, then on each its corridor, rooms with beds, bathrooms."""
    floors = max(2, round(site.beds / _BEDS_A_FLOOR))
    share, rest = divmod(site.beds, floors)
    for floor in range(1, floors + 1):
        beds = share + (floor <= rest)
        code = f"{site.code}-{floor}"
        yield Zone(code, site.code, "", "floor", f"{floor}层", f"Floor {floor}", floor, beds)
        yield Zone(f"{code}-c", site.code, code, "corridor", f"{floor}层走廊", f"Corridor, floor {floor}", floor, 0)
        yield from _rooms(site.code, code, floor, beds, rng)
    yield Zone(f"{site.code}-1-h", site.code, f"{site.code}-1", "hall", "大厅", "Hall", 1, 0)
    yield Zone(f"{site.code}-1-k", site.code, f"{site.code}-1", "kitchen", "厨房", "Kitchen", 1, 0)


def _rooms(site: str, on: str, floor: int, beds: int, rng: Random) -> Iterator[Zone]:
    number = 0
    while beds:
        number += 1
        size = min(beds, rng.choice(_ROOM_BEDS))
        beds -= size
        code, name = f"{on}-{number:02d}", f"{floor}{number:02d}"
        yield Zone(code, site, on, "room", f"{name}室", f"Room {name}", floor, size)
        for bed in range(1, size + 1):
            yield Zone(f"{code}-{bed}", site, code, "bed", f"{name}室{bed}床", f"Room {name}, bed {bed}", floor, 1)
        if number % _ROOMS_A_BATHROOM == 1:
            yield Zone(f"{code}-w", site, on, "bathroom", f"{name}室旁卫生间", f"Bathroom by room {name}", floor, 0)


def _site(code: str, kind: str, drawn: Mapping[str, Any], spot: Spot, address: str, rng: Random) -> Site:
    return Site(
        code=code,
        kind=kind,
        name_zh=drawn["zh"],
        name_en=drawn["en"],
        area=drawn["area"],
        address=address,
        lon=spot.lon,
        lat=spot.lat,
        beds=drawn["beds"],
        phone=phone(rng),
        demo=True,
    )


def _signs(streets: Streets) -> Callable[[Spot], str]:
    """The name of the nearest street that has one."""
    named = np.flatnonzero(streets.name)
    names = [streets.names[i] for i in streets.name[named]]
    tree = cKDTree(streets.middles[named])
    return lambda spot: names[int(tree.query((spot.east, spot.north))[1])]
