"""Once a day the fire-safety index of every institution is written down. Several desks may run: the first one's stays."""

import logging
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import psycopg

from care.safety_facts import SafetyFacts
from care.safety_index import assess
from store import administration, register, safety
from store.connect import Connection

log = logging.getLogger("vigil.desk")

# In the morning, once the ingest has listened for longer than any device may be silent; in the evening with what is known by then.
_MORNING, _EVENING = 8, 20
_LISTENED = timedelta(hours=3)


def due(local: datetime, listened: timedelta) -> bool:
    """Whether the day's index is to be written at this local time, after listening for so long."""
    return local.hour >= _EVENING or (local.hour >= _MORNING and listened >= _LISTENED)


async def daily(conn: Connection, now: datetime) -> bool:
    """Write the day's index of every institution if it is due and not written; whether it was. Survives what it cannot do."""
    try:
        return await _daily(conn, now)
    except psycopg.Error as error:
        if conn.closed:
            raise
        log.error("fire-safety index: not written: %s", str(error).partition("\n")[0])
        return False


async def _daily(conn: Connection, now: datetime) -> bool:
    cell = await register.cell(conn)
    if cell is None:
        return False
    local = now.astimezone(ZoneInfo(cell.timezone))
    since = await administration.listening_since(conn, now)
    if not due(local, now - since if since else timedelta(0)) or await safety.has_day(conn, local.date()):
        return False
    async with conn.transaction():
        kept = [await _kept(conn, one) for one in await safety.facts(conn, now)]
    return any(kept)


async def _kept(conn: Connection, facts: SafetyFacts) -> bool:
    """An institution whose index cannot be written has none that day; the others have theirs."""
    try:
        async with conn.transaction():
            await safety.keep_days(conn, [assess(facts)])
    except Exception as error:
        if conn.closed:
            raise
        log.error("fire-safety index of %s: not written: %s: %s", facts.site, type(error).__name__, str(error).partition("\n")[0])
        return False
    return True
