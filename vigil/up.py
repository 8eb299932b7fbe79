"""`vigil up`: everything on this machine, as supervised processes, in an order that loses nothing.

Database, schema and district first; then the broker; then the auth callouts, which make every persistent MQTT session before they
let the first device in; then the workers, the console and the simulated life.
"""

import argparse
import asyncio
import contextlib
import fcntl
import os
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from broker import server as mqtt
from broker.config import BrokerConfig
from broker.secrets import BrokerSecrets, load_or_create
from simulators.district import CREW, demo_district
from store import server as database
from store.connect import connect
from store.migrate import apply
from vigil import console_build, demo, disk, state
from vigil.alive import stop_on_signals
from vigil.plan import Plan, certificate, make_plan
from vigil.settings import MIB, Settings
from vigil.supervisor import Child, Supervisor
from vigil.web import wait_for_http

CALLOUTS = ("callout-a", "callout-b")
_SILENT_S = 20.0  # see docs/decisions/0030-frozen-parts.md


class AlreadyRunning(RuntimeError):
    """Another `vigil up` holds this data folder."""


async def command(arguments: argparse.Namespace, settings: Settings) -> int:
    """Run until Ctrl-C or SIGTERM."""
    started = time.monotonic()
    data = settings.data
    data.mkdir(parents=True, exist_ok=True)
    with _held(data):
        plan = make_plan(arguments, settings, say)
        stop = stop_on_signals()
        supervisor = Supervisor(data / "log", say)
        try:
            plan = replace(plan, tls=await certificate(plan, arguments, settings))
            if not await _up_unless(stop, plan, supervisor):
                return 0
            _tell(plan, supervisor)
            supervisor.on_restart = lambda: _tell(plan, supervisor)
            _announce(plan, time.monotonic() - started)
            if wrong := console_build.fault(*console_build.place(settings.path("VIGIL_DASHBOARD"))):
                say(f"the console is not the one of this checkout ({wrong}): make run builds it")
            watching = asyncio.create_task(disk.watch(plan.monitor, plan.data / "broker", lambda: _broker_again(supervisor)))
            await stop.wait()
            watching.cancel()
            say("stopping …")
        finally:
            await supervisor.stop()
            state.forget(data)
    say("stopped; the data is kept")
    return 0


async def _up_unless(stop: asyncio.Event, plan: Plan, supervisor: Supervisor) -> bool:
    """Bring everything up; False when told to stop meanwhile."""
    coming, told = asyncio.ensure_future(bring_up(plan, supervisor)), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({coming, told}, return_when=asyncio.FIRST_COMPLETED)
        if coming.done():
            coming.result()
            return True
        say("told to stop while starting; stopping …")
        return False
    finally:
        for one in (coming, told):
            one.cancel()
        await asyncio.gather(coming, told, return_exceptions=True)


def say(text: str) -> None:
    """One line to the person at the terminal."""
    with contextlib.suppress(OSError):  # what we say may go to a file on a full disk
        print(f"  {text}", flush=True)


async def bring_up(plan: Plan, supervisor: Supervisor) -> None:
    """Start everything, each part when what it stands on is ready."""
    base = await _start_database(plan, supervisor)
    await _prepare(base, plan)
    secrets = load_or_create(plan.secrets / "broker")
    await _start_broker(plan, secrets, supervisor)
    for child in _workers(plan, base):
        await supervisor.start(child)


async def _start_database(plan: Plan, supervisor: Supervisor) -> database.EmbeddedDatabase:
    base = database.EmbeddedDatabase(plan.data / "postgres", plan.database)
    if not (base.home / "pg").exists():
        say("making the database (once) …")
    await asyncio.to_thread(base.prepare)
    await supervisor.start(Child("database", base.argv(), ready=base.wait_ready, signal=database.STOP_SIGNAL, stop_s=20, tier=0))
    return base


async def _prepare(base: database.EmbeddedDatabase, plan: Plan) -> None:
    async with await connect(base.dsn("vigil_owner"), autocommit=True, application="vigil-up") as conn:
        if applied := await apply(conn):
            say(f"schema: {len(applied)} step(s) applied")
        district = await asyncio.to_thread(demo_district, plan.seed)
        if await demo.load(conn, district, plan.secrets, datetime.now(UTC)):
            say(f"demo district loaded: {len(district.sites)} sites, {len(district.devices)} devices, all people invented")
        await demo.enrol_probe(conn, plan.secrets, datetime.now(UTC))


