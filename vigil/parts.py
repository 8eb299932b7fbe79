"""The single parts that `vigil up` and the containers run: each reads its settings and runs until SIGTERM."""

import argparse
import asyncio
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from api.app import ApiSettings, serve
from broker import callout as judge
from broker import server as mqtt
from broker.admission import Credential
from broker.config import BrokerConfig
from broker.secrets import load_or_create
from care.district import District
from simulators import life
from simulators.crew import Crew, Login
from simulators.district import CREW, chief, demo_district
from store import devices, notify
from store.connect import connect
from store.migrate import apply, set_passwords
from vigil import certificates, demo, witness
from vigil.database import database_url
from vigil.metrics import CalloutMeters
from vigil.playing import Held
from vigil.settings import MIB, Settings
from vigil.shown import served
from vigil.up import say
from vigil.workers import service_password, told_to_stop

_ROLES = ("vigil_worker", "vigil_api")
_CHECKOUT = Path(__file__).resolve().parent.parent


async def api(arguments: argparse.Namespace, settings: Settings) -> int:
    """The console's server."""
    built = settings.path("VIGIL_DASHBOARD") or _CHECKOUT / "dashboard" / "dist"
    mine = ApiSettings(
        dsn=database_url(settings),
        host=settings.text("VIGIL_HTTP_HOST"),
        port=settings.number("VIGIL_HTTP_PORT"),
        mqtt_host=settings.text("VIGIL_MQTT_HOST"),
        mqtt_port=settings.number("VIGIL_MQTT_PORT"),
        mqtt_username="api",
        mqtt_password=service_password(settings, "api"),
        mqtt_tls_ca=settings.path("VIGIL_MQTT_CA"),
        dashboard_dir=built if built.exists() else None,
        secure_cookies=settings.flag("VIGIL_HTTPS"),
        probe_key=demo.kept(settings.secrets / demo.PROBE_KEY),
    )
    await serve(mine, told_to_stop())
    return 0


async def callout(arguments: argparse.Namespace, settings: Settings) -> int:
    """One of the judges; it makes the persistent sessions first, and works without the database from its snapshot."""
    dsn, stop, changed = database_url(settings), told_to_stop(), asyncio.Event()

    async def load() -> Mapping[str, Credential]:
        async with await connect(dsn, autocommit=True, application="vigil-callout") as conn:
            known = await devices.credentials(conn)
        return {code: Credential(code, one.token_sha256, one.area, one.site, one.profile) for code, one in known.items()}

    mine = judge.CalloutSettings(
        nats_url=settings.text("VIGIL_NATS_URL"),
        mqtt_host=settings.text("VIGIL_MQTT_HOST"),
        mqtt_port=settings.number("VIGIL_MQTT_PORT"),
        secrets=load_or_create(settings.secrets / "broker"),
        snapshot_path=settings.data / f"{arguments.name}.snapshot",
        tls_ca=settings.path("VIGIL_MQTT_CA"),
    )
    listening = asyncio.create_task(
        notify.listen(dsn, [notify.REGISTER], lambda channel, payload: changed.set(), changed.set, stop), name="register"
    )
    counts, totals = judge.Counts(), dict[str, int]()
    told = settings.path("VIGIL_BROKER_LOG")
    watching = asyncio.create_task(witness.watch(arguments.name, dsn, mine, counts, told, stop, totals), name="witness")
    try:
        with served(CalloutMeters(counts, totals).registry, settings.number("VIGIL_METRICS_PORT")):
            await judge.serve(mine, load, changed, stop, counts)
    finally:
        stop.set()
        await asyncio.gather(listening, watching, return_exceptions=True)
    return 0


async def simulator(arguments: argparse.Namespace, settings: Settings) -> int:
    """The demo district's life and the responders whom nobody plays; what watches over it goes before it."""
    os.nice(10)
    district = await asyncio.to_thread(demo_district, arguments.seed)
    where = life.Endpoint(settings.text("VIGIL_MQTT_HOST"), settings.number("VIGIL_MQTT_PORT"), settings.path("VIGIL_MQTT_CA"))
    stop, secret = told_to_stop(), demo.seed(settings.secrets)
    answering = asyncio.create_task(_crew(district, arguments, settings).live(stop), name="crew")
    try:
        await life.run(district, where, secret, speed=arguments.speed, seed=arguments.seed, played=Held(settings.data), stop=stop)
    finally:
        stop.set()
        await answering
    return 0


