"""A console without a screen: logs in, holds the websocket, and notes when each button's incident came."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import msgspec
from websockets.asyncio.client import ClientConnection, connect

_QUIET_S = 10.0


class _Card(msgspec.Struct):
    device: str


class _Press(msgspec.Struct):
    device: str


class _Message(msgspec.Struct):
    type: str
    incident: _Card | None = None
    press: _Press | None = None
    incidents: list[_Card] = []
    presses: list[_Press] = []


class Console:
    """`seen`: when the first incident of each device came; `marked`: when its press did, as not yet stored (monotonic clock)."""

    def __init__(self) -> None:
        self.seen: dict[str, float] = {}
        self.marked: dict[str, float] = {}
        self._decoder = msgspec.json.Decoder(_Message)
        self._ready = asyncio.Event()

    async def listen(self, socket: ClientConnection) -> None:
        """Until the connection ends."""
        async for text in socket:
            now = time.monotonic()
            message = self._decoder.decode(text)
            for card in (message.incident, *message.incidents) if message.incident else message.incidents:
                self.seen.setdefault(card.device, now)
            for press in (message.press, *message.presses) if message.press else message.presses:
                self.marked.setdefault(press.device, now)
            if message.type == "snapshot":
                self._ready.set()

    async def ready(self) -> None:
        """Wait for the snapshot: from then on nothing is missed."""
        await asyncio.wait_for(self._ready.wait(), _QUIET_S)

    async def until_seen(self, devices: set[str]) -> None:
        """Wait for them, at most until nothing has come for ten seconds."""
        before, moved = -1, time.monotonic()
        while not devices <= self.seen.keys() and time.monotonic() - moved < _QUIET_S:
            if len(self.seen) != before:
                before, moved = len(self.seen), time.monotonic()
            await asyncio.sleep(0.05)


@asynccontextmanager
async def watching(url: str, login: str, password: str) -> AsyncIterator[Console]:
    """A console of this account, its snapshot taken."""
    async with httpx.AsyncClient(base_url=url, headers={"X-Vigil": "1"}) as client:
        answer = await client.post("/api/login", json={"login": login, "password": password}, timeout=30)
        answer.raise_for_status()
    cookie = "; ".join(f"{name}={value}" for name, value in answer.cookies.items())
    console = Console()
    address = f"{url.replace('http', 'ws', 1)}/api/live"
    async with connect(address, additional_headers={"Cookie": cookie}, max_size=None) as socket:
        listening = asyncio.create_task(console.listen(socket))
        try:
            await console.ready()
            yield console
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
