"""Who could call for help now and who could not: pure rules over the register, what was last heard, and since when we listen.

Nobody cries wolf: a device that has not been heard since we began to listen, and has not had the time that its profile may be
silent, is not yet known. Not fine, and not silent either.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from api.listings import Standing, Why
from devices.profiles import PROFILES
from store.devices import DeviceHealth, RegisteredDevice

CALLS = frozenset({"sos", "pull_cord", "fall"})
LIFE_PROFILES = frozenset(name for name, profile in PROFILES.items() if CALLS & set(profile.events))
BATTERY_LOW_PCT = 20.0  # as the battery alarm's own limit (analytics.detectors.spoken); a test holds them together

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
    known = PROFILES.get(profile)
    return known is not None and seen_at is not None and now - seen_at > known.silent_after


def heard_of(row: DeviceHealth, now: datetime, listening: datetime | None) -> Standing:
    """How a device in service is. `listening`: since when it could be heard; None: nobody listens now."""
    fresh = row.seen_at is not None and not silent(row.profile, row.seen_at, now)
    if not fresh and _had_no_time(row.profile, row.enrolled_at, row.seen_at, now, listening):
        return "not_yet_known"
    if row.seen_at is None:
        return "never_seen"
    if not fresh:
        return "silent"
    if row.online is False:
        return "offline"
    return "battery_low" if row.battery is not None and row.battery < BATTERY_LOW_PCT else "fine"


def state_of(device: RegisteredDevice, row: DeviceHealth | None, now: datetime, listening: datetime | None) -> Standing:
    """How a device of the register is, revoked ones included."""
    if device.revoked_at is not None:
        return "revoked"
    if row is not None:
        return heard_of(row, now, listening)
    return "not_yet_known" if _had_no_time(device.profile, device.enrolled_at, None, now, listening) else "never_seen"


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


def _had_no_time(profile: str, enrolled_at: datetime, seen_at: datetime | None, now: datetime, listening: datetime | None) -> bool:
    """Whether we have not listened to this device for as long as it may be silent, and have not heard it since we do."""
    known = PROFILES.get(profile)
    if listening is None:
        return True
    if seen_at is not None and seen_at >= listening:
        return False
    return known is not None and now - max(listening, enrolled_at) <= known.silent_after
