"""The desk's loop."""

import argparse

from desk.loop import DeskSettings
from desk.loop import run as keep_clocks
from desk.meters import Meters
from vigil.alive import told_to_stop
from vigil.database import database_url
from vigil.settings import Settings
from vigil.shown import served


async def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """The loop that never sleeps."""
    meters = Meters()
    with served(meters.registry, settings.number("VIGIL_METRICS_PORT")):
        await keep_clocks(DeskSettings(dsn=database_url(settings), name=arguments.name), told_to_stop(), meters=meters)
    return 0
