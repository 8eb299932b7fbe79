"""Readings around the onset: two minutes where a device speaks often, else wider, until twenty points or half an hour.

Which devices: those of the zone that the incident is about, else those of its site that measure what its hazard is about. A fire
goes on: there it is all that measures fire or gas in the zones that went, what alarmed first, from two minutes before the first
alarm until now. Pure.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from analytics.detectors import co, heat
from analytics.detectors.fixed_thresholds import LEVELS
from devices.keys import milliseconds
from devices.profiles import PROFILES, STATUS_METRICS
from store.devices import RegisteredDevice

BEFORE = AFTER = timedelta(minutes=1)
WIDEST = timedelta(minutes=30)
FEW = 20
MOST_POINTS = 600
MOST_CURVES = 8
MOST_FIRE_CURVES = 24
BEFORE_FIRE = timedelta(minutes=2)

Point = tuple[datetime, float]

# (profile, metric) -> the lowest value at which a fixed criterion alarms by itself, and whose criterion that is
LIMITS: Mapping[tuple[str, str], tuple[float, str]] = {
    **{(level.profile, level.metric): (level.limit, level.source) for level in LEVELS},
    **{(profile, "temperature"): (heat.STATIC_C, "EN 54-5 A1 [M]") for profile in heat.PROFILES},
    ("co_detector", "co"): (co.GATES[0][0], "EN 50291-1 [M]"),
}
_TELLING = frozenset({"air_sensor"})  # no limit of its own, yet it says what a room is like


@dataclass(frozen=True, slots=True)
class Wanted:
    """One metric of one device: `index` is its place in the stored array; `limit` and `limit_source` of its fixed criterion."""

    device_id: int
    device: str
    zone: str
    metric: str
    unit: str
    index: int
    limit: float | None = None
    limit_source: str = ""


def wanted(alarmed: Iterable[str], zone: str, site: str, hazard: str, register: Mapping[str, RegisteredDevice]) -> list[Wanted]:
    """Which curves speak about an incident: the devices that raised it first, then those beside them; at most eight."""
    raisers = [register[code] for code in dict.fromkeys(alarmed) if code in register]
    beside = [one for one in register.values() if one.site == site and one not in raisers and _beside(one, zone, hazard)]
    chosen = [*raisers, *sorted(beside, key=lambda one: one.code)]
    return [curve for device in chosen for curve in _metrics(device)][:MOST_CURVES]


def wanted_of_fire(
    alarmed: Collection[str], went: Sequence[str], site: str, register: Mapping[str, RegisteredDevice]
) -> list[Wanted]:
    """What measures fire or gas in the zones that went, at most 24: the devices that alarmed, then the others, each zone by zone in
    that order; `site` stands for what hangs in no zone."""
    of: dict[str, list[RegisteredDevice]] = {zone: [] for zone in went}
    for device in register.values():
        if device.site == site and device.revoked_at is None and (device.zone or site) in of:
            of[device.zone or site].append(device)
    by_zone = [device for zone in went for device in sorted(of[zone], key=lambda one: one.code)]
    devices = sorted(by_zone, key=lambda one: one.code not in alarmed)
    curves = [curve for device in devices for curve in _metrics(device) if curve.limit is not None or device.profile in _TELLING]
    return curves[:MOST_FIRE_CURVES]


def about_person(device: RegisteredDevice) -> bool:
    """Whether what a device measures is about somebody (wearable, bed, radar): for those who care for them, not for a regulator."""
    profile = PROFILES.get(device.profile)
    return profile is None or profile.hazard == "person"


def thinned(points: Sequence[Point], most: int = MOST_POINTS) -> list[Point]:
    """At most so many points with the ends and every extreme kept: the lowest and highest of each of equal parts."""
    if len(points) <= most:
        return list(points)
    parts = max(1, (most - 2) // 2)
    kept = {0, len(points) - 1}
    for part in range(parts):
        places = range(len(points) * part // parts, len(points) * (part + 1) // parts)
        kept |= {min(places, key=lambda i: points[i][1]), max(places, key=lambda i: points[i][1])}
    return [points[place] for place in sorted(kept)]


def window(points: Sequence[Point], onset: datetime) -> list[Point]:
    """Two minutes around the onset where that shows enough, else the nearest points of half an hour."""
    near = [(at, value) for at, value in points if onset - BEFORE <= at <= onset + AFTER]
    if len(near) >= FEW:
        return near[-MOST_POINTS:]
    closest = sorted(points, key=lambda point: abs(point[0] - onset))[:FEW]
    return sorted(closest if len(closest) > len(near) else near)


def in_milliseconds(points: Iterable[Point]) -> list[tuple[int, float]]:
    """As JSON carries them."""
    return [(milliseconds(at), value) for at, value in points]


def _beside(device: RegisteredDevice, zone: str, hazard: str) -> bool:
    profile = PROFILES.get(device.profile)
    if device.revoked_at is not None or profile is None:
        return False
    return device.zone == zone if zone else profile.hazard == hazard


def _metrics(device: RegisteredDevice) -> list[Wanted]:
    profile = PROFILES.get(device.profile)
    metrics = enumerate(profile.metrics) if profile else ()
    return [
        Wanted(device.device_id, device.code, device.zone, m.name, m.unit, i, *LIMITS.get((device.profile, m.name), (None, "")))
        for i, m in metrics
        if m.name not in STATUS_METRICS
    ]