async def _start_broker(plan: Plan, secrets: BrokerSecrets, supervisor: Supervisor) -> None:
    config = BrokerConfig(
        plan.data / "broker",
        secrets,
        nats_port=plan.nats,
        mqtt_port=plan.mqtt,
        monitor_port=plan.monitor,
        tls_cert=plan.tls.cert if plan.tls else None,
        tls_key=plan.tls.key if plan.tls else None,
        log=plan.broker_log,
        store_bytes=plan.store_mb * MIB,
    )
    where = mqtt.endpoint(config)
    argv = mqtt.prepare(config)
    await supervisor.start(Child("broker", argv, ready=lambda: mqtt.wait_ready(where), tier=1))


def _workers(plan: Plan, base: database.EmbeddedDatabase) -> list[Child]:
    worker = _environ(plan, base.dsn("vigil_worker"))
    people = _environ(plan, base.dsn("vigil_api")) | {"VIGIL_HTTP_PORT": str(plan.http)}
    children = [
        *(_part(name, vigil("callout", "--name", name), worker) for name in CALLOUTS),
        _part("ingest-events", vigil("ingest", "--lane", "events", "--name", "events-1"), worker),
        *_telemetry(plan, worker),
        _part("desk", vigil("desk"), worker),
        _part("api", vigil("api"), people, ready=lambda: wait_for_http(f"{plan.url}/api/health")),
        _part("probe", vigil("probe"), worker | {"VIGIL_PROBE_URL": plan.url}),
    ]
    if plan.simulator:
        life = vigil("simulator", "--speed", str(plan.speed), "--seed", str(plan.seed))
        children.append(_part("simulator", life, _environ(plan, "") | {"VIGIL_CREW_URL": plan.url}))
    return children


def _telemetry(plan: Plan, environ: dict[str, str]) -> list[Child]:
    """As many workers as are wanted; they share the areas among themselves."""
    numbers = range(1, plan.workers + 1)
    lane = ("ingest", "--lane", "telemetry", "--name")
    return [_part("ingest-telemetry" + (f"-{n}" if n > 1 else ""), vigil(*lane, f"telemetry-{n}"), environ) for n in numbers]


def _part(name: str, argv: list[str], environ: dict[str, str], ready: Callable[[], Awaitable[None]] | None = None) -> Child:
    """A process of our own code, which gives signs of life."""
    return Child(name, argv, environ, ready=ready, silent_s=_SILENT_S)


def vigil(*arguments: str) -> list[str]:
    """The command line of one of our own parts."""
    return [sys.executable, "-m", "vigil", *arguments]


def _environ(plan: Plan, dsn: str) -> dict[str, str]:
    return {
        "VIGIL_DATA": str(plan.data),
        "VIGIL_DATABASE_URL": dsn,
        "VIGIL_MQTT_HOST": "127.0.0.1",
        "VIGIL_MQTT_PORT": str(plan.mqtt),
        "VIGIL_MQTT_CA": str(plan.tls.ca) if plan.tls else "",
        "VIGIL_BROKER_LOG": str(plan.broker_log),
        "VIGIL_NATS_URL": f"nats://127.0.0.1:{plan.nats}",
        "PYTHONUNBUFFERED": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }


def _broker_again(supervisor: Supervisor) -> None:
    say("the broker could not write and there is room now; starting it again")
    supervisor.again("broker")


def _tell(plan: Plan, supervisor: Supervisor) -> None:
    """What runs now, to the other commands; again whenever a part was started again."""
    ca = str(plan.tls.ca) if plan.tls else ""
    state.write(plan.data, state.State(os.getpid(), plan.url, plan.mqtt, plan.database, plan.seed, supervisor.pids, ca))


def _announce(plan: Plan, took_s: float) -> None:
    accounts = demo.drawn_passwords(plan.secrets)
    listener = "MQTT over TLS" if plan.tls else "MQTT"
    print(f"\n  Vigil 守望 is up after {took_s:.0f} s: {plan.url}   (devices: {listener} 127.0.0.1:{plan.mqtt})", flush=True)
    if plan.tls:
        print(f"  devices prove the broker with {plan.tls.ca}", flush=True)
    print("  demo accounts (all people are invented):", flush=True)
    for login, password in accounts.items():
        if login.startswith(CREW):
            continue  # played by the simulator
        print(f"    {login:22} {password}", flush=True)
    print("\n  try: .venv/bin/vigil simulate sos        stop: Ctrl-C\n", flush=True)


def _held(data: Path) -> IO[str]:
    lock = (data / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise AlreadyRunning(f"{data}: another `vigil up` runs on this data folder; stop it first or give --data") from None
    return lock
