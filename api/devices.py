"""Devices as lists: what was last heard of each, which are in trouble and where, which residents cannot call for help."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from analytics.nuisance_history import histories, maintenance_due
from api.access import Action, Mask, Thing, Viewer, mask_of, may
from api.cards import senior_brief, site_brief
from api.fire import reasons_of
from api.listings import DeviceOverview, DeviceShape, DoubtShape, NuisanceShape, SilentGroup, UnprotectedShape
from api.protection import UNCOUNTED, Unprotected, heard_of, silent, unprotected_among
from api.register import Register
from dispatch.alarm import PROBE
from store import administration, maintenance
from store import devices as store
from store.connect import Connection
from store.devices import DeviceHealth, RegisteredDevice
from store.doubts import Doubt, doubts

MOST_TROUBLED = 2_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which devices are asked for; "" asks for all. `code`: a part of it."""

    site: str = ""
    area: str = ""
    profile: str = ""
    code: str = ""

    def covers(self, row: DeviceHealth) -> bool:
        """Whether this device is meant."""
        return (
            row.area.startswith(self.area)
            and self.profile in ("", row.profile)
            and self.site in ("", row.site)
            and self.code in row.code
        )


async def listed(conn: Connection, register: Register, scope: str, wanted: Wanted, now: datetime) -> list[DeviceShape]:
    """Devices in service in a scope, those that are asked for."""
    listening = await administration.listening_since(conn, now)
    rows = [row for row in await store.health(conn, scope, wanted.site or None) if wanted.covers(row)]
    doubted = await doubts(conn)
    return [_shape(row, register, now, listening, doubted.get(row.code)) for row in rows]


async def unprotected(conn: Connection, register: Register, who: Viewer, now: datetime) -> list[UnprotectedShape]:
    """Residents in someone's scope who have nothing left that could call for help."""
    listening = await administration.listening_since(conn, now)
    health = {row.code: row for row in await store.health(conn, who.scope)}
    found = [one for one in _residents(register, who, health, now, listening) if one.counts]
    return await _with_phones(conn, register, who, found, now)


async def overview(conn: Connection, register: Register, who: Viewer, now: datetime) -> DeviceOverview:
    """Everything that the devices page shows, of one moment."""
    listening = await administration.listening_since(conn, now)
    rows = [row for row in await store.health(conn, who.scope) if row.profile != PROBE]  # the platform's own test device
    states = {row.code: heard_of(row, now, listening) for row in rows}
    count = Counter(states.values())
    residents = _residents(register, who, {row.code: row for row in rows}, now, listening)
    doubted = await doubts(conn)
    troubled = [row for row in rows if states[row.code] not in ("fine", "not_yet_known") or row.code in doubted]
    nuisances = await nuisance_shapes(conn, {row.code: row for row in rows}, now)
    silences = silent_groups([row for row in rows if states[row.code] in ("silent", "offline")], rows, register)
    shown = [_shape(row, register, now, listening, doubted.get(row.code)) for row in troubled[:MOST_TROUBLED]]
    people = await _with_phones(conn, register, who, [one for one in residents if one.why != "not_yet_known"], now)
    mask = mask_of(who.role)
    sites = {row.site for row in troubled} | {group.site for group in silences} | {one.site for one in nuisances}
    return DeviceOverview(
        at=now,
        listening_since=listening,
        devices=len(rows),
        fine=count["fine"],
        not_yet_known=count["not_yet_known"],
        states=dict(count),
        unprotected=[one for one in people if one.why not in UNCOUNTED],
        worth_a_look=[one for one in people if one.why in UNCOUNTED],
        unknown_residents=sum(one.why == "not_yet_known" for one in residents),
        silent=silences,
        troubled=shown,
        doubtful=sum(row.code in doubted for row in rows),
        nuisances=nuisances,
        sites=[site_brief(register.sites[code], mask) for code in sorted(sites) if code in register.sites],
    )


async def nuisance_shapes(conn: Connection, devices: Mapping[str, DeviceHealth], now: datetime) -> list[NuisanceShape]:
    """Which of these devices called for nothing how often, and the task that came of it."""
    tasks = await maintenance.open_tasks(conn)
    untold = {one.device for one in maintenance_due(await maintenance.outcomes(conn, now, untold=True), now)}
    shapes = []
    for one in histories(await maintenance.outcomes(conn, now, untold=False), now):
        row, task = devices.get(one.device), tasks.get(one.device)
        if row is not None:
            shapes.append(
                NuisanceShape(
                    device=one.device,
                    profile=row.profile,
                    area=row.area,
                    site=row.site,
                    nuisances=one.nuisances,
                    real=one.real,
                    last=one.last,
                    due=task is not None or one.device in untold,
                    incident=task.incident if task else None,
                    task_at=task.at if task else None,
                )
            )
    return shapes


def silent_groups(quiet: Iterable[DeviceHealth], everyone: Iterable[DeviceHealth], register: Register) -> list[SilentGroup]:
    """Devices that are not heard, together by what they hang on: their gateway, else their site. The largest group first."""
    of: Callable[[DeviceHealth], tuple[str, str]] = lambda row: _hangs_on(row, register.devices)  # noqa: E731 - one line, used thrice
    sizes = Counter(map(of, everyone))
    groups: dict[tuple[str, str], list[DeviceHealth]] = {}
    for row in quiet:
        groups.setdefault(of(row), []).append(row)
    shapes = [
        SilentGroup(
            site=site,
            gateway=gateway,
            silent=len(rows),
            devices=sizes[(site, gateway)],
            since=min((row.seen_at for row in rows if row.seen_at), default=None),
        )
        for (site, gateway), rows in groups.items()
    ]
    return sorted(shapes, key=lambda one: (-one.silent, one.site, one.gateway))


def _hangs_on(row: DeviceHealth, devices: Mapping[str, RegisteredDevice]) -> tuple[str, str]:
    device = devices.get(row.code)
    gateway = (device.gateway or (device.code if device.profile == "gateway" else "")) if device else ""
    return row.site, gateway


def _residents(
    register: Register, who: Viewer, health: Mapping[str, DeviceHealth], now: datetime, listening: datetime | None
) -> list[Unprotected]:
    everyone = [
        (one.code, one.site) for one in register.seniors.values() if may(who, Action.SEE_UNPROTECTED, Thing(one.area, one.site))
    ]
    devices = [one for one in register.devices.values() if may(who, Action.SEE_UNPROTECTED, Thing(one.area, one.site))]
    return unprotected_among(devices, health, now, listening, everyone)


async def _with_phones(
    conn: Connection, register: Register, who: Viewer, found: list[Unprotected], now: datetime
) -> list[UnprotectedShape]:
    """As the reader may see them; a telephone number only for whom it is to be dialled by."""
    mask = mask_of(who.role)
    phones = await administration.phones(conn, who.scope, [one.senior for one in found]) if mask is Mask.DESK else {}
    shapes = []
    for one in found:
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
                    phone=phones.get(one.senior) or None,
                )
            )
    return shapes


def _shape(row: DeviceHealth, register: Register, now: datetime, listening: datetime | None, doubt: Doubt | None) -> DeviceShape:
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
        signal_at=row.signal_at,
        clock_wrong_at=row.clock_wrong_at,
        silent=silent(row.profile, row.seen_at, now),
        state=heard_of(row, now, listening),
        doubtful=DoubtShape(since=doubt.at, metrics=list(doubt.metrics), reasons=reasons_of(doubt.reasons)) if doubt else None,
    )
