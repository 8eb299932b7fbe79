"""The fire-safety index over REST: whose it is to see, who may enter what, and every lost point down to its evidence."""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from care.safety import CRITERIA
from store import devices, health
from store.health import HealthRow

pytestmark = pytest.mark.integration


def check(kind: str = "inspection", ago: int = 0, **more: Any) -> dict[str, Any]:
    day = (datetime.now(UTC) - timedelta(days=ago + 1)).date()
    return {"id": str(uuid4()), "kind": kind, "done_on": day.isoformat(), "result": "passed", "by_whom": "孙主任", **more}


async def test_who_sees_which_institutions(api: Any) -> None:
    seen = {"duty": 1, "regulator": 1, "admin": 1, "duty-inst": 1, "duty-1": 0}
    for login, many in seen.items():
        client = await api.login(login)
        ranking = (await client.get("/api/safety")).json()
        assert [row["site"] for row in ranking["rows"]] == ["inst-1"] * many, login
        assert (await client.get("/api/safety/inst-1")).status_code == (200 if many else 404)
    regulator, responder = await api.login("regulator"), await api.login("resp-3")
    assert (await responder.get("/api/safety")).status_code == 403
    assert (await responder.get("/api/safety/inst-1")).status_code == 404
    for code in ("home-1", "day-1", "nowhere"):
        assert (await regulator.get(f"/api/safety/{code}")).status_code == 404
    assert (await (await api.browser()).get("/api/safety")).status_code == 401


async def test_every_point_leads_to_its_evidence(api: Any, field_of: Any) -> None:
    known = await devices.register(field_of.conn)
    worn = HealthRow(known["smoke-9"].device_id, datetime.now(UTC), online=True, battery=9.0)
    await health.touch_health(field_of.conn, [worn])
    await field_of.conn.commit()
    incident = await field_of.press("heat-9", "heat", at=datetime.now(UTC) - timedelta(minutes=5))
    await field_of.conn.execute("UPDATE incidents SET received_at = now() - interval '5 minutes'")
    await field_of.conn.commit()
    found = (await (await api.login("regulator")).get("/api/safety/inst-1")).json()
    row = found["row"]
    assert row["proven"] + row["lost"] + row["unknown"] == pytest.approx(100)
    assert [one["key"] for one in found["criteria"]] == [one["part"]["key"] for one in found["judged"]] == list(CRITERIA)
    for one in found["judged"]:
        spent = {verdict: sum(e["points"] for e in one["evidence"] if e["verdict"] == verdict) for verdict in ("bad", "unknown")}
        assert spent["bad"] == pytest.approx(one["part"]["lost"]), one["part"]["key"]
        assert spent["unknown"] == pytest.approx(one["part"]["unknown"]), one["part"]["key"]
    judged = {one["part"]["key"]: one["evidence"] for one in found["judged"]}
    bare = {e["ref"]: e["zone_zh"] for e in judged["coverage"] if e["verdict"] == "bad"}
    assert bare == {"inst-1-kitchen": "厨房", "inst-1-r102": "102"}
    assert [(e["ref"], e["value"], e["limit"]) for e in judged["health"] if e["verdict"] == "bad"] == [("smoke-9", 9.0, 20.0)]
    [late] = [e for e in judged["acknowledged"] if e["kind"] == "incident"]
    assert (late["kind"], late["ref"], late["why"], late["what"]) == ("incident", str(incident), "unacknowledged", "heat")
    assert [e["why"] for e in judged["drills"]] == ["no_record"]
    assert "s-3" not in str(found["judged"])


async def test_the_register_is_filled_by_those_whose_word_it_is(api: Any) -> None:
    house, other, regulator = [await api.login(login) for login in ("duty-inst", "duty-1", "regulator")]
    mine = check("drill", note="楼层疏散")
    for _ in range(2):
        done = await house.post("/api/safety/inst-1/checks", json=mine)
        assert done.status_code == 201, done.text
    [kept] = done.json()["checks"]
    assert (kept["id"], kept["entered_by"], kept["mine"], kept["note"]) == (mine["id"], "duty-inst", True, "楼层疏散")
    assert (await other.post("/api/safety/inst-1/checks", json=check())).status_code == 404
    assert (await house.post("/api/safety/inst-1/checks", json=check("authority"))).status_code == 403
    assert (await regulator.post("/api/safety/inst-1/checks", json=check("drill"))).status_code == 403

    found = check(
        "authority", 40, result="defects", defects=2, rectify_by=(datetime.now(UTC) - timedelta(days=9)).date().isoformat()
    )
    seen = (await regulator.post("/api/safety/inst-1/checks", json=found)).json()
    part = {one["part"]["key"]: one for one in seen["judged"]}["hazards"]
    assert [(e["ref"], e["why"]) for e in part["evidence"] if e["verdict"] == "bad"] == [(found["id"], "hazard_overdue")]
    mended = check("recheck", follows=found["id"])
    assert (await house.post("/api/safety/inst-1/checks", json=mended)).json()["error"] == "invalid"
    better = (await regulator.post("/api/safety/inst-1/checks", json=mended)).json()
    assert {one["part"]["key"]: one["part"]["lost"] for one in better["judged"]}["hazards"] == 0

    path = f"/api/safety/checks/{mended['id']}/withdraw"
    assert (await house.post(path, json={"why": "x"})).status_code == 403
    assert (await other.post(path, json={"why": "x"})).status_code == 404
    assert (await regulator.post(path, json={"why": " "})).status_code == 422
    gone = (await regulator.post(path, json={"why": "写错了机构"})).json()
    assert mended["id"] not in {one["id"] for one in gone["checks"]}
    assert (await regulator.post(path, json={"why": "again"})).status_code == 404
    [line] = (await house.get("/api/safety/inst-1")).json()["withdrawn"]
    assert (line["check"]["id"], line["by"], line["why"], line["check"]["mine"]) == (mended["id"], "regulator", "写错了机构", False)
    assert {one["part"]["key"]: one["part"]["lost"] for one in gone["judged"]}["hazards"] == 4, "what was found is open again"


