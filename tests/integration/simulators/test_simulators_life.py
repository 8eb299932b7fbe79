"""A small district lives at high speed on the real broker: who is heard, who is not, what faults do to it, what is left of it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from random import Random
from time import time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import psutil
import pytest

from care.district import District
from devices import codec
from devices.profiles import PROFILES
from simulators import actors, life
from simulators.actors import Actor

if TYPE_CHECKING:
    from tests.integration.simulators.conftest import Stand

pytestmark = pytest.mark.integration

SPEED = 60.0
Played = Callable[[str], bool]


def nothing_played(device: str) -> bool:
    return False


@asynccontextmanager
async def living(
    stand: "Stand", everyone: list[Actor], speed: float = SPEED, played: Played = nothing_played
) -> AsyncIterator[life.Tally]:
    """These devices live while the context is open."""
    stop, world = asyncio.Event(), life.World(stand.where, speed, ZoneInfo("Asia/Shanghai"), time(), played)
    task = asyncio.create_task(life.live(everyone, world, Random(1), stop))
    try:
        yield world.tally
    finally:
        stop.set()
        await asyncio.wait_for(task, 20)


def of_mains(everyone: list[Actor]) -> set[str]:
    return {actor.device.code for actor in everyone if actor.profile.mains}


async def test_everyone_alive_is_heard_and_says_what_a_device_can_say(
    stand: "Stand", district: District, secret: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actors, "_DEAD", 0.1)
    alive = {actor.device.code for actor in actors.cast(district, secret, 7)}
    assert 0 < len(alive) < len(district.devices)
    stop, tally = asyncio.Event(), life.Tally()
    task = asyncio.create_task(life.run(district, stand.where, secret, speed=SPEED, seed=7, stop=stop, tally=tally))
    await stand.until(lambda: all(stand.said(code, "telemetry") for code in alive), 25)
    stop.set()
    await asyncio.wait_for(task, 20)
    assert {one.topic.split("/")[4] for one in stand.heard} == alive
    assert (tally.failed, tally.refused, tally.lines) == (0, 0, 0)
    for one in stand.heard:
        device = stand.devices[one.topic.split("/")[4]]
        assert one.topic.split("/")[2:4] == [device.area, device.site]
        understood(one.topic, one.payload, device.profile)


def understood(topic: str, payload: bytes, profile: str) -> None:
    """The platform's own codec takes it."""
    match topic.split("/")[5]:
        case "telemetry":
            for reading in codec.telemetry(payload):
                codec.check_values(PROFILES[profile], reading.v)
                assert abs(reading.t / 1000 - time()) < 120
                assert "battery" in reading.v or PROFILES[profile].mains
                assert "signal" in reading.v
        case "status":
            status = codec.status(payload)
            assert status.online
            assert status.firmware
        case "event":
            codec.check_event(PROFILES[profile], codec.event(payload).e)
        case other:
            pytest.fail(f"{other}: not a channel of a device's life")


async def test_every_message_has_a_key_of_its_own(stand: "Stand", district: District, secret: bytes) -> None:
    everyone = actors.cast(district, secret, 7)
    async with living(stand, everyone, speed=600):
        await stand.until(lambda: len(stand.heard) > 500, 20)
    keys = [(one.topic.split("/")[4], *(json.loads(one.payload)[name] for name in ("b", "n"))) for one in stand.heard]
    assert len(keys) == len(set(keys))


async def test_what_a_scenario_plays_says_nothing_of_its_own(stand: "Stand", district: District, secret: bytes) -> None:
    everyone = actors.cast(district, secret, 7)
    site = next(one.site for one in district.devices if one.profile == "sos_button")
    held = {one.code for one in district.devices if one.site == site}
    others = {actor.device.code for actor in everyone} - held
    async with living(stand, everyone, played=held.__contains__):
        await stand.until(lambda: all(stand.said(code, "telemetry") for code in others), 25)
        assert not [one.topic for code in held for one in stand.said(code) if not one.topic.endswith("/status")]


