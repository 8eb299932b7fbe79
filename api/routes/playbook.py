"""The playbook of an incident: its steps, its sirens. Every act answers the playbook as it then is."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from api import cap, playbook
from api.access import Action, Viewer
from api.context import Context, Reader, actor, context, demanded, reader, viewer
from api.database import Runs
from api.shapes.playbook import PlaybookShape, SirenPress, StepPress
from dispatch.playbook import STEPS, StepEvent
from dispatch.siren import Act
from store import commands
from store import playbook as store
from store.connect import Connection

router = APIRouter(prefix="/api/incidents", tags=["playbook"])

Here = Annotated[Context, Depends(context)]
Who = Annotated[Viewer, Depends(viewer)]
Read = Annotated[Reader, Depends(reader)]
Work = Callable[[Connection], Awaitable[None]]


@router.get("/{incident_id}/playbook")
async def steps(incident_id: UUID, who: Who, read: Read) -> PlaybookShape:
    """What is to be done, by whom, and what has been."""
    return await _answer(read, who, incident_id, Action.SEE_INCIDENT, None)


@router.post("/{incident_id}/playbook/{step}")
async def press(incident_id: UUID, step: str, body: StepPress, here: Here, who: Who) -> PlaybookShape:
    """Stamp a step, skip it with a reason, or take a stamp back within a minute; the same again changes nothing.

    The step that sounds sirens tells every siren of the site to sound, in the same transaction.
    """
    now, event = datetime.now(UTC), StepEvent(body.do)
    sounds = step in STEPS and STEPS[step].sounds and event is StepEvent.DO

    async def act(conn: Connection) -> None:
        if sounds:
            await commands.hold(conn, incident_id, now)  # before any incident
        _, changed = await store.press(conn, incident_id, step, event, actor(who), now, device=body.device, reason=body.reason)
        if changed and sounds:
            row = await demanded(who, incident_id, Action.SOUND)(conn)
            for siren in await commands.sirens(conn, row.site):
                await commands.order(conn, incident_id, siren.device, Act.ON, actor(who), now)

    answer = await _answer(here.database, who, incident_id, Action.SOUND if sounds else Action.STEP, act)
    if sounds:
        here.ordered.set()
    return answer


@router.post("/{incident_id}/sirens/{device}")
async def siren(incident_id: UUID, device: str, body: SirenPress, here: Here, who: Who) -> PlaybookShape:
    """Sound one siren of the site, or silence it; the same press again is the same command.

    One that sounds for another open incident is silenced with `confirm`; that incident's trail says so.
    """
    now = datetime.now(UTC)

    async def act(conn: Connection) -> None:
        await commands.order(conn, incident_id, device, Act(body.act), actor(who), now, confirm=body.confirm)

    answer = await _answer(here.database, who, incident_id, Action.SOUND, act)
    here.ordered.set()
    return answer


@router.get("/{incident_id}/cap", response_class=Response, responses={200: {"content": {"application/cap+xml": {}}}})
async def cap_message(incident_id: UUID, here: Here, who: Who) -> Response:
    """The CAP 1.2 message for the fire service, checked against the official schema; who took it is in the trail."""
    now = datetime.now(UTC)

    async def transaction(conn: Connection) -> cap.Handed:
        await demanded(who, incident_id, Action.SEE_CAP)(conn)
        return await cap.handed(conn, incident_id, actor(who), now)

    found = await here.database.run(transaction)
    name = f'attachment; filename="{found.identifier}.xml"'
    return Response(found.body, media_type="application/cap+xml", headers={"Content-Disposition": name})


async def _answer(by: Runs, who: Viewer, incident_id: UUID, action: Action, act: Work | None) -> PlaybookShape:
    """Seen, permitted, done and read again: one transaction."""

    async def transaction(conn: Connection) -> PlaybookShape:
        await demanded(who, incident_id, action)(conn)
        if act is not None:
            await act(conn)
        return await playbook.shape(conn, who, incident_id, datetime.now(UTC))

    return await by.run(transaction)
