"""CAP over REST: an alert, updates and a cancel that name each other; who may take it; nobody in it by name."""

import asyncio
import re
from typing import Any

import psycopg
import pytest

from api.cap import violations

pytestmark = pytest.mark.integration


def value(text: str, name: str) -> str:
    found = re.search(rf"<{name}>(.*?)</{name}>", text)
    return found[1] if found else ""


async def taken(browser: Any, incident: str) -> str:
    answer = await browser.get(f"/api/incidents/{incident}/cap")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/cap+xml"
    assert violations(answer.content) == []
    return str(answer.text)


async def test_an_alert_its_updates_and_its_cancel_name_each_other(api: Any, field_of: Any) -> None:
    duty, admin = await api.login("duty"), await api.login("admin")
    incident = str(await field_of.press("smoke-9", "smoke"))
    alert = await taken(duty, incident)
    assert (value(alert, "msgType"), value(alert, "status"), value(alert, "references")) == ("Alert", "Test", "")
    acknowledged = await duty.post(f"/api/incidents/{incident}/acknowledge", json={"version": 1})
    assert acknowledged.status_code == 200, "that somebody has got it changes nothing that is acted on"
    assert await taken(admin, incident) == alert, "that somebody has taken it is no news to the fire service"

    await field_of.press("heat-9", "fire_confirmed")
    update = await taken(duty, incident)
    assert (value(update, "msgType"), value(update, "severity")) == ("Update", "Extreme")
    assert value(update, "references") == f"{value(alert, 'sender')},{value(alert, 'identifier')},{value(alert, 'sent')}"

    await duty.post(f"/api/incidents/{incident}/resolve", json={})
    clear = await taken(duty, incident)
    assert (value(clear, "msgType"), value(clear, "responseType"), value(clear, "urgency")) == ("Update", "AllClear", "Past")
    await duty.post(f"/api/incidents/{incident}/close", json={"cause": "cooking_steam"})
    cancel = await taken(duty, incident)
    assert value(cancel, "msgType") == "Cancel"
    assert [one.split(",")[1] for one in value(cancel, "references").split()] == [
        value(one, "identifier") for one in (alert, update, clear)
    ]
    assert await taken(duty, incident) == cancel
    trail = (await duty.get(f"/api/incidents/{incident}")).json()["trail"]
    lines = [(line["actor"], line["data"]["note"]) for line in trail if line["kind"] == "cap"]
    assert lines == [
        ("duty", "Alert"), ("admin", "Alert"), ("duty", "Update"), ("duty", "Update"), ("duty", "Cancel"), ("duty", "Cancel"),
    ]  # fmt: skip


async def test_what_was_taken_back_and_burned_after_all_is_alerted_again(api: Any, field_of: Any) -> None:
    duty, incident = await api.login("duty"), str(await field_of.press("smoke-9", "smoke"))
    await taken(duty, incident)
    for act, body in (("acknowledge", {}), ("resolve", {}), ("close", {"cause": "cooking_steam"})):
        await duty.post(f"/api/incidents/{incident}/{act}", json=body)
    cancel = await taken(duty, incident)
    chain = [cancel]
    for cause in ("device_fault", "real_fire", "other", "cooking_steam"):
        await duty.post(f"/api/incidents/{incident}/cause", json={"cause": cause})
        chain.append(await taken(duty, incident))
        assert await taken(duty, incident) == chain[-1]
    assert [value(one, "msgType") for one in chain] == ["Cancel", "Cancel", "Alert", "Update", "Cancel"]
    assert chain[1] == cancel, "it was nothing, whatever it was"
    assert [value(one, "responseType") for one in chain[2:4]] == ["AllClear"] * 2
    assert [len(value(one, "references").split()) for one in chain] == [1, 1, 0, 1, 2]


async def test_two_at_once_are_the_same_message(api: Any, field_of: Any) -> None:
    duty, incident = await api.login("duty"), str(await field_of.press("smoke-9", "smoke"))
    found = await asyncio.gather(*(taken(duty, incident) for _ in range(4)))
    assert len(set(found)) == 1


async def test_who_may_take_it(api: Any, field_of: Any) -> None:
    incident = await field_of.press("smoke-9", "smoke")
    for login, status in (("duty-1", 404), ("resp-1", 404), ("regulator", 403)):
        assert (await (await api.login(login)).get(f"/api/incidents/{incident}/cap")).status_code == status, login


async def test_nobody_is_in_it_by_name_and_a_home_is_private(api: Any, field_of: Any) -> None:
    duty = await api.login("duty")
    text = await taken(duty, str(await field_of.press("smoke-1", "smoke", drill=True)))
    for secret in ("李", "Li home", "13800000001", "张邻居", "s-1"):
        assert secret not in text
    assert (value(text, "scope"), value(text, "status")) == ("Private", "Exercise")
    assert "登记在住 1 人" in text


async def test_there_is_none_where_there_is_nothing_to_tell(api: Any, field_of: Any) -> None:
    duty = await api.login("duty")
    pressed, smoke = await field_of.press("sos-1"), await field_of.press("smoke-9", "smoke")
    assert (await duty.get(f"/api/incidents/{pressed}/cap")).json()["error"] == "no_cap"
    await duty.post(f"/api/incidents/{smoke}/acknowledge", json={})
    await duty.post(f"/api/incidents/{smoke}/resolve", json={})
    answer = await duty.get(f"/api/incidents/{smoke}/cap")
    assert (answer.status_code, answer.json()["error"]) == (409, "no_cap")


async def test_what_was_handed_out_is_never_changed(api: Any, field_of: Any) -> None:
    await taken(await api.login("duty"), str(await field_of.press("smoke-9", "smoke")))
    for statement in ("UPDATE cap_messages SET body = ''", "DELETE FROM cap_messages", "TRUNCATE cap_messages"):
        with pytest.raises(psycopg.errors.RaiseException):
            await field_of.conn.execute(statement)
        await field_of.conn.rollback()
