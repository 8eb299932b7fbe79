"""Invented devices for measuring: mains devices of three values a message over several areas, and SOS buttons. Pure."""

from dataclasses import dataclass

from care.district import DeviceEntry, District
from care.people import Account
from care.places import Area, Site, Zone
from devices.topics import ROOT

CELL = "bench"
LOGIN = "bench-duty"

# Quiet values of each profile, far below its alarms and without sudden rises: what is measured is the path, not a storm.
SHAPES: dict[str, tuple[tuple[str, float, float], ...]] = {
    "smoke_detector": (("smoke_obscuration", 0.0, 0.3), ("temperature", 21.0, 21.4), ("signal", -80.0, -40.0)),
    "gas_detector": (("gas", 0.0, 1.0), ("temperature", 21.0, 21.4), ("signal", -80.0, -40.0)),
    "co_detector": (("co", 0.0, 3.0), ("temperature", 21.0, 21.4), ("signal", -80.0, -40.0)),
}


_A_ROOM, _A_HOUSE = 3, 30  # devices


@dataclass(frozen=True, slots=True)
class Fleet:
    """How many devices say telemetry, over how many areas, and how many buttons can be pressed."""

    devices: int
    areas: int
    buttons: int = 0


def area_codes(fleet: Fleet) -> list[str]:
    """The areas, each a session of the telemetry lane."""
    return [f"{CELL}{number:02d}" for number in range(fleet.areas)]


def talkers(fleet: Fleet) -> list[DeviceEntry]:
    """Devices that say telemetry, in turn from each area: three in a room, ten rooms in a house."""
    areas, profiles = area_codes(fleet), list(SHAPES)
    found = []
    for n in range(fleet.devices):
        area, place = areas[n % len(areas)], n // len(areas)
        house = f"{area}-{place // _A_HOUSE:04d}"
        found.append(_device(f"t-{n:05d}", profiles[n % len(profiles)], area, house, f"{house}-{place % _A_HOUSE // _A_ROOM}"))
    return found


def buttons(fleet: Fleet) -> list[DeviceEntry]:
    """SOS buttons; each press of another one opens an incident of its own."""
    areas = area_codes(fleet)
    return [
        _device(f"sos-{n:05d}", "sos_button", areas[n % len(areas)], f"{areas[n % len(areas)]}-h") for n in range(fleet.buttons)
    ]


def topic(device: DeviceEntry, channel: str) -> str:
    """Where it speaks."""
    return f"{ROOT}/{device.area}/{device.site}/{device.code}/{channel}"


def district(fleet: Fleet) -> District:
    """A register with these devices and one duty account for all of it."""
    codes, talking = area_codes(fleet), talkers(fleet)
    sites = {(f"{code}-h", code) for code in codes} | {(one.site, one.area) for one in talking}
    rooms = {(one.zone, one.site) for one in talking}
    outline = {"type": "Polygon", "coordinates": [[[117.0, 39.0], [117.1, 39.0], [117.1, 39.1], [117.0, 39.0]]]}
    top = Area(CELL, "测量区", "Bench", "", "district", outline, demo=True)
    return District(
        code=CELL,
        name_zh="测量区",
        name_en="Bench",
        timezone="Asia/Shanghai",
        areas=(top, *(Area(code, code, code, CELL, "subdistrict", outline, demo=True) for code in codes)),
        sites=tuple(
            Site(code, "institution", code, code, area, "", 117.05, 39.05, 0, "", demo=True) for code, area in sorted(sites)
        ),
        zones=tuple(Zone(code, site, "", "room", code, code, 1, 1) for code, site in sorted(rooms)),
        seniors=(),
        devices=(*talking, *buttons(fleet)),
        responders=(),
        accounts=(Account(LOGIN, "测量", "duty", CELL, demo=True),),
        layers={},
        roads=b"",
        demo=True,
    )


def _device(code: str, profile: str, area: str, site: str, zone: str = "") -> DeviceEntry:
    return DeviceEntry(code, profile, site, zone, "", area, "", "bench")
