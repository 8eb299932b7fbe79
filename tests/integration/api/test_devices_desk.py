"""The register's desk and the devices page over REST: whose it is, what is shown once, what stays written."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from store import administration, devices, health, messages, refusals
from store.refusals import Refused

pytestmark = pytest.mark.integration

NEW = {"code": "sos-new", "profile": "sos_button", "site": "home-1", "senior": "s-1"}


async def test_a_device_from_enrolment_to_revocation(api: Any, field_of: Any) -> None:
    admin = await api.login("admin")
    enrolled = await admin.post("/api/devices", json=NEW)
    assert (enrolled.status_code, enrolled.headers["cache-control"]) == (201, "no-store")
    first = enrolled.json()["token"]
    second = (await admin.post("/api/devices/sos-new/rotate")).json()["token"]
    assert first != second
    held = (await devices.credentials(field_of.conn))["sos-new"]
    await field_of.conn.rollback()
    assert held.token_sha256 == administration.digest(second)
    revoked = (await admin.post("/api/devices/sos-new/revoke")).json()
    assert (await admin.post("/api/devices/sos-new/revoke")).json() == revoked, "twice is once"
    assert (await admin.post("/api/devices/sos-new/rotate")).json()["error"] == "unknown_device"
    log = await admin.get("/api/devices/log", params={"device": "sos-new"})
    assert [(line["actor"], line["action"]) for line in log.json()] == [
        ("admin", act) for act in ("revoked", "rotated", "enrolled")
    ]
    assert first not in log.text
    assert second not in log.text
    assert "sos-new" not in {row["code"] for row in (await admin.get("/api/devices")).json()}
    assert "sos-new" not in await devices.credentials(field_of.conn)


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"code": "sos-1"}, 409, "device_exists"),
        ({"site": "nowhere"}, 422, "unknown_place"),
        ({"senior": "s-3"}, 422, "unknown_place"),
        ({"profile": "toaster"}, 422, "unknown_place"),
        ({"code": "Großes Gerät"}, 422, "invalid"),
        ({"token": "mine"}, 422, "invalid"),
    ],
)
async def test_what_cannot_be_enrolled_is_said(api: Any, changes: dict[str, str], status: int, error: str) -> None:
    admin = await api.login("admin")
    answer = await admin.post("/api/devices", json={**NEW, **changes})
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert (await admin.get("/api/devices/log")).json() == []


async def test_the_desk_is_the_administrators(api: Any) -> None:
    for login in ("duty", "regulator", "resp-1"):
        other = await api.login(login)
        for method, path in (
            ("POST", "/api/devices/sos-1/revoke"),
            ("POST", "/api/devices/sos-1/rotate"),
            ("GET", "/api/devices/log"),
            ("GET", "/api/refusals"),
        ):
            assert (await other.request(method, path)).status_code == 403, (login, path)
        assert (await other.post("/api/devices", json=NEW)).status_code == 403
    assert (await (await api.login("admin")).post("/api/devices/none/revoke")).status_code == 404


async def test_just_started_nobody_is_unprotected_and_nobody_is_fine(api: Any, field_of: Any) -> None:
    now = datetime.now(UTC)
    await health.worker_alive(field_of.conn, "telemetry-1", "telemetry", now, now, {})
    await field_of.conn.execute("UPDATE devices SET enrolled_at = now() - interval '9 days'")
    await field_of.conn.commit()
    duty = await api.login("duty-1")
    seen = (await duty.get("/api/devices/overview")).json()
    assert (seen["devices"], seen["not_yet_known"], seen["fine"], seen["unprotected"]) == (4, 4, 0, [])
    assert seen["unknown_residents"] == 2
    assert (await duty.get("/api/unprotected")).json() == []
    console = await api.console(duty)
    await console.until(lambda c: c.figures.get("unprotected") == 0 and c.figures["silent"] == 0 and c.figures["online"] == 0, 12)


async def test_the_overview_once_there_was_time(api: Any, field_of: Any) -> None:
    now = datetime.now(UTC)
    known = await devices.register(field_of.conn)
    await health.worker_alive(field_of.conn, "telemetry-1", "telemetry", now - timedelta(days=1), now, {})
    await field_of.conn.execute("UPDATE devices SET enrolled_at = now() - interval '9 days'")
    await health.touch_health(
        field_of.conn,
        [
            health.HealthRow(known["sos-1"].device_id, now - timedelta(hours=9), battery=71.0),
            health.HealthRow(known["wear-1"].device_id, now - timedelta(hours=9)),
            health.HealthRow(known["sos-2"].device_id, now, battery=11.0, firmware="1.4"),
        ],
    )
    await field_of.conn.commit()
    duty = await api.login("duty-1")
    seen = (await duty.get("/api/devices/overview")).json()
    assert [(one["senior"]["code"], one["why"], one["phone"]) for one in seen["unprotected"]] == [("s-1", "silent", "13800000001")]
    assert [(one["senior"]["code"], one["why"]) for one in seen["worth_a_look"]] == [("s-2", "battery_low")]
    assert {one["code"]: one["state"] for one in seen["troubled"]} == {
        "smoke-1": "never_seen", "sos-1": "silent", "sos-2": "battery_low", "wear-1": "silent",
    }  # fmt: skip
    assert [(one["site"], one["silent"], one["devices"]) for one in seen["silent"]] == [("home-1", 2, 3)]
    assert {one["code"] for one in seen["sites"]} == {"home-1", "home-2"}
    assert seen["states"] == {"never_seen": 1, "silent": 2, "battery_low": 1}
    [button] = (await duty.get("/api/devices", params={"code": "SOS-2"})).json()
    assert (button["code"], button["firmware"]) == ("sos-2", "1.4")
    versions = (await duty.get("/api/firmware")).json()
    assert {"profile": "sos_button", "version": "1.4", "devices": 1, "confirmed": 1} in [
        {name: row[name] for name in ("profile", "version", "devices", "confirmed")} for row in versions
    ]
    regulator = await api.login("regulator")
    assert "13800000001" not in (await regulator.get("/api/devices/overview")).text
    assert (await (await api.login("resp-1")).get("/api/devices/overview")).status_code == 403


async def test_refusals_are_shown_to_administrators(api: Any, field_of: Any) -> None:
    now = datetime.now(UTC)
    told = [Refused("publish", "sos-1", "care.v1.a.s.sos-2.event", now, 3), Refused("unknown_device", "mallory", "", now)]
    await refusals.count(field_of.conn, told)
    await field_of.conn.commit()
    rows = (await (await api.login("admin")).get("/api/refusals")).json()
    assert {(row["kind"], row["device"], row["times"]) for row in rows} == {("publish", "sos-1", 3), ("unknown_device", "", 1)}


async def test_what_a_device_measured_is_given_as_fine_as_fits(api: Any, field_of: Any) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    known = await devices.register(field_of.conn)
    told = [(known["smoke-1"], [0.5, 20.0 + n, None]) for n in range(3)] + [(known["wear-1"], [70.0, None, None, None, None])]
    rows = [
        messages.ReadingRow(device.device_id, now - timedelta(minutes=9 - n), "", n, now, 1, list(values))
        for n, (device, values) in enumerate(told)
    ]
    await messages.insert_readings(field_of.conn, rows)
    await field_of.conn.commit()
    duty = await api.login("duty-1")
    asked: dict[str, str] = {"metric": "temperature", "hours": "1"}
    found = (await duty.get("/api/devices/smoke-1/series", params=asked)).json()
    assert (found["device"], found["metric"], found["unit"], found["resolution"]) == ("smoke-1", "temperature", "°C", "readings")
    assert [(point["mean"], point["count"]) for point in found["points"]] == [(20.0, 1), (21.0, 1), (22.0, 1)]
    earlier = {**asked, "until": (now - timedelta(minutes=8)).isoformat()}
    assert [point["mean"] for point in (await duty.get("/api/devices/smoke-1/series", params=earlier)).json()["points"]] == [20.0]
    coarse = (await duty.get("/api/devices/smoke-1/series", params={**asked, "hours": "48", "points": "60"})).json()
    assert coarse["resolution"] == "hours"
    for wrong in ({"metric": "co"}, {"hours": "0"}, {"points": "0"}, {"until": "0001-01-01T00:00:00"}, {"hours": "nan"}):
        answer = await duty.get("/api/devices/smoke-1/series", params={**asked, **wrong})
        assert (answer.status_code, answer.json()["error"]) == (422, "invalid"), wrong
    assert (await duty.get("/api/devices/smoke-1/series", params={**asked, "until": "0001-01-01T00:00:00Z"})).json()["points"] == []


async def test_what_is_measured_about_a_person_is_not_for_everybody(api: Any, field_of: Any) -> None:
    pulse, air = {"metric": "heart_rate"}, {"metric": "temperature"}
    duty, regulator, responder = [await api.login(login) for login in ("duty-1", "regulator", "resp-1")]
    assert (await duty.get("/api/devices/wear-1/series", params=pulse)).status_code == 200
    assert (await regulator.get("/api/devices/wear-1/series", params=pulse)).status_code == 403
    assert (await regulator.get("/api/devices/smoke-1/series", params=air)).status_code == 200
    assert (await responder.get("/api/devices/smoke-1/series", params=air)).status_code == 404
    for code in ("nobody", "smoke-9"):  # is not, or is elsewhere
        assert (await duty.get(f"/api/devices/{code}/series", params=air)).status_code == 404


async def test_the_devices_page_says_whose_values_are_doubtful_and_who_called_for_nothing_how_often(
    api: Any, field_of: Any
) -> None:
    duty = await api.login("duty")
    for _ in range(3):
        incident = await field_of.press("smoke-9", "smoke")
        await duty.post(f"/api/incidents/{incident}/acknowledge", json={})
        await duty.post(f"/api/incidents/{incident}/resolve", json={})
        closed = await duty.post(f"/api/incidents/{incident}/close", json={"cause": "cooking_steam"})
        assert closed.status_code == 200, closed.text
    await field_of.press("heat-9", "sensor_fault")
    await field_of.conn.execute("UPDATE alarms SET evidence = '{\"doubtful_temperature\": 1.0}' WHERE kind = 'sensor_fault'")
    await field_of.conn.commit()
    page = (await duty.get("/api/devices/overview")).json()
    [doubtful] = [one for one in page["troubled"] if one["doubtful"]]
    assert (page["doubtful"], doubtful["code"], doubtful["doubtful"]["metrics"]) == (1, "heat-9", ["temperature"])
    [found] = (await duty.get("/api/devices", params={"code": "heat-9"})).json()
    assert found["doubtful"] == doubtful["doubtful"]
    [nuisance] = page["nuisances"]
    assert (nuisance["device"], nuisance["nuisances"], nuisance["real"], nuisance["due"]) == ("smoke-9", 3, 0, True)
    assert nuisance["incident"] is None, "no desk has looked yet"
    assert nuisance["site"] in {site["code"] for site in page["sites"]}
    assert (await (await api.login("duty-1")).get("/api/devices/overview")).json()["nuisances"] == [], "of another place"
