"""A running api over a real database, and consoles that hold the protocol as a browser does."""

import asyncio
import contextlib
import json
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import numpy as np
import psutil
import pytest
from argon2 import PasswordHasher
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import ConnectionClosed

from api.app import ApiSettings, serve
from care.district import District
from devices.keys import Key, milliseconds
from dispatch.roads import RoadGraph, dump
from store import people
from store.alarms import raise_alarm
from store.connect import Connection, connect
from store.devices import register
from store.messages import EventRow, insert_events
from store.new_alarm import of_device
from store.register import load_district
from store.server import Database, EmbeddedDatabase

PASSWORD = "night watch 守望"


@dataclass
class Console:
    """A websocket client that keeps what it is told, and complains about every gap."""

    socket: ClientConnection
    incidents: dict[str, dict[str, Any]] = field(default_factory=dict)
    presses: dict[str, dict[str, Any]] = field(default_factory=dict)
    responders: dict[str, dict[str, Any]] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)
    health: dict[str, Any] = field(default_factory=dict)
    seq: int = 0
    snapshots: int = 0
    kinds: list[str] = field(default_factory=list)
    pongs: list[int] = field(default_factory=list)
    gaps: int = 0
    closed: int | None = None

    async def run(self) -> None:
        """Take everything until the socket ends."""
        try:
            async for text in self.socket:
                self.take(json.loads(text))
        except ConnectionClosed:
            pass
        self.closed = self.socket.close_code

    def take(self, message: dict[str, Any]) -> None:
        """One message, as the dashboard takes it."""
        self.gaps += message["seq"] != self.seq + 1
        self.seq = message["seq"]
        self.kinds.append(message["type"])
        match message["type"]:
            case "snapshot":
                self.snapshots += 1
                self.incidents = {card["id"]: card for card in message["incidents"]}
                self.presses = {press["incident"]: press for press in message["presses"]}
                self.responders = {one["code"]: one for one in message["responders"]}
                self.figures, self.health = message["figures"], message["health"]
            case "incident":
                self._adopt(message["incident"])
            case "press":
                self.presses[message["press"]["incident"]] = message["press"]
            case "responder":
                self.responders[message["responder"]["code"]] = message["responder"]
            case "figures":
                self.figures, self.health = message["figures"], message["health"]
            case "pong":
                self.pongs.append(message["number"])

    def _adopt(self, card: dict[str, Any]) -> None:
        self.presses.pop(card["id"], None)
        if card["version"] > self.incidents.get(card["id"], {"version": 0})["version"]:
            self.incidents[card["id"]] = card
        if card["state"] in ("closed", "cancelled"):
            self.incidents.pop(card["id"], None)

    async def say(self, message: dict[str, Any]) -> None:
        await self.socket.send(json.dumps(message))

    async def until(self, condition: Callable[["Console"], object], seconds: float = 5) -> float:
        """Wait for something to become true; how long it took."""
        began = time.monotonic()
        while not condition(self):
            assert time.monotonic() - began < seconds, f"not in {seconds} s; heard {self.kinds[-20:]}, holds {self.incidents}"
            await asyncio.sleep(0.01)
        return time.monotonic() - began


class Api:
    """A served api, and who is logged in at it."""

    def __init__(self, settings: ApiSettings, stack: contextlib.AsyncExitStack) -> None:
        self.settings = settings
        self._stack = stack
        self._stop = asyncio.Event()
        self.port = 0
        self._task: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        started: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(serve(self.settings, self._stop, started=started.set_result))
        both: set[asyncio.Future[Any]] = {self._task, started}
        await asyncio.wait(both, timeout=15, return_when=asyncio.FIRST_COMPLETED)
        self.port = started.result()

    async def stop(self) -> None:
        self._stop.set()
        if self._task is not None:
            await asyncio.wait_for(self._task, 15)

    async def browser(self) -> httpx.AsyncClient:
        """A browser nobody has logged in at."""
        client = httpx.AsyncClient(base_url=self.url, headers={"X-Vigil": "1"}, timeout=10)
        return await self._stack.enter_async_context(client)

    async def login(self, login: str, password: str = PASSWORD) -> httpx.AsyncClient:
        """A browser with this account."""
        client = await self.browser()
        answer = await client.post("/api/login", json={"login": login, "password": password})
        assert answer.status_code == 200, answer.text
        return client

    async def console(self, who: httpx.AsyncClient | str, **more: Any) -> Console:
        """A console on the line, with its snapshot."""
        client = await self.login(who) if isinstance(who, str) else who
        cookie = f"vigil_session={client.cookies['vigil_session']}"
        socket = await open_socket(
            f"ws://127.0.0.1:{self.port}/api/live",
            additional_headers={"Cookie": cookie},
            origin=self.url,  # type: ignore[arg-type]
            max_size=None,
            **more,
        )
        self._stack.push_async_callback(socket.close)
        console = Console(socket)
        task = asyncio.create_task(console.run())
        self._stack.push_async_callback(_ended, task)
        await console.until(lambda c: c.snapshots)
        return console


