"""Who is to be brought out first when zones of a building burn, with beds and what is needed to move them.

Those who cannot walk come first, then those who need help to, each group in the order in which their zones went. The order is for
people to follow or overrule: it knows tags and levels from the register, not who is in the room.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from care.people import Senior
from care.places import Zone

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


@dataclass(frozen=True, slots=True)
class Evacuee:
    """A resident of a zone that went. `bed` is the zone code of the bed or room; `order` the place of that zone, from 1."""

    senior: str
    name: str
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


def evacuees(went: Iterable[str], seniors: Iterable[Senior], zones: Mapping[str, Zone]) -> tuple[Evacuee, ...]:
    """Residents whose bed lies in a zone that went, or in a room of it, in the order in which to bring them out."""
    places = {zone: place for place, zone in enumerate(went, 1)}
    found = []
    for senior in seniors:
        order = min((places[zone] for zone in _around(senior.zone, zones) if zone in places), default=None)
        if order is not None:
            found.append((_rank(senior), order, _evacuee(senior, order, zones)))
    return tuple(one for _, _, one in sorted(found, key=lambda row: (row[0], row[1], row[2].bed, row[2].senior)))


def _around(zone: str, zones: Mapping[str, Zone]) -> Iterable[str]:
    """A zone, what is around it, and so on."""
    seen: list[str] = []
    while zone and zone not in seen:
        seen.append(zone)
        zone = zones[zone].parent if zone in zones else ""
    return seen


def _rank(senior: Senior) -> int:
    ranks = [_NEEDS[tag][0] for tag in senior.tags if tag in _NEEDS]
    if senior.ability_level >= _HELP_FROM_LEVEL:
        ranks.append(_BY_LEVEL)
    return min(ranks, default=_ON_FOOT)


def _evacuee(senior: Senior, order: int, zones: Mapping[str, Zone]) -> Evacuee:
    aids = tuple(aid for tag, (_, aid) in _NEEDS.items() if tag in senior.tags)
    floor = zones[senior.zone].floor if senior.zone in zones else 0
    reduced = _rank(senior) <= _BY_LEVEL
    return Evacuee(senior.code, senior.name, senior.zone, floor, order, reduced, aids)
