"""A broker with callouts and a field of foreign devices: real server, and paho as anybody would use it, on its own thread."""

import asyncio
import contextlib
import secrets
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import paho.mqtt.client as paho
import psutil
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from broker.admission import Credential, token_digest
from broker.callout import CalloutSettings, Counts, Load, serve
from broker.server import EmbeddedBroker, Endpoint
from broker.session import Arrived, Session

AREA = "120105001"


class Foreign:
    """A client that shares nothing with our own session but the library."""

    def __init__(
        self,
        at: Endpoint,
        username: str,
        password: str,
        client_id: str = "",
        *,
        clean: bool = True,
        v5: bool = False,
        will: str = "",
    ) -> None:
        protocol = MQTTProtocolVersion.MQTTv5 if v5 else MQTTProtocolVersion.MQTTv311
        self.client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id or username,
            clean_session=None if v5 else clean,
            protocol=protocol,
            reconnect_on_failure=False,
        )
        self.client.username_pw_set(username, password)
        if will:
            self.client.will_set(will, b"gone", qos=1, retain=True)
        self.at = at
        self.said = ""
        self.heard: list[tuple[str, bytes]] = []
        self.answered, self.ended = threading.Event(), threading.Event()
        self._acked: dict[int, bool] = {}
        self.client.on_connect = self._on_connect
        self.client.on_disconnect = lambda *_: self.ended.set()
        self.client.on_message = lambda _c, _u, message: self.heard.append((message.topic, bytes(message.payload)))
        self.client.on_subscribe = lambda _c, _u, mid, reasons, _p: self._acked.__setitem__(mid, not reasons[0].is_failure)

    def _on_connect(self, _client: object, _userdata: object, _flags: object, reason: object, _properties: object) -> None:
        self.said = str(reason)
        self.answered.set()

    async def connect(self, timeout: float = 5) -> bool:
        """Whether the broker let it in."""
        await asyncio.to_thread(self.client.connect, self.at.host, self.at.mqtt_port, 30)
        self.client.loop_start()
        if not await asyncio.to_thread(self.answered.wait, timeout):
            self.close()
            return False
        if self.said != "Success":
            self.close()
        return self.said == "Success"

    async def publish(self, topic: str, payload: bytes, qos: int = 1, retain: bool = False) -> bool:
        """Whether it was PUBACKed."""
        info = self.client.publish(topic, payload, qos, retain)
        with contextlib.suppress(RuntimeError):
            await asyncio.to_thread(info.wait_for_publish, 3)
            return info.is_published()
        return False

    async def subscribe(self, topic: str, qos: int = 1) -> bool:
        """Whether it was granted."""
        _, mid = self.client.subscribe(topic, qos)
        await until(lambda: mid in self._acked)
        return self._acked[mid or 0]

    async def thrown_out(self, timeout: float = 5) -> bool:
        return await asyncio.to_thread(self.ended.wait, timeout)

    def vanish(self) -> None:
        """Lose the connection without DISCONNECT, so that the broker publishes the will."""
        sock = self.client.socket()
        assert isinstance(sock, socket.socket)
        sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


