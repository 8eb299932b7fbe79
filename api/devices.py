"""Devices as lists: what was last heard of each, which are silent, which residents have nothing left that could call for help."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from api.access import Action, Thing, Viewer, mask_of, may
from api.cards import senior_brief, site_brief
from api.listings import DeviceShape, UnprotectedShape, Why
from api.register import Register
from devices.profiles import PROFILES
from store import devices as store
from store.connect import Connection
from store.devices import DeviceHealth, RegisteredDevice

CALLS = frozenset({"sos", "pull_cord", "fall"})
LIFE_PROFILES = frozenset(name for name, profile in PROFILES.items() if CALLS & set(profile.events))

# From the least broken to the most: a resident's trouble is that of the device that is nearest to working.
_BY_HOPE: tuple[Why, ...] = ("offline", "silent", "never_seen", "revoked")


@dataclass(frozen=True, slots=True)
class Unprotected:
    """A resident whose every life device is in trouble; `since` when the best of them was last heard."""

    senior: str
    why: Why
    devices: tuple[str, ...]
    since: datetime | None


def silent(profile: str, seen_at: datetime | None, now: datetime) -> bool:
    """Whether a device that was heard once has been quiet for longer than its profile allows."""
    known = PROFILES.get(profile)
    return known is not None and seen_at is not None and now - seen_at > known.silent_after


def trouble(device: RegisteredDevice, health: DeviceHealth | None, now: datetime) -> Why | None:
    """What keeps a device from calling for help; None when nothing does."""
    if device.revoked_at is not None:
        return "revoked"
    if health is None or health.seen_at is None:
        return "never_seen"
    if silent(device.profile, health.seen_at, now):
        return "silent"
    return "offline" if health.online is False else None


def unprotected_among(devices: Iterable[RegisteredDevice], health: Mapping[str, DeviceHealth], now: datetime) -> list[Unprotected]:
    """Residents who have life devices, every one of them in trouble, by code."""
    of_senior: dict[str, list[RegisteredDevice]] = {}
    for device in devices:
        if device.senior and device.profile in LIFE_PROFILES:
            of_senior.setdefault(device.senior, []).append(device)
    found = (_unprotected(senior, own, health, now) for senior, own in sorted(of_senior.items()))
    return [one for one in found if one is not None]


async def listed(conn: Connection, register: Register, scope: str, site: str | None, now: datetime) -> list[DeviceShape]:
    """Every device in service in a scope, or of one of its sites."""
    return [_shape(row, register, now) for row in await store.health(conn, scope, site)]


async def unprotected(conn: Connection, register: Register, who: Viewer, now: datetime) -> list[UnprotectedShape]:
    """Residents in someone's scope who have nothing left that could call for help."""
    health = {row.code: row for row in await store.health(conn, who.scope)}
    mask = mask_of(who.role)
    shapes = []
    for one in unprotected_among(_in_scope(register, who), health, now):
        senior = register.seniors.get(one.senior)
        site = register.sites.get(senior.site) if senior else None
        if senior and site:
            shapes.append(
                UnprotectedShape(
                    senior=senior_brief(senior, now),
                    site=site_brief(site, mask),
                    why=one.why,
                    devices=list(one.devices),
                    since=one.since,
                )
            )
    return shapes


def _in_scope(register: Register, who: Viewer) -> Iterable[RegisteredDevice]:
    return (one for one in register.devices.values() if may(who, Action.SEE_UNPROTECTED, Thing(one.area, one.site)))


def _unprotected(
    senior: str, devices: list[RegisteredDevice], health: Mapping[str, DeviceHealth], now: datetime
) -> Unprotected | None:
    troubles = {device.code: trouble(device, health.get(device.code), now) for device in devices}
    reasons = {why for why in troubles.values() if why is not None}
    if None in troubles.values():
        return None
    seen = [health[code].seen_at for code in troubles if code in health]
    return Unprotected(
        senior,
        next(why for why in _BY_HOPE if why in reasons),
        tuple(sorted(troubles)),
        max((at for at in seen if at is not None), default=None),
    )


def _shape(row: DeviceHealth, register: Register, now: datetime) -> DeviceShape:
    device = register.devices.get(row.code)
    return DeviceShape(
        code=row.code,
        profile=row.profile,
        area=row.area,
        site=row.site,
        zone=row.zone,
        senior=row.senior,
        gateway=device.gateway if device else "",
        firmware=row.firmware,
        enrolled_at=row.enrolled_at,
        online=row.online,
        online_at=row.online_at,
        seen_at=row.seen_at,
        telemetry_at=row.telemetry_at,
        event_at=row.event_at,
        test_at=row.test_at,
        battery=row.battery,
        battery_at=row.battery_at,
        signal=row.signal,
        silent=silent(row.profile, row.seen_at, now),
    )
