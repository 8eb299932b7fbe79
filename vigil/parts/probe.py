"""`vigil probe`: the probe at work. It judges nothing: it reports what it saw to the `workers` table.

The desk, which notices a dead probe as well, raises the incident.
"""

import argparse
import asyncio
import contextlib
import logging
from datetime import UTC, datetime

import psycopg

from dispatch.alarm import PROBE
from simulators.wire import Endpoint
from store import devices, health
from store.connect import Connection, connect
from store.devices import RegisteredDevice
from vigil import drawn
from vigil.alive import told_to_stop
from vigil.database import database_url
from vigil.metrics import ProbeMeters
from vigil.probe import Console, Probe, ProbeSettings
from vigil.settings import Settings
from vigil.shown import served

log = logging.getLogger("vigil.probe")

REPORT_EVERY_S = 10.0
_ENROLLED_AGAIN_S = 2.0


async def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """The device that presses itself once a minute, and looks whether the press comes out."""
    stop, dsn = told_to_stop(), database_url(settings)
    meters = ProbeMeters()
    with served(meters.registry, settings.number("VIGIL_METRICS_PORT")):
        own = await enrolled(dsn, stop)
        if own is not None:
            await watch(_settings(settings, own, dsn), stop, meters)
    return 0


def _settings(settings: Settings, own: RegisteredDevice, dsn: str) -> ProbeSettings:
    host, port, ca = settings.text("VIGIL_MQTT_HOST"), settings.number("VIGIL_MQTT_PORT"), settings.path("VIGIL_MQTT_CA")
    return ProbeSettings(
        code=own.code,
        area=own.area,
        site=own.site,
        where=Endpoint(host, port, ca),
        token=drawn.kept(settings.secrets / drawn.PROBE_TOKEN),
        url=settings.text("VIGIL_PROBE_URL"),
        key=drawn.kept(settings.secrets / drawn.PROBE_KEY),
        dsn=dsn,
    )


async def watch(settings: ProbeSettings, stop: asyncio.Event, meters: ProbeMeters | None = None) -> None:
    """Press and report until `stop`."""
    console = Console()
    probe = Probe(settings, console, meters or ProbeMeters())
    tasks = [
        asyncio.create_task(console.run(settings.url, settings.key), name="console"),
        asyncio.create_task(_report(settings, probe), name="report"),
        asyncio.create_task(_press(settings, probe), name="press"),
    ]
    stopping = asyncio.create_task(stop.wait())
    try:
        done, _ = await asyncio.wait({stopping, *tasks}, return_when=asyncio.FIRST_COMPLETED)
        for task in done - {stopping}:
            task.result()  # none of them ends by itself: what ended one is a fault
    finally:
        for task in (stopping, *tasks):
            task.cancel()
        await asyncio.gather(stopping, *tasks, return_exceptions=True)


async def enrolled(dsn: str, stop: asyncio.Event) -> RegisteredDevice | None:
    """The probe of the register; waits for the database and for its enrolment. None when it is time to end."""
    while not stop.is_set():
        try:
            async with await _connected(dsn) as conn:
                for row in await health.probes(conn):
                    return await devices.one(conn, row.code)
            log.warning("no probe is enrolled yet")
        except (psycopg.Error, OSError) as error:
            log.warning("database away: %s", str(error).partition("\n")[0])
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_ENROLLED_AGAIN_S):
                await stop.wait()
    return None


async def _press(settings: ProbeSettings, probe: Probe) -> None:
    loop = asyncio.get_running_loop()
    due = loop.time()
    while True:
        await probe.press()
        due = max(due + settings.every_s, loop.time())
        await asyncio.sleep(due - loop.time())


async def _report(settings: ProbeSettings, probe: Probe) -> None:
    """Every few seconds, and after each press; a database that is away gets the next one."""
    started = datetime.now(UTC)
    while True:
        probe.told.clear()
        try:
            async with (
                asyncio.timeout(REPORT_EVERY_S),
                await connect(settings.dsn, autocommit=True, application="vigil-probe") as conn,
            ):
                await health.worker_alive(conn, settings.code, PROBE, started, datetime.now(UTC), probe.stats())
        except (psycopg.Error, OSError, TimeoutError) as error:
            log.warning("not reported: %s", str(error).partition("\n")[0] or type(error).__name__)
            await asyncio.sleep(1)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(REPORT_EVERY_S):
                await probe.told.wait()


async def _connected(dsn: str) -> Connection:
    return await connect(dsn, autocommit=True, application="vigil-probe")
