"""The database stopped for minutes while devices talk and buttons are pressed: what is lost, what a press waits for, what it costs.

Every button connects anew for its press, so each press also asks the callout whether it may. When the database is back the backlog
drains, devices and buttons going on.
"""

import asyncio
import hashlib
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

import psutil

from bench import stored
from bench.console import Console, watching
from bench.figures import milliseconds, rate
from bench.fleet import LOGIN, Fleet, buttons, talkers, topic
from bench.machine import machine, versions
from bench.place import Place, furnished
from bench.processes import Died, answer, ours, tail
from simulators import tokens
from simulators.messages import Message, say
from simulators.wire import Endpoint
from store.connect import Connection, connect
from store.devices import set_tokens

_SECRET = b"bench"
_CALM_S, _AFTER_S = 10.0, 10.0
_SAMPLE_S = 2.0
_DRAINED_S = 1800.0
_BOOT = "bench"
_KEPT = b"""
SELECT code, (SELECT count(*) FROM events WHERE events.device_id = devices.device_id),
    (SELECT count(*) FROM alarms WHERE source = code), (SELECT count(DISTINCT incident_id) FROM alarms WHERE source = code)
FROM devices WHERE code = ANY(%s)
"""


@dataclass(frozen=True, slots=True)
class Parameters:
    """`rate` readings and `presses_per_second` presses a second, the database stopped for `minutes` of it."""

    minutes: float = 10.0
    rate: float = 600.0
    presses_per_second: float = 1.0
    devices: int = 5_000
    areas: int = 4
    buttons: int = 2_500


@dataclass(slots=True)
class Pressed:
    """When each button was pressed and when the broker had it, on the monotonic clock."""

    at: dict[str, float] = field(default_factory=dict)
    had: dict[str, float] = field(default_factory=dict)


async def run(parameters: Parameters) -> dict[str, Any]:
    """The benchmark's JSON object."""
    before = machine()
    async with furnished(Fleet(parameters.devices, parameters.areas, parameters.buttons)) as place:
        figures = await _played(place, parameters)
    return {"benchmark": "outage", "versions": versions(), "machine": before, "parameters": asdict(parameters), "figures": figures}


async def _played(place: Place, parameters: Parameters) -> dict[str, Any]:
    await place.sessions(place.lanes())
    known = [*talkers(place.fleet), *buttons(place.fleet)]
    secrets = {one.code: hashlib.sha256(tokens.token(_SECRET, one.code).encode()).digest() for one in known}
    await set_tokens(place.owner, secrets)
    async with _running(place) as console:
        memory = _Memory()
        looking = asyncio.create_task(memory.watch())
        async with (
            _pressing(place, parameters, console) as pressed,
            place.publishing(place.order(0, parameters.rate, 0)) as background,
        ):
            await asyncio.sleep(_CALM_S)
            phases = await _stopped_and_back(place, parameters, background)
        looking.cancel()
        figures = await _counted(place, phases) | await _kept_presses(place, pressed)
    return figures | _presses(pressed, console, phases) | memory.told()


@dataclass(slots=True)
class _Phases:
    """When the database went, was back and had caught up, on the monotonic clock; what the publisher said."""

    gone: float
    back: float = 0.0
    drained: float = 0.0
    sent: int = 0


async def _stopped_and_back(place: Place, parameters: Parameters, background: Process) -> _Phases:
    await place.database.stop()
    phases = _Phases(time.monotonic())
    await asyncio.sleep(parameters.minutes * 60)
    await place.database.start()
    phases.back = time.monotonic()
    async with _asking(place) as conn, asyncio.timeout(_DRAINED_S):
        while background.returncode is None and await _behind_s(conn) > 1.0:  # noqa: ASYNC110 - asks another process
            await asyncio.sleep(0.5)
    if background.returncode is not None:
        raise Died(background.returncode, tail(place.folder / "nats.log"))
    phases.drained = time.monotonic()
    await asyncio.sleep(_AFTER_S)
    background.terminate()
    phases.sent = int((await answer(background))["acknowledged"])
    return phases


async def _behind_s(conn: Connection) -> float:
    """How old the newest stored reading is: a worker that has caught up stores what was said this second."""
    row = await (await conn.execute("SELECT extract(epoch FROM clock_timestamp() - max(at))::float8 FROM readings")).fetchone()
    return float(row[0]) if row and row[0] is not None else float("inf")


