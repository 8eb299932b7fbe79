"""The probe's console on a running api: its key, what it is shown, and what everybody else is not."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import ConnectionClosed

from api.app import ApiSettings
from care.district import District
from store import devices, messages

pytestmark = pytest.mark.integration

KEY = "a-key-of-this-test"
OFTEN_S = 0.1
Start = Callable[[ApiSettings], Awaitable[Any]]


@pytest.fixture
async def api(settings: ApiSettings, start_api: Start, field_of: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An api with a key, over a town with a probe."""
    await devices.enrol(field_of.conn, "probe-tst", "probe", "inst-1", "", "", "", None, datetime.now(UTC))
    await field_of.conn.commit()
    monkeypatch.setattr("api.assembly._KEEP_EVERY_S", OFTEN_S)
    return await start_api(replace(settings, probe_key=KEY))


def watching(api: Any, key: str) -> Any:
    return open_socket(f"ws://127.0.0.1:{api.port}/api/live", additional_headers={"Authorization": f"Bearer {key}"})


async def heard(socket: Any, kind: str) -> dict[str, Any]:
    async with asyncio.timeout(5):
        while True:
            message: dict[str, Any] = json.loads(await socket.recv())
            if message["type"] == kind:
                return message


async def test_its_press_comes_out_at_its_console_and_at_no_other(api: Any, field_of: Any) -> None:
    console, admin = await api.console("duty"), await api.login("admin")
    async with watching(api, KEY) as socket:
        assert (await heard(socket, "snapshot"))["incidents"] == []
        await field_of.press("sos-1")
        incident = await field_of.press("probe-tst", "probe", drill=True)
        card = (await heard(socket, "incident"))["incident"]
        assert (card["id"], card["kind"], card["device"], card["rings"], card["allowed"]) == (
            str(incident),
            "probe",
            "probe-tst",
            1,
            [],
        )
        await field_of.press("probe-tst", "probe", drill=True)
        assert (await heard(socket, "incident"))["incident"]["rings"] == 2
        await console.until(lambda c: len(c.incidents) == 1)
    assert [one["kind"] for one in console.incidents.values()] == ["sos"]
    for path in (f"/api/incidents/{incident}", f"/api/incidents/{incident}/candidates"):
        assert (await admin.get(path)).status_code == 404
    assert (await admin.post(f"/api/incidents/{incident}/acknowledge", json={})).status_code == 404
    for path in ("/api/incidents", "/api/incidents?since=2020-01-01T00:00:00Z"):
        assert [one["kind"] for one in (await admin.get(path)).json()] == ["sos"]


async def test_it_stamps_nothing(api: Any, field_of: Any) -> None:
    async with watching(api, KEY) as socket:
        await heard(socket, "snapshot")
        incident: UUID = await field_of.press("probe-tst", "probe", drill=True)
        card = (await heard(socket, "incident"))["incident"]
        await socket.send(json.dumps({"type": "shown", "incidents": [{"id": card["id"], "version": card["version"]}]}))
        await socket.send(json.dumps({"type": "ping", "number": 7}))
        assert (await heard(socket, "pong"))["number"] == 7
    await asyncio.sleep(0.2)
    row = await (await field_of.conn.execute("SELECT shown_at FROM incidents WHERE incident_id = %s", [incident])).fetchone()
    assert row == (None,)


@pytest.mark.parametrize("key", ["", "wrong", KEY + "x"])
async def test_a_wrong_key_is_no_session(api: Any, key: str) -> None:
    async with watching(api, key) as socket:
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4401


async def test_the_key_opens_no_route(api: Any) -> None:
    browser = await api.browser()
    for path in ("/api/me", "/api/incidents", "/api/devices", "/api/district"):
        assert (await browser.get(path, headers={"Authorization": f"Bearer {KEY}"})).status_code == 401


async def test_it_stays_while_sessions_are_looked_through(api: Any) -> None:
    """Sessions are compared with the database now and then (here often); the probe's is not there and lives."""
    async with watching(api, KEY) as socket:
        await heard(socket, "snapshot")
        await asyncio.sleep(10 * OFTEN_S)
        await socket.send(json.dumps({"type": "ping", "number": 1}))
        assert (await heard(socket, "pong"))["number"] == 1


async def test_figures_show_its_last_success_and_do_not_count_it(api: Any, field_of: Any, town: District) -> None:
    at = datetime.now(UTC)
    await messages.worker_alive(field_of.conn, "probe-tst", "probe", at, at, {"success_at": at.isoformat(), "ms": 31.5})
    await field_of.conn.commit()
    console = await api.console("duty")
    await console.until(lambda c: c.figures["probe_ms"] == 31.5, seconds=8)
    assert datetime.fromisoformat(console.figures["probe_at"]) == at
    assert console.figures["devices"] == len(town.devices)
