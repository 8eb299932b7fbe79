"""The district, devices, responders and lists, each within one's scope."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from store import health, messages
from store.devices import register, revoke

pytestmark = pytest.mark.integration


async def test_the_district_is_for_orientation_and_sites_are_ones_own(api: Any) -> None:
    whole = (await (await api.login("duty")).get("/api/district")).json()
    assert (whole["code"], whole["timezone"], whole["demo"], whole["layers"]) == ("tst", "Asia/Shanghai", True, ["water"])
    assert {site["code"] for site in whole["sites"]} == {"home-1", "home-2", "inst-1", "day-1"}
    assert "false_press" in whole["causes"]
    part = (await (await api.login("duty-1")).get("/api/district")).json()
    assert {site["code"] for site in part["sites"]} == {"home-1", "home-2", "day-1"}
    assert len(part["areas"]) == 3
    inside = (await (await api.login("duty-inst")).get("/api/district")).json()
    assert {site["code"] for site in inside["sites"]} == {"inst-1"}


async def test_a_layer_is_geojson(api: Any) -> None:
    duty = await api.login("duty-1")
    answer = await duty.get("/api/layers/water")
    assert answer.json() == {"type": "FeatureCollection", "features": []}
    assert answer.headers["content-type"] == "application/geo+json"
    assert (await duty.get("/api/layers/none")).status_code == 404


async def test_devices_say_what_was_last_heard_and_when(api: Any, field_of: Any) -> None:
    now = datetime.now(UTC)
    known = await register(field_of.conn)
    await health.touch_health(
        field_of.conn,
        [
            health.HealthRow(known["sos-1"].device_id, now, online=True, battery=71.0),
            health.HealthRow(known["smoke-1"].device_id, now - timedelta(hours=1)),
        ],
    )
    await field_of.conn.commit()
    duty = await api.login("duty-1")
    rows = {row["code"]: row for row in (await duty.get("/api/devices")).json()}
    assert set(rows) == {"sos-1", "wear-1", "smoke-1", "sos-2"}
    assert (rows["sos-1"]["online"], rows["sos-1"]["battery"], rows["sos-1"]["silent"]) == (True, 71.0, False)
    assert rows["smoke-1"]["silent"] is True, "a mains device that missed three heartbeats"
    assert (rows["wear-1"]["online"], rows["wear-1"]["seen_at"], rows["wear-1"]["silent"]) == (None, None, False)
    at_home = (await duty.get("/api/devices", params={"site": "home-2"})).json()
    assert [row["code"] for row in at_home] == ["sos-2"]
    assert (await duty.get("/api/devices", params={"site": "inst-1"})).status_code == 404
    assert (await (await api.login("resp-1")).get("/api/devices")).status_code == 403


async def test_who_is_unprotected_follows_what_is_heard_and_revoked(api: Any, field_of: Any) -> None:
    duty, console = await api.login("duty-1"), await api.console("regulator")
    now = datetime.now(UTC)
    known = await register(field_of.conn)
    await health.touch_health(field_of.conn, [health.HealthRow(known[code].device_id, now) for code in ("sos-1", "sos-2")])
    await field_of.conn.commit()
    await health.worker_alive(field_of.conn, "telemetry-1", "telemetry", now - timedelta(days=1), now, {})
    await field_of.conn.commit()
    assert (await duty.get("/api/unprotected")).json() == []
    await revoke(field_of.conn, "sos-2", now)
    await field_of.conn.commit()
    await console.until(lambda c: c.figures["unprotected"] == 1, 12)
    [one] = (await duty.get("/api/unprotected")).json()
    assert (one["senior"]["code"], one["senior"]["name"], one["why"], one["devices"]) == ("s-2", "王**", "revoked", ["sos-2"])
    assert (await (await api.login("duty-inst")).get("/api/unprotected")).json() == []
    regulator = (await (await api.login("regulator")).get("/api/unprotected")).text
    assert "1门101" not in regulator and "王奶奶" not in regulator


async def test_who_is_outside_the_circle_is_found_when_asked(api: Any) -> None:
    everyone = (await (await api.login("duty")).get("/api/responders")).json()
    seen = (await (await api.login("duty-1")).get("/api/circle")).json()
    assert (seen["share"], seen["within_s"], seen["outside_count"]) == (0.5, 600.0, 1)
    assert seen["free"] == sum(one["on_duty"] for one in everyone) >= 2, "whatever the hour: two of them have a day shift"
    [one] = seen["outside"]
    assert (one["senior"]["code"], one["senior"]["name"], one["site"]["code"]) == ("s-1", "李**", "home-1")
    assert seen["doubly"] == 0.0, "with the only one away nobody is reached"
    elsewhere = (await (await api.login("duty-inst")).get("/api/circle")).json()
    assert elsewhere["outside"] == [], "home-1 is not this desk's"
    masked = (await (await api.login("regulator")).get("/api/circle")).text
    assert "1门101" not in masked and "李奶奶" not in masked
    assert (await (await api.login("resp-1")).get("/api/circle")).status_code == 403


async def test_responders_of_ones_scope(api: Any) -> None:
    for login, codes in (("duty", {"r-1", "r-2", "r-3", "r-4"}), ("duty-1", {"r-1", "r-2"}), ("resp-3", {"r-3"})):
        rows = (await (await api.login(login)).get("/api/responders")).json()
        assert {row["code"] for row in rows} == codes, login
        assert all(row["position_at"] is None for row in rows), "a station is no position"


async def test_what_was_rejected_is_for_administrators(api: Any, field_of: Any) -> None:
    row = messages.RejectedRow(
        "events", "care/v1/tst001/home-1/x/event", b"\xff\x00{", "device: not enrolled", "tst001", datetime.now(UTC)
    )
    await messages.reject(field_of.conn, [row, row])
    await field_of.conn.commit()
    [seen] = (await (await api.login("admin")).get("/api/rejected")).json()
    assert (seen["reason"], seen["times"], seen["area"]) == ("device: not enrolled", 2, "tst001")
    for login in ("duty", "regulator", "resp-1"):
        assert (await (await api.login(login)).get("/api/rejected")).status_code == 403


async def test_a_changed_register_is_known_without_a_restart(api: Any, field_of: Any) -> None:
    duty = await api.login("duty")
    await field_of.conn.execute("UPDATE sites SET name_zh = '新名' WHERE code = 'day-1'")
    await field_of.conn.execute("SELECT pg_notify('vigil_register', '')")
    await field_of.conn.commit()
    for _ in range(200):
        sites = {site["code"]: site["name_zh"] for site in (await duty.get("/api/district")).json()["sites"]}
        if sites["day-1"] == "新名":
            return
    pytest.fail("the register in memory is stale")
