"""The district lives: every device connects with its own credential and speaks at its cadence, `speed` times as fast.

Mains devices keep a line open and have a last will; battery devices wake, speak and sleep. A few devices are dead from the
start, and now and then something happens. `t` in a payload is always the true time: only the pace changes.
"""

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from time import time
from zoneinfo import ZoneInfo

from care.district import DeviceEntry, District
from devices.profiles import PROFILES, Profile
from simulators import readings, tokens
from simulators.scenarios import SCENARIOS, NobodyToSayIt, speaker
from simulators.wire import Endpoint, Line, Message, Refused, line, say

__all__ = ["Endpoint", "run"]

log = logging.getLogger("vigil.simulator")

_WAKE_S = 60.0  # all mains devices connect within this time of the start
_BATTERY_WAKE_S = 180.0
_DEAD = 0.001
_HAPPENINGS_PER_HOUR = 4.0
_LONGEST_PAUSE_S = 60.0
_WEIGHTS = {"sos": 12, "pull_cord": 4, "fall": 2, "smoke": 0.2, "gas": 0.2}


@dataclass(slots=True)
class Actor:
    """One device and its counter; `boot` names this run, since the counter starts again."""

    device: DeviceEntry
    profile: Profile
    token: str
    rng: Random
    boot: str
    n: int = 0
    battery: float = field(default=100.0)

    def message(self, channel: str, body: dict[str, object], *, retain: bool = False) -> Message:
        """The next message of this device."""
        self.n += 1
        where = self.device
        topic = f"care/v1/{where.area}/{where.site}/{where.code}/{channel}"
        return Message(topic, {"t": int(time() * 1000), "b": self.boot, "n": self.n, **body}, retain)

    def telemetry(self, hour: float) -> Message:
        """What it measures now."""
        found: dict[str, float] = readings.values(self.profile.name, self.rng, hour)
        if self.profile.name == "gateway":
            found |= {"uptime": round(self.n / 60, 2)}
        if not self.profile.mains:
            self.battery = max(5.0, self.battery - 0.002)
            found["battery"] = round(self.battery, 1)
        found["signal"] = float(round(self.rng.gauss(-67, 6)))
        return self.message("telemetry", {"v": found})

    def status(self) -> Message:
        """That it is there. Retained."""
        return self.message("status", {"online": True, "firmware": self.device.firmware}, retain=True)


@dataclass(frozen=True, slots=True)
class World:
    """What all devices share."""

    where: Endpoint
    speed: float
    zone: ZoneInfo
    started: float
    played: Callable[[str], bool]

    def hour(self) -> float:
        """The local hour of the simulated day, which passes `speed` times as fast."""
        now = datetime.fromtimestamp(self.started + (time() - self.started) * self.speed, self.zone)
        return now.hour + now.minute / 60


async def run(
    district: District,
    where: Endpoint,
    secret: bytes,
    *,
    speed: float,
    seed: int,
    played: Callable[[str], bool] = lambda device: False,
    stop: asyncio.Event,
) -> None:
    """Let the district live until `stop`. While a device is `played` by a scenario elsewhere it says nothing of its own."""
    world = World(where, speed, ZoneInfo(district.timezone), time(), played)
    everyone = actors(district, secret, seed)
    log.info("%d devices wake up", len(everyone))
    lives = [asyncio.create_task(_live(actor, world)) for actor in everyone]
    lives.append(asyncio.create_task(_happenings(everyone, world, Random(f"{seed} happenings"))))
    await stop.wait()
    for life in lives:
        life.cancel()
    await asyncio.gather(*lives, return_exceptions=True)


def actors(district: District, secret: bytes, seed: int) -> list[Actor]:
    """Every device that is not dead from the start."""
    boot, fate = f"{int(time()):x}", Random(f"{seed} dead")
    return [
        Actor(device, PROFILES[device.profile], tokens.token(secret, device.code), Random(f"{seed} {device.code}"), boot)
        for device in district.devices
        if fate.random() >= _DEAD
    ]


async def _live(actor: Actor, world: World) -> None:
    wake = _WAKE_S if actor.profile.mains else _BATTERY_WAKE_S
    await asyncio.sleep(actor.rng.uniform(0, wake))
    actor.battery = actor.rng.uniform(30, 100)
    pause = 1.0
    while True:
        began = time()
        try:
            await (_stay(actor, world) if actor.profile.mains else _wake(actor, world))
        except Refused as refused:
            log.debug("%s: %s", actor.device.code, refused)
        except OSError:
            pass  # the broker is away; a device has nobody to tell
        pause = 1.0 if time() - began > _LONGEST_PAUSE_S else min(pause * 2, _LONGEST_PAUSE_S)
        await asyncio.sleep(pause * actor.rng.uniform(0.5, 1.0))


async def _stay(actor: Actor, world: World) -> None:
    cadence = actor.profile.cadence.total_seconds() / world.speed
    will_topic = f"care/v1/{actor.device.area}/{actor.device.site}/{actor.device.code}/status"
    keepalive = int(min(65_535, max(60, 3 * cadence)))
    async with line(
        world.where,
        actor.device.code,
        actor.token,
        keepalive_s=keepalive,
        will=(will_topic, json.dumps({"online": False}).encode()),
    ) as own:
        await _speak(own, actor.status())
        while True:
            if not world.played(actor.device.code):
                await _speak(own, actor.telemetry(world.hour()))
            await asyncio.sleep(cadence * actor.rng.uniform(0.95, 1.0))


async def _wake(actor: Actor, world: World) -> None:
    while True:
        await say(world.where, actor.device.code, actor.token, actor.telemetry(world.hour()))
        await asyncio.sleep(actor.profile.cadence.total_seconds() / world.speed * actor.rng.uniform(0.9, 1.0))


async def _speak(own: Line, message: Message) -> None:
    await own.publish(message.topic, message.payload, retain=message.retain)


async def _happenings(everyone: list[Actor], world: World, rng: Random) -> None:
    by_code: dict[str, Actor] = {actor.device.code: actor for actor in everyone}
    pick: Callable[[], str] = lambda: rng.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]  # noqa: E731 - a draw, named
    while True:
        await asyncio.sleep(rng.expovariate(_HAPPENINGS_PER_HOUR * world.speed) * 3600)
        scenario = SCENARIOS[pick()]
        try:
            chosen = rng.choice([actor.device for actor in everyone if actor.profile.name in scenario.profiles])
            actor = by_code[speaker(scenario, [chosen], "").code]
        except (NobodyToSayIt, IndexError):
            continue
        log.info("%s at %s", scenario.truth, actor.device.site)
        await _play(actor, world, scenario.name)


async def _play(actor: Actor, world: World, name: str) -> None:
    began = time()
    for said in SCENARIOS[name].script:
        await asyncio.sleep(max(0.0, began + said.after_s - time()))
        try:
            await say(world.where, actor.device.code, actor.token, actor.message(said.channel, dict(said.body)))
        except OSError as error:
            log.warning("%s could not say %s: %s", actor.device.code, name, error)
            return
