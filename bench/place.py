"""A district of invented devices on real servers, and the product's own workers as processes: `vigil ingest`, `vigil api`."""

import asyncio
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from argon2 import PasswordHasher

from bench import publisher
from bench.fleet import LOGIN, Fleet, area_codes, district
from bench.processes import answer, ended, job, running
from bench.servers import PUBLISHER, Broker, running_broker, running_database, scratch
from broker import lanes
from broker.lanes import SessionSpec
from broker.secrets import new_password
from broker.server import free_ports
from store import people
from store.connect import Connection, Role, connect
from store.migrate import apply
from store.register import load_district
from store.server import EmbeddedDatabase


@dataclass(frozen=True, slots=True)
class Place:
    """Everything a benchmark stands on. `owner` is a connection that sees everything; `password` that of the duty account."""

    folder: Path
    fleet: Fleet
    broker: Broker
    database: EmbeddedDatabase
    owner: Connection
    password: str

    async def sessions(self, specs: Sequence[SessionSpec]) -> None:
        """Make persistent sessions; what is published from now on waits in them."""
        user, where = "ingest", self.broker.endpoint
        secret = self.broker.secrets.passwords[user]
        await lanes.ensure(specs, host=where.host, port=where.mqtt_port, username=user, password=secret, nats_url=where.nats_url)

    def lanes(self) -> list[SessionSpec]:
        """The product's own sessions."""
        return [lanes.event_lane(), *(lanes.telemetry_lane(code) for code in area_codes(self.fleet))]

    def order(self, count: int, rate: float, first: int, payload: int = 165) -> publisher.Order:
        """An order for the publisher."""
        where, fleet = self.broker.endpoint, self.fleet
        return publisher.Order(
            where.host, where.mqtt_port, PUBLISHER, self.broker.password, fleet.devices, fleet.areas, count, rate, first, payload
        )

    @asynccontextmanager
    async def publishing(self, order: publisher.Order) -> AsyncIterator[Process]:
        """The publisher, connected and under way."""
        async with job("bench.publisher", asdict(order)) as process:
            await answer(process)
            yield process

    async def published(self, order: publisher.Order) -> dict[str, Any]:
        """Publish all of it; what the broker has acknowledged."""
        async with self.publishing(order) as process:
            return await answer(process)

    def ingest(self, lane: str) -> AbstractAsyncContextManager[Process]:
        """A worker of the product, as `vigil up` starts it."""
        argv = ["vigil", "ingest", "--lane", lane, "--name", f"{lane}-1"]
        return running(lane, argv, self.folder, self._environ("vigil_worker"))

    def part(self, name: str, *arguments: str) -> AbstractAsyncContextManager[Process]:
        """Another part of the product, as `vigil up` starts it."""
        return running(name, ["vigil", name, *arguments], self.folder, self._environ("vigil_worker"))

    @asynccontextmanager
    async def api(self) -> AsyncIterator[str]:
        """The console's server, answering; its address."""
        port = free_ports(1)[0]
        environ = self._environ("vigil_api") | {"VIGIL_HTTP_PORT": str(port)}
        url = f"http://127.0.0.1:{port}"
        async with running("api", ["vigil", "api"], self.folder, environ) as process:
            await ended(process, _answers(f"{url}/api/health"), self.folder / "api.log")
            yield url

    def _environ(self, role: Role) -> dict[str, str]:
        where = self.broker.endpoint
        return {
            "VIGIL_DATA": str(self.folder),
            "VIGIL_DATABASE_URL": self.database.dsn(role),
            "VIGIL_MQTT_HOST": where.host,
            "VIGIL_MQTT_PORT": str(where.mqtt_port),
            "VIGIL_NATS_URL": where.nats_url,
            "OPENBLAS_NUM_THREADS": "1",
        }


@asynccontextmanager
async def furnished(fleet: Fleet) -> AsyncIterator[Place]:
    """Database, schema, district and broker, thrown away afterwards."""
    with scratch() as folder:
        async with (
            running_database(folder / "postgres") as base,
            running_broker(folder) as broker,
            await connect(base.dsn("vigil_owner"), autocommit=True, application="vigil-bench") as owner,
        ):
            password = await filled(owner, fleet)
            yield Place(folder, fleet, broker, base, owner, password)


async def filled(owner: Connection, fleet: Fleet) -> str:
    """Schema and district; the password of the duty account."""
    password = new_password()
    await apply(owner)
    async with owner.transaction():
        await load_district(owner, district(fleet), datetime.now(UTC))
        await people.set_password_hash(owner, LOGIN, PasswordHasher().hash(password))
    return password


async def _answers(url: str) -> None:
    async with httpx.AsyncClient() as client, asyncio.timeout(60):
        while True:
            try:
                await client.get(url, timeout=2)
            except httpx.HTTPError:
                await asyncio.sleep(0.1)
            else:
                return
