"""A whole district as one value: what a register is loaded from. `problems` says what does not fit together."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from care.people import RESPONDER_KINDS, ROLES, VEHICLES, Account, Responder, Senior
from care.places import SITE_KINDS, ZONE_KINDS, Area, Site, Zone

FeatureCollection = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DeviceEntry:
    """A device as the register knows it. `zone`, `senior` and `gateway` are empty where there is none."""

    code: str
    profile: str
    site: str
    zone: str
    senior: str
    area: str
    gateway: str
    firmware: str


@dataclass(frozen=True, slots=True)
class District:
    """Everything the register holds about one district.

    `layers`: GeoJSON feature collections for the map by name. `roads`: the road graph as dispatch.roads writes it (npz bytes).
    """

    code: str
    name_zh: str
    name_en: str
    timezone: str
    areas: tuple[Area, ...]
    sites: tuple[Site, ...]
    zones: tuple[Zone, ...]
    seniors: tuple[Senior, ...]
    devices: tuple[DeviceEntry, ...]
    responders: tuple[Responder, ...]
    accounts: tuple[Account, ...]
    layers: Mapping[str, FeatureCollection]
    roads: bytes
    demo: bool = False


def problems(district: District) -> list[str]:
    """Every repeated code, broken reference, contradiction of place or unknown kind, a line each; none: it may be loaded."""
    return [*_repeated(district), *_dangling(district), *_misplaced(district), *_unknown_kinds(district)]


def _repeated(district: District) -> Iterable[str]:
    nouns: dict[str, Iterable[str]] = {
        "area": (a.code for a in district.areas),
        "site": (s.code for s in district.sites),
        "zone": (z.code for z in district.zones),
        "senior": (s.code for s in district.seniors),
        "device": (d.code for d in district.devices),
        "responder": (r.code for r in district.responders),
        "account": (a.login for a in district.accounts),
    }
    for noun, codes in nouns.items():
        yield from (f"{noun} {code}: expected once, got {n} times" for code, n in Counter(codes).items() if n > 1)


def _dangling(district: District) -> Iterable[str]:
    areas = {a.code for a in district.areas}
    sites = {s.code for s in district.sites}
    zones = {z.code for z in district.zones}
    seniors = {s.code for s in district.seniors}
    devices = {d.code for d in district.devices}
    responders = {r.code for r in district.responders}
    none = {""}
    no_area, no_zone, no_senior, no_device, no_responder = (known | none for known in (areas, zones, seniors, devices, responders))
    wanted = [
        *(("area", a.code, "parent", a.parent, no_area) for a in district.areas),
        *(("site", s.code, "area", s.area, areas) for s in district.sites),
        *(("zone", z.code, "site", z.site, sites) for z in district.zones),
        *(("zone", z.code, "parent", z.parent, no_zone) for z in district.zones),
        *(("senior", s.code, "site", s.site, sites) for s in district.seniors),
        *(("senior", s.code, "zone", s.zone, no_zone) for s in district.seniors),
        *(("device", d.code, "site", d.site, sites) for d in district.devices),
        *(("device", d.code, "zone", d.zone, no_zone) for d in district.devices),
        *(("device", d.code, "senior", d.senior, no_senior) for d in district.devices),
        *(("device", d.code, "area", d.area, areas) for d in district.devices),
        *(("device", d.code, "gateway", d.gateway, no_device) for d in district.devices),
        *(("responder", r.code, "station", r.station, sites) for r in district.responders),
        *(("responder", r.code, "area", r.area, areas) for r in district.responders),
        *(("account", a.login, "responder", a.responder or "", no_responder) for a in district.accounts),
    ]
    return (f"{noun} {code}: {field} {value!r} does not exist" for noun, code, field, value, known in wanted if value not in known)


def _misplaced(district: District) -> Iterable[str]:
    """An alarm must lead to one door: what names a site and something inside a site must mean the same one."""
    area_of = {s.code: s.area for s in district.sites}
    site_of = {z.code: z.site for z in district.zones}
    home_of = {s.code: s.site for s in district.seniors}
    stated = [
        *(("zone", z.code, "parent's site", z.site, site_of.get(z.parent)) for z in district.zones),
        *(("senior", s.code, "zone's site", s.site, site_of.get(s.zone)) for s in district.seniors),
        *(("device", d.code, "zone's site", d.site, site_of.get(d.zone)) for d in district.devices),
        *(("device", d.code, "senior's site", d.site, home_of.get(d.senior)) for d in district.devices),
        *(("device", d.code, "site's area", d.area, area_of.get(d.site)) for d in district.devices),
        *(("responder", r.code, "station's area", r.area, area_of.get(r.station)) for r in district.responders),
    ]
    return (
        f"{noun} {code}: expected its {what} to be its own, {own!r}, got {other!r}"
        for noun, code, what, own, other in stated
        if other is not None and own != other
    )


def _unknown_kinds(district: District) -> Iterable[str]:
    wanted = [
        *((f"site {s.code}", s.kind, SITE_KINDS) for s in district.sites),
        *((f"zone {z.code}", z.kind, ZONE_KINDS) for z in district.zones),
        *((f"responder {r.code}", r.kind, RESPONDER_KINDS) for r in district.responders),
        *((f"responder {r.code}", r.vehicle, VEHICLES) for r in district.responders),
        *((f"account {a.login}", a.role, ROLES) for a in district.accounts),
    ]
    return (f"{who}: expected one of {', '.join(known)}, got {kind!r}" for who, kind, known in wanted if kind not in known)
