"""With the database or the broker down: presses still reach the console, and what cannot work is said."""

import asyncio
import contextlib
import hashlib
import json
import os
import secrets
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from api.app import ApiSettings
from api.database import WORK_S
from broker.admission import Credential
from broker.callout import CalloutSettings, serve
from broker.server import EmbeddedBroker
from broker.session import Session
from devices.keys import Key, milliseconds
from dispatch.alarm import alarm_id
from dispatch.incident import incident_id
from store import migrate
from store.connect import connect
from store.devices import credentials, register, set_tokens
from store.server import EmbeddedDatabase

pytestmark = pytest.mark.integration
Freeze = Callable[[], AbstractContextManager[None]]


class Town:
    """A broker that lets the town's devices in, and an api that listens to it."""

    def __init__(self, api: Any, broker: EmbeddedBroker, stack: contextlib.AsyncExitStack, token: str) -> None:
        self.api = api
        self.broker = broker
        self._stack = stack
        self._token = token
        self._n = 0
        self._lines: dict[str, Session] = {}

    async def press(self, device: str = "sos-1", kind: str = "sos", again: Key | None = None, **more: Any) -> Key:
        """A device presses; the key of its message."""
        self._n += 1
        key = again or Key(device, "b1", self._n, milliseconds(datetime.now(UTC)))
        body = {"t": key.t, "b": key.b, "n": key.n, "e": kind, "v": {"battery": 71}, **more}
        area, site = ("tst001", f"home-{device[-1]}") if device.startswith("sos-") else ("tst002", "inst-1")
        line = await self.line(device)
        await line.publish(f"care/v1/{area}/{site}/{device}/event", json.dumps(body).encode())
        return key

    async def line(self, device: str) -> Session:
        if device not in self._lines:
            line = Session(
                host="127.0.0.1",
                port=self.broker.endpoint.mqtt_port,
                client_id=device,
                username=device,
                password=self._token,
                filters=(),
                on_message=lambda arrived: None,
            )
            self._lines[device] = await self._stack.enter_async_context(line)
            await line.connected(15)
        return self._lines[device]


@pytest.fixture
async def town_of(
    tmp_path: Path, settings: ApiSettings, field_of: Any, database: Any, start_api: Callable[[ApiSettings], Awaitable[Any]]
) -> AsyncIterator[Town]:
    token = secrets.token_hex(32)
    devices = list(await register(field_of.conn))
    await set_tokens(field_of.conn, dict.fromkeys(devices, hashlib.sha256(token.encode()).digest()))
    await field_of.conn.commit()
    admitted = {
        code: Credential(code, one.token_sha256, one.area, one.site, one.profile)
        for code, one in (await credentials(field_of.conn)).items()
    }
    await field_of.conn.commit()

    async def load() -> Mapping[str, Credential]:
        return admitted

    stop = asyncio.Event()
    async with contextlib.AsyncExitStack() as stack, EmbeddedBroker(tmp_path / "broker") as broker:
        at = broker.endpoint
        judging = CalloutSettings(at.nats_url, at.host, at.mqtt_port, broker.secrets, tmp_path / "snapshot.json")
        judge = asyncio.create_task(serve(judging, load, asyncio.Event(), stop))
        api = await start_api(replace(settings, mqtt_port=at.mqtt_port, mqtt_password=broker.secrets.passwords["api"]))
        try:
            async with stack:
                yield Town(api, broker, stack, token)
        finally:
            stop.set()
            await asyncio.wait({judge}, timeout=5)


def first_incident(key: Key, kind: str = "sos") -> UUID:
    return incident_id(alarm_id(key.device, kind, str(key)))


async def test_a_press_that_nobody_stores_is_shown_after_a_second_until_it_is(town_of: Town, field_of: Any) -> None:
    console = await town_of.api.console("duty-1")
    stranger, regulator = await town_of.api.console("duty-inst"), await town_of.api.console("regulator")
    await console.until(lambda c: c.health["broker"])
    began = time.monotonic()
    key = await town_of.press()
    await console.until(lambda c: c.presses, 8)
    assert time.monotonic() - began > 0.8, "the database has a second"
    [press] = console.presses.values()
    assert press["incident"] == str(first_incident(key))
    assert (press["kind"], press["priority"], press["device"], press["drill"]) == ("sos", 1, "sos-1", False)
    assert (press["site"]["code"], press["senior"]["name"]) == ("home-1", "李**")
    await regulator.until(lambda c: c.presses)
    assert "2门301" not in json.dumps(regulator.presses, ensure_ascii=False)
    assert stranger.presses == {}
    late = await town_of.api.console("duty-1")
    assert list(late.presses) == [press["incident"]], "a snapshot has it too"

    assert await field_of.stored(key, "sos") == first_incident(key)
    for one in (console, late, regulator):
        await one.until(lambda c: not c.presses and press["incident"] in c.incidents)
    assert stranger.incidents == {}


async def test_a_press_that_is_stored_in_time_is_never_shown_as_lost(town_of: Town, field_of: Any) -> None:
    console = await town_of.api.console("duty-1")
    await console.until(lambda c: c.health["broker"])
    key = await town_of.press()
    await field_of.stored(key, "sos")
    await asyncio.sleep(1.8)
    assert "press" not in console.kinds
    await town_of.press(again=key)
    await asyncio.sleep(1.8)
    assert "press" not in console.kinds, "resent by its device, stored long ago"


