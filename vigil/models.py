"""`vigil models`: which models of falls there are here, which one judges, and taking one up or back."""

import argparse
import getpass
from datetime import UTC, datetime

from vigil import adoption
from vigil.registry import show
from vigil.settings import Settings


async def command(arguments: argparse.Namespace, settings: Settings) -> int:
    """List, adopt, or take the newest adoption back. Workers read their model when they start."""
    home, now, by = adoption.folder(settings), datetime.now(UTC), f"cli:{getpass.getuser()}"
    if arguments.action == "adopt":
        adoption.adopt(home, arguments.model, now, by)
        show(arguments, {"judges": arguments.model, "from": "the next start of the telemetry workers"})
    elif arguments.action == "rollback":
        show(arguments, {"judges": adoption.rollback(home, now, by), "from": "the next start of the telemetry workers"})
    else:
        show(arguments, adoption.listed(home))
    return 0
