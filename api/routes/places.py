"""The district and what is in it: areas, sites, map layers, responders and what they reach."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from api import roads
from api.access import Action, Mask, Thing, Viewer, mask_of, may
from api.cards import site_brief
from api.circle import circle_now
from api.context import Context, Reader, context, demand, everywhere, reader, viewer
from api.listings import CircleShape
from api.people import shape
from api.problems import NotFound
from api.register import Register
from api.shapes import AreaShape, DistrictShape, Isochrones, ResponderPlace, SitePoint
from store import register as store

router = APIRouter(prefix="/api", tags=["places"])

Here = Annotated[Context, Depends(context)]
Who = Annotated[Viewer, Depends(viewer)]
Read = Annotated[Reader, Depends(reader)]


@router.get("/district")
async def district(here: Here, who: Who) -> DistrictShape:
    """What a console loads once: every area for orientation, the sites of one's scope."""
    everywhere(who, Action.SEE_DISTRICT)
    known = here.register
    if known.cell is None:
        raise NotFound("no district is loaded")
    sites = [one for one in known.sites.values() if may(who, Action.SEE_DISTRICT, Thing(one.area, one.code))]
    return DistrictShape(
        code=known.cell.code,
        name_zh=known.cell.name_zh,
        name_en=known.cell.name_en,
        timezone=known.cell.timezone,
        demo=known.cell.demo,
        areas=[AreaShape(code=a.code, name_zh=a.name_zh, name_en=a.name_en, parent=a.parent, level=a.level) for a in known.areas],
        sites=[_site_point(one, mask_of(who.role)) for one in sites],
        layers=list(known.layers),
        colleagues=_colleagues(known, who),
    )


@router.get("/layers/{name}", response_class=Response, responses={200: {"content": {"application/geo+json": {}}}})
async def layer(name: str, who: Who, read: Read) -> Response:
    """One layer of the map as GeoJSON."""
    everywhere(who, Action.SEE_DISTRICT)
    text = await read.run(lambda conn: store.layer(conn, name))
    if text is None:
        raise NotFound(f"no layer {name!r}")
    return Response(text, media_type="application/geo+json", headers={"Cache-Control": "private, max-age=3600"})


@router.get("/responders")
async def responders(here: Here, who: Who) -> list[ResponderPlace]:
    """The responders of one's scope."""
    return [shape(place) for place in here.hub.responders_for(who)]


@router.get("/responders/{code}/isochrone")
async def isochrone(code: str, here: Here, who: Who) -> Isochrones:
    """What this responder reaches in 15, 10 and 5 minutes from where he is."""
    found = here.hub.responder(code)
    if found is None:
        raise NotFound("no such responder, or not in your scope")
    demand(who, Action.SEE_RESPONDER, found.thing, seen_by=Action.SEE_RESPONDER)
    return await roads.isochrones(here.roads, found, here.register, datetime.now(UTC))


@router.get("/circle")
async def circle(here: Here, who: Who) -> CircleShape:
    """Who is outside the service circle at this moment, within one's scope."""
    everywhere(who, Action.SEE_UNPROTECTED)
    return await circle_now(here.roads, here.hub, here.register, who, datetime.now(UTC))


def _colleagues(known: Register, who: Viewer) -> dict[str, str]:
    """Who is who, to those who act together; a regulator sees nobody by name."""
    return {one.login: one.name for one in known.accounts} if mask_of(who.role) is Mask.DESK else {}


def _site_point(site: store.SiteRow, mask: Mask) -> SitePoint:
    shown = site_brief(site, mask)
    return SitePoint(
        code=shown.code,
        kind=shown.kind,
        name_zh=shown.name_zh,
        name_en=shown.name_en,
        area=shown.area,
        lon=shown.lon,
        lat=shown.lat,
        beds=site.beds,
    )