def _crew(district: District, arguments: argparse.Namespace, settings: Settings) -> Crew:
    """Those whose passwords were drawn on this machine; a district loaded before there was a crew has none."""
    drawn = demo.drawn_passwords(settings.secrets)
    logins = {one.login: Login(one.login, drawn[one.login]) for one in district.accounts if one.login in drawn}
    played = {
        one.responder: logins[one.login]
        for one in district.accounts
        if one.responder and one.login.startswith(CREW) and one.login in logins
    }
    desk = chief(district).login
    return Crew(settings.text("VIGIL_CREW_URL"), logins.get(desk, Login(desk, "")), played, arguments.speed, arguments.seed)


async def bench(arguments: argparse.Namespace, settings: Settings) -> int:
    """The benchmarks, as a process of their own: they start servers and workers themselves."""
    return await _ours("bench", *arguments.arguments)


async def offline(arguments: argparse.Namespace, settings: Settings) -> int:
    """Work on recordings, as a process of its own: it imports what no service needs."""
    what = arguments.arguments
    if arguments.command == "labels" and (not what or what[0].startswith("-")):
        what = ["count", *what]
    return await _ours("vigil.offline", arguments.command, *what)


async def _ours(module: str, *arguments: str) -> int:
    """Run one of our modules as a process of its own. -P: it is ours, whatever folder of that name lies where we were started."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-P", "-m", module, *arguments)
    return await process.wait()


async def migrate(arguments: argparse.Namespace, settings: Settings) -> int:
    """Bring the schema up to date; in containers also give the two roles the passwords from their files."""
    async with await connect(database_url(settings), autocommit=True, application="vigil-migrate") as conn:
        applied = await apply(conn)
        folder = settings.secrets / "database"
        files = {role: folder / f"{role}.password" for role in _ROLES}
        given = {role: file.read_text().strip() for role, file in files.items() if file.exists()}
        await set_passwords(conn, given)
    say(f"schema: {', '.join(applied) or 'already up to date'}")
    return 0


async def setup(arguments: argparse.Namespace, settings: Settings) -> int:
    """Draw what is secret and write the broker's configuration where the containers share them."""
    folder = settings.data / "broker"
    everywhere = "0.0.0.0"  # noqa: S104 - inside its own container
    secrets = load_or_create(settings.secrets / "broker")
    shown = certificates.given(settings.path("VIGIL_MQTT_CERT"), settings.path("VIGIL_MQTT_KEY"), settings.path("VIGIL_MQTT_CA"))
    if shown is None and arguments.tls:
        names = certificates.names_of_this_machine(arguments.tls_name)
        shown = await asyncio.to_thread(certificates.own, settings.secrets / "tls", names)
    config = BrokerConfig(
        folder,
        secrets,
        4222,
        settings.number("VIGIL_MQTT_PORT"),
        8222,
        host=everywhere,
        mqtt_host=everywhere,
        tls_cert=shown.cert if shown else None,
        tls_key=shown.key if shown else None,
        log=settings.path("VIGIL_BROKER_LOG"),
        store_bytes=settings.megabytes("VIGIL_BROKER_STORE_MB") * MIB,
    )
    mqtt.prepare(config)
    for role in _ROLES:
        demo.kept(settings.secrets / "database" / f"{role}.password")
    if arguments.superuser_password:
        demo.kept(arguments.superuser_password)
        arguments.superuser_password.chmod(0o644)  # the database's own account reads it, on a volume that nobody else mounts
    say(f"configuration in {folder}, secrets in {settings.secrets}")
    return 0


async def load_demo(arguments: argparse.Namespace, settings: Settings) -> int:
    """Load the demo district into an empty database."""
    district = await asyncio.to_thread(demo_district, arguments.seed)
    async with await connect(database_url(settings), autocommit=True, application="vigil-load") as conn:
        loaded = await demo.load(conn, district, settings.secrets, datetime.now(UTC))
        await demo.enrol_probe(conn, settings.secrets, datetime.now(UTC))
    say("demo district loaded" if loaded else "a district is there already; nothing was changed")
    return 0
