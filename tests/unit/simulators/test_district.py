"""The district as a whole: its figures, its codes, its marks, and that a seed is all it depends on."""

import re
import time
from collections import Counter

import pytest

from care.district import District, problems
from care.people import SKILLS, TAGS
from devices.profiles import BY_CODE, PROFILES
from devices.topics import NAME, Topic, parse
from simulators.district import demo_district

SUBDISTRICTS = {
    "120105001": "光复道",
    "120105002": "望海楼",
    "120105003": "鸿顺里",
    "120105004": "新开河",
    "120105005": "铁东路",
    "120105006": "建昌道",
    "120105007": "宁园",
    "120105008": "王串场",
    "120105009": "江都路",
    "120105010": "月牙河",
}


def test_nothing_is_broken(district: District) -> None:
    assert problems(district) == []


def test_the_figures_that_were_asked_for(district: District) -> None:
    kinds = Counter(site.kind for site in district.sites)
    assert kinds == {"home": 2000, "institution": 24, "day_care": 34, "canteen": 12}
    assert sum(site.beds for site in district.sites) == 4536
    assert len(district.responders) == 60
    assert 6_000 <= len(district.devices) <= 7_000


def test_the_ten_subdistricts_by_name_and_code(district: District) -> None:
    assert {a.code: a.name_zh for a in district.areas if a.level == "subdistrict"} == SUBDISTRICTS
    assert all(a.parent == "120105" for a in district.areas if a.level == "subdistrict")
    top = [a for a in district.areas if a.level == "district"]
    assert [(a.code, a.name_zh, a.parent) for a in top] == [("120105", "河北区", "")]


def test_every_subdistrict_has_homes_and_facilities(district: District) -> None:
    for kind in ("home", "institution", "day_care", "canteen"):
        assert {s.area for s in district.sites if s.kind == kind} == set(SUBDISTRICTS)


def test_the_cell_is_named_and_timed(district: District) -> None:
    assert (district.code, district.name_zh, district.timezone) == ("120105", "河北区", "Asia/Shanghai")


def test_everything_says_that_it_is_a_demo(district: District) -> None:
    assert district.demo
    for marked in (district.areas, district.sites, district.seniors, district.responders, district.accounts):
        assert all(thing.demo for thing in marked)


def test_the_same_seed_gives_the_same_district(district: District) -> None:
    assert demo_district(7) == district


def test_another_seed_gives_other_people_on_the_same_ground(district: District) -> None:
    other = demo_district(8)
    assert (other.areas, other.layers, other.roads) == (district.areas, district.layers, district.roads)
    assert other.seniors != district.seniors
    assert [s.address for s in other.sites] != [s.address for s in district.sites]


@pytest.mark.parametrize("seed", range(1, 6))
def test_the_figures_hold_for_any_seed(seed: int) -> None:
    some = demo_district(seed)
    assert Counter(s.kind for s in some.sites) == {"home": 2000, "institution": 24, "day_care": 34, "canteen": 12}
    assert sum(z.beds for z in some.zones if z.kind == "bed") == 4536
    for nouns in (some.sites, some.zones, some.seniors, some.devices):
        assert len({noun.code for noun in nouns}) == len(nouns)


def test_it_is_made_in_under_three_seconds() -> None:
    began = time.process_time()
    demo_district(99)
    assert time.process_time() - began < 3


def test_codes_fit_into_topics(district: District) -> None:
    for nouns in (district.sites, district.zones, district.seniors, district.devices, district.responders):
        assert [noun.code for noun in nouns if not NAME.match(noun.code)] == []


def test_every_device_has_a_topic(district: District) -> None:
    for device in district.devices:
        topic = Topic(device.area, device.site, device.code, "telemetry")
        assert parse(str(topic)) == topic


def test_a_device_code_begins_with_its_profile(district: District) -> None:
    for device in district.devices:
        assert BY_CODE[device.code.split("-")[0]] is PROFILES[device.profile]


def test_phones_can_never_ring(district: District) -> None:
    contacts = [c for s in district.seniors for c in s.contacts]
    for owners in (district.sites, district.seniors, district.responders, contacts):
        assert [o.phone for o in owners if o.phone and not re.fullmatch(r"000\d{8}", o.phone)] == []
    assert all(c.phone for c in contacts)


def test_words_are_the_field_s_own(district: District) -> None:
    assert {tag for s in district.seniors for tag in s.tags} <= set(TAGS)
    assert {skill for r in district.responders for skill in r.skills} <= set(SKILLS)


def test_english_is_complete(district: District) -> None:
    for named in (district.areas, district.sites, district.zones):
        assert all(thing.name_en and thing.name_en.isascii() for thing in named)