async def test_a_scenario_is_said_by_the_device_itself(stand: "Stand", district: District, secret: bytes) -> None:
    """A press by a sleeping button, smoke over an open line: in order, with nothing of the quiet room in between."""
    everyone = actors.cast(district, secret, 7)
    button = next(actor for actor in everyone if actor.profile.name == "sos_button")
    smoke = next(actor for actor in everyone if actor.profile.name == "smoke_detector")
    async with living(stand, everyone, speed=1):
        await stand.until(lambda: all(stand.said(one.device.code, "telemetry") for one in (button, smoke)), 15)
        before = len(stand.said(smoke.device.code))
        await asyncio.gather(life.play(button, "sos"), life.play(smoke, "smoke"))
        await stand.until(lambda: len(stand.said(smoke.device.code)) == before + 8)
        await stand.until(lambda: len(stand.said(button.device.code, "event")) == 1)
    said = [json.loads(one.payload)["v"]["smoke_obscuration"] for one in stand.said(smoke.device.code, "telemetry")[-8:]]
    assert said == [round(1.5 + 2.1 * step, 2) for step in range(8)]
    assert not button.acting
    assert not smoke.acting


async def test_the_broker_is_killed_and_a_press_waits_for_it(stand: "Stand", district: District, secret: bytes) -> None:
    """All return, spread; who pressed meanwhile is heard, once in effect, before it says anything else."""
    everyone = actors.cast(district, secret, 7)
    button = next(actor for actor in everyone if actor.profile.name == "sos_button")
    async with living(stand, everyone, speed=1) as tally:
        await stand.until(lambda: tally.lines >= len(of_mains(everyone)), 20)
        await stand.kill()
        await stand.until(lambda: tally.lines == 0)
        await life.play(button, "sos")
        await asyncio.sleep(0.5)
        assert [json.loads(one.payload)["e"] for one in button.unsaid] == ["sos"]
        await stand.broker.start()
        await stand.until(lambda: bool(stand.said(button.device.code, "event")), 15)
        await stand.until(lambda: not button.unsaid)
        await stand.until(lambda: tally.lines >= len(of_mains(everyone)), 20)
    assert len({one.payload for one in stand.said(button.device.code, "event")}) == 1


async def test_a_pulled_plug_is_a_last_will_and_a_return(stand: "Stand", district: District, secret: bytes) -> None:
    mains = [actor for actor in actors.cast(district, secret, 7) if actor.profile.mains][:3]
    async with living(stand, mains) as tally:
        await stand.until(lambda: tally.lines == 3)
        mains[0].unplugged_s = 1.5
        mains[0].woken.set()
        code = mains[0].device.code
        await stand.until(lambda: not all(json.loads(one.payload)["online"] for one in stand.said(code, "status")))
        assert tally.lines == 2
        await stand.until(lambda: tally.lines == 3)
    online = [json.loads(one.payload)["online"] for one in stand.said(code, "status")]
    assert online == [True, False, True]
    assert all(json.loads(one.payload)["online"] for actor in mains[1:] for one in stand.said(actor.device.code, "status"))


async def test_the_refused_go_on_trying_with_patience(stand: "Stand", district: District) -> None:
    everyone = actors.cast(district, b"another secret", 7)[:40]
    async with living(stand, everyone) as tally:
        await stand.until(lambda: tally.refused >= 40, 15)
        assert tally.connects == 0
        before = tally.refused
        await asyncio.sleep(1)
        assert tally.refused - before <= 60
    assert stand.heard == []


@pytest.mark.parametrize("moment", ["while they connect", "while they speak", "while the broker hangs"])
async def test_stop_leaves_no_task_and_no_socket(stand: "Stand", district: District, secret: bytes, moment: str) -> None:
    tasks, sockets = len(asyncio.all_tasks()), len(open_sockets())
    async with living(stand, actors.cast(district, secret, 7), speed=600) as tally:
        if moment == "while they connect":
            await asyncio.sleep(0.05)
        else:
            await stand.until(lambda: tally.said > 100, 15)
        if moment == "while the broker hangs":
            assert stand.broker.process is not None
            process = psutil.Process(stand.broker.process.pid)
            process.suspend()
            await asyncio.sleep(0.3)
    if moment == "while the broker hangs":
        process.resume()
    assert tally.lines == 0
    await stand.until(lambda: len(asyncio.all_tasks()) <= tasks)  # the callout beside it judges in tasks that come and go
    await stand.until(lambda: len(open_sockets()) <= sockets)


def open_sockets() -> list[object]:
    return list(psutil.Process().net_connections("tcp"))
