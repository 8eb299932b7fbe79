"""`vigil simulate` and `vigil replay`: make something happen now, the devices' own way, and see it as the console would.

The incident's id is printed once the live feed of the console has shown it, so what is printed went the whole path.
"""

import argparse
import asyncio
import json
import time
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import websockets

from care.district import DeviceEntry, District
from simulators import replay, tokens
from simulators.district import chief, demo_district
from simulators.messages import Message, say
from simulators.scenarios import SCENARIOS, NobodyToSayIt, Scenario, speaker
from simulators.wire import Endpoint, Line, line
from vigil import demo, playing, state
from vigil.settings import Settings
from vigil.web import login

NothingToSimulate = (NobodyToSayIt, replay.NotARecording)
_PATIENCE_S = 30.0


class NotShown(TimeoutError):
    """The device's message was accepted by the broker, but the console did not show it in time."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A running Vigil and the demo district on it."""

    url: str
    where: Endpoint
    secret: bytes
    district: District
    login: str
    password: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """The incident that must come: at this site, of one of these kinds, and newly ringing. `before`: how often each had rung."""

    site: str
    kinds: frozenset[str]
    before: Mapping[str, int]

    def matches(self, card: Mapping[str, Any]) -> bool:
        """Whether this card is that incident."""
        rang = card["rings"] > self.before.get(card["id"], 0)
        return rang and card["site"]["code"] == self.site and bool(self.kinds & set(card["kinds"]))


@dataclass(frozen=True, slots=True)
class Shown:
    """An incident as the console got it."""

    incident: str
    kind: str
    site: str
    after_s: float


async def command(arguments: argparse.Namespace, settings: Settings) -> int:
    """Play one scenario and print the incident that the console shows."""
    stage = await asyncio.to_thread(_stage, settings)
    scenario = SCENARIOS[arguments.scenario]
    device = speaker(scenario, stage.district.devices, arguments.site)
    playing.hold(settings.data, [device.code], scenario.script[-1].after_s + _PATIENCE_S)
    async with _live(stage) as feed:
        wanted = Wanted(device.site, frozenset({scenario.kind}), await _ringing(feed))
        await _both(
            _play(stage, scenario, device, arguments.drill), _report(feed, wanted, _PATIENCE_S, arguments.json, device.code)
        )
    return 0


async def replay_command(arguments: argparse.Namespace, settings: Settings) -> int:
    """Play a recorded fire through a site's detectors and print the first incident that it raises."""
    stage = await asyncio.to_thread(_stage, settings)
    recording = await asyncio.to_thread(replay.load, arguments.file, arguments.experiment)
    parts = replay.cast(recording, stage.district.devices, arguments.site)
    lasts_s = float(recording.t_s[-1]) / arguments.speed
    playing.hold(settings.data, [one.code for roles in parts.values() for one in roles.values()], lasts_s + _PATIENCE_S)
    async with _live(stage) as feed:
        wanted = Wanted(arguments.site, frozenset({"smoke", "heat", "co"}), await _ringing(feed))
        reporting = _report(feed, wanted, lasts_s + _PATIENCE_S, arguments.json, recording.experiment)
        await _both(_play_recording(stage, recording, parts, arguments.speed), reporting)
    return 0


async def _both(play: Coroutine[Any, Any, None], watch: Coroutine[Any, Any, None]) -> None:
    """Play and watch side by side; the first that fails ends both, and its failure is what is told."""
    tasks = [asyncio.create_task(play), asyncio.create_task(watch)]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _report(feed: websockets.ClientConnection, wanted: Wanted, patience_s: float, as_json: bool, by: str) -> None:
    _print(as_json, await _wait_for(feed, wanted, patience_s), by)


async def _play(stage: Stage, scenario: Scenario, device: DeviceEntry, drill: bool) -> None:
    began, began_ms = time.monotonic(), int(time.time() * 1000)
    boot = f"s{began_ms:x}"
    for n, said in enumerate(scenario.script, 1):
        await asyncio.sleep(max(0.0, began + said.after_s - time.monotonic()))
        extra = {"drill": True} if drill and said.channel == "event" else {}
        message = _message(device, said.channel, {"b": boot, "n": n, **said.told(began_ms), **extra})
        await say(stage.where, device.code, tokens.token(stage.secret, device.code), message)


async def _play_recording(stage: Stage, recording: replay.Recording, parts: replay.Parts, speed: float) -> None:
    boot, began = f"r{int(time.time() * 1000):x}", time.monotonic()
    devices = [device for roles in parts.values() for device in roles.values()]
    async with AsyncExitStack() as open_lines:
        lines = {one.code: await open_lines.enter_async_context(_line(stage, one)) for one in devices}
        for n, one in enumerate(replay.play(recording, parts, every_s=min(10.0, speed)), 1):
            await asyncio.sleep(max(0.0, began + one.t_s / speed - time.monotonic()))
            message = _message(one.device, "telemetry", {"b": boot, "n": n, "v": dict(one.values)})
            await lines[one.device.code].publish(message.topic, message.payload)


def _line(stage: Stage, device: DeviceEntry) -> AbstractAsyncContextManager[Line]:
    return line(stage.where, device.code, tokens.token(stage.secret, device.code), client_id=f"replay-{device.code}")


def _message(device: DeviceEntry, channel: str, body: Mapping[str, object]) -> Message:
    topic = f"care/v1/{device.area}/{device.site}/{device.code}/{channel}"
    return Message(topic, {"t": int(time.time() * 1000), **body})


@asynccontextmanager
async def _live(stage: Stage) -> AsyncIterator[websockets.ClientConnection]:
    cookie = await login(stage.url, stage.login, stage.password)
    address = stage.url.replace("http://", "ws://") + "/api/live"
    async with websockets.connect(address, additional_headers={"Cookie": cookie}, origin=websockets.Origin(stage.url)) as feed:
        yield feed


async def _ringing(feed: websockets.ClientConnection) -> dict[str, int]:
    """How often each incident on the board has rung, from the snapshot."""
    async with asyncio.timeout(_PATIENCE_S):
        while True:
            message = json.loads(await feed.recv())
            if message["type"] == "snapshot":
                return {card["id"]: card["rings"] for card in message["incidents"]}


async def _wait_for(feed: websockets.ClientConnection, wanted: Wanted, patience_s: float) -> Shown:
    began = time.monotonic()
    try:
        async with asyncio.timeout(patience_s):
            while True:
                message = json.loads(await feed.recv())
                if message["type"] == "incident" and wanted.matches(message["incident"]):
                    card = message["incident"]
                    return Shown(card["id"], card["kind"], wanted.site, round(time.monotonic() - began, 3))
    except TimeoutError:
        what = f"{'/'.join(sorted(wanted.kinds))} at {wanted.site}"
        raise NotShown(f"{what}: expected an incident on the console within {patience_s:.0f} s, got none") from None


def _stage(settings: Settings) -> Stage:
    running = state.read(settings.data)
    district = demo_district(running.seed)
    desk = chief(district).login
    password = demo.passwords(settings.secrets, [desk])[desk]
    where = Endpoint("127.0.0.1", running.mqtt_port, Path(running.tls_ca) if running.tls_ca else None)
    return Stage(running.url, where, demo.seed(settings.secrets), district, desk, password)


def _print(as_json: bool, shown: Shown, by: str) -> None:
    if as_json:
        print(json.dumps({**asdict(shown), "by": by}))
    else:
        print(f"{shown.incident}  {shown.kind} at {shown.site} by {by}, on the console after {shown.after_s:.3f} s")
