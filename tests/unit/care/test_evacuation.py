"""Who comes out first: those who cannot walk, in the order in which the zones went."""

from datetime import UTC, datetime, timedelta

from care.evacuation import SAME_FLOOR, evacuees, zones_in_order
from care.people import TAGS, Senior
from care.places import Zone

T0 = datetime(2026, 11, 1, tzinfo=UTC)
ZONES = {
    code: Zone(code, "inst", parent, kind, code, code, floor, 0)
    for code, parent, kind, floor in (
        ("f1", "", "floor", 1),
        ("r1", "f1", "room", 1),
        ("r1-a", "r1", "bed", 1),
        ("r1-b", "r1", "bed", 1),
        ("r2", "f1", "room", 1),
        ("r2-a", "r2", "bed", 1),
        ("r3", "f1", "room", 1),
        ("r3-a", "r3", "bed", 1),
        ("f2", "", "floor", 2),
        ("r4", "f2", "room", 2),
        ("r4-a", "r4", "bed", 2),
    )
}


def senior(code: str, zone: str, *tags: str, level: int = 0) -> Senior:
    return Senior(code, "inst", zone, code, "f", 1940, "", tags, level, "", "", ())


def test_zones_stand_in_the_order_of_their_first_alarm() -> None:
    minutes = [("r2", 5), ("r1", 3), ("r2", 1), ("", 0), ("r1", 9)]
    assert [zone for zone, _ in zones_in_order((zone, T0 + timedelta(minutes=m)) for zone, m in minutes)] == ["r2", "r1"]


def test_who_cannot_walk_comes_first_then_the_zone_that_went_first() -> None:
    people = [
        senior("walks", "r1-a"),
        senior("wheels", "r1-b", "wheelchair"),
        senior("lies", "r2-a", "bedridden", "oxygen"),
        senior("next-door", "r3-a", "bedridden"),
        senior("upstairs", "r4-a", "bedridden"),
    ]
    found = evacuees(["r1", "r2"], people, ZONES)
    assert [(one.senior, one.bed, one.order, one.reduced_mobility) for one in found] == [
        ("lies", "r2-a", 2, True),
        ("wheels", "r1-b", 1, True),
        ("walks", "r1-a", 1, False),
        ("next-door", "r3-a", SAME_FLOOR, True),
    ]
    assert found[0].aids == ("evacuation_sheet", "oxygen_bottle")
    assert found[2].aids == ()


def test_a_corridor_that_went_calls_the_whole_floor_and_a_place_unknown_to_the_register_nobody() -> None:
    people = [senior("walks", "r1-a"), senior("lies", "r3-a", "bedridden"), senior("upstairs", "r4-a"), senior("nowhere", "")]
    assert [one.senior for one in evacuees(["r2"], people, ZONES)] == ["lies", "walks"]
    assert evacuees(["unknown"], people, ZONES) == evacuees([], people, ZONES) == ()


def test_who_lives_in_no_zone_is_at_the_site_itself() -> None:
    [at_home] = evacuees(["home"], [senior("lies", "", "bedridden"), senior("walks", "r1-a")], ZONES, "home")
    assert (at_home.senior, at_home.bed, at_home.order) == ("lies", "home", 1)


def test_a_floor_takes_all_of_its_rooms_with_it() -> None:
    found = evacuees(["f1"], [senior("a", "r1-a"), senior("c", "r3-a", level=4)], ZONES)
    assert [(one.senior, one.reduced_mobility) for one in found] == [("c", True), ("a", False)]


def test_zones_that_go_in_circles_end_all_the_same() -> None:
    loop = {"x": Zone("x", "inst", "y", "room", "x", "x", 1, 0), "y": Zone("y", "inst", "x", "room", "y", "y", 1, 0)}
    assert [one.senior for one in evacuees(["y"], [senior("a", "x")], loop)] == ["a"]
    assert evacuees(["y"], [senior("a", "unknown")], loop) == ()


def test_every_tag_that_ranks_is_a_tag_of_the_register() -> None:
    assert {"bedridden", "wheelchair", "oxygen", "dementia", "hearing_loss"} <= set(TAGS)
