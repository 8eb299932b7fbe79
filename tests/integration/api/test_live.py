"""The websocket against a real database: snapshot then deltas without a gap, scopes, slow consoles, lost notices."""

import asyncio
import json
import random
import socket
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import InvalidStatus

from dispatch.incident import IncidentEvent
from store import incidents
from store.connect import connect

pytestmark = pytest.mark.integration


async def truth(field_of: Any) -> dict[str, tuple[int, str]]:
    rows = await incidents.board(field_of.conn, None)
    await field_of.conn.rollback()
    return {str(row.id): (row.version, row.state) for row in rows}


def held(console: Any) -> dict[str, tuple[int, str]]:
    return {key: (card["version"], card["state"]) for key, card in console.incidents.items()}


async def test_hello_snapshot_delta(api: Any, field_of: Any) -> None:
    before = await field_of.press("sos-1")
    console = await api.console("duty-1")
    await console.until(lambda c: str(before) in c.incidents)
    assert console.kinds[0] == "hello"
    pressed = time.monotonic()
    after = await field_of.press("sos-2")
    await console.until(lambda c: str(after) in c.incidents)
    assert time.monotonic() - pressed < 1
    card = console.incidents[str(after)]
    assert (card["site"]["code"], card["senior"]["name"], card["kind"]) == ("home-2", "王**", "sos")
    assert console.gaps == 0


async def test_everyone_sees_only_what_is_theirs(api: Any, field_of: Any) -> None:
    consoles = {who: await api.console(who) for who in ("duty", "duty-1", "duty-inst", "regulator", "resp-1", "admin")}
    at_home, inside = await field_of.press("sos-1"), await field_of.press("bed-9", "fall")
    await consoles["duty"].until(lambda c: len(c.incidents) == 2)
    await consoles["duty-inst"].until(lambda c: c.incidents)
    await consoles["regulator"].until(lambda c: len(c.incidents) == 2)
    await asyncio.sleep(0.2)
    assert set(consoles["duty-1"].incidents) == {str(at_home)}
    assert set(consoles["duty-inst"].incidents) == {str(inside)}
    assert consoles["resp-1"].incidents == {}
    assert set(consoles["admin"].incidents) == {str(at_home), str(inside)}
    masked = consoles["regulator"].incidents[str(at_home)]
    assert masked["allowed"] == []
    assert "2门301" not in json.dumps(masked, ensure_ascii=False)
    assert "2门301" in json.dumps(consoles["duty"].incidents[str(at_home)], ensure_ascii=False)
    assert set(consoles["duty-1"].responders) == {"r-1", "r-2"}
    assert set(consoles["resp-1"].responders) == {"r-1"}


async def test_a_responder_sees_an_incident_while_it_is_his(api: Any, field_of: Any) -> None:
    console, duty = await api.console("resp-1"), await api.login("duty-1")
    incident = await field_of.press("sos-1")
    await duty.post(f"/api/incidents/{incident}/acknowledge", json={})
    assert console.incidents == {}
    sent = (await duty.post(f"/api/incidents/{incident}/dispatches", json={})).json()
    await console.until(lambda c: str(incident) in c.incidents)
    assert console.incidents[str(incident)]["dispatches"][0]["allowed"] == ["accept", "decline"]
    await duty.post(f"/api/dispatches/{sent['dispatch_list'][0]['id']}/recall")
    await console.until(lambda c: c.incidents[str(incident)]["dispatches"][0]["state"] == "recalled")
    version = console.incidents[str(incident)]["version"]
    await duty.post(f"/api/incidents/{incident}/notes", json={"note": "no longer his"})
    await asyncio.sleep(0.3)
    assert console.incidents[str(incident)]["version"] == version


