"""The playbook over REST: who stamps what, two consoles at once, what other consoles hear, and what is read aloud."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

pytestmark = pytest.mark.integration


async def fire(field_of: Any, kind: str = "smoke") -> str:
    return str(await field_of.press("smoke-9", kind))


def by_key(answer: Any) -> dict[str, Any]:
    return {step["key"]: step for step in answer.json()["steps"]}


async def test_a_fire_is_worked_through_step_by_step(api: Any, field_of: Any) -> None:
    duty = await api.login("duty")
    incident = await fire(field_of)
    page = f"/api/incidents/{incident}/playbook"
    seen = (await duty.get(page)).json()
    assert (seen["instruction"], seen["next"]) == ("verify_fire", "phone_site")
    assert seen["may_sound"] and seen["may_cap"]
    done = await duty.post(f"{page}/phone_site", json={"do": "do", "device": "console · Linux · 1a2b"})
    stamp = by_key(done)["phone_site"]["stamp"]
    assert (stamp["state"], stamp["by"], stamp["by_name"], stamp["device"]) == ("done", "duty", "值班员", "console · Linux · 1a2b")
    assert datetime.fromisoformat(stamp["undo_until"]) - datetime.fromisoformat(stamp["at"]) == timedelta(minutes=1)
    assert done.json()["next"] == "verify"
    back = await duty.post(f"{page}/phone_site", json={"do": "undo"})
    assert by_key(back)["phone_site"]["stamp"] is None
    skipped = await duty.post(f"{page}/cut_gas", json={"do": "skip", "reason": "电磁灶，无燃气"})
    assert by_key(skipped)["cut_gas"]["stamp"]["reason"] == "电磁灶，无燃气"
    await field_of.press("heat-9", "fire_confirmed")
    grown = await duty.get(page)
    assert (grown.json()["instruction"], grown.json()["next"]) == ("evacuate", "call_119")
    assert by_key(grown)["cut_gas"]["stamp"]["state"] == "skipped"
    assert not by_key(grown)["call_119"]["may_skip"]
    kinds = [line["kind"] for line in (await duty.get(f"/api/incidents/{incident}")).json()["trail"]]
    assert [kind for kind in kinds if kind.startswith("step_")] == ["step_done", "step_undone", "step_skipped"]


@pytest.mark.parametrize(
    ("step", "body", "status", "error"),
    [
        ("cut_gas", {"do": "skip"}, 422, "reason_needed"),
        ("cut_gas", {"do": "skip", "reason": "  "}, 422, "reason_needed"),
        ("cut_gas", {"do": "burn"}, 422, "invalid"),
        ("cut_gas", {"do": "do", "reason": "x" * 201}, 422, "invalid"),
        ("verify", {"do": "skip", "reason": "no time"}, 409, "not_allowed"),
        ("first_aid", {"do": "do"}, 404, "unknown_step"),
        ("nonsense", {"do": "do"}, 404, "unknown_step"),
    ],
)
async def test_what_may_not_be_done_says_why(api: Any, field_of: Any, step: str, body: Any, status: int, error: str) -> None:
    duty, incident = await api.login("duty"), await fire(field_of)
    answer = await duty.post(f"/api/incidents/{incident}/playbook/{step}", json=body)
    assert (answer.status_code, answer.json()["error"]) == (status, error), answer.text


async def test_two_consoles_at_once_make_one_stamp_and_both_hear_of_it(api: Any, field_of: Any) -> None:
    duty, admin = await api.login("duty"), await api.login("admin")
    incident = await fire(field_of)
    other = await api.console("admin")
    await other.until(lambda c: incident in c.incidents)
    before = other.incidents[incident]["version"]
    page = f"/api/incidents/{incident}/playbook/call_119"
    answers = await asyncio.gather(*(who.post(page, json={"do": "do"}) for who in (duty, admin) * 3))
    assert {answer.status_code for answer in answers} == {200}
    stamps = [by_key(answer)["call_119"]["stamp"] for answer in answers]
    assert len({(stamp["by"], stamp["at"]) for stamp in stamps}) == 1
    trail = (await duty.get(f"/api/incidents/{incident}")).json()["trail"]
    assert len([line for line in trail if line["kind"] == "step_done"]) == 1
    await other.until(lambda c: c.incidents[incident]["version"] > before)


async def test_scope_and_role_of_every_stamp(api: Any, field_of: Any) -> None:
    incident = await fire(field_of)
    page = f"/api/incidents/{incident}/playbook"
    for login, status, seen in (("duty-1", 404, 404), ("resp-1", 404, 404), ("resp-3", 404, 404), ("regulator", 403, 200)):
        browser = await api.login(login)
        assert (await browser.get(page)).status_code == seen, login
        for path, body in (
            (f"{page}/verify", {"do": "do"}),
            (f"{page}/sound_siren", {"do": "do"}),
            (f"/api/incidents/{incident}/sirens/siren-9", {"act": "siren_on"}),
        ):
            assert (await browser.post(path, json=body)).status_code == status, (login, path)
    free = {"do": "skip", "reason": "李大爷家没有燃气", "device": "李主任的手机"}
    assert (await (await api.login("duty")).post(f"{page}/cut_gas", json=free)).status_code == 200
    read = await (await api.login("regulator")).get(page)
    regulator = read.json()
    assert by_key(read)["cut_gas"]["stamp"]["state"] == "skipped"
    assert "李" not in read.text + (await (await api.login("regulator")).get(f"/api/incidents/{incident}")).text.replace("李**", "")
    assert regulator["sheet"] is None and regulator["sirens"] == []
    assert all(step["allowed"] == [] for step in regulator["steps"])
    assert not regulator["may_sound"] and not regulator["may_cap"]


async def test_a_responder_sees_and_stamps_his_own_steps(api: Any, field_of: Any) -> None:
    incident = str(await field_of.press("sos-1"))
    duty, nurse = await api.login("duty"), await api.login("resp-1")
    await duty.post(f"/api/incidents/{incident}/acknowledge", json={})
    sent = (await duty.post(f"/api/incidents/{incident}/dispatches", json={"responder": "r-1"})).json()
    await nurse.post(f"/api/dispatches/{sent['dispatch_list'][0]['id']}/accept")
    page = f"/api/incidents/{incident}/playbook"
    seen = await nurse.get(page)
    assert seen.json()["next"] == "first_aid"
    assert set(by_key(seen)) == {"first_aid", "check_after"}
    assert seen.json()["sheet"] is None
    assert by_key(await nurse.post(f"{page}/first_aid", json={"do": "do"}))["first_aid"]["stamp"]["by"] == "resp-1"
    refused = await nurse.post(f"{page}/call_120", json={"do": "do"})
    assert (refused.status_code, refused.json()["error"]) == (403, "not_permitted")
    assert (await nurse.post(f"{page}/sound_siren", json={"do": "do"})).status_code == 403


async def test_what_is_read_aloud_counts_people_and_names_nobody(api: Any, field_of: Any) -> None:
    incident = await fire(field_of)
    answer = await (await api.login("duty")).get(f"/api/incidents/{incident}/playbook")
    sheet = answer.json()["sheet"]
    assert sheet["site_zh"] and sheet["address"] and sheet["floors"] == 1
    assert [zone["code"] for zone in sheet["zones"]] == ["inst-1-r101"]
    assert (sheet["residents"], sheet["reduced_mobility"], sheet["reduced_mobility_in_zones"]) == (1, 1, 1)
    assert "赵奶奶" not in answer.text


async def test_the_siren_step_orders_every_siren_once_and_a_press_again_is_the_same_order(api: Any, field_of: Any) -> None:
    duty, incident = await api.login("duty"), await fire(field_of)
    page = f"/api/incidents/{incident}/playbook/sound_siren"
    first = await duty.post(page, json={"do": "do"})
    [siren] = first.json()["sirens"]
    assert (siren["device"], siren["command"]["act"], siren["command"]["sent_at"]) == ("siren-9", "siren_on", None)
    assert siren["sounds_until"] is None, "it has not answered: nobody knows that it sounds"
    again = await duty.post(page, json={"do": "do"})
    pressed = await duty.post(f"/api/incidents/{incident}/sirens/siren-9", json={"act": "siren_on"})
    assert {one.json()["sirens"][0]["command"]["id"] for one in (first, again, pressed)} == {siren["command"]["id"]}
    off = await duty.post(f"/api/incidents/{incident}/sirens/siren-9", json={"act": "siren_off"})
    assert off.json()["sirens"][0]["command"]["act"] == "siren_off"
    assert by_key(off)["sound_siren"]["allowed"] == [], "what sounded is not unsounded"
    for device in ("smoke-9", "siren-404"):
        answer = await duty.post(f"/api/incidents/{incident}/sirens/{device}", json={"act": "siren_on"})
        assert (answer.status_code, answer.json()["error"]) == (404, "unknown_device")
    kinds = [line["kind"] for line in (await duty.get(f"/api/incidents/{incident}")).json()["trail"]]
    assert kinds.count("siren_on") == 1 and kinds.count("siren_off") == 1


async def test_a_siren_is_one_siren_in_two_incidents_and_is_silenced_when_one_is_over(api: Any, field_of: Any) -> None:
    duty, admin = await api.login("duty"), await api.login("admin")
    fires, gas = await fire(field_of), str(await field_of.press("gas-9", "gas"))
    on = await duty.post(f"/api/incidents/{fires}/sirens/siren-9", json={"act": "siren_on"})
    await field_of.conn.execute("UPDATE commands SET answered_at = now(), done = 'siren'")
    await field_of.conn.commit()
    [seen] = (await admin.get(f"/api/incidents/{gas}/playbook")).json()["sirens"]
    assert seen["command"]["id"] == on.json()["sirens"][0]["command"]["id"]
    assert seen["command"]["by_name"] == "值班员" and seen["sounds_until"] is not None
    for act, body in (("acknowledge", {}), ("resolve", {}), ("close", {"cause": "real_gas"})):
        assert (await duty.post(f"/api/incidents/{gas}/{act}", json=body)).status_code == 200
    refused = await admin.post(f"/api/incidents/{gas}/sirens/siren-9", json={"act": "siren_on"})
    assert (refused.status_code, refused.json()["error"]) == (409, "not_allowed")
    [used] = (await admin.get(f"/api/incidents/{gas}/playbook")).json()["sirens"][0]["used_by"]
    assert (used["incident"], used["kind"], used["by_name"], used["drill"]) == (fires, "smoke", "值班员", False)
    console = await api.console("duty")
    await console.until(lambda c: fires in c.incidents)
    before = console.incidents[fires]["version"]
    asked = await admin.post(f"/api/incidents/{gas}/sirens/siren-9", json={"act": "siren_off"})
    assert (asked.status_code, asked.json()["error"], asked.json()["allowed"]) == (409, "siren_in_use", ["confirm"])
    off = await admin.post(f"/api/incidents/{gas}/sirens/siren-9", json={"act": "siren_off", "confirm": True})
    assert off.status_code == 200, off.text
    assert off.json()["sirens"][0]["used_by"] == []
    await console.until(lambda c: c.incidents[fires]["version"] > before)
    told = (await duty.get(f"/api/incidents/{fires}")).json()["trail"][-1]
    assert (told["kind"], told["actor"], told["data"]["device"]) == ("siren_off_elsewhere", "admin", "siren-9")
    assert told["data"]["incident"] == gas
    taken = await duty.post(f"/api/incidents/{fires}/acknowledge", json={"version": before})
    assert taken.status_code == 200, "what was seen before is as good"
    [seen] = (await duty.get(f"/api/incidents/{fires}/playbook")).json()["sirens"]
    assert (seen["command"]["act"], seen["command"]["by"], seen["sounds_until"]) == ("siren_off", "admin", None)


async def test_an_order_that_nobody_answers_is_told_once(api: Any, field_of: Any) -> None:
    """The broker is away in these tests, so an order can only run out."""
    duty, incident = await api.login("duty"), await fire(field_of)
    console = await api.console("duty")
    ordered = await duty.post(f"/api/incidents/{incident}/sirens/siren-9", json={"act": "siren_on"})
    await field_of.conn.execute(
        "UPDATE commands SET at = at - interval '20 s', expires_at = at + interval '1 s' WHERE incident_id = %s", [incident]
    )
    await field_of.conn.commit()
    await console.until(lambda c: c.incidents[incident]["version"] > ordered.json()["version"], seconds=20)
    trail = (await duty.get(f"/api/incidents/{incident}")).json()["trail"]
    assert [line["kind"] for line in trail if line["kind"].startswith("siren_")] == ["siren_on", "siren_silent"]
    command = (await duty.get(f"/api/incidents/{incident}/playbook")).json()["sirens"][0]["command"]
    assert command["sent_at"] is None and command["answered_at"] is None
    assert datetime.fromisoformat(command["late_at"]) < datetime.now(UTC)
