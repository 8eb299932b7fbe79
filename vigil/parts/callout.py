"""The judges of each device that connects."""

import argparse
import asyncio
from collections.abc import Mapping

from broker import callout as judge
from broker.admission import Credential
from broker.secrets import load_or_create
from store import devices, notify
from store.connect import connect
from vigil import witness
from vigil.alive import told_to_stop
from vigil.database import database_url
from vigil.metrics import CalloutMeters
from vigil.settings import Settings
from vigil.shown import served


async def run(arguments: argparse.Namespace, settings: Settings) -> int:
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