async def test_shown_is_stamped_once_and_only_by_a_desk(api: Any, field_of: Any) -> None:
    incident = await field_of.press("sos-1")
    regulator, stranger, desk = [await api.console(who) for who in ("regulator", "duty-inst", "duty-1")]
    await desk.until(lambda c: str(incident) in c.incidents)
    shown = {"type": "shown", "incidents": [{"id": str(incident), "version": 1}]}
    for console in (regulator, stranger):
        await console.say(shown)
    await asyncio.sleep(0.3)
    assert desk.incidents[str(incident)]["stamps"]["shown"] is None
    for _ in range(5):
        await desk.say(shown)
    await desk.until(lambda c: c.incidents[str(incident)]["stamps"]["shown"])
    await asyncio.sleep(0.2)
    detail = (await (await api.login("duty-1")).get(f"/api/incidents/{incident}")).json()
    assert [line["kind"] for line in detail["trail"]].count("shown") == 1


async def test_ping_is_answered(api: Any) -> None:
    console = await api.console("duty-1")
    await console.say({"type": "ping", "number": 7})
    await console.until(lambda c: c.pongs == [7])


@pytest.mark.parametrize("text", ["", "{", "[]", '{"type":"acknowledge"}', '{"type":"ping","number":"x"}', '{"type":"ping"}'])
async def test_nonsense_ends_it(api: Any, text: str) -> None:
    console = await api.console("duty-1")
    await console.socket.send(text)
    await console.until(lambda c: c.closed == 4400)


async def test_a_page_of_another_site_cannot_open_it(api: Any) -> None:
    duty = await api.login("duty-1")
    cookie = {"Cookie": f"vigil_session={duty.cookies['vigil_session']}"}
    with pytest.raises(InvalidStatus) as refused:
        await open_socket(f"ws://127.0.0.1:{api.port}/api/live", additional_headers=cookie, origin="http://evil")  # type: ignore[arg-type]
    assert refused.value.response.status_code == 403


async def test_without_a_session_the_code_says_so(api: Any) -> None:
    async with open_socket(f"ws://127.0.0.1:{api.port}/api/live") as stranger:
        await asyncio.wait_for(stranger.wait_closed(), 3)
        assert stranger.close_code == 4401


async def test_transitions_while_consoles_come_and_stay(api: Any, field_of: Any, database: Any) -> None:
    """The hammer: 120 transitions by four hands while 12 consoles connect. Each ends where the database is, without a gap."""
    seeds = [await field_of.press(device, kind) for device, kind in (("sos-1", "sos"), ("sos-2", "sos"), ("bed-9", "fall"))]
    duty = await api.login("duty")
    done = asyncio.Event()

    async def hand(number: int) -> None:
        chance = random.Random(number)
        async with await connect(database.dsn("vigil_owner"), application="test-hand") as conn:
            actor = incidents.Actor("duty", None, "duty", "tst")
            for _ in range(30):
                await incidents.add_note(conn, chance.choice(seeds), "n", actor, datetime.now(UTC))
                await conn.commit()
                await asyncio.sleep(chance.random() * 0.02)

    async def arrivals() -> list[Any]:
        found: list[Any] = []
        while not done.is_set() or len(found) < 4:
            found.append(await api.console(duty))
            await asyncio.sleep(0.05)
        return found

    coming = asyncio.create_task(arrivals())
    await asyncio.gather(*(hand(number) for number in range(4)))
    done.set()
    consoles = await coming
    expected = await truth(field_of)
    assert sum(version for version, _ in expected.values()) >= 120
    for console in consoles:
        await console.until(lambda c: held(c) == expected)
        assert (console.gaps, console.snapshots) == (0, 1)


async def test_a_storm_of_notices_is_read_together(api: Any, field_of: Any) -> None:
    incident = await field_of.press("sos-1")
    console = await api.console("duty-1")
    actor = incidents.Actor("duty", None, "duty", "tst")
    heard = console.kinds.count("incident")
    for _ in range(300):
        await incidents.add_note(field_of.conn, incident, "n", actor, datetime.now(UTC))
    await field_of.conn.commit()
    expected = await truth(field_of)
    await console.until(lambda c: held(c) == expected)
    assert console.kinds.count("incident") - heard <= 3


