"""The demo district as one value: ten sub-districts, their sites, people, devices and staff, all synthetic and marked as demo."""

from collections.abc import Sequence
from itertools import chain
from random import Random

from care.district import DeviceEntry, District
from care.people import Account, Senior
from care.places import Site, Zone
from dispatch.roads import dump
from simulators.district.facilities import facilities, zones
from simulators.district.fitout import day_care_devices, home_devices, institution_devices, instruments
from simulators.district.ground import CODE, ground, road_graph
from simulators.district.homes import homes
from simulators.district.seniors import at_home, in_care
from simulators.district.staff import CREW, accounts, responders

__all__ = ["CREW", "chief", "demo_district"]


def chief(district: District) -> Account:
    """The account of the district's own desk."""
    return next(one for one in district.accounts if one.role == "duty" and one.scope == district.code)


def demo_district(seed: int = 7) -> District:
    """The same seed gives the same district. Ground and streets are always the same; people, homes and devices are drawn."""
    base = ground()
    dwellings = homes(base, Random(f"{seed} homes"))
    houses = facilities(base, Random(f"{seed} facilities"))
    inside = _zones(houses, Random(f"{seed} zones"))
    people = _seniors(dwellings, inside, Random(f"{seed} seniors"))
    staff = Random(f"{seed} staff")
    team = tuple(responders(base.areas, houses, staff))
    return District(
        code=CODE,
        name_zh="河北区",
        name_en="Hebei District",
        timezone="Asia/Shanghai",
        areas=base.areas,
        sites=(*dwellings, *houses),
        zones=inside,
        seniors=people,
        devices=_devices(dwellings, houses, inside, people, Random(f"{seed} devices")),
        responders=team,
        accounts=tuple(accounts(base.areas, houses, team, staff)),
        layers=base.layers,
        roads=dump(road_graph(base.streets)),
        demo=True,
    )


def _zones(houses: Sequence[Site], rng: Random) -> tuple[Zone, ...]:
    return tuple(chain.from_iterable(zones(house, rng) for house in houses if house.beds))


def _seniors(dwellings: Sequence[Site], inside: Sequence[Zone], rng: Random) -> tuple[Senior, ...]:
    beds = [zone for zone in inside if zone.kind == "bed"]
    return (*at_home(dwellings, rng), *in_care(beds, rng))


def _devices(
    dwellings: Sequence[Site], houses: Sequence[Site], inside: Sequence[Zone], people: Sequence[Senior], rng: Random
) -> tuple[DeviceEntry, ...]:
    by_home = {senior.site: senior for senior in people if not senior.zone}
    by_bed = {senior.zone: senior.code for senior in people if senior.zone}
    rooms: dict[str, list[Zone]] = {house.code: [] for house in houses}
    for zone in inside:
        rooms[zone.site].append(zone)
    found = list(home_devices(dwellings, by_home, rng))
    for house in houses:
        if house.kind == "institution":
            found += institution_devices(house, rooms[house.code], by_bed, rng)
            found += instruments(house, rooms[house.code])
        elif house.kind == "day_care":
            found += day_care_devices(house, rng)
    return tuple(found)
