"""A district that does not fit together says where."""

from dataclasses import replace
from datetime import time
from typing import Any

import pytest

from care.district import DeviceEntry, District, problems
from care.people import Account, Responder, Senior, Shift
from care.places import Area, Site, Zone

POINT = {"type": "Point", "coordinates": [117.2, 39.15]}
AREAS = (
    Area("120105", "河北区", "Hebei District", "", "district", POINT, True),
    Area("120105001", "光复道街道", "Guangfudao", "120105", "subdistrict", POINT, True),
    Area("120105002", "望海楼街道", "Wanghailou", "120105", "subdistrict", POINT, True),
)
SITES = (
    Site("home-1", "home", "一号家", "Home 1", "120105001", "幸福路1号", 117.2, 39.15, 0, "", True),
    Site("inst-1", "institution", "一号院", "Institution 1", "120105002", "幸福路2号", 117.21, 39.16, 50, "", True),
)
ZONES = (
    Zone("home-1-hall", "home-1", "", "hall", "厅", "hall", 1, 0),
    Zone("inst-1-f1", "inst-1", "", "floor", "一层", "floor 1", 1, 50),
    Zone("inst-1-101", "inst-1", "inst-1-f1", "room", "101", "101", 1, 2),
)
SENIORS = (Senior("sen-1", "home-1", "home-1-hall", "李秀英", "f", 1940, "", ("lives_alone",), 2, "", "", (), True),)
DEVICES = (
    DeviceEntry("gw-1", "gateway", "home-1", "home-1-hall", "", "120105001", "", "1.0"),
    DeviceEntry("sos-1", "sos_button", "home-1", "home-1-hall", "sen-1", "120105001", "gw-1", "1.0"),
)
DAY = Shift(time(8), time(20), (0, 1, 2, 3, 4))
RESPONDERS = (Responder("r-1", "王芳", "nurse", ("nursing",), "inst-1", "120105002", "ebike", "", (DAY,), True),)
ACCOUNTS = (Account("r1", "王芳", "responder", "120105", "r-1", True), Account("duty", "值班", "duty", "120105", None, True))
GOOD = District(
    "120105",
    "河北区",
    "Hebei District",
    "Asia/Shanghai",
    AREAS,
    SITES,
    ZONES,
    SENIORS,
    DEVICES,
    RESPONDERS,
    ACCOUNTS,
    {},
    b"",
    True,
)


def with_rows(noun: str, rows: tuple[Any, ...]) -> District:
    fields: dict[str, Any] = {noun: rows}
    return replace(GOOD, **fields)


def changed(noun: str, place: int, **fields: Any) -> District:
    rows = list(getattr(GOOD, noun))
    rows[place] = replace(rows[place], **fields)
    return with_rows(noun, tuple(rows))


def test_a_district_that_fits_has_no_problems() -> None:
    assert problems(GOOD) == []


@pytest.mark.parametrize(
    ("noun", "place", "field"),
    [
        ("areas", 1, "parent"),
        ("sites", 0, "area"),
        ("zones", 0, "site"),
        ("zones", 2, "parent"),
        ("seniors", 0, "site"),
        ("seniors", 0, "zone"),
        ("devices", 1, "site"),
        ("devices", 1, "zone"),
        ("devices", 1, "senior"),
        ("devices", 1, "area"),
        ("devices", 1, "gateway"),
        ("responders", 0, "station"),
        ("responders", 0, "area"),
        ("accounts", 0, "responder"),
    ],
)
def test_a_reference_to_nothing_is_named(noun: str, place: int, field: str) -> None:
    found = problems(changed(noun, place, **{field: "nowhere"}))
    assert any("'nowhere' does not exist" in line and f": {field} " in line for line in found)


@pytest.mark.parametrize(
    ("noun", "place", "field"),
    [("sites", 0, "kind"), ("zones", 0, "kind"), ("responders", 0, "kind"), ("responders", 0, "vehicle"), ("accounts", 0, "role")],
)
def test_an_unknown_kind_is_named(noun: str, place: int, field: str) -> None:
    (line,) = problems(changed(noun, place, **{field: "spaceship"}))
    assert "got 'spaceship'" in line


@pytest.mark.parametrize("noun", ["areas", "sites", "zones", "seniors", "devices", "responders", "accounts"])
def test_a_code_that_comes_twice_is_named(noun: str) -> None:
    rows = getattr(GOOD, noun)
    (line,) = problems(with_rows(noun, (*rows, rows[-1])))
    assert line.endswith("expected once, got 2 times")


@pytest.mark.parametrize(
    ("noun", "place", "fields", "word"),
    [
        ("zones", 2, {"parent": "home-1-hall"}, "parent's site"),
        ("seniors", 0, {"zone": "inst-1-101"}, "zone's site"),
        ("devices", 1, {"zone": "inst-1-101"}, "zone's site"),
        ("devices", 1, {"site": "inst-1", "zone": "", "area": "120105002"}, "senior's site"),
        ("devices", 1, {"area": "120105002"}, "site's area"),
        ("responders", 0, {"area": "120105001"}, "station's area"),
    ],
)
def test_an_alarm_can_lead_to_one_door_only(noun: str, place: int, fields: dict[str, str], word: str) -> None:
    (line,) = problems(changed(noun, place, **fields))
    assert word in line


def test_what_may_be_empty_may_be_empty() -> None:
    assert problems(changed("devices", 1, zone="", senior="", gateway="")) == []
    assert problems(changed("seniors", 0, zone="")) == []
