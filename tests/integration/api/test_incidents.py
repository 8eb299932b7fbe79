"""From a press to its outcome over REST: who sees it, who may do what, what two at once decide."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from store import messages
from store.devices import register

pytestmark = pytest.mark.integration


async def test_the_whole_story(api: Any, field_of: Any) -> None:
    duty, nurse = await api.login("duty-1"), await api.login("resp-1")
    incident = await field_of.press("sos-1")
    opened = (await duty.get(f"/api/incidents/{incident}")).json()
    assert opened["card"]["state"] == "open"
    assert opened["card"]["allowed"] == ["acknowledge"], "what was pressed is never cancelled"

    taken = (await duty.post(f"/api/incidents/{incident}/acknowledge", json={"version": opened["card"]["version"]})).json()
    assert (taken["card"]["state"], taken["card"]["acknowledged_by"]) == ("acknowledged", "duty-1")
    assert set(taken["card"]["allowed"]) == {"dispatch", "resolve"}

    sent = (await duty.post(f"/api/incidents/{incident}/dispatches", json={})).json()
    [errand] = sent["dispatch_list"]
    assert (sent["card"]["state"], errand["responder"], errand["state"]) == ("dispatched", "r-1", "offered")
    assert errand["travel_s"] > 0 and len(errand["route"]) >= 2
    assert "recall" in errand["allowed"]
    assert errand["ranking"][0]["chosen"] and errand["ranking"][0]["responder"] == "r-1"

    [mine] = (await nurse.get("/api/responder/errands")).json()
    assert mine["private"]["name"] == "李大爷"
    assert mine["dispatch_list"][0]["allowed"] == ["accept", "decline"]
    for action, state in (
        ("accept", "accepted"), ("depart", "en_route"), ("arrive", "arrived"), ("enter", "entered"), ("finish", "done"),
    ):  # fmt: skip
        answer = await nurse.post(f"/api/dispatches/{errand['id']}/{action}")
        assert (answer.status_code, answer.json()["state"]) == (200, state), answer.text
    assert (await nurse.get("/api/responder/errands")).json() == []

    resolved = (await duty.post(f"/api/incidents/{incident}/resolve", json={"note": "helped up"})).json()
    assert (resolved["card"]["state"], resolved["card"]["allowed"]) == ("resolved", ["close"])
    closed = (await duty.post(f"/api/incidents/{incident}/close", json={"cause": "real_fall"})).json()
    assert (closed["card"]["state"], closed["card"]["cause"]) == ("closed", "real_fall")

    kinds = [line["kind"] for line in closed["trail"]]
    wanted = ["raised", "acknowledged", "offered", "accepted", "en_route", "arrived", "entered", "resolved", "closed"]
    assert [kind for kind in kinds if kind in wanted] == wanted
    costs = {line["kind"]: (line["cost_s"], line["target_s"]) for line in closed["trail"]}
    assert costs["acknowledged"][1] == 60 and costs["acknowledged"][0] >= 0
    assert costs["arrived"][1] == 600
    assert (await duty.get("/api/incidents")).json() == []
    [past] = (await duty.get("/api/incidents", params={"since": "2020-01-01T00:00:00Z"})).json()
    assert past["id"] == str(incident)


async def test_scope_and_role_of_every_act(api: Any, field_of: Any) -> None:
    incident = await field_of.press("sos-1")
    acts = {
        "acknowledge": {},
        "resolve": {},
        "close": {"cause": "test"},
        "cancel": {"cause": "test"},
        "notes": {"note": "n"},
        "dispatches": {},
    }
    for login, status in (("duty-inst", 404), ("resp-3", 404), ("resp-1", 404), ("regulator", 403)):
        browser = await api.login(login)
        for act, body in acts.items():
            answer = await browser.post(f"/api/incidents/{incident}/{act}", json=body)
            assert answer.status_code == status, (login, act, answer.text)
        seen = await browser.get(f"/api/incidents/{incident}")
        assert seen.status_code == (200 if login == "regulator" else 404)
        assert (await browser.get(f"/api/incidents/{incident}/candidates")).status_code == status
    duty = await api.login("duty")
    assert (await duty.get(f"/api/incidents/{incident}")).json()["card"]["state"] == "open"
    assert [c["state"] for c in (await duty.get("/api/incidents", params={"state": "open"})).json()] == ["open"]
    assert (await duty.get("/api/incidents", params={"state": "closed"})).json() == []
    assert (await (await api.login("duty-inst")).get("/api/incidents")).json() == []


async def test_what_does_not_exist_reads_like_what_is_out_of_scope(api: Any, field_of: Any) -> None:
    incident = await field_of.press("sos-1")
    stranger = await api.login("duty-inst")
    real, unreal = (await stranger.get(f"/api/incidents/{incident}")), (await stranger.get(f"/api/incidents/{uuid4()}"))
    assert (real.status_code, real.json()["error"]) == (unreal.status_code, unreal.json()["error"]) == (404, "not_found")


async def test_a_regulator_sees_nobody_by_name_or_door(api: Any, field_of: Any) -> None:
    incident = await field_of.press("sos-1")
    answer = await (await api.login("regulator")).get(f"/api/incidents/{incident}")
    seen = answer.json()
    assert seen["private"] is None
    assert seen["card"]["senior"]["name"] == "李**"
    assert seen["card"]["allowed"] == []
    for secret in ("李大爷", "13800000001", "13800000002", "张邻居", "2门301"):
        assert secret not in answer.text
    duty = (await (await api.login("duty-1")).get(f"/api/incidents/{incident}")).json()
    assert duty["private"] == {
        "name": "李大爷",
        "phone": "13800000001",
        "key_holder": "张邻居",
        "key_note": "302",
        "contacts": [{"name": "李小梅", "relation": "daughter", "phone": "13800000002"}],
    }
    assert duty["card"]["senior"]["name"] == "李**", "a card is masked for everyone"


async def test_who_acts_can_telephone_the_institution_and_those_who_were_sent(api: Any, field_of: Any) -> None:
    await field_of.conn.execute("UPDATE sites SET phone = '02200000009' WHERE code = 'home-1'")
    await field_of.conn.execute("UPDATE responders SET phone = '13900000001'")
    await field_of.conn.commit()
    incident = await field_of.press("sos-1")
    duty, regulator = await api.login("duty-1"), await api.login("regulator")
    assert (await duty.get(f"/api/incidents/{incident}")).json()["phones"] == {}, "nobody was sent yet"
    await duty.post(f"/api/incidents/{incident}/acknowledge", json={})
    sent = (await duty.post(f"/api/incidents/{incident}/dispatches", json={})).json()
    assert sent["site_phone"] == "02200000009"
    assert sent["phones"] == {sent["dispatch_list"][0]["responder"]: "13900000001"}
    seen = (await regulator.get(f"/api/incidents/{incident}")).json()
    assert (seen["site_phone"], seen["phones"]) == ("", {})


async def test_two_who_acknowledge_at_once_are_one_who_has_it(api: Any, field_of: Any) -> None:
    incident = await field_of.press("sos-1")
    browsers = [await api.login(login) for login in ("duty", "duty-1", "admin")]
    answers = await asyncio.gather(*(b.post(f"/api/incidents/{incident}/acknowledge", json={}) for b in browsers))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    won = next(answer for answer in answers if answer.status_code == 200).json()["card"]["acknowledged_by"]
    for lost in (answer.json() for answer in answers if answer.status_code == 409):
        assert lost["error"] == "already_acknowledged"
        assert won in lost["detail"]


async def test_the_same_person_twice_is_once(api: Any, field_of: Any) -> None:
    incident = await field_of.press("sos-1")
    duty = await api.login("duty-1")
    answers = await asyncio.gather(*(duty.post(f"/api/incidents/{incident}/acknowledge", json={}) for _ in range(4)))
    assert {answer.status_code for answer in answers} == {200}
    trail = answers[-1].json()["trail"]
    assert [line["kind"] for line in trail].count("acknowledged") == 1


async def test_a_stale_page_is_told_so(api: Any, field_of: Any) -> None:
    incident = await field_of.press("sos-1")
    duty = await api.login("duty-1")
    old = (await duty.get(f"/api/incidents/{incident}")).json()["card"]["version"]
    await field_of.press("wear-1", "fall")
    answer = await duty.post(f"/api/incidents/{incident}/acknowledge", json={"version": old})
    assert (answer.status_code, answer.json()["error"]) == (409, "stale_version")


async def test_what_is_not_allowed_says_what_is(api: Any, field_of: Any) -> None:
    incident = await field_of.press("sos-1")
    duty = await api.login("duty-1")
    answer = await duty.post(f"/api/incidents/{incident}/close", json={"cause": "test"})
    assert (answer.status_code, answer.json()["error"], answer.json()["allowed"]) == (409, "not_allowed", ["acknowledge"])
    answer = await duty.post(f"/api/incidents/{incident}/cancel", json={"cause": "false_press"})
    assert answer.status_code == 409
    answer = await duty.post(f"/api/incidents/{incident}/cancel", json={"cause": "boredom"})
    assert (answer.status_code, answer.json()["error"]) == (422, "unknown_cause")
    assert "false_press" in answer.json()["allowed"]


async def test_a_cause_that_was_wrong_is_corrected_and_told(api: Any, field_of: Any) -> None:
    incident = await field_of.press("sos-1")
    duty, stranger, regulator = [await api.login(login) for login in ("duty-1", "duty-inst", "regulator")]
    for act, body in (("acknowledge", {}), ("resolve", {}), ("close", {"cause": "help_needed"})):
        early = await duty.post(f"/api/incidents/{incident}/cause", json={"cause": "real_fall"})
        assert (early.status_code, early.json()["error"]) == (409, "not_allowed")
        await duty.post(f"/api/incidents/{incident}/{act}", json=body)
    right = {"cause": "real_fall", "note": "she says that she fell"}
    assert (await stranger.post(f"/api/incidents/{incident}/cause", json=right)).status_code == 404
    assert (await regulator.post(f"/api/incidents/{incident}/cause", json=right)).status_code == 403
    assert (await duty.post(f"/api/incidents/{incident}/cause", json={"cause": "boredom"})).status_code == 422
    found = (await duty.post(f"/api/incidents/{incident}/cause", json=right)).json()
    assert (found["card"]["state"], found["card"]["cause"]) == ("closed", "real_fall")
    last = found["trail"][-1]
    assert (last["kind"], last["actor"], last["data"]) == ("cause_corrected", "duty-1", {**right, "before": "help_needed"})


async def test_a_note_that_is_sent_twice_stands_once_and_other_words_under_its_id_are_refused(api: Any, field_of: Any) -> None:
    incident, other = await field_of.press("sos-1"), await field_of.press("smoke-9", "smoke")
    duty, colleague, drawn = await api.login("duty-1"), await api.login("duty"), str(uuid4())

    async def noted(browser: Any, note: str, of: UUID = incident, **id: str) -> Any:
        return await browser.post(f"/api/incidents/{of}/notes", json={"note": note, **id})

    first, second = await noted(duty, "邻居已到", id=drawn), await noted(duty, "邻居已到", id=drawn)
    assert (first.status_code, second.status_code) == (200, 200)
    assert second.json() == first.json()
    refused = await noted(duty, "无人应答", id=drawn)
    assert (refused.status_code, refused.json()["error"]) == (409, "other_note")
    await noted(colleague, "邻居已到", id=drawn)
    await noted(duty, "邻居已到", id=str(uuid4()))
    for _ in range(2):
        await noted(duty, "无人应答")
    elsewhere = (await noted(colleague, "无人应答", other, id=drawn)).json()
    seen = (await duty.get(f"/api/incidents/{incident}")).json()
    assert [(line["actor"], line["data"]["note"]) for line in seen["trail"] if line["kind"] == "note"] == [
        ("duty-1", "邻居已到"),
        ("duty", "邻居已到"),
        ("duty-1", "邻居已到"),
        ("duty-1", "无人应答"),
        ("duty-1", "无人应答"),
    ]
    assert [line["data"]["note"] for line in elsewhere["trail"] if line["kind"] == "note"] == ["无人应答"]
    assert (await noted(duty, "x", id="")).status_code == 422


async def test_the_same_note_several_times_at_once_stands_once(api: Any, field_of: Any) -> None:
    incident, drawn = await field_of.press("sos-1"), str(uuid4())
    duty = await api.login("duty-1")
    before = (await duty.get(f"/api/incidents/{incident}")).json()["card"]["version"]
    body = {"note": "邻居已到", "id": drawn}
    answers = await asyncio.gather(*(duty.post(f"/api/incidents/{incident}/notes", json=body) for _ in range(4)))
    assert {answer.status_code for answer in answers} == {200}
    for answer in answers:
        assert [line["kind"] for line in answer.json()["trail"]].count("note") == 1
        assert answer.json()["card"]["version"] == before + 1


async def test_two_clicks_on_dispatch_send_one_person(api: Any, field_of: Any) -> None:
    incident = await field_of.press("sos-1")
    duty, other = await api.login("duty-1"), await api.login("duty")
    await duty.post(f"/api/incidents/{incident}/acknowledge", json={})
    answers = await asyncio.gather(
        *(browser.post(f"/api/incidents/{incident}/dispatches", json={}) for browser in (duty, other, duty, other))
    )
    assert [answer.status_code for answer in answers] == [200] * 4
    again = (await duty.post(f"/api/incidents/{incident}/dispatches", json={})).json()
    assert [errand["responder"] for errand in again["dispatch_list"]] == ["r-1"]


async def test_a_named_responder_goes_even_if_the_rule_would_not_choose_him(api: Any, field_of: Any) -> None:
    incident = await field_of.press("sos-1")
    duty = await api.login("duty-1")
    await duty.post(f"/api/incidents/{incident}/acknowledge", json={})
    sent = (await duty.post(f"/api/incidents/{incident}/dispatches", json={"responder": "r-4"})).json()
    [errand] = sent["dispatch_list"]
    assert errand["responder"] == "r-4"
    losers = {choice["responder"]: choice for choice in errand["ranking"]}
    assert losers["r-1"]["chosen"] and not losers["r-4"]["able"]
    assert "assign.lacks_skill" in {reason["rule"] for reason in losers["r-4"]["reasons"]}
    answer = await duty.post(f"/api/incidents/{incident}/dispatches", json={"responder": "r-99"})
    assert answer.status_code == 404


async def test_nobody_is_sent_twice(api: Any, field_of: Any) -> None:
    first, second = await field_of.press("sos-1"), await field_of.press("sos-2")
    duty = await api.login("duty-1")
    for incident in (first, second):
        await duty.post(f"/api/incidents/{incident}/acknowledge", json={})
    await duty.post(f"/api/incidents/{first}/dispatches", json={"responder": "r-1"})
    answer = await duty.post(f"/api/incidents/{second}/dispatches", json={"responder": "r-1"})
    assert (answer.status_code, answer.json()["error"]) == (409, "responder_busy")
    chosen = (await duty.post(f"/api/incidents/{second}/dispatches", json={})).json()
    assert [errand["responder"] for errand in chosen["dispatch_list"]] == ["r-3"]
    candidates = (await duty.get(f"/api/incidents/{second}/candidates")).json()
    assert {c["responder"]: c["able"] for c in candidates}["r-1"] is False


async def test_when_nobody_is_able_people_decide(api: Any, field_of: Any) -> None:
    await field_of.conn.execute("UPDATE responders SET skills = '{}'")
    await field_of.conn.commit()
    incident = await field_of.press("sos-1")
    duty = await api.login("duty-1")
    await duty.post(f"/api/incidents/{incident}/acknowledge", json={})
    answer = await duty.post(f"/api/incidents/{incident}/dispatches", json={})
    assert (answer.status_code, answer.json()["error"]) == (409, "nobody_able")


async def test_errands_are_ones_own(api: Any, field_of: Any) -> None:
    incident = await field_of.press("sos-1")
    duty, nurse, stranger = await api.login("duty-1"), await api.login("resp-1"), await api.login("resp-3")
    await duty.post(f"/api/incidents/{incident}/acknowledge", json={})
    sent = (await duty.post(f"/api/incidents/{incident}/dispatches", json={})).json()
    errand = sent["dispatch_list"][0]["id"]
    assert (await stranger.post(f"/api/dispatches/{errand}/accept")).status_code == 404
    assert (await stranger.get(f"/api/incidents/{incident}")).status_code == 404
    assert (await (await api.login("duty-inst")).post(f"/api/dispatches/{errand}/recall")).status_code == 404
    assert (await (await api.login("regulator")).post(f"/api/dispatches/{errand}/accept")).status_code == 403
    assert (await nurse.post(f"/api/dispatches/{errand}/recall")).status_code == 403
    assert (await nurse.post(f"/api/dispatches/{errand}/arrive")).status_code == 409
    assert (await nurse.post(f"/api/dispatches/{uuid4()}/accept")).status_code == 404
    assert (await nurse.post(f"/api/dispatches/{errand}/explode")).status_code == 422
    detail = (await nurse.get(f"/api/incidents/{incident}")).json()
    assert detail["card"]["allowed"] == [] and detail["dispatch_list"][0]["ranking"] == []
    assert (await nurse.post(f"/api/incidents/{incident}/resolve", json={})).status_code == 403
    declined = await nurse.post(f"/api/dispatches/{errand}/decline", json={"why": "flat tyre"})
    assert declined.json()["state"] == "declined"
    back = (await duty.get(f"/api/incidents/{incident}")).json()
    assert back["card"]["state"] == "acknowledged"
    assert any(line["data"].get("note") == "flat tyre" for line in back["trail"])
    assert (await nurse.get(f"/api/incidents/{incident}")).status_code == 404, "what is no longer his he no longer sees"


async def test_the_desk_writes_down_for_one_who_phones_in_and_recalls(api: Any, field_of: Any) -> None:
    incident = await field_of.press("sos-1")
    duty = await api.login("duty-1")
    await duty.post(f"/api/incidents/{incident}/acknowledge", json={})
    sent = (await duty.post(f"/api/incidents/{incident}/dispatches", json={})).json()
    errand = sent["dispatch_list"][0]["id"]
    accepted = (await duty.post(f"/api/dispatches/{errand}/accept")).json()
    assert accepted["eta_at"] is not None
    assert (await duty.post(f"/api/dispatches/{errand}/recall")).json()["state"] == "recalled"


async def test_a_position_is_told_to_the_desk_and_used(api: Any, field_of: Any) -> None:
    nurse, console = await api.login("resp-1"), await api.console("duty-1")
    assert console.responders["r-1"]["position_at"] is None
    assert (await nurse.post("/api/responder/position", json={"lon": 117.02, "lat": 39.02})).status_code == 204
    await console.until(lambda c: c.responders["r-1"]["position_at"])
    assert (console.responders["r-1"]["lon"], console.responders["r-1"]["lat"]) == (117.02, 39.02)
    assert (await nurse.post("/api/responder/position", json={"lon": 200, "lat": 39})).status_code == 422
    assert (await (await api.login("duty-1")).post("/api/responder/position", json={"lon": 1, "lat": 1})).status_code == 403
    reach = (await (await api.login("duty-1")).get("/api/responders/r-1/isochrone")).json()
    assert (reach["from_station"], reach["seconds"], len(reach["bands"])) == (False, [900, 600, 300], 3)
    assert reach["seniors_inside"] >= 2
    assert (await (await api.login("duty-1")).get("/api/responders/r-3/isochrone")).status_code == 404


async def test_curves_show_what_was_measured_around_the_onset(api: Any, field_of: Any) -> None:
    onset = datetime.now(UTC) - timedelta(minutes=2)
    device = (await register(field_of.conn))["smoke-1"]
    rows = [
        messages.ReadingRow(device.device_id, onset + timedelta(seconds=s), "b", s + 100, onset, 1, [s / 10, 21.0, -60.0])
        for s in range(-60, 60, 2)
    ]
    await messages.insert_readings(field_of.conn, rows)
    incident = await field_of.press("smoke-1", "smoke", at=onset)
    detail = (await (await api.login("duty-1")).get(f"/api/incidents/{incident}")).json()
    curves = {curve["metric"]: curve for curve in detail["curves"]}
    assert set(curves) == {"smoke_obscuration", "temperature"}
    assert len(curves["smoke_obscuration"]["points"]) == 60
    assert 55 < curves["temperature"]["age_s"] < 100
    assert UUID(detail["alarm_list"][0]["id"])
    assert detail["alarm_list"][0]["reasons"][0]["rule"] == "pressed"


async def test_a_house_sends_its_own_and_those_of_its_area_and_learns_nothing_of_anybody_else(api: Any, field_of: Any) -> None:
    # r-4 is of the house's own sub-district, but starts elsewhere; r-1 and r-2 are of another
    await field_of.conn.execute(
        "UPDATE responders SET station_id = (SELECT site_id FROM sites WHERE code = 'day-1') WHERE code = 'r-4'"
    )
    await field_of.conn.commit()
    incident = await field_of.press("sos-9")
    house, duty = await api.login("duty-inst"), await api.login("duty")
    path = f"/api/incidents/{incident}"
    await house.post(f"{path}/acknowledge", json={})
    assert {one["responder"] for one in (await house.get(f"{path}/candidates")).json()} == {"r-3", "r-4"}
    refused, unknown = [await house.post(f"{path}/dispatches", json={"responder": code}) for code in ("r-1", "r-99")]
    assert (refused.status_code, refused.json()) == (unknown.status_code, unknown.json()) and refused.status_code == 404
    sent = (await house.post(f"{path}/dispatches", json={})).json()
    assert sent["phones"] == {"r-3": "13900000003"}

    helped = (await duty.post(f"{path}/dispatches", json={"responder": "r-1"})).json()
    [errand] = [one for one in helped["dispatch_list"] if one["responder"] == "r-1"]
    assert {one["responder"] for one in errand["ranking"]} == {"r-1", "r-2", "r-3", "r-4"}
    seen = (await house.get(path)).json()
    [shown] = [one for one in seen["dispatch_list"] if one["responder"] == "r-1"]
    assert {one["responder"] for one in shown["ranking"]} == {"r-1", "r-3", "r-4"}, "r-2 concerns the house in nothing"
    assert set(seen["phones"]) == {"r-1", "r-3"}, "who is on his way there can be called"
    await duty.post(f"/api/dispatches/{errand['id']}/recall")
    assert set((await house.get(path)).json()["phones"]) == {"r-3"}
    assert set((await duty.get(path)).json()["phones"]) == {"r-1", "r-3"}


async def test_a_regulator_sees_of_what_was_measured_nothing_about_a_person(api: Any, field_of: Any) -> None:
    onset = datetime.now(UTC) - timedelta(minutes=2)
    known = await register(field_of.conn)
    await messages.insert_readings(
        field_of.conn,
        [
            messages.ReadingRow(known[code].device_id, onset + timedelta(seconds=s), "b", s + 100, onset, 1, [*values])
            for code, values in (("wear-9", [88.0, 10.0, 1.0, 71.0, -60.0]), ("co-9", [3.0, 21.0, -60.0]))
            for s in range(-20, 20, 2)
        ],
    )
    incident = await field_of.press("wear-9", "sos", at=onset)

    async def curves(login: str) -> set[tuple[str, str]]:
        detail = (await (await api.login(login)).get(f"/api/incidents/{incident}")).json()
        return {(one["device"], one["metric"]) for one in detail["curves"]}

    assert {("wear-9", "heart_rate"), ("co-9", "co"), ("co-9", "temperature")} <= await curves("duty-inst")
    assert await curves("regulator") == {("co-9", "co"), ("co-9", "temperature")}
