"""Devices: what was last heard of each, who cannot call for help, and the register's desk for administrators."""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime

from api import devices
from api.access import Action, Thing, Viewer, may
from api.context import Context, Reader, context, everywhere, reader, viewer
from api.listings import (
    DeviceOverview,
    DeviceShape,
    DeviceToken,
    EnrolmentForm,
    FirmwareShape,
    RefusalShape,
    RegisterLineShape,
    Revoked,
    SeriesShape,
    UnprotectedShape,
)
from api.problems import NotFound
from devices.profiles import PROFILES
from store import administration, history, refusals
from store.administration import Clerk, Enrolment

router = APIRouter(prefix="/api", tags=["devices"])

Here = Annotated[Context, Depends(context)]
Who = Annotated[Viewer, Depends(viewer)]
Read = Annotated[Reader, Depends(reader)]
_MOST_LINES = 500
_REFUSED_WITHIN = timedelta(days=7)
_LONGEST_HOURS, _MOST_POINTS = 24 * 366 * 10, 5_000
_FIRST_DAY = datetime(2020, 1, 1, tzinfo=UTC)  # nothing was measured before


@router.get("/devices")
async def listed(
    here: Here,
    who: Who,
    read: Read,
    site: str = "",
    area: str = "",
    profile: str = "",
    code: Annotated[str, Query(max_length=40, description="a part of the device's code")] = "",
) -> list[DeviceShape]:
    """Devices and what was last heard of them, in one's scope; of one site, area or profile, or with this in their code."""
    everywhere(who, Action.SEE_DEVICE)
    if site:
        _seen(here, who, site)
    wanted = devices.Wanted(site, area, profile, code.lower())
    return await read.run(lambda conn: devices.listed(conn, here.register, who.scope, wanted, datetime.now(UTC)))


@router.get("/devices/overview")
async def overview(here: Here, who: Who, read: Read) -> DeviceOverview:
    """Who cannot call for help now, and every device with something the matter."""
    everywhere(who, Action.SEE_UNPROTECTED)
    return await read.run(lambda conn: devices.overview(conn, here.register, who, datetime.now(UTC)))


@router.get("/unprotected")
async def unprotected(here: Here, who: Who, read: Read) -> list[UnprotectedShape]:
    """Residents with nothing left that could call for help: silent, offline, revoked or never heard. To be checked by hand."""
    everywhere(who, Action.SEE_UNPROTECTED)
    return await read.run(lambda conn: devices.unprotected(conn, here.register, who, datetime.now(UTC)))


@router.get("/firmware")
async def firmware(who: Who, read: Read) -> list[FirmwareShape]:
    """Which firmware runs where: devices in service by profile and version."""
    everywhere(who, Action.SEE_DEVICE)
    rows = await read.run(lambda conn: administration.firmware(conn, who.scope))
    return [
        FirmwareShape(
            profile=row.profile, version=row.firmware, devices=row.devices, confirmed=row.confirmed, last_seen_at=row.last_seen_at
        )
        for row in rows
    ]


@router.post("/devices", status_code=201)
async def enrol(form: EnrolmentForm, here: Here, who: Who) -> DeviceToken:
    """Register a device. Its token is in the answer and nowhere else."""
    everywhere(who, Action.MANAGE_DEVICES)
    token, new = secrets.token_urlsafe(32), Enrolment(**form.model_dump())
    await here.database.run(lambda conn: administration.enrol(conn, _clerk(who), new, token, datetime.now(UTC)))
    return DeviceToken(device=form.code, token=token)


@router.post("/devices/{code}/rotate")
async def rotate(code: str, here: Here, who: Who) -> DeviceToken:
    """Give a device a new token; who came in with the old one is put out at once."""
    everywhere(who, Action.MANAGE_DEVICES)
    token = secrets.token_urlsafe(32)
    await here.database.run(lambda conn: administration.rotate(conn, _clerk(who), code, token, datetime.now(UTC)))
    return DeviceToken(device=code, token=token)


@router.post("/devices/{code}/revoke")
async def revoke(code: str, here: Here, who: Who) -> Revoked:
    """Refuse a device from now on, and put it out at once. What it said stays."""
    everywhere(who, Action.MANAGE_DEVICES)
    at = await here.database.run(lambda conn: administration.revoke(conn, _clerk(who), code, datetime.now(UTC)))
    return Revoked(device=code, revoked_at=at)


@router.get("/devices/log")
async def register_log(who: Who, read: Read, device: str | None = None) -> list[RegisterLineShape]:
    """Who enrolled, rotated or revoked which device, the newest first."""
    everywhere(who, Action.MANAGE_DEVICES)
    lines = await read.run(lambda conn: administration.lines(conn, who.scope, device, _MOST_LINES))
    return [
        RegisterLineShape.model_validate(
            {name: getattr(line, name) for name in ("id", "at", "actor", "action", "device", "area", "site")}
        )
        for line in lines
    ]


@router.get("/devices/{code}/series")
async def series(
    code: str,
    here: Here,
    who: Who,
    read: Read,
    metric: Annotated[str, Query(max_length=40, description="one of those that the device's profile measures")],
    until: Annotated[AwareDatetime | None, Query(description="the end, not itself included; without it, now")] = None,
    hours: Annotated[float, Query(gt=0, le=_LONGEST_HOURS, description="how far back from the end")] = 24,
    points: Annotated[int, Query(ge=1, le=_MOST_POINTS, description="at most so many, for which the resolution is chosen")] = 500,
) -> SeriesShape:
    """What a device measured, as fine as fits. What is measured about a person is for those who care for them."""
    device = here.register.devices.get(code)
    if device is None or not may(who, Action.SEE_DEVICE, Thing(device.area, device.site)):
        raise NotFound("no such device, or not in your scope")
    if device.senior or PROFILES[device.profile].hazard == "person":
        everywhere(who, Action.SEE_PRIVATE)
    now = datetime.now(UTC)
    end = min(max(until or now, _FIRST_DAY), now)
    since = end - timedelta(hours=hours)
    found = await read.run(lambda conn: history.series(conn, code, metric, since, end, points, now))
    return SeriesShape.model_validate(found, from_attributes=True)


@router.get("/refusals")
async def refused(who: Who, read: Read) -> list[RefusalShape]:
    """What the broker refused within a week, by device and hour: logins, forged publishes, foreign subscriptions."""
    everywhere(who, Action.SEE_REJECTED)
    since = datetime.now(UTC) - _REFUSED_WITHIN
    rows = await read.run(lambda conn: refusals.listed(conn, who.scope, since, _MOST_LINES))
    return [RefusalShape.model_validate({name: getattr(row, name) for name in RefusalShape.model_fields}) for row in rows]


def _clerk(who: Viewer) -> Clerk:
    return Clerk(who.login, who.scope)


def _seen(here: Context, who: Viewer, code: str) -> None:
    found = here.register.sites.get(code)
    if found is None or not may(who, Action.SEE_DEVICE, Thing(found.area, found.code)):
        raise NotFound("no such site, or not in your scope")
