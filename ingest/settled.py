"""The clock fixes of a batch, inside its transaction: what was decided first is what holds."""

from collections.abc import Sequence

from ingest.clocks import keys, settle
from ingest.said import Said
from store.connect import Connection
from store.messages import ClockFixRow, clock_fixes, insert_clock_fixes


async def settled(conn: Connection, said: Sequence[Said]) -> tuple[Said, ...]:
    """Everything with its final time and key."""
    wanted = keys(said)
    if not wanted:
        return tuple(said)
    decided = await clock_fixes(conn, wanted)
    first = settle(said, decided)
    if not first.fixes:
        return first.said
    kept = await insert_clock_fixes(conn, [ClockFixRow(*key, at) for key, at in first.fixes.items()])
    return first.said if kept == first.fixes else settle(said, {**decided, **kept}).said
