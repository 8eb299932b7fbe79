"""Devices: the register that decides where each one is, their credentials, and what was last heard of each."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import tuple_row

from devices.profiles import PROFILES, WEARABLES
from store import notify
from store.connect import Connection
from store.errors import StoreError
from store.rows import all_rows, one_row, one_value, values_of
from store.statements import statements

_SQL = statements("devices")
_AT_ONCE = 500


class UnknownDevice(StoreError):
    """No device has this code."""

    def __init__(self, code: str) -> None:
        super().__init__(f"device: {code!r} is not in the register")
        self.code = code


class DeviceExists(StoreError):
    """A device with this code is enrolled already."""

    def __init__(self, code: str) -> None:
        super().__init__(f"device {code}: already enrolled")
        self.code = code


class UnknownPlace(StoreError):
    """What an enrolment refers to does not exist; `noun` says what, `code` which."""

    def __init__(self, noun: str, code: str) -> None:
        super().__init__(f"{noun}: {code!r} does not exist there")
        self.noun = noun
        self.code = code


class NotWorn(StoreError):
    """A device of which nobody can say where it is worn."""

    def __init__(self, code: str, profile: str) -> None:
        super().__init__(f"{code}: expected a device that is worn ({', '.join(WEARABLES)}), got {profile}")
        self.code = code
        self.profile = profile


class UnknownSite(UnknownPlace):
    """The site of an enrolment does not exist."""


@dataclass(frozen=True, slots=True)
class RegisteredDevice:
    """A device as the register knows it. Codes are "" and ids None where there is none."""

    device_id: int
    code: str
    profile: str
    profile_version: int
    site_id: int
    site: str
    area: str
    zone_id: int | None
    zone: str
    senior_id: int | None
    senior: str
    gateway: str
    firmware: str
    enrolled_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class DeviceCredential:
    """What a device proves itself with, and where it belongs."""

    code: str
    token_sha256: bytes
    area: str
    site: str
    profile: str


@dataclass(frozen=True, slots=True)
class DeviceHealth:
    """What was last heard of a device, by what it proves. None is unknown, never "fine"."""

    code: str
    profile: str
    site: str
    area: str
    zone: str
    senior: str
    seen_at: datetime | None
    online: bool | None
    online_at: datetime | None
    telemetry_at: datetime | None
    event_at: datetime | None
    test_at: datetime | None
    battery: float | None
    battery_at: datetime | None
    signal: float | None
    signal_at: datetime | None
    firmware: str
    clock_wrong_at: datetime | None
    enrolled_at: datetime


async def register(conn: Connection) -> dict[str, RegisteredDevice]:
    """Every device, revoked ones included, by code."""
    found: dict[str, RegisteredDevice] = {}

    def take(row: RegisteredDevice) -> None:
        found[row.code] = row

    await each(conn, take)
    return found


async def each(conn: Connection, take: Callable[[RegisteredDevice], None]) -> None:
    """The same, one after another: a few hundred are in memory at once, not all of them several times over.

    Thousands of devices lie in one area, and its name comes anew with each of them: what is equal is made one object.
    """
    same: dict[Any, Any] = {}
    one = same.setdefault
    async with conn.cursor(row_factory=tuple_row) as cursor:
        async for number, code, *rest in cursor.stream(_SQL["register"], {"code": None}, binary=True, size=_AT_ONCE):
            shared: list[Any] = [one(value, value) for value in rest]
            take(RegisteredDevice(number, code, *shared))


async def one(conn: Connection, code: str) -> RegisteredDevice:
    """One device. Raises UnknownDevice."""
    found = await one_row(conn, RegisteredDevice, _SQL["register"], {"code": code})
    if found is None:
        raise UnknownDevice(code)
    return found


async def enrolled(conn: Connection, codes: Collection[str]) -> bool:
    """Whether any of them is a device of the register."""
    row = await (await conn.execute(_SQL["enrolled"], {"codes": list(codes)})).fetchone()
    return bool(row and row[0])


async def credentials(conn: Connection) -> dict[str, DeviceCredential]:
    """Who may connect: every device that has a token and is not revoked."""
    return {row.code: row for row in await all_rows(conn, DeviceCredential, _SQL["credentials"])}


async def enrol(
    conn: Connection,
    code: str,
    profile: str,
    site: str,
    zone: str,
    senior: str,
    gateway: str,
    token_sha256: bytes | None,
    now: datetime,
) -> int:
    """Add a device; its id. Raises DeviceExists, UnknownSite, UnknownPlace (a zone or senior must be at the site)."""
    if profile not in PROFILES:
        raise UnknownPlace("profile", profile)
    places = {"site": site, "zone": zone, "senior": senior, "gateway": gateway}
    known = await (await conn.execute(_SQL["missing"], places)).fetchone() or ()
    for (noun, name), exists in zip(places.items(), known, strict=True):
        if not exists:
            raise UnknownSite(noun, name) if noun == "site" else UnknownPlace(noun, name)
    arguments = {
        "code": code,
        "profile": profile,
        "profile_version": PROFILES[profile].version,
        "token_sha256": token_sha256,
        "now": now,
    }
    device_id: int | None = await one_value(conn, _SQL["enrol"], {**arguments, **places})
    if device_id is None:
        raise DeviceExists(code)
    await notify.register(conn, code)
    return device_id


async def worn(conn: Connection, code: str, profile: str) -> None:
    """From now on the wearable is of this profile of WEARABLES, whose readings are the same. Raises NotWorn, UnknownDevice."""
    for found in ((await one(conn, code)).profile, profile):
        if found not in WEARABLES:
            raise NotWorn(code, found)
    await conn.execute(_SQL["set_profile"], {"code": code, "profile": profile, "profile_version": PROFILES[profile].version})
    await notify.register(conn, code)


async def revoke(conn: Connection, code: str, now: datetime) -> None:
    """From now on the device may not connect; what it said stays. Twice is once. Raises UnknownDevice."""
    if await one_value(conn, _SQL["revoke"], {"code": code, "now": now}) is None:
        raise UnknownDevice(code)
    await notify.register(conn, code)


async def set_tokens(conn: Connection, tokens: Mapping[str, bytes]) -> int:
    """Give devices new tokens (SHA-256 of each); how many changed. Raises UnknownDevice."""
    arguments = {"codes": list(tokens), "tokens": list(tokens.values())}
    for code in await values_of(conn, _SQL["unknown_codes"], arguments):
        raise UnknownDevice(code)
    changed = (await conn.execute(_SQL["set_tokens"], arguments)).rowcount
    if changed:
        await notify.register(conn, "")
    return changed


async def health(conn: Connection, scope: str | None = None, site: str | None = None) -> list[DeviceHealth]:
    """What was last heard of every device in a scope (without one, of all) that is not revoked, by code."""
    return await all_rows(conn, DeviceHealth, _SQL["health"], {"scope": scope, "site": site})
