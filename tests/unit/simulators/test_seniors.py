"""The people in care: one a home, most beds taken, plausible and synthetic."""

from collections import Counter
from random import Random

from care.district import District
from care.places import Zone
from simulators.district.ground import words
from simulators.district.seniors import DRAWN_IN, OCCUPIED, at_home, in_care, young_name


def test_every_home_has_one_senior(district: District) -> None:
    homes = {s.code for s in district.sites if s.kind == "home"}
    found = Counter(s.site for s in district.seniors if not s.zone)
    assert set(found) == homes
    assert set(found.values()) == {1}


def test_a_bed_holds_at_most_one_and_most_are_taken(district: District) -> None:
    beds = {z.code: z.site for z in district.zones if z.kind == "bed"}
    residents = [s for s in district.seniors if s.zone]
    assert max(Counter(s.zone for s in residents).values()) == 1
    assert all(beds[s.zone] == s.site for s in residents)
    assert abs(len(residents) / len(beds) - OCCUPIED) < 0.02


def test_ages_are_those_of_seniors(district: District) -> None:
    ages = [DRAWN_IN - s.birth_year for s in district.seniors]
    assert min(ages) >= 65
    assert max(ages) <= 105
    assert 78 < sum(ages) / len(ages) < 88


def test_everyone_has_someone_to_call(district: District) -> None:
    for senior in district.seniors:
        assert 1 <= len(senior.contacts) <= 3
        assert all(c.name and c.relation and c.phone for c in senior.contacts)


def test_children_bear_the_name(district: District) -> None:
    for senior in district.seniors[:500]:
        for contact in senior.contacts:
            if contact.relation in ("儿子", "女儿"):
                assert contact.name[0] == senior.name[0]


def test_who_has_a_key_and_where_it_is_come_together(district: District) -> None:
    assert all(bool(s.key_holder) == bool(s.key_note) for s in district.seniors)
    at_home = [s for s in district.seniors if not s.zone]
    without = sum(not s.key_holder for s in at_home) / len(at_home)
    assert 0.03 < without < 0.15  # some doors will have to be forced, and the console must say so


def test_those_in_care_need_more(district: District) -> None:
    def mean(levels: list[int]) -> float:
        return sum(levels) / len(levels)

    assert {s.ability_level for s in district.seniors} == set(range(5))
    at_home = mean([s.ability_level for s in district.seniors if not s.zone])
    assert mean([s.ability_level for s in district.seniors if s.zone]) > at_home + 0.5
    assert not any("lives_alone" in s.tags for s in district.seniors if s.zone)
    assert not any("bedridden" in s.tags for s in district.seniors if not s.zone)


def test_tags_are_not_repeated(district: District) -> None:
    assert all(len(s.tags) == len(set(s.tags)) for s in district.seniors)


def test_names_fit_the_sex(district: District) -> None:
    women, men = set(words()["elder_women"]), set(words()["elder_men"])
    assert not women & men
    for senior in district.seniors:
        assert senior.name[1:] in (women if senior.sex == "f" else men)


def test_nobody_from_nothing() -> None:
    assert list(at_home([], Random(1))) == []
    assert list(in_care([], Random(1))) == []


def test_an_occupied_bed_gives_its_resident_its_code() -> None:
    bed = Zone("inst01-1-01-1", "inst01", "inst01-1-01", "bed", "101室1床", "Room 101, bed 1", 1, 1)
    found = [s for seed in range(50) for s in in_care([bed], Random(seed))]
    assert 35 <= len(found) <= 49
    assert {(s.code, s.zone, s.site, s.phone) for s in found} == {("s-inst01-1-01-1", bed.code, "inst01", "")}


def test_working_names_are_two_or_three_characters() -> None:
    assert {len(young_name(Random(seed))) for seed in range(200)} == {2, 3}