async def _ended(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


class Field:
    """What happens outside: devices raise alarms as ingest would write them."""

    def __init__(self, conn: Connection) -> None:
        self.conn = conn
        self._n = 0

    async def press(self, device: str = "sos-1", kind: str = "sos", at: datetime | None = None, drill: bool = False) -> UUID:
        """An alarm of this device, stored and told; its incident."""
        self._n += 1
        now = datetime.now(UTC)
        return await self.stored(Key(device, "", self._n, milliseconds(now)), kind, at=at, drill=drill)

    async def stored(self, said: Key, kind: str, at: datetime | None = None, drill: bool = False) -> UUID:
        """What ingest does with this message: its event and its alarm, in one transaction."""
        device, key, now = said.device, str(said), datetime.now(UTC)
        known = (await register(self.conn))[device]
        event = EventRow(known.device_id, said.b, said.n, said.t, known.area, known.site_id, kind, at or now, now, {}, drill, [])
        assert await insert_events(self.conn, [event])
        reasons = [{"rule": "pressed", "value": None, "limit": None, "unit": "", "source": "ours"}]
        new = replace(of_device(known, kind, key, at or now, "test/1", reasons, {"battery": 71.0}), drill=drill, received_at=now)
        raised = await raise_alarm(self.conn, new, now)
        await self.conn.commit()
        return raised.incident_id


def _roads() -> RoadGraph:
    """A grid of residential streets over the test district, nodes about 90 m apart."""
    lons, lats = np.linspace(117.0, 117.06, 61), np.linspace(39.0, 39.06, 61)
    lon, lat = (axis.ravel() for axis in np.meshgrid(lons, lats))
    node = np.arange(len(lon)).reshape(61, 61)
    start = np.concatenate([node[:, :-1].ravel(), node[:-1, :].ravel()])
    end = np.concatenate([node[:, 1:].ravel(), node[1:, :].ravel()])
    count = len(start)
    return RoadGraph(
        lon,
        lat,
        start.astype(np.int32),
        end.astype(np.int32),
        np.full(count, 95, dtype=np.float32),
        np.full(count, 3, dtype=np.uint8),
        np.zeros(count, dtype=np.bool_),
    )


CHEAP = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1)


@pytest.fixture(autouse=True)
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same algorithm with less work: a hundred logins are no test of it."""
    monkeypatch.setattr("api.passwords.PasswordHasher", lambda: CHEAP)


@pytest.fixture(scope="session")
def password_hash() -> str:
    return CHEAP.hash(PASSWORD)


@pytest.fixture(scope="session")
def town(small_district: District) -> District:
    """The small district with streets."""
    return replace(small_district, roads=dump(_roads()))


@pytest.fixture
def make_field(town: District, password_hash: str) -> Callable[[Connection], Awaitable[Field]]:
    """Loads the town into a database, gives everybody a password, and lets devices speak."""

    async def load(conn: Connection) -> Field:
        await load_district(conn, town, datetime.now(UTC))
        for account in town.accounts:
            await people.set_password_hash(conn, account.login, password_hash)
        await conn.commit()
        return Field(conn)

    return load


@pytest.fixture
async def field_of(database: Database, make_field: Callable[[Connection], Awaitable[Field]]) -> AsyncIterator[Field]:
    """The town in the test's database."""
    async with await connect(database.dsn("vigil_owner"), application="test-field") as conn:
        yield await make_field(conn)


@pytest.fixture
def settings(database: Database, field_of: Field) -> ApiSettings:
    """Settings of an api without a broker to be found."""
    return ApiSettings(dsn=database.dsn("vigil_api"), mqtt_port=1, mqtt_password="none")


@pytest.fixture
async def start_api() -> AsyncIterator[Callable[[ApiSettings], Awaitable[Api]]]:
    """Starts apis; all of them and their clients end with the test."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(settings: ApiSettings) -> Api:
            api = Api(settings, stack)
            stack.push_async_callback(api.stop)
            await api.start()
            return api

        yield start


@pytest.fixture
async def api(settings: ApiSettings, start_api: Callable[[ApiSettings], Awaitable[Api]]) -> Api:
    """A running api over the town."""
    return await start_api(settings)


@pytest.fixture
def frozen(postgres: EmbeddedDatabase) -> Callable[[], contextlib.AbstractContextManager[None]]:
    """Within it no process of the database server runs: it accepts connections and answers nothing."""

    @contextlib.contextmanager
    def freeze() -> Iterator[None]:
        postmaster = psutil.Process(int((postgres.home / "pg" / "postmaster.pid").read_text().splitlines()[0]))
        stopped: list[psutil.Process] = []
        try:
            for process in (postmaster, *postmaster.children(recursive=True)):
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.send_signal(signal.SIGSTOP)
                    stopped.append(process)
            yield
        finally:
            for process in stopped:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.send_signal(signal.SIGCONT)

    return freeze
