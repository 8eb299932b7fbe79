"""GET /api/system and /metrics on a running api: who may look, what stands in it, and what remains without the database."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from store import messages
from store.connect import Connection

pytestmark = pytest.mark.integration


async def reported(conn: Connection, name: str, lane: str, **stats: Any) -> None:
    await messages.worker_alive(conn, name, lane, datetime.now(UTC), datetime.now(UTC), stats)
    await conn.commit()


async def test_duty_and_admin_see_the_parts(api: Any, field_of: Any) -> None:
    await reported(field_of.conn, "events-1", "events", messages_per_s=4.0, messages=12)
    await reported(field_of.conn, "callout-a", "callout", granted=5, refused={"wrong_token": 2})
    for login in ("duty", "admin"):
        found = (await (await api.login(login)).get("/api/system")).json()
        assert [(part["name"], part["state"]) for part in found["parts"]] == [("callout-a", "working"), ("events-1", "working")]
        assert found["lanes"][0]["messages_per_s"] == 4.0
        assert found["callouts"][0]["refused"] == {"wrong_token": 2}
        assert found["health"]["database"] is True
        assert found["probe"] is None


@pytest.mark.parametrize("login", ["regulator", "resp-1"])
async def test_others_do_not(api: Any, login: str) -> None:
    assert (await (await api.login(login)).get("/api/system")).status_code == 403
    assert (await (await api.browser()).get("/api/system")).status_code == 401


async def test_a_frozen_database_leaves_what_the_api_knows_itself(api: Any, frozen: Any) -> None:
    admin = await api.login("admin")
    with frozen():
        async with asyncio.timeout(8):
            while (await admin.get("/api/health")).json()["database"]:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        found = await admin.get("/api/system")
    assert found.status_code == 200
    assert (found.json()["parts"], found.json()["health"]["database"]) == (None, False)


async def test_metrics_count_requests_and_measure_the_live_path(api: Any, field_of: Any) -> None:
    console = await api.console("duty")
    incident = str(await field_of.press("sos-1"))
    await console.until(lambda c: incident in c.incidents)
    await console.say({"type": "shown", "incidents": [{"id": incident, "version": 1}]})
    browser = await api.browser()
    async with asyncio.timeout(5):
        while "vigil_api_shown_seconds_count 1.0" not in (text := (await browser.get("/metrics")).text):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    lines = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert float(lines['vigil_api_requests_total{method="POST",status="2xx"}']) >= 1
    assert float(lines["vigil_api_consoles"]) == 1
    assert float(lines["vigil_api_live_seconds_count"]) >= 1
    assert float(lines["vigil_api_live_seconds_sum"]) < 2
    assert float(lines["vigil_api_shown_seconds_sum"]) < 5


async def test_desks_know_their_colleagues_by_name_and_a_regulator_nobody(api: Any, field_of: Any) -> None:
    for login in ("duty", "admin"):
        told = (await (await api.login(login)).get("/api/district")).json()["colleagues"]
        assert told["admin"] == "管理员"
        assert {"duty", "resp-1"} <= told.keys()
    assert (await (await api.login("regulator")).get("/api/district")).json()["colleagues"] == {}
