"""Who was brought out of a fire, when and by whose word: lines of the trail, and nothing else."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from store import trail
from store.connect import Connection
from store.errors import OutOfScope
from store.incidents import demand_scope, lock, move
from store.rows import one_value
from store.statements import statements
from store.trail import Actor, TrailRow

_SQL = statements("evacuation")
BROUGHT_OUT, NOT_OUT = "brought_out", "not_out"


def marked_out(lines: Iterable[TrailRow]) -> dict[str, tuple[datetime, str]]:
    """Who was brought out, as (when, by whose word): the last that was said of each."""
    marks: dict[str, tuple[datetime, str]] = {}
    for line in lines:
        senior = str(line.data.get("senior", ""))
        if line.kind == BROUGHT_OUT:
            marks[senior] = (line.at, line.actor)
        elif line.kind == NOT_OUT:
            marks.pop(senior, None)
    return marks


async def bring_out(conn: Connection, incident_id: UUID, senior: str, out: bool, actor: Actor, now: datetime) -> int:
    """Say that somebody was brought out, or take that back; the version after it. What stands already is not said again.

    Whoever calls this knows that the senior is of the incident's list. A responder says it where he is sent, others within their
    scope. Raises NotFound, OutOfScope.
    """
    held = await lock(conn, incident_id)
    if actor.role != "responder":
        demand_scope(held, actor)
    elif not await one_value(conn, _SQL["sent_there"], {"incident": held.id, "account": actor.account_id}):
        raise OutOfScope("incident", held.id)
    if (senior in marked_out(await trail.of_incident(conn, incident_id))) == out:
        return held.version
    await trail.add(conn, held.id, BROUGHT_OUT if out else NOT_OUT, actor.login, now, {"senior": senior})
    # that somebody is in there again changes what whoever closes must know
    return await move(conn, held, None, actor, now, aside=out)
