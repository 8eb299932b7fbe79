"""A small district behind a real broker: devices are real paho clients with credentials, let in by the real callout."""

import asyncio
import json
import logging
import os
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import fields
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from broker import callout
from broker.admission import Credential
from broker.callout import CalloutSettings
from broker.server import EmbeddedBroker
from care.district import District
from devices.keys import milliseconds
from ingest.settings import IngestSettings
from store import devices
from store.connect import Connection, connect
from store.register import load_district
from store.server import Database

Run = Callable[[IngestSettings, asyncio.Event], Awaitable[None]]


def token(code: str) -> str:
    """A device's token in these tests."""
    return f"token of {code}"


class Device:
    """A device as they are in the field: paho with its own thread, QoS 1, one credential."""

    def __init__(self, code: str, area: str, site: str, port: int) -> None:
        self.base = f"care/v1/{area}/{site}/{code}"
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id=code, clean_session=True)
        self._client.username_pw_set(code, token(code))
        self._client.max_inflight_messages_set(1_000)
        self._let_in = threading.Event()
        self._client.on_connect = self._answered
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    async def let_in(self, seconds: float) -> bool:
        """Whether the broker said yes in time."""
        return await asyncio.to_thread(self._let_in.wait, seconds)

    async def say(self, channel: str, message: Any, *, retain: bool = False, base: str = "") -> None:
        """Publish and wait for the PUBACK."""
        payload = message if isinstance(message, bytes) else json.dumps(message).encode()
        info = self._client.publish(f"{base or self.base}/{channel}", payload, qos=1, retain=retain)
        async with asyncio.timeout(10):
            while not info.is_published():  # noqa: ASYNC110 - paho lives in its own thread
                await asyncio.sleep(0.005)

    def _answered(self, _client: Any, _userdata: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if not reason.is_failure:
            self._let_in.set()

    def leave(self) -> None:
        """Hang up in good order."""
        self._client.disconnect()
        self._client.loop_stop()


_ROOT = Path(__file__).parents[3]
_PROGRAM = """
import asyncio, json, os, signal
from ingest.{lane} import run_{lane}
from ingest.settings import IngestSettings

async def main():
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await run_{lane}(IngestSettings(**json.loads(os.environ["INGEST"])), stop)

asyncio.run(main())
"""


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
        await asyncio.wait_for(process.wait(), 15)


class Place:
    """Everything a test of ingest stands on."""

    def __init__(self, broker: EmbeddedBroker, dsn: Callable[[str], str], district: District) -> None:
        self.broker = broker
        self.dsn = dsn
        self._homes = {device.code: (device.area, device.site) for device in district.devices}
        self._stack = AsyncExitStack()
        self._numbers = iter(range(1, 1_000_000))

    async def device(self, code: str, area: str = "", site: str = "") -> Device:
        """A device of the register, let in; it says that it is elsewhere if wanted."""
        home = self._homes[code]
        found = Device(code, area or home[0], site or home[1], self.broker.endpoint.mqtt_port)
        self._stack.callback(found.leave)
        assert await found.let_in(10), f"{code} was not let in"
        return found

    def settings(self, name: str, **more: Any) -> IngestSettings:
        """A worker's settings."""
        return IngestSettings(
            dsn=self.dsn("vigil_worker"),
            mqtt_host="127.0.0.1",
            mqtt_port=self.broker.endpoint.mqtt_port,
            mqtt_username="ingest",
            mqtt_password=self.broker.secrets.passwords["ingest"],
            tls_ca=None,
            worker_name=name,
            **more,
        )

    @asynccontextmanager
    async def running(self, run: Run, name: str = "worker", **more: Any) -> AsyncIterator[None]:
        """A worker in this process, stopped in good order."""
        stop = asyncio.Event()
        task = asyncio.ensure_future(run(self.settings(name, **more), stop))
        try:
            yield
        finally:
            stop.set()
            async with asyncio.timeout(15):
                await task

    async def spawn(self, lane: str, fault: str = "", name: str = "") -> asyncio.subprocess.Process:
        """A worker in a process of its own, that dies where `fault` says."""
        whole = self.settings(name or f"{lane}-process")
        settings = {one.name: getattr(whole, one.name) for one in fields(whole) if one.name not in ("clock", "detectors")}
        environment = {**os.environ, "VIGIL_FAULT": fault, "INGEST": json.dumps(settings)}
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", _PROGRAM.format(lane=lane), cwd=_ROOT, env=environment)
        self._stack.push_async_callback(_end, process)
        return process

    def message(self, **more: Any) -> dict[str, Any]:
        """The next message of some device, now."""
        return {"t": milliseconds(datetime.now(UTC)), "b": "boot", "n": next(self._numbers), **more}

    async def rows(self, query: str, arguments: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """What the database answers its owner."""
        async with await connect(self.dsn("vigil_owner"), autocommit=True) as conn:
            return list(await (await conn.execute(query.encode(), arguments)).fetchall())

    async def change(self, statement: str) -> None:
        """What the owner does to the database."""
        async with await connect(self.dsn("vigil_owner"), autocommit=True) as conn:
            await conn.execute(statement.encode())

    async def until(self, query: str, expected: list[tuple[Any, ...]], seconds: float = 15) -> None:
        """Wait until the database answers just this."""
        found: list[tuple[Any, ...]] = []
        try:
            async with asyncio.timeout(seconds):
                while (found := await self.rows(query)) != expected:  # noqa: ASYNC110 - asks another process
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"{query}: expected {expected}, got {found} after {seconds} s") from None

    async def close(self) -> None:
        await self._stack.aclose()


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[EmbeddedBroker]:
    """A broker of the test's own."""
    async with EmbeddedBroker(tmp_path / "broker") as server:
        yield server


@pytest.fixture
async def place(broker: EmbeddedBroker, database: Database, small_district: District, tmp_path: Path) -> AsyncIterator[Place]:
    """The small district with tokens, broker, callout; no worker runs yet, but their sessions exist."""
    async with furnished(broker, database.dsn, small_district, tmp_path) as found:
        yield found


@pytest.fixture
def furnish() -> Callable[..., Any]:
    """Makes a place on another database or broker."""
    return furnished


@asynccontextmanager
async def furnished(broker: EmbeddedBroker, dsn: Callable[[Any], str], district: District, tmp_path: Path) -> AsyncIterator[Place]:
    async with await connect(dsn("vigil_owner")) as conn:
        await load_district(conn, district, datetime.now(UTC))
        await devices.set_tokens(conn, {device.code: sha256(token(device.code).encode()).digest() for device in district.devices})
        known = await _credentials(conn)
    place = Place(broker, dsn, district)
    async with _letting_in(broker, known, tmp_path):
        try:
            yield place
        finally:
            await place.close()


class _Judging(logging.Handler):
    """Hears the callout say that it judges, which it does when the sessions exist."""

    def __init__(self) -> None:
        super().__init__()
        self.event = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        if "judging" in record.getMessage():
            self.event.set()


async def _credentials(conn: Connection) -> dict[str, Credential]:
    found = await devices.credentials(conn)
    return {code: Credential(one.code, one.token_sha256, one.area, one.site, one.profile) for code, one in found.items()}


@asynccontextmanager
async def _letting_in(broker: EmbeddedBroker, known: Mapping[str, Credential], tmp_path: Path) -> AsyncIterator[None]:
    async def load() -> Mapping[str, Credential]:
        return known

    end, stop = broker.endpoint, asyncio.Event()
    settings = CalloutSettings(end.nats_url, end.host, end.mqtt_port, broker.secrets, tmp_path / "snapshot")
    judging, logger = _Judging(), logging.getLogger(callout.__name__)
    logger.addHandler(judging)
    logger.setLevel(logging.INFO)
    task = asyncio.ensure_future(callout.serve(settings, load, asyncio.Event(), stop))
    try:
        # the broker waits 5 s for whoever asks before anybody answers, also when it is told to stop
        await asyncio.wait_for(judging.event.wait(), 15)
        logger.removeHandler(judging)
        yield
    finally:
        stop.set()
        await task
