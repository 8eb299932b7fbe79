"""Errands: what a responder does with his own, and what the desk writes down for one who phones in."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends

from api import details
from api.access import Action, Thing, Viewer, mask_of
from api.cards import brief, thing_of
from api.context import Context, Reader, actor, context, demand, everywhere, reader, viewer
from api.shapes import Decline, DispatchAction, DispatchBrief, IncidentDetail, Position
from dispatch.offer import DispatchEvent
from store import dispatches
from store.board import board, for_responder
from store.connect import Connection

router = APIRouter(prefix="/api", tags=["errands"])

Here = Annotated[Context, Depends(context)]
Who = Annotated[Viewer, Depends(viewer)]
Read = Annotated[Reader, Depends(reader)]


@router.post("/dispatches/{dispatch_id}/{action}")
async def act(dispatch_id: UUID, action: DispatchAction, here: Here, who: Who, body: Decline | None = None) -> DispatchBrief:
    """Accept, decline, depart, arrive, enter, finish; recall is the desk's."""
    now = datetime.now(UTC)
    wanted = Action.RECALL if action == "recall" else Action.RUN_ERRAND

    async def transaction(conn: Connection) -> DispatchBrief:
        incident_id, _ = await dispatches.act(
            conn, dispatch_id, DispatchEvent(action), actor(who), now, note=body.why if body else ""
        )
        row = (await board(conn, None, [incident_id]))[0]
        errand = next(one for one in row.dispatches if one.id == dispatch_id)
        thing = thing_of(row)
        # His own errand may have just ended, and with it his sight of the incident; what he could not see he could not have ended.
        demand(who, wanted, Thing(thing.area, thing.site, frozenset({errand.responder})))
        return brief(errand, mask_of(who.role))

    return await here.database.run(transaction)


@router.get("/responder/errands")
async def errands(here: Here, who: Who, read: Read) -> list[IncidentDetail]:
    """One's own errands that have not ended."""
    everywhere(who, Action.SEE_ERRANDS)
    now = datetime.now(UTC)

    async def transaction(conn: Connection) -> list[IncidentDetail]:
        own = await for_responder(conn, who.responder or "")
        # a telephone asks every few seconds and draws no curves
        return [await details.detail(conn, here.register, who, one.incident, now, curves=False) for one in own]

    return await read.run(transaction)


@router.post("/responder/position", status_code=204)
async def position(body: Position, here: Here, who: Who) -> None:
    """Where one's phone is now."""
    everywhere(who, Action.SET_POSITION)
    now = datetime.now(UTC)
    await here.database.run(lambda conn: dispatches.set_position(conn, who.responder or "", body.lon, body.lat, now))
