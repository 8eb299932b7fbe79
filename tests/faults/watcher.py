"""A duty console without a screen: keeps the protocol as the dashboard does (pings, death after 5 s, back-off), and the times."""

import asyncio
import contextlib
import json
import random
import time
from dataclasses import dataclass, field
from typing import Any

import websockets
from websockets.asyncio.client import ClientConnection

_PING_EVERY_S, _DEAD_AFTER_S, _OPEN_S = 2.0, 5.0, 5.0
_FIRST_DELAY_S, _LONGEST_DELAY_S = 0.25, 1.5


@dataclass(slots=True)
class Seen:
    """What one home's press looked like: when it was first on the console, whether first as not yet stored, under which ids."""

    first_at: float
    unstored: bool
    ids: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Wellness:
    """Health as told at one moment."""

    at: float
    broker: bool
    database: bool
    refuses: str | None = None


class Watcher:
    """Reconnects for as long as it lives."""

    def __init__(self, url: str, cookie: str) -> None:
        self._address = url.replace("http://", "ws://") + "/api/live"
        self._headers = {"Cookie": cookie}
        self._origin = websockets.Origin(url)
        self._heard = 0.0
        self._attempt = 0
        self._seq = 0
        self.seen: dict[str, Seen] = {}
        self.board: dict[str, dict[str, Any]] = {}
        self.presses: dict[str, dict[str, Any]] = {}
        self.health: list[Wellness] = []
        self.connected = False
        self.connections = self.gaps = 0

    async def run(self) -> None:
        """For ever."""
        while True:
            with contextlib.suppress(OSError, websockets.WebSocketException, TimeoutError):
                async with websockets.connect(
                    self._address,
                    additional_headers=self._headers,
                    origin=self._origin,
                    open_timeout=_OPEN_S,
                    close_timeout=0.5,
                    ping_interval=None,
                    max_size=None,
                ) as socket:
                    await self._serve(socket)
            self.connected = False
            whole = min(_LONGEST_DELAY_S, _FIRST_DELAY_S * 2.0 ** min(self._attempt, 10))
            await asyncio.sleep(whole * random.uniform(0.5, 1.0))
            self._attempt += 1

    def shows(self, site: str) -> bool:
        """Whether the board has the stored incident of this home now."""
        return any(card["site"]["code"] == site for card in self.board.values())

    async def _serve(self, socket: ClientConnection) -> None:
        self.connections += 1
        self._heard, self._seq = time.monotonic(), 0
        pinging = asyncio.create_task(self._ping(socket))
        try:
            while True:
                async with asyncio.timeout_at(asyncio.get_running_loop().time() + _DEAD_AFTER_S):
                    text = await socket.recv()
                ids = self._take(json.loads(text))
                if ids:
                    await socket.send(json.dumps({"type": "shown", "incidents": ids}))
        finally:
            pinging.cancel()
            await asyncio.gather(pinging, return_exceptions=True)

    async def _ping(self, socket: ClientConnection) -> None:
        number = 0
        with contextlib.suppress(websockets.ConnectionClosed):
            while True:
                number += 1
                await socket.send(json.dumps({"type": "ping", "number": number}))
                await asyncio.sleep(_PING_EVERY_S)

    def _take(self, message: dict[str, Any]) -> list[dict[str, Any]]:
        """One message; answers what has just been drawn for the first time."""
        self.gaps += message["seq"] != self._seq + 1
        self._seq = message["seq"]
        drawn: list[dict[str, Any]] = []
        match message["type"]:
            case "snapshot":
                self.connected, self._attempt = True, 0
                self.board = {card["id"]: card for card in message["incidents"]}
                self.presses = {press["incident"]: press for press in message["presses"]}
                drawn = [one for card in message["incidents"] if (one := self._card(card))]
                for press in message["presses"]:
                    self._note(press["site"]["code"], press["incident"], unstored=True)
                self._health(message["health"])
            case "incident":
                card = message["incident"]
                self.presses.pop(card["id"], None)
                self.board[card["id"]] = card
                if card["state"] in ("closed", "cancelled"):
                    del self.board[card["id"]]
                drawn = [one for one in (self._card(card),) if one]
            case "press":
                press = message["press"]
                self.presses[press["incident"]] = press
                self._note(press["site"]["code"], press["incident"], unstored=True)
            case "figures":
                self._health(message["health"])
        return drawn

    def _card(self, card: dict[str, Any]) -> dict[str, Any] | None:
        known = self.seen.get(card["site"]["code"])
        fresh = known is None or card["id"] not in known.ids
        self._note(card["site"]["code"], card["id"], unstored=False)
        return {"id": card["id"], "version": card["version"]} if fresh else None

    def _note(self, site: str, incident: str, *, unstored: bool) -> None:
        self.seen.setdefault(site, Seen(time.time(), unstored)).ids.add(incident)

    def _health(self, told: dict[str, Any]) -> None:
        self.health.append(Wellness(time.time(), told["broker"], told["database"], told.get("database_refuses")))
