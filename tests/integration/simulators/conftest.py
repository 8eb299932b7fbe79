"""A real broker and callout with the demo devices' own credentials, and a wire between device and broker that can be harmed."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from broker.admission import Credential, token_digest
from broker.callout import CalloutSettings, Counts, serve
from broker.server import EmbeddedBroker
from broker.session import Arrived, Session
from care.district import District
from simulators import tokens
from simulators.district import demo_district
from simulators.wire import Endpoint

SECRET = b"a secret of the tests".ljust(32, b".")
HOMES = 40


class Wire:
    """A relay on the loopback. `chop`: bytes a segment. `deaf`: what the broker says is lost. `heard`: what devices have sent."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.chop = 0
        self.deaf = False
        self.heard = bytearray()

    @property
    def where(self) -> Endpoint:
        assert self._server is not None
        return Endpoint("127.0.0.1", self._server.sockets[0].getsockname()[1])

    async def __aenter__(self) -> "Wire":
        self._server = await asyncio.start_server(self._join, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    def cut(self) -> None:
        """Every connection breaks at once, without a word."""
        for writer in self._writers:
            writer.transport.abort()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, far_writer}
        for task in (
            asyncio.create_task(self._carry(reader, far_writer, outward=True)),
            asyncio.create_task(self._carry(far_reader, writer, outward=False)),
        ):
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, outward: bool) -> None:
        try:
            while data := await reader.read(self.chop or 65_536):
                if outward:
                    self.heard += data
                elif self.deaf:
                    continue
                writer.write(data)
                await writer.drain()
                await asyncio.sleep(0.001 if self.chop else 0)
        except OSError:
            pass
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


class Stand:
    """A broker, a callout that knows a part of the demo district, and what the platform hears."""

    def __init__(self, broker: EmbeddedBroker, district: District, snapshot: Path) -> None:
        self.broker = broker
        self.district = district
        self.counts = Counts()
        self.heard: list[Arrived] = []
        self.devices = {one.code: one for one in district.devices}
        self._snapshot = snapshot
        self._stop = asyncio.Event()
        self._open = contextlib.AsyncExitStack()

    @property
    def where(self) -> Endpoint:
        return Endpoint(self.broker.endpoint.host, self.broker.endpoint.mqtt_port)

    def token(self, code: str) -> str:
        return tokens.token(SECRET, code)

    def topic(self, code: str, channel: str) -> str:
        return f"care/v1/{self.devices[code].area}/{self.devices[code].site}/{code}/{channel}"

    def said(self, code: str, channel: str = "") -> list[Arrived]:
        """What was heard of a device."""
        return [one for one in self.heard if one.topic.split("/")[4] == code and one.topic.endswith(channel)]

    async def start(self) -> None:
        at = self.broker.endpoint
        settings = CalloutSettings(at.nats_url, at.host, at.mqtt_port, self.broker.secrets, self._snapshot)
        judging = asyncio.create_task(serve(settings, self._load, asyncio.Event(), self._stop, self.counts))
        self._open.push_async_callback(asyncio.wait_for, judging, 10)
        self._open.callback(self._stop.set)
        self.hears = self._session("vigil-test", "ingest", ("care/v1/+/+/+/+",))
        await self._open.enter_async_context(self.hears)
        await self.hears.connected(10)
        await self.until(lambda: self.counts.listening)

    async def stop(self) -> None:
        await self._open.aclose()

    async def command(self, topic: str, payload: bytes) -> None:
        async with self._session("vigil-api", "api", ()) as session:
            await session.connected(5)
            await session.publish(topic, payload)

    async def kill(self) -> None:
        """Kill -9 the broker."""
        assert self.broker.process is not None
        self.broker.process.kill()
        await self.broker.process.wait()

    async def until(self, holds: Callable[[], bool], seconds: float = 10) -> None:
        async with asyncio.timeout(seconds):
            while not holds():  # noqa: ASYNC110 - other processes get there
                await asyncio.sleep(0.02)

    def _session(self, client_id: str, user: str, filters: tuple[str, ...]) -> Session:
        at = self.broker.endpoint
        password = self.broker.secrets.passwords[user]
        return Session(
            host=at.host,
            port=at.mqtt_port,
            client_id=client_id,
            username=user,
            password=password,
            filters=filters,
            on_message=self._take,
        )

    def _take(self, arrived: Arrived) -> None:
        self.heard.append(arrived)
        self.hears.acknowledge(arrived)

    async def _load(self) -> dict[str, Credential]:
        return {
            one.code: Credential(one.code, token_digest(self.token(one.code)), one.area, one.site, one.profile)
            for one in self.devices.values()
        }


@pytest.fixture(scope="session")
def secret() -> bytes:
    return SECRET


@pytest.fixture(scope="session")
def district() -> District:
    """One institution of the demo district and homes near it."""
    whole = demo_district()
    house = next(site for site in whole.sites if site.kind == "institution")
    homes = [site for site in whole.sites if site.kind == "home" and site.area == house.area][:HOMES]
    sites = {site.code for site in (house, *homes)}
    return replace(whole, sites=(house, *homes), devices=tuple(one for one in whole.devices if one.site in sites))


@pytest.fixture
async def stand(tmp_path: Path, district: District) -> AsyncIterator[Stand]:
    async with EmbeddedBroker(tmp_path / "broker") as broker:
        stand = Stand(broker, district, tmp_path / "snapshot.json")
        try:
            await stand.start()
            yield stand
        finally:
            await stand.stop()


@pytest.fixture
async def wire(stand: Stand) -> AsyncIterator[Wire]:
    async with Wire(stand.where.port) as wire:
        yield wire


@pytest.fixture
def body() -> Callable[..., dict[str, Any]]:
    """The body of some message."""
    return lambda n=1, **more: {"t": 1_790_000_000_000, "b": "test", "n": n, **more}
