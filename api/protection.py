"""Who could call for help now and who could not: pure rules over the register, what was last heard, and since when we listen.

How a single device is: `care.standing`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from api.listings import Standing, Why
from care.standing import BATTERY_LOW_PCT as BATTERY_LOW_PCT
from care.standing import had_no_time, heard, quiet
from devices.profiles import PROFILES
from store.devices import DeviceHealth, RegisteredDevice

CALLS = frozenset({"sos", "pull_cord", "fall"})
LIFE_PROFILES = frozenset(name for name, profile in PROFILES.items() if CALLS & set(profile.events))

# From the least broken to the most: a resident's trouble is that of the device that is nearest to working.
BY_HOPE: tuple[Why, ...] = ("battery_low", "not_yet_known", "offline", "silent", "never_seen", "revoked", "no_device")
# To be looked at, but these can still call for help, or nobody knows yet.
UNCOUNTED: frozenset[Why] = frozenset({"battery_low", "not_yet_known"})


@dataclass(frozen=True, slots=True)
class Unprotected:
    """A resident whose every life device is in trouble; `since` when the best of them was last heard."""

    senior: str
    why: Why
    devices: tuple[str, ...]
    since: datetime | None

    @property
    def counts(self) -> bool:
        """Whether this resident cannot call for help, as far as anybody can tell."""
        return self.why not in UNCOUNTED


def silent(profile: str, seen_at: datetime | None, now: datetime) -> bool:
    """Whether a device that was heard once has been quiet for longer than its profile allows, whoever listened."""
    return seen_at is not None and quiet(seen_at, _silent_after(profile), now)


def heard_of(row: DeviceHealth, now: datetime, listening: datetime | None) -> Standing:
    """How a device in service is. `listening`: since when it could be heard; None: nobody listens now."""
    after = _silent_after(row.profile)
    return heard(row.seen_at, row.enrolled_at, after, now, listening, online=row.online, battery=row.battery)


def state_of(device: RegisteredDevice, row: DeviceHealth | None, now: datetime, listening: datetime | None) -> Standing:
    """How a device of the register is, revoked ones included."""
    if device.revoked_at is not None:
        return "revoked"
    if row is not None:
        return heard_of(row, now, listening)
    unheard = had_no_time(None, device.enrolled_at, _silent_after(device.profile), now, listening)
    return "not_yet_known" if unheard else "never_seen"


def unprotected_among(
    devices: Iterable[RegisteredDevice],
    health: Mapping[str, DeviceHealth],
    now: datetime,
    listening: datetime | None,
    residents: Iterable[tuple[str, str]] = (),
) -> list[Unprotected]:
    """Residents with no life device that is fine, by code: their own, else the shared ones of their site.

    `residents`: (code, site) of everyone, so that who has none at all is found too.
    """
    own, shared = _by_owner(devices)
    everyone = {**dict.fromkeys(own, ""), **dict(residents)}
    found = (
        _judged(senior, own.get(senior) or shared.get(site) or [], health, now, listening)
        for senior, site in sorted(everyone.items())
    )
    return [one for one in found if one is not None]


def _by_owner(devices: Iterable[RegisteredDevice]) -> tuple[dict[str, list[RegisteredDevice]], dict[str, list[RegisteredDevice]]]:
    own: dict[str, list[RegisteredDevice]] = {}
    shared: dict[str, list[RegisteredDevice]] = {}
    for device in devices:
        if device.profile in LIFE_PROFILES:
            where, key = (own, device.senior) if device.senior else (shared, device.site)
            where.setdefault(key, []).append(device)
    return own, shared


def _judged(
    senior: str, devices: Sequence[RegisteredDevice], health: Mapping[str, DeviceHealth], now: datetime, listening: datetime | None
) -> Unprotected | None:
    if not devices:
        return Unprotected(senior, "no_device", (), None)
    states = {device.code: state_of(device, health.get(device.code), now, listening) for device in devices}
    if "fine" in states.values():
        return None
    why = next(one for one in BY_HOPE if one in states.values())
    seen = [health[code].seen_at for code in states if code in health]
    return Unprotected(senior, why, tuple(sorted(states)), max((at for at in seen if at is not None), default=None))


def _silent_after(profile: str) -> timedelta | None:
    known = PROFILES.get(profile)
    return None if known is None else known.silent_after
