"""Who is to be brought out first when zones of a building burn, with beds and what is needed to move them.

Those of the zones that went come before the others of the same floor; of each, those who cannot walk come first, then those who
need help to, in the order in which their zones went. The order is for people to follow or overrule: it knows tags and levels from
the register, not who is in the room.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

# tag -> (rank: the lower the earlier, what is needed)
_NEEDS: dict[str, tuple[int, str]] = {
    "bedridden": (0, "evacuation_sheet"),
    "wheelchair": (1, "wheelchair"),
    "oxygen": (2, "oxygen_bottle"),
    "dementia": (3, "guide"),
    "hearing_loss": (4, "wake_by_touch"),
}
AIDS = tuple(aid for _, aid in _NEEDS.values())
_HELP_FROM_LEVEL = 3  # GB/T 42195 levels 3 and 4: severe and complete impairment [M]
_BY_LEVEL = 2
_ON_FOOT = 9
SAME_FLOOR = 0


class Resident(Protocol):
    """Somebody who lives there; `zone` is the code of the bed or room."""

    @property
    def code(self) -> str: ...
    @property
    def zone(self) -> str: ...
    @property
    def tags(self) -> Collection[str]: ...
    @property
    def ability_level(self) -> int: ...


class Place(Protocol):
    """A zone; `parent` is the one around it or empty."""

    @property
    def parent(self) -> str: ...
    @property
    def floor(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Evacuee:
    """Somebody to be brought out. `bed` is the zone code of the bed or room; `order` the place of the zone that went, from 1, or
    SAME_FLOOR where another zone of the floor did."""

    senior: str
    bed: str
    floor: int
    order: int
    reduced_mobility: bool
    aids: tuple[str, ...]


def zones_in_order(alarms: Iterable[tuple[str, datetime]]) -> tuple[tuple[str, datetime], ...]:
    """Zones by when the first alarm of each was raised, from (zone, at) of an incident's alarms; "" is no zone."""
    first: dict[str, datetime] = {}
    for zone, at in alarms:
        if zone and (zone not in first or at < first[zone]):
            first[zone] = at
    return tuple(sorted(first.items(), key=lambda row: (row[1], row[0])))


def evacuees(went: Iterable[str], residents: Iterable[Resident], zones: Mapping[str, Place], site: str = "") -> tuple[Evacuee, ...]:
    """Residents of a zone that went, or of a room in it, then the others of its floor: in the order in which to bring them out.

    `site` stands for the zone of those who live in none, as in a home.
    """
    places = {zone: place for place, zone in enumerate(went, 1)}
    floors = {_outermost(zone, zones) for zone in places}
    found = []
    for one in residents:
        home = one.zone or site
        order = min((places[zone] for zone in _around(home, zones) if zone in places), default=SAME_FLOOR)
        if order != SAME_FLOOR or _outermost(home, zones) in floors:
            found.append((order == SAME_FLOOR, _rank(one), order, _evacuee(one, home, order, zones)))
    return tuple(row[-1] for row in sorted(found, key=lambda row: (*row[:3], row[3].bed, row[3].senior)))


def _outermost(zone: str, zones: Mapping[str, Place]) -> str:
    """What is around everything around it: the floor."""
    around = _around(zone, zones)
    return around[-1] if around else ""


def _around(zone: str, zones: Mapping[str, Place]) -> list[str]:
    """A zone, what is around it, and so on."""
    seen: list[str] = []
    while zone and zone not in seen:
        seen.append(zone)
        zone = zones[zone].parent if zone in zones else ""
    return seen


def _rank(senior: Resident) -> int:
    ranks = [_NEEDS[tag][0] for tag in senior.tags if tag in _NEEDS]
    if senior.ability_level >= _HELP_FROM_LEVEL:
        ranks.append(_BY_LEVEL)
    return min(ranks, default=_ON_FOOT)


def _evacuee(senior: Resident, home: str, order: int, zones: Mapping[str, Place]) -> Evacuee:
    aids = tuple(aid for tag, (_, aid) in _NEEDS.items() if tag in senior.tags)
    floor = zones[home].floor if home in zones else 0
    reduced = _rank(senior) <= _BY_LEVEL
    return Evacuee(senior.code, home, floor, order, reduced, aids)