async def test_what_leaves_the_board_leaves_the_console(api: Any, field_of: Any) -> None:
    console, duty = await api.console("duty-1"), await api.login("duty-1")
    incident = await field_of.press("wear-1", "fall")
    await console.until(lambda c: str(incident) in c.incidents)
    answer = await duty.post(f"/api/incidents/{incident}/acknowledge", json={})
    assert answer.json()["card"]["allowed"] == ["dispatch", "resolve", "cancel"]
    await incidents.act(
        field_of.conn, incident, IncidentEvent.CANCEL, incidents.Actor("duty", None, "duty", "tst"), datetime.now(UTC), cause="test"
    )
    await field_of.conn.commit()
    await console.until(lambda c: str(incident) not in c.incidents)
    assert (await truth(field_of)) == {}


async def test_lost_notices_end_in_a_snapshot(api: Any, field_of: Any, database: Any) -> None:
    console = await api.console("duty-1")
    async with await connect(database.dsn("postgres"), autocommit=True) as superuser:
        await superuser.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'vigil-listen' AND datname = current_database()"
        )
    incident = await field_of.press("sos-1")
    await console.until(lambda c: str(incident) in c.incidents, 5)
    await console.until(lambda c: c.snapshots >= 2, 5)
    assert console.gaps == 0


async def test_a_notice_that_never_came_is_made_good(api: Any, field_of: Any) -> None:
    incident = await field_of.press("sos-1")
    console = await api.console("duty-1")
    await console.until(lambda c: str(incident) in c.incidents)
    await field_of.conn.execute("UPDATE incidents SET version = version + 1, level = 2")
    await field_of.conn.commit()
    await console.until(lambda c: c.incidents[str(incident)]["level"] == 2, 8)


async def test_a_console_that_takes_nothing_is_cut_and_others_notice_nothing(
    api: Any, field_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.client.MOST_MESSAGES", 20)
    await field_of.conn.execute("UPDATE seniors SET tags = array_fill('a long card fills buffers sooner'::text, ARRAY[500])")
    incident = await field_of.press("sos-1")
    console, duty = await api.console("duty-1"), await api.login("duty-1")
    slow = socket.create_connection(("127.0.0.1", api.port))
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    try:
        slow.sendall(
            f"GET /api/live HTTP/1.1\r\nHost: 127.0.0.1:{api.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            f"Cookie: vigil_session={duty.cookies['vigil_session']}\r\n\r\n".encode()
        )
        await until_consoles(duty, 2)
        actor = incidents.Actor("duty", None, "duty", "tst")
        began = time.monotonic()
        while await consoles(duty) == 2:
            assert time.monotonic() - began < 30
            for _ in range(50):
                await incidents.add_note(field_of.conn, incident, "n", actor, datetime.now(UTC))
                await field_of.conn.commit()
        expected = await truth(field_of)
        await console.until(lambda c: held(c) == expected)
        assert console.gaps == 0
    finally:
        slow.close()


async def consoles(browser: Any) -> int:
    text = (await browser.get("/metrics")).text
    return int(float(next(line for line in text.splitlines() if line.startswith("vigil_api_consoles ")).split()[1]))


async def until_consoles(browser: Any, count: int) -> None:
    while await consoles(browser) != count:  # noqa: ASYNC110 - another process tells it only when asked
        await asyncio.sleep(0.02)


async def test_a_stopping_api_says_that_it_goes(settings: Any, start_api: Callable[..., Awaitable[Any]]) -> None:
    api = await start_api(settings)
    console = await api.console("duty-1")
    await api.stop()
    await console.until(lambda c: c.closed == 1012)


async def test_figures_of_a_scope(api: Any, field_of: Any) -> None:
    console = await api.console("duty-1")
    incident = await field_of.press("sos-1")
    await (await api.login("duty-1")).post(f"/api/incidents/{incident}/acknowledge", json={})
    await console.until(lambda c: c.figures["answer_n"] == 1, 8)
    assert console.figures["devices"] == 4
    assert (console.figures["online"], console.figures["silent"]) == (0, 0)
    assert console.figures["unprotected"] == 0, "enrolled a moment ago: not yet known is not unprotected"
    assert console.figures["circle_share"] == 0.5, "home-1 is 13 minutes by e-bike from the only one on duty"
    assert console.figures["alarms_10min"] == 1
    assert 0 <= console.figures["answer_p90_s"] < 10
    assert console.figures["ingest_per_s"] is None, "no worker, no rate"
    assert (await (await api.login("duty-1")).get("/api/unprotected")).json() == []
