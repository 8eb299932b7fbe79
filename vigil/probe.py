"""The probe: a device that presses itself through the whole path, and looks at a websocket whether the press comes out.

It connects anew for each press, as a button does, so that admission is tried too.
"""

import asyncio
import contextlib
import json
import logging
import secrets
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import websockets

from dispatch.alarm import PROBE
from dispatch.probe import EVERY, PATIENCE
from simulators.messages import Message, deliver
from simulators.wire import Endpoint, line
from vigil.metrics import ProbeMeters

log = logging.getLogger("vigil.probe")

_AGAIN_S = 0.5
_HISTORY = 60


@dataclass(frozen=True, slots=True)
class ProbeSettings:
    """The probe's place and token as a device, and the address and key of the console that it looks at."""

    code: str
    area: str
    site: str
    where: Endpoint
    token: str = field(repr=False)
    url: str
    key: str = field(repr=False)
    dsn: str = field(repr=False)
    every_s: float = EVERY.total_seconds()
    patience_s: float = PATIENCE.total_seconds()


@dataclass(frozen=True, slots=True)
class Try:
    """One press: when, how long it took to the console (None: it did not come out), and where it was last seen then."""

    at: datetime
    ms: float | None
    stage: str


class Console:
    """What the probe's websocket shows. `open` while it is on the line and has its snapshot."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.unstored = False
        self._rings: dict[str, int] = {}
        self._seen: asyncio.Future[float] | None = None

    def expect(self) -> asyncio.Future[float]:
        """A press is about to be made: done with the moment at which it is shown."""
        self.unstored = False
        self._seen = asyncio.get_running_loop().create_future()
        return self._seen

    def take(self, message: Mapping[str, Any]) -> None:
        """One message; a snapshot may be how a press is shown, too."""
        match message["type"]:
            case "snapshot":
                cards = [card for card in message["incidents"] if card["kind"] == PROBE]
                self._show(cards)
                self._rings = {card["id"]: card["rings"] for card in cards}
                self.open.set()
            case "incident" if message["incident"]["kind"] == PROBE:
                self._show([message["incident"]])
            case "press":
                self.unstored = True

    def _show(self, cards: list[Mapping[str, Any]]) -> None:
        """A new incident, or one that rings again, is the press; that one was put away is not."""
        for card in cards:
            news = card["rings"] > self._rings.get(card["id"], 0)
            self._rings[card["id"]] = card["rings"]
            if news and self._seen is not None and not self._seen.done():
                self._seen.set_result(asyncio.get_running_loop().time())

    async def run(self, url: str, key: str) -> None:
        """Stay on the line, for ever."""
        address = url.replace("http", "ws", 1) + "/api/live"
        while True:
            with contextlib.suppress(OSError, TimeoutError, websockets.WebSocketException):
                async with websockets.connect(address, additional_headers={"Authorization": f"Bearer {key}"}) as socket:
                    async for text in socket:
                        self.take(json.loads(text))
            self.open.clear()
            await asyncio.sleep(_AGAIN_S)


class Probe:
    """Presses, and remembers the last hour."""

    def __init__(self, settings: ProbeSettings, console: Console, meters: ProbeMeters) -> None:
        self._settings = settings
        self._console = console
        self._meters = meters
        self._boot = secrets.token_hex(4)
        self._pressed = 0
        self.tries: deque[Try] = deque(maxlen=_HISTORY)
        self.success: Try | None = None
        self.failure: Try | None = None
        self.told = asyncio.Event()

    async def press(self) -> Try:
        """Once. Never raises what the path does to it."""
        self._pressed += 1
        now = datetime.now(UTC)
        body = {"t": int(time.time() * 1000), "b": self._boot, "n": self._pressed, "e": PROBE, "drill": True}
        topic = f"care/v1/{self._settings.area}/{self._settings.site}/{self._settings.code}/event"
        ms, stage = await self._go(Message(topic, body))
        found = Try(now, ms, stage)
        self._remember(found)
        return found

    async def _go(self, message: Message) -> tuple[float | None, str]:
        """How long it took in ms, or how far it came."""
        stage, said = "no_feed", 0.0
        seen: asyncio.Future[float] | None = None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._settings.patience_s):
                await self._console.open.wait()
                stage = "not_accepted"
                while stage == "not_accepted":
                    try:
                        async with line(self._settings.where, self._settings.code, self._settings.token) as own:
                            if seen is None:
                                seen, said = self._console.expect(), asyncio.get_running_loop().time()
                            await deliver(own, message)
                            stage = "not_shown"
                    except OSError as error:
                        log.debug("not accepted: %s", error)
                        await asyncio.sleep(_AGAIN_S)
                if seen is not None:
                    await asyncio.shield(seen)
        if seen is not None and seen.done():
            return round((seen.result() - said) * 1000, 1), ""
        return None, "not_stored" if self._console.unstored else stage

    def _remember(self, found: Try) -> None:
        self.tries.append(found)
        self._meters.pressed(found.ms, found.stage, found.at)
        if found.ms is None:
            self.failure = found
            log.error("the press did not come out: %s", found.stage)
        else:
            self.success = found
        self.told.set()

    def stats(self) -> dict[str, Any]:
        """What the `workers` table keeps."""
        return {
            "success_at": self.success.at.isoformat() if self.success else None,
            "ms": self.success.ms if self.success else None,
            "failed_at": self.failure.at.isoformat() if self.failure else None,
            "stage": self.failure.stage if self.failure else None,
            "history": [[int(one.at.timestamp() * 1000), one.ms, one.stage] for one in self.tries],
        }
