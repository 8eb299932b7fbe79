"""Homes of seniors: flats in the buildings of 里 compounds, each compound around a few streets of its sub-district."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from care.places import Area, Site
from simulators.district.ground import Ground, homes_by_area, words
from simulators.district.spots import Plots, Spot

_HOMES_A_COMPOUND = 12
_COMPOUND_RADIUS_M = 105.0
_BUILDINGS = (3, 9)
_FLOORS = 6
PHONE = "000"  # no number in China begins so


@dataclass(frozen=True, slots=True)
class Compound:
    """A walled group of buildings and its name."""

    name_zh: str
    name_en: str
    buildings: tuple[tuple[int, Spot], ...]


Door = tuple[Compound, int, Spot, int, int]  # building, its spot, entrance, flat


def homes(ground: Ground, rng: Random) -> tuple[Site, ...]:
    """Every home of the district, numbered through."""
    names = _names(rng)
    found: list[Site] = []
    for area in ground.areas:
        count = homes_by_area().get(area.code, 0)
        if count:
            compounds = _compounds(Plots(ground, area.code), round(count / _HOMES_A_COMPOUND), names, rng)
            doors = enumerate(_doors(compounds, count, rng), start=len(found) + 1)
            found.extend([_flat(number, area, door) for number, door in doors])
    return tuple(found)


def phone(rng: Random) -> str:
    """A number that can never ring."""
    return f"{PHONE}{rng.randrange(10**8):08d}"


def _compounds(plots: Plots, count: int, names: Iterator[tuple[str, str]], rng: Random) -> list[Compound]:
    found = []
    for centre in plots.spread(count, [], rng, candidates=8):
        edges = plots.near(centre.east, centre.north, _COMPOUND_RADIUS_M)
        numbers = sorted(rng.sample(range(1, 25), rng.randint(*_BUILDINGS)))
        found.append(Compound(*next(names), tuple((number, plots.spot(edges, rng)) for number in numbers)))
    return found


def _doors(compounds: list[Compound], count: int, rng: Random) -> list[Door]:
    """Distinct doors (compound, building, spot, entrance, flat), spread over the compounds and in the order of their addresses."""
    seen: dict[tuple[int, int, int, int], Spot] = {}
    while len(seen) < count:
        c = rng.randrange(len(compounds))
        building, spot = rng.choice(compounds[c].buildings)
        entrance, flat = rng.randint(1, 5), rng.randint(1, _FLOORS) * 100 + rng.randint(1, 4)
        seen.setdefault((c, building, entrance, flat), spot)
    return [
        (compounds[c], building, seen[c, building, entrance, flat], entrance, flat) for c, building, entrance, flat in sorted(seen)
    ]


def _flat(number: int, area: Area, door: Door) -> Site:
    compound, building, spot, entrance, flat = door
    at = f"{building}-{entrance}-{flat}"
    return Site(
        code=f"h{number:04d}",
        kind="home",
        name_zh=f"{compound.name_zh}{at}",
        name_en=f"{compound.name_en} {at}",
        area=area.code,
        address=f"{area.name_zh}街道{compound.name_zh}{building}号楼{entrance}门{flat}室",
        lon=spot.lon,
        lat=spot.lat,
        beds=0,
        phone="",
        demo=True,
    )


def _names(rng: Random) -> Iterator[tuple[str, str]]:
    parts = words()["compounds"]
    pairs = [(first, second) for first in parts["first"] for second in parts["second"] if first[0] != second[0]]
    rng.shuffle(pairs)
    for (zh1, en1), (zh2, en2) in pairs:
        kind_zh, kind_en = rng.choice(parts["kind"])
        yield zh1 + zh2 + kind_zh, en1 + en2 + kind_en
