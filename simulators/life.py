"""The district lives: every device connects with its own credential and speaks at its cadence, `speed` times as fast.

Mains devices keep a line open and have a last will; battery devices wake, speak and sleep. A few devices are dead from the
start, and now and then something happens. `t` in a payload is always the true time: only the pace changes.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from time import time
from zoneinfo import ZoneInfo

from care.district import District
from simulators.actors import Actor, cast
from simulators.messages import deliver
from simulators.scenarios import SCENARIOS
from simulators.sockets import make_room
from simulators.wire import Endpoint, Line, Refused, line

__all__ = ["Endpoint", "Tally", "World", "live", "play", "run"]

log = logging.getLogger("vigil.simulator")

# So many devices a second come at the start, and return after the broker was away: the callouts judge several hundred.
_MAINS_PER_S, _BATTERY_PER_S, _RETURNING_PER_S = 40.0, 25.0, 100.0
_KEEPALIVE_S = 90
_REPORT_S = 60.0

# A service of this size hears about three alarms an hour, most of them by day.
_HAPPENINGS_PER_HOUR = 3.0
_BY_DAY, _AT_NIGHT = 1.25, 0.5
_UNPLUGGED = "unplugged"
_WEIGHTS = {"sos": 12, "pull_cord": 4, "fall": 2, "fall_motion": 1, _UNPLUGGED: 2, "smoke": 0.2, "gas": 0.2}
_UNPLUGGED_S = (300.0, 1500.0)


@dataclass(slots=True)
class Tally:
    """What the devices have done since the start; `lines` are open now."""

    lines: int = 0
    connects: int = 0
    said: int = 0
    refused: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class World:
    """What all devices share."""

    where: Endpoint
    speed: float
    zone: ZoneInfo
    started: float
    played: Callable[[str], bool]
    tally: Tally = field(default_factory=Tally)

    def hour(self) -> float:
        """The local hour of the simulated day, which passes `speed` times as fast."""
        now = datetime.fromtimestamp(self.started + (time() - self.started) * self.speed, self.zone)
        return now.hour + now.minute / 60

    def held(self, actor: Actor) -> bool:
        """Whether a scenario, here or elsewhere, speaks for this device now."""
        return actor.acting or self.played(actor.device.code)

    def cadence_s(self, actor: Actor) -> float:
        """How long until it speaks again; never later than its profile says."""
        return actor.profile.cadence.total_seconds() / self.speed * actor.rng.uniform(0.93, 1.0)


async def run(
    district: District,
    where: Endpoint,
    secret: bytes,
    *,
    speed: float,
    seed: int,
    played: Callable[[str], bool] = lambda device: False,
    stop: asyncio.Event,
    tally: Tally | None = None,
) -> None:
    """Let the district live until `stop`. While a device is `played` by a scenario elsewhere it says nothing of its own."""
    everyone = cast(district, secret, seed)
    make_room(sum(actor.profile.mains for actor in everyone))
    log.info("%d devices wake up", len(everyone))
    world = World(where, speed, ZoneInfo(district.timezone), time(), played, tally or Tally())
    await live(everyone, world, Random(f"{seed} happenings"), stop)


async def live(everyone: Sequence[Actor], world: World, rng: Random, stop: asyncio.Event) -> None:
    """Let these devices live, and things happen to them, until `stop`; then nothing of them is left."""
    mains = sum(actor.profile.mains for actor in everyone)
    first_s = {True: mains / _MAINS_PER_S, False: (len(everyone) - mains) / _BATTERY_PER_S}
    returning_s = mains / _RETURNING_PER_S
    tasks = [asyncio.create_task(_live(actor, world, first_s[actor.profile.mains], returning_s)) for actor in everyone]
    tasks.append(asyncio.create_task(_happenings(everyone, world, rng)))
    tasks.append(asyncio.create_task(_report(world.tally)))
    for task in tasks:
        task.add_done_callback(_complain)
    try:
        await stop.wait()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _complain(task: "asyncio.Task[None]") -> None:
    """No part of the life may end before the life does."""
    if not task.cancelled() and (error := task.exception()):
        log.error("a device ended: %r", error, exc_info=error)


async def _live(actor: Actor, world: World, first_s: float, returning_s: float) -> None:
    await actor.rest(actor.rng.uniform(0, first_s))
    while True:
        try:
            await (_stay(actor, world) if actor.profile.mains else _wake(actor, world))
        except Refused as refused:
            world.tally.refused += 1
            log.debug("%s: %s", actor.device.code, refused)
            await _retreat(actor, returning_s)
        except OSError:  # the broker is away; a device has nobody to tell
            world.tally.failed += not actor.unplugged_s
            await _retreat(actor, returning_s)


async def _retreat(actor: Actor, returning_s: float) -> None:
    actor.failures += 1
    actor.woken.clear()  # by the line that broke; a press shortens the pause by itself
    await actor.rest(actor.pause_s(returning_s))


async def _stay(actor: Actor, world: World) -> None:
    """The life of a mains device until its line breaks."""
    async with _line(actor, world) as own:
        if actor.obeys:
            await own.listen(actor.topic("cmd"))
        own.closed.add_done_callback(lambda _: actor.woken.set())
        while True:
            await _say_all(own, actor, world)
            await actor.rest(world.cadence_s(actor))
            if own.closed.done():
                raise ConnectionResetError("closed by the broker")
            if actor.unplugged_s:
                own.abort()
                raise ConnectionAbortedError(_UNPLUGGED)


async def _wake(actor: Actor, world: World) -> None:
    """A battery device wakes, says what there is, and sleeps."""
    if not world.held(actor) or actor.unsaid:
        async with _line(actor, world) as own:
            await _say_all(own, actor, world)
    await actor.rest(world.cadence_s(actor))


@asynccontextmanager
async def _line(actor: Actor, world: World) -> AsyncIterator[Line]:
    will = (actor.topic("status"), json.dumps({"online": False}).encode()) if actor.profile.mains else None
    async with line(world.where, actor.device.code, actor.token, keepalive_s=_KEEPALIVE_S, will=will, on_command=actor.told) as own:
        world.tally.connects += 1
        world.tally.lines += 1
        try:
            if actor.profile.mains or not actor.appeared:
                await deliver(own, actor.status())
                actor.appeared = True
            yield own
        finally:
            world.tally.lines -= 1


async def _say_all(own: Line, actor: Actor, world: World) -> None:
    if not world.held(actor):
        actor.measure(world.hour())
    while actor.unsaid:
        message = actor.unsaid[0]
        await deliver(own, message)
        actor.unsaid.remove(message)
        world.tally.said += 1
    actor.failures = 0


async def _happenings(everyone: Sequence[Actor], world: World, rng: Random) -> None:
    while True:
        busy = _BY_DAY if 7 <= world.hour() < 21 else _AT_NIGHT
        await asyncio.sleep(rng.expovariate(_HAPPENINGS_PER_HOUR * busy * world.speed) * 3600)
        name = rng.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
        able = [actor for actor in everyone if _can(actor, name) and not world.held(actor)]
        if able:
            await _happen(rng.choice(able), name, world, rng)


def _can(actor: Actor, name: str) -> bool:
    return actor.profile.mains if name == _UNPLUGGED else actor.profile.name in SCENARIOS[name].profiles


async def _happen(actor: Actor, name: str, world: World, rng: Random) -> None:
    log.info("%s: %s at %s", actor.device.code, name, actor.device.site)
    if name == _UNPLUGGED:
        actor.unplugged_s = rng.uniform(*_UNPLUGGED_S) / world.speed
        actor.woken.set()
    else:
        await play(actor, name)


async def play(actor: Actor, name: str) -> None:
    """The device says its part of a scenario, and nothing of its own meanwhile."""
    began, began_ms, actor.acting = asyncio.get_running_loop().time(), int(time() * 1000), True
    try:
        for said in SCENARIOS[name].script:
            await asyncio.sleep(began + said.after_s - asyncio.get_running_loop().time())
            actor.exclaim(said.channel, said.told(began_ms))
    finally:
        actor.acting = False


async def _report(tally: Tally) -> None:
    while True:
        await asyncio.sleep(_REPORT_S)
        log.info("%d lines open, %d connects, %d messages said, %d failures, %d refusals",
                 tally.lines, tally.connects, tally.said, tally.failed, tally.refused)  # fmt: skip
