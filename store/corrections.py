"""A cause that was wrong: corrected on what is closed, told in the trail, and what it said of falls with it.

What a house corrects about itself is marked (`by_house`): the fire-safety index waits until somebody else has said the same.
"""

from datetime import datetime
from uuid import UUID

from care.places import is_house
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
    """Give a closed incident another cause; its version after it. The one that it has changes nothing,
    but for confirming what a house has corrected about itself.

    Raises NotFound, OutOfScope, NotAllowed, UnknownCause.
    """
    held = await lock(conn, incident_id)
    demand_scope(held, actor)
    if held.state not in _ENDED:
        raise NotAllowed("correct the cause", held.state, ())
    if cause not in CAUSES:
        raise UnknownCause(cause)
    before = await one_value(conn, _SQL["cause"], {"incident": incident_id})
    by_house = is_house(actor.scope)
    if before == cause:
        if not by_house and await one_value(conn, _SQL["unconfirmed"], {"incident": incident_id}):
            await trail.add(conn, incident_id, "cause_confirmed", actor.login, now, {"cause": cause})
            return await move(conn, held, None, actor, now, cause=cause)
        return held.version
    data = {"cause": cause, "before": before} | ({"note": note} if note else {}) | ({"by_house": True} if by_house else {})
    await trail.add(conn, incident_id, "cause_corrected", actor.login, now, data)
    await labels.label(conn, incident_id, cause, actor.role, now)
    return await move(conn, held, None, actor, now, cause=cause)
