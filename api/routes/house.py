"""How the platform itself is: health for anyone, figures for the machine that watches it, what was rejected for administrators."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from api import listings
from api import system as page
from api.access import Action, Viewer
from api.context import Context, Reader, context, everywhere, reader, viewer
from api.database import StoreUnavailable
from api.problems import NotFound
from api.shapes import Health, SystemShape
from store import health as store

router = APIRouter(tags=["house"])

Here = Annotated[Context, Depends(context)]
Read = Annotated[Reader, Depends(reader)]
_LOOPBACK = frozenset({"127.0.0.1", "::1"})
_MOST = 500


@router.get("/api/health")
async def health(here: Here) -> Health:
    """What works now; 200 even when something does not, since this process answers."""
    return here.hub.health


@router.get("/api/system")
async def system(here: Here, who: Annotated[Viewer, Depends(viewer)], read: Read) -> SystemShape:
    """How the parts are doing; 200 with less in it when the database is away."""
    everywhere(who, Action.SEE_SYSTEM)
    try:
        workers = await read.run(store.workers)
    except StoreUnavailable:
        workers = None
    return page.system(workers, here.hub.health, datetime.now(UTC))


@router.get("/metrics", response_class=Response, include_in_schema=False)
async def metrics(request: Request, here: Here) -> Response:
    """Figures in Prometheus' text form, to this machine alone."""
    if request.client is None or request.client.host not in _LOOPBACK:
        raise NotFound("no such thing")
    return Response(here.meters.text(here.hub), media_type=here.meters.media_type)


@router.get("/api/rejected")
async def rejected(who: Annotated[Viewer, Depends(viewer)], read: Read) -> list[listings.RejectedShape]:
    """What could not be understood, the newest first."""
    everywhere(who, Action.SEE_REJECTED)
    rows = await read.run(lambda conn: store.rejected(conn, who.scope, _MOST))
    return [
        listings.RejectedShape(
            lane=row.lane,
            topic=row.topic,
            area=row.area,
            reason=row.reason,
            payload=row.payload[:500].decode(errors="replace"),
            first_at=row.first_at,
            last_at=row.last_at,
            times=row.times,
        )
        for row in rows
    ]
