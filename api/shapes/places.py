"""Areas, sites and zones, and the district that the console loads once."""

from datetime import datetime

from api.shapes.shape import Shape, SiteKind
from dispatch.incident import CAUSES


class SiteBrief(Shape):
    code: str
    kind: SiteKind
    name_zh: str
    name_en: str
    area: str
    address: str
    lon: float
    lat: float


class ZoneBrief(Shape):
    code: str
    kind: str
    name_zh: str
    name_en: str
    floor: int


class AreaShape(Shape):
    code: str
    name_zh: str
    name_en: str
    parent: str
    level: str


class SitePoint(Shape):
    code: str
    kind: str
    name_zh: str
    name_en: str
    area: str
    lon: float
    lat: float
    beds: int


class DistrictShape(Shape):
    """What the console loads once. `causes` are the possible outcomes; layers are fetched one by one by name.

    `colleagues`: the names of those whose logins stand in trails, for desks; empty for everyone else.
    """

    code: str
    name_zh: str
    name_en: str
    timezone: str
    demo: bool
    areas: list[AreaShape]
    sites: list[SitePoint]
    layers: list[str]
    colleagues: dict[str, str]
    causes: list[str] = list(CAUSES)  # noqa: RUF012 - pydantic copies it


class Isochrones(Shape):
    """Bands of travel time of one responder, widest first: GeoJSON geometries."""

    responder: str
    at: datetime
    from_station: bool
    bands: list[dict[str, object]]
    seconds: list[float]
    seniors_inside: int