async def _counted(place: Place, phases: _Phases) -> dict[str, Any]:
    async with _asking(place) as conn:
        await stored.until_stored(conn, 0, phases.sent)
        found = await stored.summary(conn, 0, phases.sent)
    drained_s = phases.drained - phases.back
    waited = int((phases.drained - phases.gone) * phases.sent / (phases.drained - phases.gone + _CALM_S + _AFTER_S))
    return {
        "messages": phases.sent,
        "lost": phases.sent - found.distinct,
        "duplicates": found.rows - found.distinct,
        "outage_s": round(phases.back - phases.gone, 1),
        "drained_s": round(drained_s, 1),
        "drained_per_second": rate(waited, drained_s),
    }


def _presses(pressed: Pressed, console: Console, phases: _Phases) -> dict[str, Any]:
    """How long presses took: to the broker, to the console in any form while the database was away, stored to the console after."""
    first = {code: min(console.seen.get(code, at), console.marked.get(code, at)) for code, at in
             ((code, float("inf")) for code in pressed.at)}  # fmt: skip
    away = [code for code, at in pressed.at.items() if phases.gone <= at < phases.back]
    draining = [code for code, at in pressed.at.items() if phases.back <= at < phases.drained]
    ways = {code: first[code] - at for code, at in pressed.at.items() if first[code] != float("inf")}
    return {
        "presses": len(pressed.at),
        "missed": len(pressed.at) - len(ways),
        **milliseconds([had - pressed.at[code] for code, had in pressed.had.items()], "connect_and_puback_"),
        "away_presses": len(away),
        "away_marked_not_yet_stored": sum(code in console.marked for code in away),
        **milliseconds([ways[code] for code in away if code in ways], "away_"),
        "draining_presses": len(draining),
        **milliseconds([ways[code] for code in draining if code in ways], "draining_"),
        "last_stored_after_s": round(
            max((console.seen.get(code, float("inf")) for code in away), default=phases.back) - phases.back, 1
        ),
    }


async def _kept_presses(place: Place, pressed: Pressed) -> dict[str, Any]:
    """Presses that are not stored, and those that have more than one event, alarm or incident."""
    async with _asking(place) as conn:
        rows = await (await conn.execute(_KEPT, (list(pressed.at),))).fetchall()
    return {
        "presses_lost": sum(1 for _, *counts in rows if min(counts) < 1),
        "presses_twice": sum(1 for _, *counts in rows if max(counts) > 1),
    }


class _Memory:
    """Resident bytes of our own parts: at the start and the most since."""

    def __init__(self) -> None:
        self._first: dict[str, int] = {}
        self._most: dict[str, int] = {}

    async def watch(self) -> None:
        """Look every other second, for ever."""
        while True:
            for name, pid in ours().items():
                size = int(psutil.Process(pid).memory_info().rss)
                self._first.setdefault(name, size)
                self._most[name] = max(size, self._most.get(name, 0))
            await asyncio.sleep(_SAMPLE_S)

    def told(self) -> dict[str, Any]:
        """In MB, as the results show it."""
        return {
            f"{name}_rss_mb": [round(self._first[name] / 2**20, 1), round(most / 2**20, 1)] for name, most in self._most.items()
        }


@asynccontextmanager
async def _running(place: Place) -> AsyncIterator[Console]:
    async with (
        place.ingest("telemetry"),
        place.ingest("events"),
        place.part("callout", "--name", "callout"),
        place.api() as url,
        watching(url, LOGIN, place.password) as console,
    ):
        yield console


@asynccontextmanager
async def _pressing(place: Place, parameters: Parameters, console: Console) -> AsyncIterator[Pressed]:
    """Buttons pressed one after the other until the block ends; then waits until the broker has all of them."""
    pressed, tasks, over = Pressed(), set[asyncio.Task[None]](), asyncio.Event()
    where = Endpoint(place.broker.endpoint.host, place.broker.endpoint.mqtt_port)

    async def press(code: str, address: str) -> None:
        now = time.time_ns() // 1_000_000
        message = Message(address, {"t": now, "b": _BOOT, "n": 1, "e": "sos", "v": {"battery": 80}})
        pressed.at[code] = time.monotonic()
        await say(where, code, tokens.token(_SECRET, code), message)
        pressed.had[code] = time.monotonic()

    async def go_on() -> None:
        for one in buttons(place.fleet):
            tasks.add(asyncio.create_task(press(one.code, topic(one, "event"))))
            await asyncio.sleep(1 / parameters.presses_per_second)
            if over.is_set():
                return

    pressing = asyncio.create_task(go_on())
    try:
        yield pressed
    finally:
        over.set()
        await pressing
        await asyncio.gather(*tasks)
        await console.until_seen(set(pressed.at))


@asynccontextmanager
async def _asking(place: Place) -> AsyncIterator[Connection]:
    """A new connection: the owner's was lost with the database."""
    async with await connect(place.database.dsn("vigil_owner"), autocommit=True, application="vigil-bench") as conn:
        yield conn
