"""A fire in its detail: what to do, which zone went when and why, whom to bring out."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from api.fire import People, fire
from store.board import CardRow
from store.details import AlarmRow
from store.register import SeniorRow, ZoneRow
from store.trail import TrailRow

T0 = datetime(2026, 3, 1, 3, 10, tzinfo=UTC)
NOW = T0 + timedelta(minutes=10)
Card = Callable[..., CardRow]


def zone(code: str, parent: str, kind: str = "room") -> ZoneRow:
    return ZoneRow(code, "inst-1", parent, kind, f"{code}室", f"Room {code}", 1, 1)


def senior(code: str, zone: str, *tags: str, site: str = "inst-1", level: int = 0) -> SeniorRow:
    return SeniorRow(code, site, "120105001", zone, "李秀英", "f", 1940, list(tags), level)


PEOPLE = People(
    {
        one.code: one
        for one in (
            senior("walks", "r1"),
            senior("lies", "r2", "bedridden"),
            senior("far", "r9", "bedridden"),
            senior("home", "", site="home-1"),
        )
    },
    {one.code: one for one in (zone("f1", "", "floor"), zone("r1", "f1"), zone("r2", "f1"), zone("f2", ""), zone("r9", "f2"))},
)


def alarm(kind: str, zone: str, minute: float, **changes: Any) -> AlarmRow:
    at = T0 + timedelta(minutes=minute)
    reasons = [{"rule": f"{kind}_over", "value": 12.0, "limit": 10.0, "unit": "%/m", "source": "EN 54-7"}, {"rule": "more"}]
    values: dict[str, Any] = {
        "id": UUID(int=5), "incident": UUID(int=1), "source": f"{kind}-{zone}", "kind": kind, "device": f"{kind}-{zone}",
        "profile": "smoke_detector", "zone": zone, "device_id": 3, "priority": 1, "state": "active", "at": at, "received_at": at,
        "stored_at": at, "cleared_at": None, "ended_at": None, "late_s": 0, "rule_version": "smoke/1", "reasons": reasons,
        "evidence": {}, "drill": False,
    }  # fmt: skip
    return AlarmRow(**{**values, **changes})


@pytest.fixture
def card(card_row: Card) -> CardRow:
    return card_row(hazard="fire", kind="smoke", kinds=["smoke"], site="inst-1", site_kind="institution", senior="")


def test_only_fire_and_gas_have_one(card_row: Card) -> None:
    assert fire(card_row(), [], [], PEOPLE, True, NOW) is None
    assert fire(card_row(hazard="gas_co", site="inst-1"), [alarm("gas", "r1", 0)], [], PEOPLE, True, NOW) is not None


def test_zones_stand_in_the_order_in_which_they_went_each_with_its_criteria(card: CardRow) -> None:
    alarms = [alarm("smoke", "r2", 3), alarm("smoke", "r1", 1), alarm("heat", "r1", 2), alarm("smoke", "r1", 4)]
    found = fire(card, alarms, [], PEOPLE, True, NOW)
    assert found is not None
    assert [(one.order, one.zone and one.zone.code, one.at, one.kinds) for one in found.zones] == [
        (1, "r1", T0 + timedelta(minutes=1), ["smoke", "heat"]),
        (2, "r2", T0 + timedelta(minutes=3), ["smoke"]),
    ]
    assert [reason.rule for reason in found.zones[0].reasons] == ["smoke_over", "heat_over"]
    assert found.zones[0].reasons[0].source == "EN 54-7"
    assert found.zones[0].devices == ["heat-r1", "smoke-r1"]


def test_a_zone_whose_readings_are_back_no_longer_stands(card: CardRow) -> None:
    found = fire(card, [alarm("smoke", "r1", 0, ended_at=NOW), alarm("smoke", "r2", 1)], [], PEOPLE, True, NOW)
    assert found is not None
    assert [one.stands for one in found.zones] == [False, True]


def test_the_instruction_is_that_of_the_worst_that_stands(card: CardRow) -> None:
    def told(*alarms: AlarmRow) -> str:
        found = fire(card, list(alarms), [], PEOPLE, True, NOW)
        assert found is not None
        return found.instruction

    over = {"state": "cleared", "cleared_at": NOW}
    assert told(alarm("fire_look", "r1", 0)) == "look"
    assert told(alarm("fire_look", "r1", 0), alarm("smoke", "r1", 1)) == "verify_fire"
    assert told(alarm("smoke", "r1", 1, **over), alarm("fire_look", "r1", 0)) == "look"
    assert told(alarm("fire_look", "r1", 0, **over)) == "look", "nobody has looked yet"
    assert told(alarm("smoke", "r1", 1, ended_at=NOW)) == "verify_fire", "it latches"


def test_who_cannot_walk_is_brought_out_first_and_nobody_of_another_floor(card: CardRow) -> None:
    found = fire(card, [alarm("smoke", "r1", 0), alarm("smoke", "r2", 1)], [], PEOPLE, True, NOW)
    assert found is not None
    assert [(one.senior.code, one.order, one.reduced_mobility, one.aids) for one in found.evacuees] == [
        ("lies", 2, True, ["evacuation_sheet"]),
        ("walks", 1, False, []),
    ]
    assert found.evacuees[0].bed is not None
    assert (found.evacuees[0].bed.code, found.evacuees[0].name, found.evacuees[0].senior.name) == ("r2", "李秀英", "李**")


def test_who_may_not_read_names_reads_none(card: CardRow) -> None:
    found = fire(card, [alarm("smoke", "r1", 0)], [], PEOPLE, False, NOW)
    assert found is not None
    assert "李秀英" not in found.model_dump_json()
    assert {one.name for one in found.evacuees} == {"李**"}


def test_for_a_look_or_an_electrician_nobody_is_moved(card: CardRow) -> None:
    for kind in ("fire_look", "residual_current"):
        found = fire(card, [alarm(kind, "r1", 0)], [], PEOPLE, True, NOW)
        assert found is not None
        assert (found.evacuees, len(found.zones)) == ([], 1)


def test_a_home_is_one_zone_without_a_name_and_its_resident_comes_out(card_row: Card) -> None:
    card = card_row(hazard="fire", kind="smoke", site="home-1")
    found = fire(card, [alarm("smoke", "", 0)], [], PEOPLE, True, NOW)
    assert found is not None
    assert [one.zone for one in found.zones] == [None]
    assert [(one.senior.code, one.bed, one.order) for one in found.evacuees] == [("home", None, 1)]


def test_who_was_brought_out_by_whom_is_on_the_trail_and_can_be_taken_back(card: CardRow) -> None:
    said = [("brought_out", "lies", "zhao"), ("brought_out", "walks", "qian"), ("not_out", "walks", "qian"), ("note", "x", "sun")]
    trail = [TrailRow(i, T0 + timedelta(minutes=i), kind, by, {"senior": who}) for i, (kind, who, by) in enumerate(said)]
    found = fire(card, [alarm("smoke", "r1", 0)], trail, PEOPLE, True, NOW)
    assert found is not None
    assert {one.senior.code: (one.out_at, one.out_by) for one in found.evacuees} == {"lies": (T0, "zhao"), "walks": (None, "")}
