"""The devices of a living district: who each is, what it says next, and what it has said that nobody has taken yet.

An actor does no input or output; only the clock is read here, since `t` in a payload is always the true time.
"""

import asyncio
import contextlib
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from secrets import token_hex
from time import time

from care.district import DeviceEntry, District
from devices.profiles import PROFILES, Profile
from simulators import readings, routine, tokens
from simulators.messages import Message
from simulators.routine import Routine
from simulators.sirens import PROFILE as SIREN
from simulators.sirens import Siren

_DEAD = 0.001
_WORN_OUT = 0.001  # batteries that are nearly empty
_DRAIN = 0.002  # per cent a message
_FIRST_PAUSE_S, _LONGEST_PAUSE_S, _URGENT_PAUSE_S = 1.0, 60.0, 2.0


@dataclass(slots=True, eq=False)
class Actor:
    """One device and its counter; `boot` names this run, since the counter starts again.

    `unsaid`: what the broker has not acknowledged, most urgent first. `woken`: there is something to do before the next reading.
    `acting`: a scenario speaks through it. `unplugged_s`: how long it is to be without power.
    """

    device: DeviceEntry
    profile: Profile
    token: str
    rng: Random
    routine: Routine
    boot: str
    children: int
    battery: float
    n: int = 0
    failures: int = 0
    appeared: bool = False
    acting: bool = False
    unplugged_s: float = 0.0
    unsaid: deque[Message] = field(default_factory=deque)
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    siren: Siren = field(default_factory=Siren)

    def topic(self, channel: str) -> str:
        """Where it speaks."""
        return f"care/v1/{self.device.area}/{self.device.site}/{self.device.code}/{channel}"

    def message(self, channel: str, body: Mapping[str, object], *, retain: bool = False) -> Message:
        """The next message of this device."""
        self.n += 1
        return Message(self.topic(channel), {"t": int(time() * 1000), "b": self.boot, "n": self.n, **body}, retain)

    def measure(self, hour: float) -> None:
        """Have something to say: what it measures now. What it could not say before stands in its place."""
        if any(_channel(one) == "telemetry" for one in self.unsaid):
            return
        found = readings.values(self.profile.name, self.rng, hour, self.routine)
        if self.profile.name == "gateway":
            found |= {"uptime": round(self.n / 60, 2), "children_online": float(self.children)}
        if self.obeys:
            found |= {"sounding": float(self.siren.sounding(int(time() * 1000)))}
        self.unsaid.append(self.message("telemetry", {"v": found | self._link()}))

    def status(self) -> Message:
        """That it is there. Retained. A sleeper says it once a boot, and has no last will to take it back."""
        return self.message("status", {"online": True, "firmware": self.device.firmware, **self._link()}, retain=True)

    def exclaim(self, channel: str, body: Mapping[str, object]) -> None:
        """Have something to say at once, before everything else."""
        message = self.message(channel, body)
        (self.unsaid.appendleft if _channel(message) == "event" else self.unsaid.append)(message)
        self.woken.set()

    @property
    def obeys(self) -> bool:
        """Whether it takes commands."""
        return self.profile.name == SIREN

    def told(self, payload: bytes) -> None:
        """A command has come: do it, and have its answer to say."""
        answer = self.siren.hear(payload, int(time() * 1000))
        if answer is not None:
            self.exclaim("ack", answer)

    def pause_s(self, spread_s: float) -> float:
        """How long to wait before the next attempt to connect: spread at first, then growing; short while a press waits."""
        if self.unplugged_s:
            pause, self.unplugged_s = self.unplugged_s, 0.0
            return pause
        if any(_channel(one) == "event" for one in self.unsaid):
            return self.rng.uniform(0.5, 1.0) * min(_URGENT_PAUSE_S, _FIRST_PAUSE_S * self.failures)
        if self.failures <= 1:
            return self.rng.uniform(0, spread_s)
        longest = max(_LONGEST_PAUSE_S, spread_s)
        return self.rng.uniform(0.5, 1.0) * min(longest, _FIRST_PAUSE_S * 2.0 ** min(self.failures, 10))

    async def rest(self, seconds: float) -> None:
        """Wait so long, or until woken."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.woken.wait()
        self.woken.clear()

    def _link(self) -> dict[str, float]:
        signal = {"signal": float(round(min(-30.0, max(-110.0, self.rng.gauss(-67, 6)))))}
        if self.profile.mains:
            return signal
        self.battery = max(5.0, self.battery - _DRAIN)
        return {"battery": round(self.battery, 1), **signal}


def cast(district: District, secret: bytes, seed: int) -> list[Actor]:
    """Every device that is not dead from the start. All that one resident has keeps the same routine."""
    boot, fate = f"{int(time() * 1000):x}{token_hex(2)}", Random(f"{seed} dead")
    children = Counter(device.gateway for device in district.devices)
    return [
        Actor(
            device,
            PROFILES[device.profile],
            tokens.token(secret, device.code),
            Random(f"{seed} {device.code}"),
            _routine(device, seed),
            boot,
            children[device.code],
            _charge(Random(f"{seed} {device.code} battery")),
        )
        for device in district.devices
        if fate.random() >= _DEAD
    ]


def _channel(message: Message) -> str:
    return message.topic.rpartition("/")[2]


def _routine(device: DeviceEntry, seed: int) -> Routine:
    if device.profile == "bed_sensor" and not device.senior:
        return routine.NOBODY
    return routine.draw(Random(f"{seed} {device.senior or device.zone or device.site} routine"))


def _charge(rng: Random) -> float:
    return rng.uniform(6, 12) if rng.random() < _WORN_OUT else rng.uniform(35, 100)
