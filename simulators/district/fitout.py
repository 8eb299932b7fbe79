"""Which device hangs where. Its code is its profile's code and the code of its zone or site: `sos-h0001`, `smoke-inst01-2-03`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from random import Random

from care.district import DeviceEntry
from care.people import Senior
from care.places import Site, Zone
from devices.profiles import PROFILES

_HOME = (
    (1 / 3, ("smoke_detector",)),
    (0.15, ("gas_detector",)),
    (0.10, ("wearable",)),
    (0.15, ("motion_sensor", "door_contact")),
)
_EVERY_ZONE: Mapping[str, tuple[str, ...]] = {
    "room": ("smoke_detector",),
    "corridor": ("smoke_detector", "motion_sensor"),
    "kitchen": ("heat_detector", "co_detector", "gas_detector"),
    "bathroom": ("pull_cord",),
    "hall": ("smoke_detector", "door_contact"),
}
_SOME_ZONES: Mapping[str, tuple[str, float]] = {"bathroom": ("fall_radar", 0.17), "bed": ("bed_sensor", 0.10)}
_INSTRUMENTS: Mapping[str, tuple[str, ...]] = {
    "kitchen": ("electrical_monitor",),
    "hall": ("air_sensor", "water_pressure"),
    "corridor": ("exit_monitor", "siren"),
}
_DAY_CARE = ("smoke_detector", "pull_cord", "door_contact")
_FIRMWARE = ("1.4.2", "1.4.2", "1.4.2", "1.3.9")


def home_devices(homes: Sequence[Site], seniors: Mapping[str, Senior], rng: Random) -> Iterator[DeviceEntry]:
    """An emergency button in every home, more in some: fixed shares, drawn without replacement."""
    fitted: dict[str, list[str]] = {home.code: ["sos_button"] for home in homes}
    for share, profiles in _HOME:
        for code in rng.sample(sorted(fitted), round(share * len(homes))):
            fitted[code].extend(profiles)
    for home in homes:
        for profile in fitted[home.code]:
            yield _device(profile, home, home.code, "", seniors[home.code].code, "", rng)


def institution_devices(site: Site, zones: Iterable[Zone], residents: Mapping[str, str], rng: Random) -> Iterator[DeviceEntry]:
    """A gateway, and what each kind of zone has; `residents` are seniors by bed."""
    gateway = _device("gateway", site, site.code, "", "", "", rng)
    yield gateway
    for zone in zones:
        for profile in _EVERY_ZONE.get(zone.kind, ()):
            yield _device(profile, site, zone.code, zone.code, "", gateway.code, rng)
        profile, share = _SOME_ZONES.get(zone.kind, ("", 0.0))
        if rng.random() < share:
            yield _device(profile, site, zone.code, zone.code, residents.get(zone.code, ""), gateway.code, rng)


def instruments(site: Site, zones: Iterable[Zone]) -> Iterator[DeviceEntry]:
    """What watches wiring, air, water and ways out, and sounds in corridors, behind the institution's gateway."""
    gateway, rng = f"{PROFILES['gateway'].code}-{site.code}", Random(f"{site.code} instruments")
    for zone in zones:
        for profile in _INSTRUMENTS.get(zone.kind, ()):
            yield _device(profile, site, zone.code, zone.code, "", gateway, rng)


def day_care_devices(site: Site, rng: Random) -> Iterator[DeviceEntry]:
    """A gateway and what a hall for the day needs."""
    gateway = _device("gateway", site, site.code, "", "", "", rng)
    yield gateway
    for profile in _DAY_CARE:
        yield _device(profile, site, site.code, "", "", gateway.code, rng)


def _device(profile: str, site: Site, at: str, zone: str, senior: str, gateway: str, rng: Random) -> DeviceEntry:
    code = f"{PROFILES[profile].code}-{at}"
    return DeviceEntry(code, profile, site.code, zone, senior, site.area, gateway, rng.choice(_FIRMWARE))