async def test_the_register_is_read_to_its_end_in_pages(api: Any, field_of: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.safety.MOST_LINES", 3)
    monkeypatch.setattr("api.safety.PAGE", 2)
    house, regulator, other = [await api.login(login) for login in ("duty-inst", "regulator", "duty-1")]
    path = "/api/safety/inst-1/checks"
    assert (await regulator.get("/api/safety/inst-1")).json()["older"] is None
    drills = [check("drill", ago) for ago in (9, 19, 29, 39, 49, 500, 600)]
    lines = [*drills, check("inspection", 60, result="defects", defects=1), check("system_test", 700)]
    for line in lines:
        assert (await house.post(path, json=line)).status_code == 201
    gone = drills[5]["id"]
    assert (await house.post(f"/api/safety/checks/{gone}/withdraw", json={"why": "twice"})).status_code == 200

    whole = (await regulator.get("/api/safety/inst-1")).json()
    ids = [line["id"] for line in lines]
    assert [one["id"] for one in whole["checks"]] == [*ids[:3], ids[7], ids[8]], "with what had defects, and what is evidence"
    assert (whole["older"], whole["withdrawn"]) == (ids[2], [])
    pages, older = list[dict[str, Any]](), whole["older"]
    while older:
        pages.append((await regulator.get(path, params={"before": older})).json())
        older = pages[-1]["older"]
    assert [[one["id"] for one in page["checks"]] for page in pages] == [[ids[3], ids[4]], [ids[7]], [ids[6], ids[8]]]
    assert [[(one["check"]["id"], one["why"]) for one in page["withdrawn"]] for page in pages] == [[], [(gone, "twice")], []]
    assert not any(one["mine"] for page in pages for one in page["checks"]), "the regulator's word it is not"

    monkeypatch.setattr("api.safety.MOST_LINES", 100)
    day = (await regulator.get("/api/safety/inst-1")).json()["older"]
    assert date.fromisoformat(day) < date.today() - timedelta(days=365)  # noqa: DTZ011 - within a day
    assert [one["check"]["id"] for one in (await regulator.get(path, params={"before": day})).json()["withdrawn"]] == [gone]
    assert [one["id"] for one in (await house.get(path)).json()["checks"]] == ids[:2], "without a place, the newest"
    assert (await regulator.get(path, params={"before": str(uuid4())})).status_code == 404
    assert (await regulator.get(path, params={"before": "yesterday"})).status_code == 422
    assert (await other.get(path)).status_code == 404


NONSENSE: list[dict[str, Any]] = [
    {"done_on": "2999-01-01"},
    {"kind": "party"},
    {"result": "defects"},
    {"defects": 3},
    {"rectify_by": "2999-01-01"},
    {"kind": "recheck"},
    {"kind": "recheck", "follows": str(uuid4())},
    {"follows": str(uuid4())},
    {"by_whom": " "},
    {"by_whom": "a\0b"},
    {"note": "x" * 1001},
]


async def test_what_makes_no_sense_is_not_entered(api: Any) -> None:
    house = await api.login("duty-inst")
    for wrong in NONSENSE:
        answer = await house.post("/api/safety/inst-1/checks", json={**check(), **wrong})
        assert (answer.status_code, answer.json()["error"]) == (422, "invalid"), wrong
    found = check(result="defects", defects=1)
    far = (date.fromisoformat(found["done_on"]) + timedelta(days=91)).isoformat()
    answer = await house.post("/api/safety/inst-1/checks", json={**found, "rectify_by": far})
    assert answer.status_code == 422 and "rectify_by: expected a day up to" in answer.text
    assert (await house.get("/api/safety/inst-1")).json()["checks"] == []
    regulator = await api.login("regulator")
    allowed = {**found, "kind": "authority", "rectify_by": far}
    assert (await regulator.post("/api/safety/inst-1/checks", json=allowed)).status_code == 201


async def test_the_ranking_as_a_file(api: Any, field_of: Any) -> None:
    await field_of.conn.execute("UPDATE sites SET name_zh = '=HYPERLINK(\"x\")' WHERE code = 'inst-1'")
    await field_of.conn.commit()
    regulator = await api.login("regulator")
    for lang, head in (("zh", "名次"), ("en", "rank")):
        answer = await regulator.get("/api/safety.csv", params={"lang": lang})
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        assert answer.headers["content-disposition"].endswith('.csv"')
        assert answer.content.startswith(b"\xef\xbb\xbf")
        heads, line = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
        assert heads[0] == head
        assert len(heads) == len(line) == 9 + 2 * len(CRITERIA)
        assert line[:2] == ["", "inst-1"]
    assert (await regulator.get("/api/safety.csv", params={"lang": "fr"})).status_code == 422
    chinese = (await regulator.get("/api/safety.csv")).content.decode("utf-8-sig")
    assert "'=HYPERLINK" in chinese
