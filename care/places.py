"""Where care happens: administrative areas, sites (homes, institutions, day care, canteens) and the zones inside them.

Coordinates are WGS-84 degrees. An outline is a GeoJSON geometry; demo outlines are no legal boundary.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Geometry = Mapping[str, Any]

SITE_KINDS = ("home", "institution", "day_care", "canteen")
ZONE_KINDS = ("floor", "room", "bed", "corridor", "kitchen", "bathroom", "hall")


@dataclass(frozen=True, slots=True)
class Area:
    """An administrative division by its GB/T 2260-style code; `parent` is empty at the top."""

    code: str
    name_zh: str
    name_en: str
    parent: str
    level: str
    outline: Geometry
    demo: bool = False


@dataclass(frozen=True, slots=True)
class Site:
    """A home or a facility. `area` is the sub-district's code; `beds` is 0 where nobody is housed."""

    code: str
    kind: str
    name_zh: str
    name_en: str
    area: str
    address: str
    lon: float
    lat: float
    beds: int
    phone: str
    demo: bool = False


@dataclass(frozen=True, slots=True)
class Zone:
    """A part of a site. `parent` is the zone around it or empty; `beds` counts the beds inside, those of inner zones included."""

    code: str
    site: str
    parent: str
    kind: str
    name_zh: str
    name_en: str
    floor: int
    beds: int


def is_house(scope: str) -> bool:
    """Whether a scope is one site, not an area."""
    return scope.startswith("site:")


def within(scope: str, area: str, site: str) -> bool:
    """Whether a scope (area-code prefix or `site:<code>`) covers this area and site. An empty scope covers nothing."""
    if is_house(scope):
        return scope == f"site:{site}"
    return bool(scope) and area.startswith(scope)
