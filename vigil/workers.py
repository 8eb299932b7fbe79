"""The parts that must be back soonest: ingest and desk, importing no more than they need.

`python -m vigil.workers ingest …` is `vigil ingest …` started in a third of the time and of the memory.
"""

import argparse
import asyncio
import contextlib
import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from analytics.catalogue import TELEMETRY_LANE, judged_by
from analytics.step import Detector
from broker.secrets import load_or_create
from desk.loop import DeskSettings
from desk.loop import run as keep_clocks
from desk.meters import Meters
from ingest.events import run_events
from ingest.settings import IngestSettings
from ingest.telemetry import run_telemetry
from vigil import adoption, alive, heap, logs
from vigil.database import database_url
from vigil.settings import BadSetting, Settings
from vigil.shown import served

_LESS_URGENT = 5  # niceness of telemetry: whoever carries a press gets the core first


def main(argv: Sequence[str] | None = None) -> int:
    """Run one worker until SIGTERM; the process status."""
    arguments = parser().parse_args(argv)
    settings = Settings(dict(os.environ))
    try:
        logs.start(settings)
        status: int = asyncio.run(arguments.run(arguments, settings))
    except BadSetting as error:
        print(f"{arguments.command}: {error}", file=sys.stderr)
        return 1
    return status


def parser() -> argparse.ArgumentParser:
    """The two of them, spoken to as `vigil` is."""
    root = argparse.ArgumentParser(prog="vigil")
    add_workers(root.add_subparsers(dest="command", required=True))
    return root


def add_workers(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Their lines of the command line."""
    one = commands.add_parser("ingest", help="one ingest worker (a part of `up`)")
    one.add_argument("--lane", choices=("events", "telemetry"), required=True)
    one.add_argument("--name", default="")
    one.set_defaults(run=ingest)
    one = commands.add_parser("desk", help="the loop that never sleeps (a part of `up`)")
    one.add_argument("--name", default="desk")
    one.set_defaults(run=desk)


def service_password(settings: Settings, user: str) -> str:
    """The password of one of our own at the broker."""
    return load_or_create(settings.secrets / "broker").passwords[user]


def told_to_stop() -> asyncio.Event:
    """An event that SIGTERM sets; from here on the part gives signs of life, and what it has loaded stays."""
    heap.settle()
    alive.beat(os.environ)
    return alive.stop_on_signals()


async def ingest(arguments: argparse.Namespace, settings: Settings) -> int:
    """One ingest worker of one lane."""
    mine = IngestSettings(
        dsn=database_url(settings),
        mqtt_host=settings.text("VIGIL_MQTT_HOST"),
        mqtt_port=settings.number("VIGIL_MQTT_PORT"),
        mqtt_username="ingest",
        mqtt_password=service_password(settings, "ingest"),
        tls_ca=settings.path("VIGIL_MQTT_CA"),
        worker_name=arguments.name or f"{arguments.lane}-1",
        metrics_port=settings.number("VIGIL_METRICS_PORT"),
    )
    if arguments.lane == "events":
        await run_events(mine, told_to_stop())
    else:
        let_presses_go_first()
        await run_telemetry(replace(mine, detectors=_detectors(settings)), told_to_stop())
    return 0


def _detectors(settings: Settings) -> tuple[Detector[Any], ...]:
    """The lane, its falls judged by the adopted model or the one that ships; where neither can be read, the plain rule."""
    try:
        chosen = adoption.choose(adoption.folder(settings))
        logging.getLogger(__name__).info("falls are judged by %s", chosen.model.version)
        return judged_by(chosen.model.judge())
    except adoption.UNREADABLE as error:
        logging.getLogger(__name__).error("falls are judged by the plain rule: %s", error)
        return TELEMETRY_LANE


def let_presses_go_first() -> None:
    """Where Linux groups by sessions, niceness counts only within one; so the session, if it is ours, is told too."""
    os.nice(_LESS_URGENT)
    if os.getsid(0) == os.getpid():
        with contextlib.suppress(OSError):
            Path("/proc/self/autogroup").write_text(str(_LESS_URGENT))


async def desk(arguments: argparse.Namespace, settings: Settings) -> int:
    """The loop that never sleeps."""
    meters = Meters()
    with served(meters.registry, settings.number("VIGIL_METRICS_PORT")):
        await keep_clocks(DeskSettings(dsn=database_url(settings), name=arguments.name), told_to_stop(), meters=meters)
    return 0


if __name__ == "__main__":
    sys.exit(main())
