"""The register's desk: devices enrolled, given new tokens, revoked; each act within the actor's scope, with a line that stays.

A token leaves here once, to whoever asked; only its SHA-256 is kept.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb

from care.places import within
from store import devices
from store.connect import Connection
from store.devices import RegisteredDevice, UnknownDevice, UnknownSite
from store.rows import all_rows, one_value
from store.statements import statements

_SQL = statements("administration")
_WORKER_LIVES = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Clerk:
    """Who acts on the register. Without a scope it is the owner of this machine, who may everything."""

    name: str
    scope: str | None


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A device to be: its code, what it is, and where it belongs. "" where there is none."""

    code: str
    profile: str
    site: str
    zone: str = ""
    senior: str = ""
    gateway: str = ""


@dataclass(frozen=True, slots=True)
class RegisterLine:
    """One line of the register's log: who did what to which device, when."""

    id: int
    at: datetime
    actor: str
    action: str
    device: str
    area: str
    site: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class FirmwareRow:
    """How many devices of a profile run a version; `confirmed`: said so themselves, the others are as they were enrolled."""

    profile: str
    firmware: str
    devices: int
    confirmed: int
    last_seen_at: datetime | None


async def enrol(conn: Connection, clerk: Clerk, new: Enrolment, token: str, now: datetime) -> None:
    """Add a device that may connect with this token. Raises DeviceExists, UnknownSite (out of scope too), UnknownPlace."""
    place = await (await conn.execute(_SQL["place_of_site"], {"site": new.site})).fetchone()
    area, site = place or ("", "")
    if not site or not _covers(clerk, area, site):
        raise UnknownSite("site", new.site)
    places = (new.site, new.zone, new.senior, new.gateway)
    await devices.enrol(conn, new.code, new.profile, *places, digest(token), now)
    data = {"profile": new.profile, "zone": new.zone, "senior": new.senior, "gateway": new.gateway}
    await _write(conn, clerk, "enrolled", new.code, area, site, now, data)


async def rotate(conn: Connection, clerk: Clerk, code: str, token: str, now: datetime) -> None:
    """From now on only this token lets the device in; who came in with the old one is put out. Raises UnknownDevice."""
    device = await _mine(conn, clerk, code)
    if device.revoked_at is not None:
        raise UnknownDevice(code)
    await devices.set_tokens(conn, {code: digest(token)})
    await _write(conn, clerk, "rotated", code, device.area, device.site, now, {})


async def worn(conn: Connection, clerk: Clerk, code: str, profile: str, now: datetime) -> None:
    """Say where a wearable is worn, by its profile; what it said before was of the old place. Raises UnknownDevice, NotWorn."""
    device = await _mine(conn, clerk, code)
    if device.profile == profile:
        return
    await devices.worn(conn, code, profile)
    await _write(conn, clerk, "worn", code, device.area, device.site, now, {"profile": profile, "before": device.profile})


async def revoke(conn: Connection, clerk: Clerk, code: str, now: datetime) -> datetime:
    """From now on the device may not connect; since when. Twice is once. Raises UnknownDevice."""
    device = await _mine(conn, clerk, code)
    if device.revoked_at is not None:
        return device.revoked_at
    await devices.revoke(conn, code, now)
    await _write(conn, clerk, "revoked", code, device.area, device.site, now, {})
    return now


async def lines(conn: Connection, scope: str, device: str | None, limit: int) -> list[RegisterLine]:
    """What was done in a scope, the newest first."""
    return await all_rows(conn, RegisterLine, _SQL["lines"], {"scope": scope, "device": device, "limit": limit})


async def firmware(conn: Connection, scope: str) -> list[FirmwareRow]:
    """What runs where: devices in service by profile and version, the most common version of each profile first."""
    return await all_rows(conn, FirmwareRow, _SQL["firmware"], {"scope": scope})


async def listening_since(conn: Connection, now: datetime) -> datetime | None:
    """Since when devices have been listened to without a pause that matters; None: nobody listens now."""
    found: datetime | None = await one_value(conn, _SQL["listening_since"], {"alive_at": now - _WORKER_LIVES})
    return found


async def phones(conn: Connection, scope: str, codes: Sequence[str]) -> dict[str, str]:
    """Telephone numbers of seniors of a scope; "" where none is known."""
    return dict(await (await conn.execute(_SQL["phones"], {"scope": scope, "codes": list(codes)})).fetchall())


def digest(token: str) -> bytes:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).digest()


async def _mine(conn: Connection, clerk: Clerk, code: str) -> RegisteredDevice:
    """The device, if the clerk may act on it; what is out of scope does not exist."""
    device = await devices.one(conn, code)
    if not _covers(clerk, device.area, device.site):
        raise UnknownDevice(code)
    return device


def _covers(clerk: Clerk, area: str, site: str) -> bool:
    return clerk.scope is None or within(clerk.scope, area, site)


async def _write(
    conn: Connection, clerk: Clerk, action: str, device: str, area: str, site: str, at: datetime, data: dict[str, str]
) -> None:
    line = {"at": at, "actor": clerk.name, "action": action, "device": device, "area": area, "site": site, "data": Jsonb(data)}
    await conn.execute(_SQL["write"], line)
