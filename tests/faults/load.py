"""The load of the fault matrix: devices that keep what the broker has not acknowledged and say it again, and buttons pressed.

Built on the simulators' own MQTT lines, so that a fault of the platform's client cannot hide itself. Every button connects anew for
its press, so each press also asks the callout whether it may.
"""

import asyncio
import time
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

from care.district import DeviceEntry
from simulators import tokens
from simulators.messages import Message, deliver, say
from simulators.wire import Endpoint, line

RATE = 200.0
PRESS_EVERY_S = 0.5
_TICK_S = 0.05
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 2.0
_VITALS = {"heart_rate": 72, "steps": 1200, "worn": 1, "battery": 80, "signal": -70}


@dataclass(slots=True)
class Sent:
    """One message: when it was first said, and when the broker acknowledged it (seconds since the epoch)."""

    device: DeviceEntry
    n: int
    said_at: float
    message: Message
    acknowledged_at: float | None = None


@dataclass(slots=True)
class Said:
    """What was said during one cell."""

    readings: list[Sent] = field(default_factory=list)
    presses: list[Sent] = field(default_factory=list)

    @property
    def settled(self) -> bool:
        """Whether the broker has everything."""
        return all(one.acknowledged_at is not None for one in (*self.readings, *self.presses))


class Teller:
    """A device that stays connected, says what it has in order, and says again what was not acknowledged."""

    def __init__(self, where: Endpoint, device: DeviceEntry, secret: bytes) -> None:
        self.device = device
        self._where = where
        self._token = tokens.token(secret, device.code)
        self._waiting: deque[Sent] = deque()
        self._some = asyncio.Event()

    def say(self, sent: Sent) -> None:
        """Say it as soon as the line allows."""
        self._waiting.append(sent)
        self._some.set()

    async def run(self) -> None:
        """For ever."""
        pause = _FIRST_PAUSE_S
        while True:
            try:
                async with line(self._where, self.device.code, self._token) as own:
                    pause = _FIRST_PAUSE_S
                    while True:
                        await self._some.wait()
                        while self._waiting:
                            await deliver(own, self._waiting[0].message)
                            self._waiting.popleft().acknowledged_at = time.time()
                        self._some.clear()
            except OSError:
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE_S)


class Load:
    """Telemetry at RATE over all tellers and a press every half second, each from a home that has not pressed before."""

    def __init__(self, where: Endpoint, secret: bytes, tellers: list[DeviceEntry], buttons: list[DeviceEntry], boot: str) -> None:
        self.boot = boot
        self._where = where
        self._secret = secret
        self._tellers = [Teller(where, device, secret) for device in tellers]
        self._buttons = iter(buttons)
        self._n = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._talking: list[asyncio.Task[None]] = []
        self.said = Said()

    async def __aenter__(self) -> "Load":
        for teller in self._tellers:
            self._spawn(teller.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        running = [*self._talking, *self._tasks]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def begin(self) -> Said:
        """Start talking; everything from now on belongs to the answer."""
        self.said = Said()
        self._talking = [asyncio.create_task(self._talk()), asyncio.create_task(self._press())]
        return self.said

    async def end(self, within_s: float) -> bool:
        """Stop talking and wait until the broker has everything; whether it has."""
        for task in self._talking:
            task.cancel()
        await asyncio.gather(*self._talking, return_exceptions=True)
        until = time.monotonic() + within_s
        while not self.said.settled and time.monotonic() < until:  # noqa: ASYNC110 - a thousand messages, one question
            await asyncio.sleep(0.05)
        return self.said.settled

    async def _talk(self) -> None:
        began, told = time.monotonic(), 0
        while True:
            due = int((time.monotonic() - began) * RATE)
            for number in range(told, due):
                teller = self._tellers[number % len(self._tellers)]
                sent = self._sent(teller.device, "telemetry", {"v": _VITALS})
                self.said.readings.append(sent)
                teller.say(sent)
            told = due
            await asyncio.sleep(_TICK_S)

    async def _press(self) -> None:
        while True:
            sent = self._sent(next(self._buttons), "event", {"e": "sos", "v": {"battery": 71}})
            self.said.presses.append(sent)
            self._spawn(self._say(sent))
            await asyncio.sleep(PRESS_EVERY_S)

    async def _say(self, sent: Sent) -> None:
        await say(self._where, sent.device.code, tokens.token(self._secret, sent.device.code), sent.message)
        sent.acknowledged_at = time.time()

    def _sent(self, device: DeviceEntry, channel: str, body: dict[str, object]) -> Sent:
        self._n += 1
        now = time.time()
        message = Message(
            f"care/v1/{device.area}/{device.site}/{device.code}/{channel}",
            {"t": int(now * 1000), "b": self.boot, "n": self._n, **body},
        )
        return Sent(device, self._n, now, message)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