async def test_a_press_of_someone_with_an_open_incident_belongs_to_it(town_of: Town, field_of: Any) -> None:
    incident = await field_of.press("wear-1", "fall")
    console, duty = await town_of.api.console("duty-1"), await town_of.api.login("duty-1")
    await console.until(lambda c: c.health["broker"])
    key = await town_of.press("sos-1")
    await console.until(lambda c: c.presses, 8)
    assert list(console.presses) == [str(incident)]
    await duty.post(f"/api/incidents/{incident}/notes", json={"note": "another matter"})
    await console.until(lambda c: c.incidents[str(incident)]["version"] >= 2)
    await console.until(lambda c: c.presses)
    assert await field_of.stored(key, "sos") == incident
    await console.until(lambda c: not c.presses)
    assert set(console.incidents[str(incident)]["kinds"]) == {"fall", "sos"}


async def test_a_drill_is_marked_and_nonsense_is_not_shown(town_of: Town) -> None:
    console = await town_of.api.console("duty")
    await console.until(lambda c: c.health["broker"])
    await town_of.press("sos-2", kind="levitation")
    await town_of.press("sos-2", kind="test")
    await town_of.press("sos-1", drill=True)
    await console.until(lambda c: c.presses, 8)
    await asyncio.sleep(0.5)
    assert [(one["device"], one["drill"]) for one in console.presses.values()] == [("sos-1", True)]


async def test_the_database_frozen(town_of: Town, field_of: Any, frozen: Freeze) -> None:
    browser = await town_of.api.login("duty-1")
    console = await town_of.api.console(browser)
    await console.until(lambda c: c.health["broker"])
    await town_of.line("sos-1")
    with frozen():
        pressed = time.monotonic()
        key = await town_of.press()
        await console.until(lambda c: c.presses, 8)
        assert time.monotonic() - pressed < WORK_S, "shown, marked not stored, and no question to the database waited for"
        await console.until(lambda c: not c.health["database"], 8)
        assert (await browser.get("/api/me")).status_code == 200, "whoever is logged in stays so"
        newcomer = await town_of.api.console(browser)
        assert list(newcomer.presses) == [str(first_incident(key))]
        answer = await browser.post("/api/login", json={"login": "duty", "password": "x"})
        assert (answer.status_code, answer.json()["error"]) == (503, "store_unavailable")
        await console.until(lambda c: c.figures["online"] is None, 8)
    await console.until(lambda c: c.health["database"], 8)
    assert list(console.presses) == [str(first_incident(key))], "still not stored"
    await field_of.stored(key, "sos")
    await console.until(lambda c: not c.presses and str(first_incident(key)) in c.incidents, 8)
    assert console.gaps == newcomer.gaps == 0


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
async def test_the_broker_gone_is_said_and_since_when(town_of: Town, how: signal.Signals) -> None:
    console = await town_of.api.console("duty-1")
    await console.until(lambda c: c.health["broker"])
    process = town_of.broker.process
    assert process is not None
    gone = datetime.now(UTC)
    os.kill(process.pid, how)
    try:
        await console.until(lambda c: not c.health["broker"], 10)  # a line of the usual keepalive hears nothing for 15 s
        assert gone <= datetime.fromisoformat(console.health["broker_since"]) <= datetime.now(UTC)
        assert console.health["database"]
    finally:
        if how is signal.SIGSTOP:
            os.kill(process.pid, signal.SIGCONT)
    if how is signal.SIGSTOP:
        await console.until(lambda c: c.health["broker"], 10)


async def test_an_api_that_starts_without_database_waits_for_it(
    settings: ApiSettings, start_api: Callable[[ApiSettings], Awaitable[Any]], frozen: Freeze, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.assembly._FIRST_REACH_S", 0.5)
    with frozen():
        api = await start_api(settings)
        browser = await api.browser()
        assert (await browser.get("/api/health")).json()["database"] is False
        assert (await browser.get("/api/me")).status_code == 401
    assert await until_up(browser)
    assert (await api.login("duty-1")).cookies


async def until_up(browser: Any) -> bool:
    began = time.monotonic()
    while time.monotonic() - began < 8:
        if (await browser.get("/api/health")).json()["database"]:
            return True
        await asyncio.sleep(0.05)
    return False


async def test_the_database_stopped_and_started_again(
    tmp_path_factory: pytest.TempPathFactory,
    start_api: Callable[[ApiSettings], Awaitable[Any]],
    make_field: Callable[..., Any],
) -> None:
    async with EmbeddedDatabase(tmp_path_factory.mktemp("own")) as server:
        async with await connect(server.dsn("vigil_owner")) as conn:
            await migrate.apply(conn)
            incident = await (await make_field(conn)).press("sos-1")
        api = await start_api(ApiSettings(dsn=server.dsn("vigil_api"), mqtt_port=1, mqtt_password="none"))
        browser = await api.login("duty-1")
        console = await api.console(browser)
        await console.until(lambda c: str(incident) in c.incidents)

        await server.stop()
        assert await console.until(lambda c: not c.health["database"], 6) < 4
        assert (await browser.get("/api/me")).status_code == 200
        assert [card["id"] for card in (await browser.get("/api/incidents")).json()] == [str(incident)], "the board as last known"
        answer = await browser.post(f"/api/incidents/{incident}/acknowledge", json={})
        assert (answer.status_code, answer.json()["error"]) == (503, "store_unavailable")
        assert (await browser.get("/api/district")).status_code == 200, "the register is in memory"

        await server.start()
        await console.until(lambda c: c.health["database"], 8)
        answer = await browser.post(f"/api/incidents/{incident}/acknowledge", json={})
        assert answer.json()["card"]["state"] == "acknowledged"
        await console.until(lambda c: c.incidents[str(incident)]["state"] == "acknowledged", 8)
        assert console.gaps == 0
