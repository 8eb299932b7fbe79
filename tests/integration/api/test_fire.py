"""A fire over REST: two zones of one building are one incident; whom to bring out, who may read it, who may say that it is done."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from devices.keys import milliseconds
from store.devices import register
from store.messages import ReadingRow, insert_readings

pytestmark = pytest.mark.integration


async def burning(field: Any) -> UUID:
    """Smoke in room 101 of the institution, then heat in its kitchen."""
    await field.conn.execute(
        "UPDATE devices SET zone_id = (SELECT zone_id FROM zones WHERE code = 'inst-1-kitchen') WHERE code = 'heat-9'"
    )
    first = await field.press("smoke-9", "smoke")
    second = await field.press("heat-9", "heat")
    assert first == second
    incident: UUID = first
    return incident


async def test_two_zones_of_a_building_are_one_incident_in_their_order_and_another_building_is_another(
    api: Any, field_of: Any
) -> None:
    incident = await burning(field_of)
    other = await field_of.press("smoke-1", "smoke")
    assert other != incident
    duty = await api.login("duty")
    shown = (await duty.get(f"/api/incidents/{incident}")).json()
    assert [zone["zone"]["code"] for zone in shown["fire"]["zones"]] == ["inst-1-r101", "inst-1-kitchen"]
    assert [zone["kinds"] for zone in shown["fire"]["zones"]] == [["smoke"], ["heat"]]
    assert shown["fire"]["instruction"] == "verify_fire"
    assert {alarm["zone"] for alarm in shown["alarm_list"]} == {"inst-1-r101", "inst-1-kitchen"}
    at_home = (await duty.get(f"/api/incidents/{other}")).json()["fire"]
    assert [(zone["order"], zone["zone"]) for zone in at_home["zones"]] == [(1, None)]
    assert [one["name"] for one in at_home["evacuees"]] == ["李大爷"]
    press = await field_of.press("sos-1")
    assert (await duty.get(f"/api/incidents/{press}")).json()["fire"] is None


async def test_the_curves_of_a_fire_begin_before_it_go_on_until_now_and_say_their_limit_and_their_doubt(
    api: Any, field_of: Any
) -> None:
    now = datetime.now(UTC)
    device = (await register(field_of.conn))["smoke-9"]
    rows = [
        ReadingRow(device.device_id, at, "b", n, at, 1, [float(n % 7), 21.0, -60.0], milliseconds(at))
        for n, at in enumerate(now + timedelta(seconds=second) for second in range(-600, 300))
    ]
    await insert_readings(field_of.conn, [row for row in rows if row.at < now])
    await field_of.press("smoke-9", "sensor_fault")
    incident = await field_of.press("smoke-9", "smoke", at=now - timedelta(minutes=3))
    await field_of.conn.execute(
        'UPDATE alarms SET evidence = \'{"doubtful_smoke_obscuration": 1.0}\', reasons = \'[{"rule": "fault_stuck"}]\' '
        "WHERE kind = 'sensor_fault'"
    )
    await field_of.conn.commit()
    curves = {one["metric"]: one for one in (await (await api.login("duty")).get(f"/api/incidents/{incident}")).json()["curves"]}
    smoke, heat = curves["smoke_obscuration"], curves["temperature"]
    assert (smoke["zone"], smoke["limit"], smoke["limit_source"]) == ("inst-1-r101", 10.0, "EN 54-7 [M]")
    assert [reason["rule"] for reason in smoke["doubtful"]] == ["fault_stuck"]
    assert heat["doubtful"] == []
    times = [at for at, _ in smoke["points"]]
    onset = milliseconds(now - timedelta(minutes=3))
    assert onset - 120_000 <= times[0] <= onset - 118_000
    assert milliseconds(now) - times[-1] <= 1_000
    assert 0 < smoke["age_s"] < 60
    await _on_a_telephone_there_are_none(api, field_of, incident)


async def _on_a_telephone_there_are_none(api: Any, field_of: Any, incident: UUID) -> None:
    await field_of.conn.execute("UPDATE responders SET skills = array_append(skills, 'fire')")
    await field_of.conn.commit()
    duty, nurse = await api.login("duty"), await api.login("resp-3")
    await duty.post(f"/api/incidents/{incident}/acknowledge", json={})
    await duty.post(f"/api/incidents/{incident}/dispatches", json={"responder": "r-3"})
    [mine] = (await nurse.get("/api/responder/errands")).json()
    mark, body = f"/api/incidents/{incident}/evacuees/s-3", {"out": True}
    marked = (await nurse.post(mark, json=body)).json()
    assert mine["curves"] == marked["curves"] == []
    assert mine["fire"]["zones"] and marked["fire"]["evacuees"][0]["out_by"] == "resp-3"
    assert (await duty.post(mark, json=body)).json()["curves"], "the desk sees them beside its list"


async def test_a_regulator_reads_no_names_and_marks_nobody(api: Any, field_of: Any) -> None:
    incident = await burning(field_of)
    regulator = await api.login("regulator")
    answer = await regulator.get(f"/api/incidents/{incident}")
    [one] = answer.json()["fire"]["evacuees"]
    assert (one["name"], one["senior"]["name"], one["bed"]["code"]) == ("赵**", "赵**", "inst-1-r101-b1")
    assert "赵奶奶" not in answer.text
    refused = await regulator.post(f"/api/incidents/{incident}/evacuees/s-3", json={"out": True})
    assert refused.status_code == 403
    duty = (await (await api.login("duty-inst")).get(f"/api/incidents/{incident}")).json()
    assert [(one["name"], one["aids"], one["reduced_mobility"]) for one in duty["fire"]["evacuees"]] == [
        ("赵奶奶", ["guide"], True)
    ]


async def test_who_was_brought_out_is_said_once_by_desk_or_responder_and_stands_on_the_trail(api: Any, field_of: Any) -> None:
    await field_of.conn.execute("UPDATE responders SET skills = array_append(skills, 'fire')")
    await field_of.conn.commit()
    incident = await burning(field_of)
    duty, nurse = await api.login("duty"), await api.login("resp-3")
    mark = f"/api/incidents/{incident}/evacuees/s-3"
    assert (await nurse.post(mark, json={"out": True})).status_code == 404, "he is not sent there"
    await duty.post(f"/api/incidents/{incident}/acknowledge", json={})
    await duty.post(f"/api/incidents/{incident}/dispatches", json={"responder": "r-3"})
    [mine] = (await nurse.get("/api/responder/errands")).json()
    assert [one["name"] for one in mine["fire"]["evacuees"]] == ["赵奶奶"]
    for _ in range(2):
        shown = (await nurse.post(mark, json={"out": True})).json()
    [one] = shown["fire"]["evacuees"]
    assert one["out_by"] == "resp-3" and one["out_at"] is not None
    assert [line["data"] for line in shown["trail"] if line["kind"] == "brought_out"] == [{"senior": "s-3"}]
    back = (await duty.post(mark, json={"out": False})).json()
    assert back["fire"]["evacuees"][0]["out_at"] is None
    assert back["trail"][-1]["kind"] == "not_out"
    assert (await duty.post(f"/api/incidents/{incident}/evacuees/s-1", json={"out": True})).status_code == 404, "of another house"
