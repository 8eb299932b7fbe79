"""Responders as the live board knows them: where each is, whether on duty and busy; written once for everyone who may see them."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from api.access import Thing
from api.shapes import ResponderPlace
from dispatch.candidate import STALE_AFTER, Candidate
from store.dispatches import ResponderRow


@dataclass(frozen=True, slots=True)
class Place:
    """A responder now. `fresh`: the position is his own and not older than dispatch trusts; else it is his station's."""

    code: str
    name: str
    kind: str
    vehicle: str
    skills: tuple[str, ...]
    area: str
    station: str
    lon: float
    lat: float
    position_at: datetime | None
    on_duty: bool
    busy: bool

    @property
    def thing(self) -> Thing:
        """What access judges."""
        return Thing(self.area, self.station, frozenset({self.code}))


def place(row: ResponderRow, timezone: ZoneInfo, now: datetime) -> Place:
    """A responder's place from his row; a stale position is not shown as now."""
    fresh = row.position_at is not None and now - row.position_at <= STALE_AFTER
    own = row.lon is not None and row.lat is not None and fresh
    return Place(
        code=row.code,
        name=row.name,
        kind=row.kind,
        vehicle=row.vehicle,
        skills=tuple(row.skills),
        area=row.area,
        station=row.station,
        lon=row.lon if own and row.lon is not None else row.station_lon,
        lat=row.lat if own and row.lat is not None else row.station_lat,
        position_at=row.position_at if own else None,
        on_duty=on_duty(row, timezone, now),
        busy=row.busy,
    )


def candidate(row: ResponderRow, timezone: ZoneInfo, now: datetime) -> Candidate:
    """A responder as the assignment judges him."""
    return Candidate(
        code=row.code,
        name=row.name,
        kind=row.kind,
        vehicle=row.vehicle,
        skills=tuple(row.skills),
        lon=row.lon,
        lat=row.lat,
        position_at=row.position_at,
        station_lon=row.station_lon,
        station_lat=row.station_lat,
        on_duty=on_duty(row, timezone, now),
        busy=row.busy,
    )


def on_duty(row: ResponderRow, timezone: ZoneInfo, now: datetime) -> bool:
    """Whether any shift covers this moment in the cell's own time."""
    local = now.astimezone(timezone)
    return any(shift.covers(local) for shift in row.shifts)


def shape(one: Place) -> ResponderPlace:
    """A responder as JSON shows him."""
    return ResponderPlace(
        code=one.code,
        name=one.name,
        kind=one.kind,
        vehicle=one.vehicle,
        skills=list(one.skills),
        area=one.area,
        lon=one.lon,
        lat=one.lat,
        position_at=one.position_at,
        on_duty=one.on_duty,
        busy=one.busy,
    )


@lru_cache(maxsize=20_000)
def place_body(one: Place) -> str:
    """The same as text, written once."""
    return shape(one).model_dump_json()
