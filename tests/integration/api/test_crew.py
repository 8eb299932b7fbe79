"""The demo's played responders against a real api: they answer, go, and finish; whom they do not play they leave alone."""

import asyncio
import contextlib
from typing import Any

import pytest

from simulators.crew import Crew, Login
from store.connect import Connection
from tests.integration.api.conftest import PASSWORD

pytestmark = pytest.mark.integration

SPEED = 600.0
SESSIONS = "SELECT login FROM sessions JOIN accounts USING (account_id) ORDER BY login"


async def test_an_errand_is_played_to_its_end(api: Any, field_of: Any) -> None:
    duty, console = await api.login("duty"), await api.console("duty")
    first, second = await field_of.press("sos-1"), await field_of.press("sos-2")
    stop = asyncio.Event()
    crew = Crew(str(duty.base_url), Login("duty", PASSWORD), {"r-1": Login("resp-1", PASSWORD)}, SPEED, seed=1)
    playing = asyncio.create_task(crew.live(stop))
    try:
        for incident, responder in ((first, "r-1"), (second, "r-3")):
            await console.until(lambda c, wanted=str(incident): wanted in c.incidents)
            await duty.post(f"/api/incidents/{incident}/acknowledge", json={"version": 1})
            (await duty.post(f"/api/incidents/{incident}/dispatches", json={"responder": responder})).raise_for_status()
        await console.until(lambda c: c.incidents[str(first)]["stamps"]["entered"], 30)
        await console.until(lambda c: c.responders["r-1"]["position_at"] is not None, 30)
        async with asyncio.timeout(30):
            while states(await duty.get(f"/api/incidents/{first}")) != ["done"]:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        at = console.responders["r-1"]
        site = console.incidents[str(first)]["site"]
        assert (at["lon"], at["lat"]) == pytest.approx((site["lon"], site["lat"]), abs=1e-6)
        assert states(await duty.get(f"/api/incidents/{second}")) == ["offered"], "r-3 is for a person to play"
    finally:
        stop.set()
        await asyncio.wait_for(playing, 10)


async def test_a_recalled_errand_leaves_no_session(api: Any, field_of: Any) -> None:
    duty = await api.login("duty")
    incident, stop = await field_of.press("sos-1"), asyncio.Event()
    crew = Crew(str(duty.base_url), Login("duty", PASSWORD), {"r-1": Login("resp-1", PASSWORD)}, 1.0, seed=1)
    playing = asyncio.create_task(crew.live(stop))
    await duty.post(f"/api/incidents/{incident}/acknowledge", json={"version": 1})
    sent = (await duty.post(f"/api/incidents/{incident}/dispatches", json={"responder": "r-1"})).raise_for_status().json()
    await until(field_of.conn, [("duty",), ("duty",), ("resp-1",)])  # ours, the crew's ear, and his phone
    (await duty.post(f"/api/dispatches/{sent['dispatch_list'][0]['id']}/recall")).raise_for_status()
    await until(field_of.conn, [("duty",), ("duty",)])
    stop.set()
    await asyncio.wait_for(playing, 10)
    await until(field_of.conn, [("duty",)])


async def test_a_refused_listener_does_not_ask_for_ever(api: Any, field_of: Any, caplog: pytest.LogCaptureFixture) -> None:
    duty = await api.login("duty")
    stop = asyncio.Event()
    playing = asyncio.create_task(Crew(str(duty.base_url), Login("duty", "wrong"), {}, SPEED, seed=1).live(stop))
    async with asyncio.timeout(20):
        while "may not listen" not in caplog.text:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    await asyncio.sleep(2.5)
    assert caplog.text.count("may not listen") == 1
    assert not playing.done()
    stop.set()
    await asyncio.wait_for(playing, 10)


async def until(conn: Connection, logins: list[tuple[str]]) -> None:
    """Wait until these accounts, and no others, have sessions."""
    found: list[Any] = []
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(20):
            while found != logins:
                found = await (await conn.execute(SESSIONS)).fetchall()
                await conn.rollback()
                await asyncio.sleep(0.05)
    assert found == logins


def states(answer: Any) -> list[str]:
    return [one["state"] for one in answer.json()["dispatch_list"]]