class Field:
    """A broker, a register of devices, and whatever a test opens on them; all of it is closed at the end."""

    def __init__(self, broker: EmbeddedBroker, directory: Path) -> None:
        self.broker = broker
        self.directory = directory
        self.register: dict[str, Credential] = {}
        self.tokens: dict[str, str] = {}
        self.open = contextlib.AsyncExitStack()
        for code, profile in (("sos-1", "sos_button"), ("sos-2", "sos_button"), ("gw-1", "gateway")):
            self.enrol(code, profile)

    def enrol(self, code: str, profile: str = "sos_button", area: str = AREA) -> None:
        self.tokens[code] = secrets.token_hex(32)
        self.register[code] = Credential(code, token_digest(self.tokens[code]), area, "home-1", profile)

    async def load(self) -> Mapping[str, Credential]:
        return dict(self.register)

    def callout(self, load: Load | None = None, snapshot: str = "snapshot.json") -> "Callout":
        return Callout(self, load or self.load, self.directory / snapshot)

    async def judging(self) -> "Callout":
        """A callout that answers already, ended with the test."""
        callout = await self.open.enter_async_context(self.callout())
        await callout.listens()
        return callout

    async def admits(self, code: str, timeout: float = 10) -> None:
        """Wait until a device is let in; devices try again until they are."""
        async with asyncio.timeout(timeout):
            while not await self._let_in(code):  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    async def _let_in(self, code: str) -> bool:
        device = self.device(code, client_id=f"{code}/waiting")
        came_in = await device.connect(1)
        device.close()
        return came_in

    def device(self, code: str, token: str | None = None, client_id: str = "", *, v5: bool = False, will: str = "") -> Foreign:
        device = Foreign(self.broker.endpoint, code, token or self.tokens.get(code, "none"), client_id, v5=v5, will=will)
        self.open.callback(device.close)
        return device

    async def connected(self, code: str, client_id: str = "", *, v5: bool = False, will: str = "") -> Foreign:
        device = self.device(code, client_id=client_id, v5=v5, will=will)
        assert await device.connect(), device.said
        return device

    async def hears(self, *filters: str, client_id: str = "vigil-hears", user: str = "ingest") -> list[Arrived]:
        """What a service's session receives, acknowledged as it comes."""
        heard: list[Arrived] = []

        def take(arrived: Arrived) -> None:
            heard.append(arrived)
            session.acknowledge(arrived)

        session = self.session(client_id, filters, take, user=user)
        await self.open.enter_async_context(session)
        await session.connected(5)
        return heard

    @contextlib.asynccontextmanager
    async def frozen(self) -> AsyncIterator[None]:
        """The broker neither gone nor answering. A signal takes its time, so wait until every thread has stopped."""
        server = self.halt()
        try:
            yield
        finally:
            server.resume()

    def halt(self) -> psutil.Process:
        """Freeze the broker before the loop goes round once more; the caller resumes it."""
        assert self.broker.process is not None
        server = psutil.Process(self.broker.process.pid)
        server.suspend()
        while server.status() != psutil.STATUS_STOPPED:
            time.sleep(0.001)
        return server

    async def speaker(self) -> Session:
        """A session of `api`, which may publish commands."""
        session = self.session("vigil-speaker", (), lambda _: None, user="api")
        await self.open.enter_async_context(session)
        await session.connected(5)
        return session

    async def takes_over(self, client_id: str, user: str = "ingest") -> None:
        """Somebody else connects as this session, takes nothing off it, and goes; its owner is thrown out."""
        thief = Foreign(self.broker.endpoint, user, self.broker.secrets.passwords[user], client_id, clean=False)
        thief.client.manual_ack_set(True)
        assert await thief.connect(), thief.said
        thief.close()

    async def foreign(self, user: str) -> Foreign:
        """A service by a client that is not ours."""
        client = Foreign(self.broker.endpoint, user, self.broker.secrets.passwords[user], f"foreign-{user}")
        self.open.callback(client.close)
        assert await client.connect(), client.said
        return client

    def session(
        self,
        client_id: str,
        filters: tuple[str, ...],
        take: Callable[[Arrived], None],
        user: str = "ingest",
        on_link: Callable[[bool], None] | None = None,
    ) -> Session:
        at = self.broker.endpoint
        return Session(
            host=at.host,
            port=at.mqtt_port,
            client_id=client_id,
            username=user,
            password=self.broker.secrets.passwords[user],
            filters=filters,
            on_message=take,
            on_link=on_link,
        )


class Callout:
    """One callout, run while the context is open."""

    def __init__(self, field: Field, load: Load, snapshot: Path) -> None:
        at = field.broker.endpoint
        self.settings = CalloutSettings(at.nats_url, at.host, at.mqtt_port, field.broker.secrets, snapshot)
        self.load = load
        self.changed, self.stop = asyncio.Event(), asyncio.Event()
        self.counts = Counts()
        self.task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Callout":
        self.task = asyncio.create_task(serve(self.settings, self.load, self.changed, self.stop, self.counts))
        return self

    async def listens(self) -> None:
        await until(lambda: self.counts.listening)

    async def __aexit__(self, *_: object) -> None:
        self.stop.set()
        if self.task is not None:
            await self.task


async def until(holds: Callable[[], bool], timeout: float = 8) -> None:
    """Wait until something holds; the test fails when it does not."""
    async with asyncio.timeout(timeout):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[EmbeddedBroker]:
    async with EmbeddedBroker(tmp_path / "broker") as running:
        yield running


@pytest.fixture
async def field(broker: EmbeddedBroker, tmp_path: Path) -> AsyncIterator[Field]:
    field = Field(broker, tmp_path)
    async with field.open:
        yield field


@pytest.fixture
def eventually() -> Callable[..., object]:
    return until
