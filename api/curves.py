"""Readings around the onset: two minutes where a device speaks often, else wider, until twenty points or half an hour.

Which devices: those of the zone that the incident is about, else those of its site that measure what its hazard is about. Pure.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from devices.keys import milliseconds
from devices.profiles import PROFILES, STATUS_METRICS
from store.devices import RegisteredDevice

BEFORE = AFTER = timedelta(minutes=1)
WIDEST = timedelta(minutes=30)
FEW = 20
MOST_POINTS = 600
MOST_CURVES = 8

Point = tuple[datetime, float]


@dataclass(frozen=True, slots=True)
class Wanted:
    """One metric of one device: `index` is its place in the stored array."""

    device_id: int
    device: str
    metric: str
    unit: str
    index: int


def wanted(alarmed: Iterable[str], zone: str, site: str, hazard: str, register: Mapping[str, RegisteredDevice]) -> list[Wanted]:
    """Which curves speak about an incident: the devices that raised it first, then those beside them; at most eight."""
    raisers = [register[code] for code in dict.fromkeys(alarmed) if code in register]
    beside = [one for one in register.values() if one.site == site and one not in raisers and _beside(one, zone, hazard)]
    chosen = [*raisers, *sorted(beside, key=lambda one: one.code)]
    return [curve for device in chosen for curve in _metrics(device)][:MOST_CURVES]


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
    return [Wanted(device.device_id, device.code, m.name, m.unit, i) for i, m in metrics if m.name not in STATUS_METRICS]
