"""What containers run once, before the parts: schema, secrets, the broker's configuration, the demo district."""

import argparse
import asyncio
from datetime import UTC, datetime

from broker import server as mqtt
from broker.config import BrokerConfig
from broker.secrets import load_or_create
from simulators.district import demo_district
from store.connect import connect
from store.migrate import apply, set_passwords
from vigil import certificates, demo, drawn
from vigil.database import database_url
from vigil.settings import MIB, Settings
from vigil.up import say

_ROLES = ("vigil_worker", "vigil_api")


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
        drawn.kept(settings.secrets / "database" / f"{role}.password")
    if arguments.superuser_password:
        drawn.kept(arguments.superuser_password)
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
