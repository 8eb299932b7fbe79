"""`vigil away`: when a resident's signs of life mean nothing, for whoever may read the owner's secrets on this machine."""

import argparse
import getpass
from dataclasses import asdict
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from analytics.routine import Absence
from store import register, routines
from store.connect import Connection
from vigil.registry import owner, show
from vigil.settings import BadSetting, Settings


async def command(arguments: argparse.Namespace, settings: Settings) -> int:
    """Enter an away time, end those that hold, or list them."""
    async with owner(settings) as conn, conn.transaction():
        show(arguments, await _on_absences(conn, arguments))
    return 0


async def _on_absences(conn: Connection, arguments: argparse.Namespace) -> object:
    now = datetime.now(UTC)
    if arguments.senior is None and (arguments.ended or arguments.since or arguments.until):
        raise BadSetting("away: expected the resident's code")
    if arguments.since and not arguments.until:
        raise BadSetting("away: expected --to, since nobody is away for ever")
    if arguments.ended:
        return {"senior": arguments.senior, "ended": await routines.end_absences(conn, arguments.senior, now)}
    if arguments.until is None:
        return [asdict(one) for one in await routines.absences(conn, arguments.senior)]
    cell = await register.cell(conn)
    zone: tzinfo = ZoneInfo(cell.timezone) if cell is not None else UTC
    since = _moment(arguments.since, zone) if arguments.since else now
    until = _moment(arguments.until, zone)
    await routines.add_absence(conn, arguments.senior, since, until, Absence(arguments.why), f"cli:{getpass.getuser()}")
    return {"senior": arguments.senior, "since": since, "until": until, "why": arguments.why}


def _moment(text: str, zone: tzinfo) -> datetime:
    """A date or a time of day on the cell's clock, unless it says its own offset. Raises BadSetting."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadSetting(f"away: expected a time such as 2027-02-05 or 2027-02-05T09:30, got {text!r}") from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)
