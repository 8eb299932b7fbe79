"""Presses that are not known to be stored: the same ids as ingest derives, shown after a second, gone when stored."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from api.access import Mask
from api.presses import PATIENCE, Presses, Unstored, heard, press_body, presses_of
from api.register import Register
from devices.keys import Key, milliseconds
from dispatch.alarm import alarm_id
from dispatch.incident import incident_id
from store.board import CardRow
from store.devices import RegisteredDevice
from store.register import SeniorRow, SiteRow

NIGHT = datetime(2026, 3, 1, 3, 10, tzinfo=UTC)
Cards = Callable[..., CardRow]


def device(number: int, code: str, profile: str, senior: str = "s-1", revoked: bool = False) -> RegisteredDevice:
    return RegisteredDevice(
        number, code, profile, 1, 1, "home-1", "120105001", None, "", 1, senior, "", "1.0", NIGHT, NIGHT if revoked else None
    )


@pytest.fixture
def town() -> Register:
    register = Register()
    register.devices = {
        one.code: one
        for one in (
            device(1, "sos-1", "sos_button"),
            device(2, "wear-1", "wearable"),
            device(3, "smoke-1", "smoke_detector", ""),
            device(4, "old-1", "sos_button", revoked=True),
        )
    }
    register.sites = {
        "home-1": SiteRow("home-1", "home", "金鹏里7-2-402", "J 7", "120105001", "金鹏里7号楼2门402室", 117.2, 39.15, 0)
    }
    register.seniors = {"s-1": SeniorRow("s-1", "home-1", "120105001", "", "李秀英", "f", 1940, [], 2)}
    return register


def payload(kind: str = "sos", n: int = 1, at: datetime = NIGHT, **more: Any) -> bytes:
    return json.dumps({"t": milliseconds(at), "b": "b1", "n": n, "e": kind, **more}).encode()


def topic(code: str) -> str:
    return f"care/v1/120105001/home-1/{code}/event"


def pressed(town: Register, held: Presses, code: str = "sos-1", kind: str = "sos", n: int = 1, rows: Any = ()) -> Unstored:
    event = heard(topic(code), payload(kind, n), NIGHT, town.devices)
    assert event is not None
    [press] = presses_of(event, town, held, rows)
    return press


def test_the_ids_are_those_that_ingest_derives(town: Register) -> None:
    press = pressed(town, Presses())
    key = Key("sos-1", "b1", 1, milliseconds(NIGHT))
    assert press.alarm == alarm_id("sos-1", "sos", str(key))
    assert press.incident == incident_id(press.alarm)
    assert press.key == (1, "b1", 1, milliseconds(NIGHT))


def test_a_live_incident_of_the_same_subject_takes_it(town: Register, card_row: Cards) -> None:
    row = card_row(9, kind="fall", subject="s-1")
    assert pressed(town, Presses(), rows=[row]).incident == UUID(int=9)


@pytest.mark.parametrize(
    "changes",
    [{"subject": "s-2"}, {"hazard": "fire"}, {"drill": True}, {"subject_kind": "site"}, {"state": "resolved"}, {"state": "closed"}],
)
def test_another_subject_or_a_finished_incident_does_not(town: Register, card_row: Cards, changes: dict[str, Any]) -> None:
    assert pressed(town, Presses(), rows=[card_row(9, **changes)]).incident != UUID(int=9)


def test_two_devices_of_one_person_make_one_incident_before_any_is_stored(town: Register) -> None:
    held = Presses()
    first = pressed(town, held, "sos-1")
    held.hear(first)
    second = pressed(town, held, "wear-1", "sos")
    assert second.incident == first.incident
    assert second.alarm != first.alarm
    assert pressed(town, held, "smoke-1", "smoke").incident != first.incident


@pytest.mark.parametrize(
    ("where", "what"),
    [
        (topic("sos-9"), payload()),
        (topic("old-1"), payload()),
        (topic("sos-1"), payload("levitation")),
        (topic("sos-1"), b"{"),
        (topic("sos-1"), b""),
        (topic("sos-1"), payload(n=-1)),
        ("care/v1/x", payload()),
        ("care/v2/120105001/home-1/sos-1/event", payload()),
        (topic("SOS-1"), payload()),
    ],
)
def test_what_ingest_would_reject_is_not_heard(town: Register, where: str, what: bytes) -> None:
    assert heard(where, what, NIGHT, town.devices) is None


@pytest.mark.parametrize("context", [{"battery": "full"}, [], "x", {"battery": 1e99}, {"BAD NAME": 1}])
def test_nonsense_beside_a_press_does_not_hide_it(town: Register, context: object) -> None:
    event = heard(topic("sos-1"), payload(v=context), NIGHT, town.devices)
    assert event is not None and event.kind == "sos"


def test_what_is_no_alarm_makes_no_press(town: Register) -> None:
    event = heard(topic("sos-1"), payload("test"), NIGHT, town.devices)
    assert event is not None
    assert presses_of(event, town, Presses(), ()) == []


def test_the_register_decides_where_a_device_is(town: Register) -> None:
    event = heard("care/v1/999999999/elsewhere/sos-1/event", payload(), NIGHT, town.devices)
    assert event is not None and (event.origin.area, event.origin.site) == ("120105001", "home-1")


def test_a_wrong_clock_counts_as_arrival(town: Register) -> None:
    event = heard(topic("sos-1"), payload(at=NIGHT + timedelta(days=400)), NIGHT, town.devices)
    assert event is not None and event.at == NIGHT


def test_nothing_is_due_for_a_second(town: Register) -> None:
    held = Presses()
    press = pressed(town, held)
    held.hear(press)
    assert held.due(NIGHT + PATIENCE - timedelta(milliseconds=1)) == []
    assert held.due(NIGHT + PATIENCE) == [press]
    held.shown([press])
    assert held.due(NIGHT + timedelta(hours=1)) == []


def test_what_is_stored_in_time_is_never_due(town: Register) -> None:
    held = Presses()
    press = pressed(town, held)
    held.hear(press)
    assert held.stored({press.key}) == [], "no console shows it"
    assert held.due(NIGHT + timedelta(hours=1)) == [] and held.keys() == []


def test_what_was_shown_and_is_stored_is_answered_once(town: Register) -> None:
    held = Presses()
    press = pressed(town, held)
    held.hear(press)
    held.shown([press])
    assert held.stored({(99, "", 1, 1)}) == []
    assert held.stored({press.key}) == [press]
    assert held.stored({press.key}) == []


def test_the_earliest_of_a_device_stands_for_those_after_it(town: Register) -> None:
    held = Presses()
    first = pressed(town, held, n=1)
    for n in range(1, 1000):
        held.hear(pressed(town, held, n=n))
    assert held.keys() == [first.key], "bounded by the number of devices"


def test_it_never_vanishes_by_age(town: Register) -> None:
    held = Presses()
    press = pressed(town, held)
    held.hear(press)
    held.shown([press])
    assert held.standing({press.incident}) == [press]


def test_it_follows_its_subject_to_another_incident(town: Register, card_row: Cards) -> None:
    held = Presses()
    press = pressed(town, held, rows=[card_row(9)])
    held.hear(press)
    held.shown([press])
    aimed = held.retarget(press, [card_row(9, state="resolved")])
    assert aimed.incident == incident_id(press.alarm)
    assert held.standing({aimed.incident}) == [aimed]
    assert held.standing({UUID(int=9)}) == []


@pytest.mark.parametrize("mask", Mask)
def test_it_is_masked_like_a_card(town: Register, mask: Mask) -> None:
    body = press_body(pressed(town, Presses()), mask)
    assert "秀英" not in body
    assert ("402" in body) == (mask is not Mask.REGULATOR)
    assert (json.loads(body)["hazard"], json.loads(body)["priority"]) == ("person", 1)
