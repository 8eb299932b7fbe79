"""Cards, as each class of people may see them."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from api.access import Mask
from api.cards import about_of, brief, card, errand_events, eta, has_errand, senior_brief, site_brief, thing_of, zone_brief
from dispatch.incident import TARGETS, IncidentState
from dispatch.offer import ACTIVE, DispatchEvent, DispatchState
from store.board import CardRow, DispatchRow
from store.register import SeniorRow, SiteRow, ZoneRow

NIGHT = datetime(2026, 3, 1, 3, 10, tzinfo=UTC)
Cards = Callable[..., CardRow]
Errands = Callable[..., DispatchRow]


@pytest.mark.parametrize("mask", Mask)
def test_a_seniors_name_is_masked_for_everyone(card_row: Cards, mask: Mask) -> None:
    shown = card(card_row(), mask)
    assert shown.senior is not None
    assert (shown.senior.name, shown.senior.age) == ("李**", 86)
    assert "秀英" not in shown.model_dump_json()


def test_only_a_regulator_is_not_shown_the_door(card_row: Cards) -> None:
    desk, regulator = card(card_row(), Mask.DESK).model_dump_json(), card(card_row(), Mask.REGULATOR).model_dump_json()
    assert "402" in desk and "402" in card(card_row(), Mask.RESPONDER).model_dump_json()
    assert "402" not in regulator
    assert "金鹏里" in regulator


def test_a_homes_coordinates_are_blurred_for_a_regulator(card_row: Cards) -> None:
    row = card_row(site_lon=117.234567, site_lat=39.154321)
    assert (card(row, Mask.DESK).site.lon, card(row, Mask.DESK).site.lat) == (117.234567, 39.154321)
    assert (card(row, Mask.REGULATOR).site.lon, card(row, Mask.REGULATOR).site.lat) == (117.235, 39.154)
    facility = card_row(site_lon=117.234567, site_kind="day_care")
    assert card(facility, Mask.REGULATOR).site.lon == 117.234567


def test_a_facility_keeps_its_name(card_row: Cards) -> None:
    shown = card(card_row(site_kind="institution", site_name_zh="第7养老院"), Mask.REGULATOR)
    assert shown.site.name_zh == "第7养老院"


def test_without_zone_and_senior_there_is_none(card_row: Cards) -> None:
    shown = card(card_row(senior="", zone=""), Mask.DESK)
    assert (shown.zone, shown.senior) == (None, None)
    inside = card(card_row(zone="r1", zone_kind="room", zone_name_zh="101", zone_floor=2), Mask.DESK)
    assert inside.zone is not None and inside.zone.floor == 2


@pytest.mark.parametrize(("state", "mask"), list(product(IncidentState, Mask)))
def test_what_is_allowed_by_state_and_class(card_row: Cards, state: IncidentState, mask: Mask) -> None:
    shown = card(card_row(state=state.value), mask)
    expected = {
        IncidentState.OPEN: ["acknowledge"],
        IncidentState.ACKNOWLEDGED: ["dispatch", "resolve"],
        IncidentState.DISPATCHED: ["dispatch"],
        IncidentState.ON_SCENE: ["dispatch", "resolve"],
        IncidentState.RESOLVED: ["close"],
    }.get(state, [])
    assert shown.allowed == (expected if mask is Mask.DESK else [])
    assert shown.target_s == (TARGETS[state].total_seconds() if state in TARGETS else None)


def test_what_nobody_pressed_may_be_cancelled(card_row: Cards) -> None:
    assert card(card_row(pressed_or_fire=False), Mask.DESK).allowed == ["acknowledge", "cancel"]


@pytest.mark.parametrize(("state", "mask"), list(product(DispatchState, Mask)))
def test_what_may_be_done_to_an_errand(state: DispatchState, mask: Mask) -> None:
    events = errand_events(state, mask)
    assert DispatchEvent.TIME_OUT not in events, "that is the clock's"
    if mask is Mask.REGULATOR or state not in ACTIVE:
        assert events == []
    elif mask is Mask.RESPONDER:
        assert DispatchEvent.RECALL not in events and events
    else:
        assert set(errand_events(state, Mask.RESPONDER)) <= set(events)


def test_arrival_is_expected_from_departure_and_until_arrival(errand_row: Errands) -> None:
    assert eta(errand_row()) is None
    assert eta(errand_row(state="accepted", accepted_at=NIGHT)) == NIGHT + timedelta(minutes=4)
    left = errand_row(state="en_route", accepted_at=NIGHT, en_route_at=NIGHT + timedelta(minutes=1))
    assert eta(left) == NIGHT + timedelta(minutes=5)
    assert eta(errand_row(state="arrived", en_route_at=NIGHT)) is None
    assert eta(errand_row(state="en_route", en_route_at=NIGHT, travel_s=None)) is None


def test_a_thing_belongs_to_those_on_an_errand_there(card_row: Cards, errand_row: Errands) -> None:
    errands = [errand_row(responder=f"r-{state}", state=state.value) for state in DispatchState]
    row = card_row(dispatches=errands)
    assert thing_of(row).responders == {f"r-{state}" for state in ACTIVE}
    assert (thing_of(row).area, thing_of(row).site) == ("120105001", "home-1")


def test_whether_anyone_is_on_an_errand(card_row: Cards, errand_row: Errands) -> None:
    assert not has_errand(card_row())
    assert not has_errand(card_row(dispatches=[errand_row(state="declined")]))
    row = card_row(dispatches=[errand_row()])
    assert has_errand(row)
    assert not has_errand(row, besides=errand_row().id)


def test_the_subject_is_what_dispatch_calls_it(card_row: Cards) -> None:
    found = about_of(card_row(hazard="fire", subject_kind="site", subject="home-1", drill=True))
    assert (found.hazard, found.subject_kind.value, found.subject, found.drill) == ("fire", "site", "home-1", True)


def test_what_the_register_knows_is_shown_as_a_card_would(card_row: Cards) -> None:
    row = card_row()
    site = SiteRow(
        row.site, row.site_kind, row.site_name_zh, row.site_name_en, row.area, row.site_address, row.site_lon, row.site_lat, 0
    )
    senior = SeniorRow("s-1", "home-1", row.area, "", "李秀英", "f", 1940, ["lives_alone"], 2)
    for mask in Mask:
        assert site_brief(site, mask) == card(row, mask).site
        assert senior_brief(senior, NIGHT) == card(row, mask).senior
    assert zone_brief(ZoneRow("z", "s", "", "room", "一", "One", 3, 1)).floor == 3


def test_an_errand_on_a_card_says_nothing_of_the_others(errand_row: Errands) -> None:
    shown = json.loads(brief(errand_row(ranking=[{"responder": "r-9"}]), Mask.DESK).model_dump_json())
    assert "ranking" not in shown and "route" not in shown
    assert shown["allowed"] == ["accept", "decline", "recall"]
