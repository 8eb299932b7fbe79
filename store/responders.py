"""Responders: who can be sent, where each was last seen, and whether he has an errand."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import msgspec

from care.people import Shift
from store import notify
from store.connect import Connection
from store.errors import NotFound
from store.rows import all_rows, one_value
from store.statements import statements

_SQL = statements("responders")


@dataclass(frozen=True, slots=True)
class ResponderRow:
    """Someone who can be sent. `lon`/`lat` are None until a position was told; `station` is a site's code."""

    code: str
    name: str
    kind: str
    skills: list[str]
    vehicle: str
    area: str
    station: str
    station_lon: float
    station_lat: float
    lon: float | None
    lat: float | None
    position_at: datetime | None
    shifts: tuple[Shift, ...]
    busy: bool
    demo: bool


async def candidates(conn: Connection, area: str | None) -> list[ResponderRow]:
    """The responders of a scope (an area-code prefix or `site:<code>`), by code; without one, all."""
    return await _read(conn, area, None, None)


async def serving(conn: Connection, desk: str) -> list[ResponderRow]:
    """Whom a desk of this scope may send, by code: one of a house its own staff and those in whose area the house lies; one of an
    area everyone of the cell, since the nearest may well be of the next sub-district."""
    return await _read(conn, None, None, desk)


async def phones(conn: Connection, incident: UUID, desk: str) -> dict[str, str]:
    """The telephones of those who were sent to an incident, by code, as far as they concern a desk of this scope: to a house
    that of a stranger is shown while he has the errand. Who has none is left out."""
    rows = await conn.execute(_SQL["phones"], {"incident": incident, "desk": desk})
    return dict(await rows.fetchall())


async def responder(conn: Connection, code: str, desk: str | None = None) -> ResponderRow:
    """One responder, who serves this desk if one is given. Raises NotFound."""
    found = await _read(conn, None, code, desk)
    if not found:
        raise NotFound("responder", code)
    return found[0]


async def set_position(conn: Connection, code: str, lon: float, lat: float, at: datetime) -> None:
    """Where a responder was at that time; an older position than the one held changes nothing. Raises NotFound."""
    position = {"code": code, "lon": lon, "lat": lat, "at": at}
    if await one_value(conn, _SQL["set_position"], position) is not None:
        await notify.responder(conn, code)
    elif not await one_value(conn, _SQL["exists"], position):
        raise NotFound("responder", code)


async def _read(conn: Connection, scope: str | None, code: str | None, desk: str | None) -> list[ResponderRow]:
    rows = await all_rows(conn, ResponderRow, _SQL["responders"], {"scope": scope, "code": code, "desk": desk})
    return [replace(row, shifts=msgspec.convert(row.shifts, tuple[Shift, ...])) for row in rows]
