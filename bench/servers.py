"""The product's own broker and database as `vigil up` runs them, fsync and synchronous_commit on, in a directory of their own.

Two things are added for measuring. The desk, which no benchmark runs, may publish for every device, so that 5,000 devices need not
be 5,000 sockets. And PostgreSQL notes when each transaction committed (track_commit_timestamp), so that *stored* is the commit, not
the INSERT.
"""

import asyncio
import contextlib
import json
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.processes import ended, stopped
from broker import server
from broker.config import CARE, BrokerConfig
from broker.secrets import BrokerSecrets, load_or_create, new_password
from broker.server import Endpoint
from store.connect import connect
from store.server import EmbeddedDatabase

PUBLISHER = "desk"  # a service, so that a callout does not end its connections as those of a device it does not know


@dataclass(frozen=True, slots=True)
class Broker:
    """A running broker; `password` is the publisher's."""

    pid: int
    endpoint: Endpoint
    secrets: BrokerSecrets
    password: str


@asynccontextmanager
async def running_broker(folder: Path) -> AsyncIterator[Broker]:
    """The broker, its desk the publisher. Raises TimeoutError when it does not get ready."""
    config, password = _config(folder), new_password()
    argv = server.prepare(config)
    _admit(config.data / "nats.conf", password)
    with (folder / "nats.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(*argv, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log)
    async with stopped(process):
        where = server.endpoint(config)
        await ended(process, server.wait_ready(where), folder / "nats.log")
        yield Broker(process.pid, where, config.secrets, password)


@asynccontextmanager
async def running_database(folder: Path) -> AsyncIterator[EmbeddedDatabase]:
    """The database, restarted once so that it notes commit times. Raises DatabaseFailed."""
    base = EmbeddedDatabase(folder)
    await base.start()
    try:
        async with await connect(base.dsn("postgres"), autocommit=True) as conn:
            await conn.execute("ALTER SYSTEM SET track_commit_timestamp = on")
    finally:
        await base.stop()
    async with base:
        yield base


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """A directory for both, removed afterwards. PostgreSQL, which does not run as root, must be able to pass through it."""
    with tempfile.TemporaryDirectory(prefix="vigil-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)
        yield folder


def _config(folder: Path) -> BrokerConfig:
    folder.mkdir(parents=True, exist_ok=True)
    nats, mqtt, monitor = server.free_ports(3)
    secrets = load_or_create(folder / "secrets" / "broker")
    return BrokerConfig(data=folder / "broker", secrets=secrets, nats_port=nats, mqtt_port=mqtt, monitor_port=monitor)


def _admit(file: Path, password: str) -> None:
    document = json.loads(file.read_text(encoding="utf-8"))
    rights = {"publish": {"allow": ["care.v1.>"]}, "subscribe": {"deny": [">"]}}
    others = [one for one in document["accounts"][CARE]["users"] if one["user"] != PUBLISHER]
    document["accounts"][CARE]["users"] = [*others, {"user": PUBLISHER, "password": password, "permissions": rights}]
    file.write_text(json.dumps(document, ensure_ascii=False, indent=2), encoding="utf-8")
