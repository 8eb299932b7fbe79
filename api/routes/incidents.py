"""Incidents: the board, one in detail, and everything that the desk does to one. Every act answers the incident as it then is."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends

from api import assignment, details
from api.access import Action, Mask, Viewer, mask_of
from api.cards import card
from api.context import Context, Reader, actor, context, demanded, everywhere, reader, viewer
from api.database import Runs
from api.problems import NotFound
from api.shapes import Acknowledge, BroughtOut, CauseChoice, Choice, IncidentCard, IncidentDetail, Note, OfferChoice, Resolve, State
from dispatch.incident import IncidentEvent
from store import evacuation
from store import incidents as store
from store.connect import Connection
from store.corrections import correct_cause

router = APIRouter(prefix="/api/incidents", tags=["incidents"])

Here = Annotated[Context, Depends(context)]
Who = Annotated[Viewer, Depends(viewer)]
Read = Annotated[Reader, Depends(reader)]
_MOST = 500


@router.get("")
async def listed(here: Here, who: Who, read: Read, state: State | None = None, since: datetime | None = None) -> list[IncidentCard]:
    """What stands on the board in one's scope; with `since`, everything raised from then on, the newest first."""
    if since is None:
        rows = here.hub.visible(who)
    else:
        everywhere(who, Action.SEE_FIGURES)
        now = datetime.now(UTC)
        begin = since if since.tzinfo else since.replace(tzinfo=UTC)
        rows = await read.run(lambda conn: store.history(conn, who.scope, begin, now, _MOST))
    return [card(row, mask_of(who.role)) for row in rows if state is None or row.state == state]


@router.get("/{incident_id}")
async def one(incident_id: UUID, here: Here, who: Who, read: Read) -> IncidentDetail:
    """One incident with its reasons, trail, dispatches and curves."""
    return await _answer(here, who, incident_id, Action.SEE_INCIDENT, None, by=read)


@router.post("/{incident_id}/acknowledge")
async def acknowledge(incident_id: UUID, body: Acknowledge, here: Here, who: Who) -> IncidentDetail:
    """Take it: from now on it is this person's."""
    return await _acted(here, who, incident_id, Action.ACKNOWLEDGE, IncidentEvent.ACKNOWLEDGE, version=body.version)


@router.post("/{incident_id}/resolve")
async def resolve(incident_id: UUID, body: Resolve, here: Here, who: Who) -> IncidentDetail:
    """The person is safe; what remains is the outcome."""
    return await _acted(here, who, incident_id, Action.RESOLVE, IncidentEvent.RESOLVE, note=body.note)


@router.post("/{incident_id}/close")
async def close(incident_id: UUID, body: CauseChoice, here: Here, who: Who) -> IncidentDetail:
    """Close it with what it turned out to be."""
    return await _acted(here, who, incident_id, Action.CLOSE, IncidentEvent.CLOSE, cause=body.cause, note=body.note)


@router.post("/{incident_id}/cancel")
async def cancel(incident_id: UUID, body: CauseChoice, here: Here, who: Who) -> IncidentDetail:
    """Take back what was never an emergency; never what was pressed, nor fire."""
    return await _acted(here, who, incident_id, Action.CANCEL, IncidentEvent.CANCEL, cause=body.cause, note=body.note)


@router.post("/{incident_id}/cause")
async def correct(incident_id: UUID, body: CauseChoice, here: Here, who: Who) -> IncidentDetail:
    """Give what is closed another cause: what falls are learned from follows it."""
    now = datetime.now(UTC)

    async def corrected(conn: Connection) -> None:
        await correct_cause(conn, incident_id, body.cause, actor(who), now, body.note)

    return await _answer(here, who, incident_id, Action.CLOSE, corrected)


@router.post("/{incident_id}/notes")
async def note(incident_id: UUID, body: Note, here: Here, who: Who) -> IncidentDetail:
    """Add a line to the trail; sent twice under its id it stands once."""
    now = datetime.now(UTC)

    async def written(conn: Connection) -> None:
        await store.add_note(conn, incident_id, body.note, actor(who), now, body.id)

    return await _answer(here, who, incident_id, Action.NOTE, written)


@router.post("/{incident_id}/evacuees/{senior}")
async def bring_out(incident_id: UUID, senior: str, body: BroughtOut, here: Here, who: Who) -> IncidentDetail:
    """Mark somebody of the evacuation list as brought out, or not yet; said twice it stands once."""
    now = datetime.now(UTC)

    async def marked(conn: Connection) -> None:
        if senior not in await details.on_list(conn, here.register, who, incident_id, now):
            raise NotFound("expected somebody of the incident's evacuation list")
        await evacuation.bring_out(conn, incident_id, senior, body.out, actor(who), now)

    drawn = mask_of(who.role) is not Mask.RESPONDER  # a telephone draws none
    return await _answer(here, who, incident_id, Action.BRING_OUT, marked, curves=drawn)


@router.get("/{incident_id}/candidates")
async def candidates(incident_id: UUID, here: Here, who: Who, read: Read) -> list[Choice]:
    """Everyone who might be sent, best first, with the reasons for and against."""
    row, people = await assignment.facts(read, who, incident_id, Action.SEE_CANDIDATES)
    return assignment.shapes(await assignment.ranked(here, row, people, datetime.now(UTC)))


@router.post("/{incident_id}/dispatches")
async def send(incident_id: UUID, body: OfferChoice, here: Here, who: Who) -> IncidentDetail:
    """Offer the errand to this responder; without one the default rule chooses."""
    await assignment.offer(here, who, incident_id, body.responder)
    return await _answer(here, who, incident_id, Action.SEE_INCIDENT, None)


async def _acted(
    here: Context,
    who: Viewer,
    incident_id: UUID,
    action: Action,
    event: IncidentEvent,
    *,
    version: int | None = None,
    cause: str | None = None,
    note: str = "",
) -> IncidentDetail:
    now = datetime.now(UTC)

    async def act(conn: Connection) -> None:
        await store.act(conn, incident_id, event, actor(who), now, version=version, cause=cause, note=note)

    return await _answer(here, who, incident_id, action, act)


async def _answer(
    here: Context,
    who: Viewer,
    incident_id: UUID,
    action: Action,
    act: Callable[[Connection], Awaitable[None]] | None,
    *,
    curves: bool = True,
    by: Runs | None = None,
) -> IncidentDetail:
    """Seen, permitted, done and read again: one transaction."""

    async def transaction(conn: Connection) -> IncidentDetail:
        await demanded(who, incident_id, action)(conn)
        if act is not None:
            await act(conn)
        return await details.detail(conn, here.register, who, incident_id, datetime.now(UTC), curves=curves)

    return await (by or here.database).run(transaction)
