"""A cause that was wrong: corrected on what is closed, told in the trail, and what it said of falls with it."""

from datetime import datetime
from uuid import UUID

from dispatch.incident import CAUSES, IncidentState, NotAllowed
from store import labels, trail
from store.connect import Connection
from store.incidents import UnknownCause, demand_scope, lock, move
from store.rows import one_value
from store.statements import statements
from store.trail import Actor

_SQL = statements("corrections")
_ENDED = (IncidentState.CLOSED, IncidentState.CANCELLED)


async def correct_cause(conn: Connection, incident_id: UUID, cause: str, actor: Actor, now: datetime, note: str = "") -> int:
    """Give a closed incident another cause; its version after it. The one that it has changes nothing.

    Raises NotFound, OutOfScope, NotAllowed, UnknownCause.
    """
    held = await lock(conn, incident_id)
    demand_scope(held, actor)
    if held.state not in _ENDED:
        raise NotAllowed("correct the cause", held.state, ())
    if cause not in CAUSES:
        raise UnknownCause(cause)
    before = await one_value(conn, _SQL["cause"], {"incident": incident_id})
    if before == cause:
        return held.version
    data = {"cause": cause, "before": before} | ({"note": note} if note else {})
    await trail.add(conn, incident_id, "cause_corrected", actor.login, now, data)
    await labels.label(conn, incident_id, cause, actor.role, now)
    return await move(conn, held, None, actor, now, cause=cause)
