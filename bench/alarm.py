"""From a press to the console: SOS published at the broker, seen by a websocket client of the real api after commit and NOTIFY;
at a steady background of telemetry, and while the telemetry lane drains a backlog.
"""

import asyncio
import json
import time
from asyncio.subprocess import Process
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from bench import stored
from bench.console import Console, watching
from bench.figures import milliseconds
from bench.fleet import LOGIN, Fleet, buttons, topic
from bench.machine import machine, versions
from bench.place import Place, furnished
from bench.processes import answer
from bench.publisher import Line
from care.district import DeviceEntry

_BURST_FIRST = 1_000_000_000
_BACKGROUND_FIRST = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Parameters:
    """`rate` telemetry messages a second behind `seconds` of presses, then presses while `backlog` drains, at most `longest_s`."""

    devices: int = 5_000
    areas: int = 4
    rate: float = 2_000.0
    seconds: float = 15.0
    backlog: int = 60_000
    presses_per_second: float = 10.0
    buttons: int = 2_000
    longest_s: float = 180.0


async def run(parameters: Parameters) -> dict[str, Any]:
    """The benchmark's JSON object."""
    before, fleet = machine(), Fleet(parameters.devices, parameters.areas, parameters.buttons)
    async with furnished(fleet) as place:
        await place.sessions(place.lanes())
        async with place.ingest("events"), place.api() as url, watching(url, LOGIN, place.password) as console:
            presser = await asyncio.to_thread(_Presser, place, parameters.presses_per_second)
            await presser.warm_up(console)
            found = await _steady(place, parameters, presser, console)
            found |= await _burst(place, parameters, presser, console)
            await asyncio.to_thread(presser.close)
    return {"benchmark": "alarm", "versions": versions(), "machine": before, "parameters": asdict(parameters), "figures": found}


class _Presser:
    """Presses one button after another; each opens an incident of its own."""

    def __init__(self, place: Place, per_second: float) -> None:
        self._buttons: Iterator[DeviceEntry] = iter(buttons(place.fleet))
        self._line = Line(place.order(0, 0, 0), "bench-presser")
        self._pause_s = 1 / per_second

    async def warm_up(self, console: Console) -> None:
        """The first few go through cold caches and are not counted."""
        pressed = await self.press(lambda elapsed: elapsed < 1.0)
        await console.until_seen(set(pressed))

    async def press(self, go_on: Callable[[float], bool]) -> dict[str, float]:
        """Press at a steady pace, on time whatever else is slow; when each was published, on the monotonic clock."""
        pressed: dict[str, float] = {}
        began = time.monotonic()
        for button in self._buttons:
            await asyncio.sleep(max(0.0, began + len(pressed) * self._pause_s - time.monotonic()))
            if not go_on(time.monotonic() - began):
                break
            payload = {"t": time.time_ns() // 1_000_000, "b": "bench", "n": 1, "e": "sos", "v": {"battery": 80}}
            pressed[button.code] = time.monotonic()
            self._line.publish([(topic(button, "event"), json.dumps(payload).encode())])
        return pressed

    def close(self) -> None:
        self._line.settle()


async def _steady(place: Place, parameters: Parameters, presser: _Presser, console: Console) -> dict[str, Any]:
    order = place.order(0, parameters.rate, 0)
    async with place.ingest("telemetry"), place.publishing(order) as background:
        await stored.until_first(place.owner, 0)
        pressed = await presser.press(lambda elapsed: elapsed < parameters.seconds)
        told = await _stop(background)
        await console.until_seen(set(pressed))
        stored_all = await stored.until_stored(place.owner, 0, told["acknowledged"])
    background_rate = round(told["sent"] / told["seconds"], 1)
    return {**figures(pressed, console, ""), "background_per_second": background_rate, "background_stored": stored_all}


async def _burst(place: Place, parameters: Parameters, presser: _Presser, console: Console) -> dict[str, Any]:
    """The worker was away, a backlog waits, and life goes on: now it comes back."""
    await place.published(place.order(parameters.backlog, 0, _BURST_FIRST))
    order = place.order(0, parameters.rate, _BACKGROUND_FIRST)
    async with place.publishing(order) as background, place.ingest("telemetry"):
        await stored.until_first(place.owner, _BURST_FIRST)
        began = time.monotonic()
        draining = asyncio.create_task(stored.until_stored(place.owner, _BURST_FIRST, parameters.backlog))
        pressed = await presser.press(lambda elapsed: not draining.done() and elapsed < parameters.longest_s)
        drained, took = draining.done() and draining.result(), time.monotonic() - began
        draining.cancel()
        await asyncio.gather(draining, return_exceptions=True)
        await console.until_seen(set(pressed))
        await _stop(background)
    found = figures(pressed, console, "burst_")
    return {**found, "burst_drained": drained, "burst_seconds": round(took, 1)}


def figures(pressed: dict[str, float], console: Console, prefix: str) -> dict[str, Any]:
    """How long each press took to the console, and how many never came."""
    took = [console.seen[code] - at for code, at in pressed.items() if code in console.seen]
    missed = len(pressed) - len(took)
    return {**milliseconds(took, prefix), f"{prefix}presses": len(pressed), f"{prefix}missed": missed}


async def _stop(background: Process) -> dict[str, Any]:
    background.terminate()
    return await answer(background)
