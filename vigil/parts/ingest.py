"""One ingest worker of one lane."""

import argparse
import contextlib
import logging
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from analytics.catalogue import TELEMETRY_LANE, judged_by
from analytics.step import Detector
from ingest.events import run_events
from ingest.settings import IngestSettings
from ingest.telemetry import run_telemetry
from vigil import adoption, drawn
from vigil.alive import told_to_stop
from vigil.database import database_url
from vigil.settings import Settings

_LESS_URGENT = 5  # niceness of telemetry: whoever carries a press gets the core first


async def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Until SIGTERM."""
    mine = IngestSettings(
        dsn=database_url(settings),
        mqtt_host=settings.text("VIGIL_MQTT_HOST"),
        mqtt_port=settings.number("VIGIL_MQTT_PORT"),
        mqtt_username="ingest",
        mqtt_password=drawn.service_password(settings, "ingest"),
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
