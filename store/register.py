"""Who and what there is: a district loaded as one value, and what everyone reads of it."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

import msgspec

from care.district import DeviceEntry, District, problems
from care.people import Contact
from devices.profiles import PROFILES
from store import history, notify
from store.connect import Connection
from store.errors import StoreError
from store.rows import all_rows, as_json, one_row, one_value, values_of
from store.statements import statements

_SQL = statements("register")


class DifferentCell(StoreError):
    """Another cell is loaded; a database holds one."""

    def __init__(self, loaded: str, given: str) -> None:
        super().__init__(f"the database holds cell {loaded}, not {given}; use another database")
        self.loaded = loaded
        self.given = given


class BadDistrict(StoreError):
    """The district does not fit together; `problems` are its faults, one line each."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("district: " + "; ".join(faults[:10]) + (f"; and {len(faults) - 10} more" if len(faults) > 10 else ""))
        self.problems = faults


@dataclass(frozen=True, slots=True)
class Cell:
    """The one district of this database."""

    code: str
    name_zh: str
    name_en: str
    timezone: str
    demo: bool
    loaded_at: datetime


@dataclass(frozen=True, slots=True)
class AreaRow:
    """An area without its outline."""

    code: str
    name_zh: str
    name_en: str
    parent: str
    level: str


@dataclass(frozen=True, slots=True)
class SiteRow:
    """A site as the map needs it."""

    code: str
    kind: str
    name_zh: str
    name_en: str
    area: str
    address: str
    lon: float
    lat: float
    beds: int


@dataclass(frozen=True, slots=True)
class ZoneRow:
    """A part of a site. `parent` is "" where there is none."""

    code: str
    site: str
    parent: str
    kind: str
    name_zh: str
    name_en: str
    floor: int
    beds: int


@dataclass(frozen=True, slots=True)
class SeniorRow:
    """A senior without phone, contacts and key. The name is whole: whoever shows it masks it."""

    code: str
    site: str
    area: str
    zone: str
    name: str
    sex: str
    birth_year: int
    tags: list[str]
    ability_level: int


@dataclass(frozen=True, slots=True)
class SeniorPrivateRow:
    """What someone who acts needs."""

    name: str
    phone: str
    key_holder: str
    key_note: str
    contacts: list[Contact]


async def load_district(conn: Connection, district: District, now: datetime) -> None:
    """Load a district, or bring the loaded one up to date: tokens, revocations, passwords and positions stay, nothing is deleted.

    Raises BadDistrict, DifferentCell.
    """
    faults = [*problems(district), *_unknown_profiles(district.devices)]
    if faults:
        raise BadDistrict(faults)
    await conn.execute(_SQL["lock"])
    loaded = await cell(conn)
    if loaded is not None and loaded.code != district.code:
        raise DifferentCell(loaded.code, district.code)
    await _load(conn, district, now)
    await history.roll_ups_in(conn, district.timezone)
    await notify.register(conn, "")


async def cell(conn: Connection) -> Cell | None:
    """The loaded cell; None in an empty database."""
    return await one_row(conn, Cell, _SQL["cell"])


async def roads(conn: Connection) -> bytes:
    """The road graph as dispatch.graph wrote it; empty in an empty database."""
    return bytes(await one_value(conn, _SQL["roads"]) or b"")


async def layer_names(conn: Connection) -> list[str]:
    """Names of the map's layers."""
    return await values_of(conn, _SQL["layer_names"])


async def layer(conn: Connection, name: str) -> str | None:
    """A layer's GeoJSON text; None when there is none of that name."""
    found: str | None = await one_value(conn, _SQL["layer"], {"name": name})
    return found


async def areas(conn: Connection) -> list[AreaRow]:
    """Every area, by code."""
    return await all_rows(conn, AreaRow, _SQL["areas"])


async def sites(conn: Connection, scope: str | None = None) -> list[SiteRow]:
    """The sites in a scope, by code; without one, all."""
    return await all_rows(conn, SiteRow, _SQL["sites"], {"scope": scope})


async def zones(conn: Connection) -> list[ZoneRow]:
    """Every zone, by code."""
    return await all_rows(conn, ZoneRow, _SQL["zones"])


async def seniors(conn: Connection, scope: str | None = None) -> list[SeniorRow]:
    """The seniors in a scope, by code; without one, all."""
    return await all_rows(conn, SeniorRow, _SQL["seniors"], {"scope": scope})


async def senior_private(conn: Connection, code: str) -> SeniorPrivateRow | None:
    """Phones, contacts and key of one senior; None when there is no such senior."""
    found = await one_row(conn, SeniorPrivateRow, _SQL["senior_private"], {"code": code})
    return found and replace(found, contacts=msgspec.convert(found.contacts, list[Contact]))


async def site_phone(conn: Connection, code: str) -> str:
    """The telephone of one site; "" where it has none."""
    return await one_value(conn, _SQL["site_phone"], {"code": code}) or ""


async def _load(conn: Connection, district: District, now: datetime) -> None:
    one = {name: getattr(district, name) for name in ("code", "name_zh", "name_en", "timezone", "demo", "roads")}
    await conn.execute(_SQL["load_cell"], {**one, "now": now})
    devices = [_with_version(device) for device in district.devices]
    steps: Iterable[tuple[str, Any]] = (
        ("load_layers", district.layers),
        ("load_areas", district.areas),
        ("load_sites", district.sites),
        ("load_zones", district.zones),
        ("load_seniors", district.seniors),
        ("load_devices", devices),
        ("load_gateways", devices),
        ("load_responders", district.responders),
        ("load_accounts", district.accounts),
    )
    for name, rows in steps:
        await conn.execute(_SQL[name], {"rows": as_json(rows), "now": now})


def _with_version(device: DeviceEntry) -> dict[str, Any]:
    return {**asdict(device), "profile_version": PROFILES[device.profile].version}


def _unknown_profiles(devices: Iterable[DeviceEntry]) -> list[str]:
    return [
        f"device {d.code}: expected a profile of {', '.join(PROFILES)}, got {d.profile!r}"
        for d in devices
        if d.profile not in PROFILES
    ]
