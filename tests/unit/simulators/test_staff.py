"""The rota has no gap, and the accounts cover every role."""

from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from care.district import District
from care.people import Responder
from care.places import within
from simulators.district import CREW
from simulators.district.staff import rota

MONDAY = datetime(2026, 3, 2, tzinfo=ZoneInfo("Asia/Shanghai"))
HALF_HOURS = [MONDAY + timedelta(minutes=30 * k) for k in range(7 * 48)]


def _turns(member: Responder) -> list[tuple[datetime, datetime]]:
    """When each turn of two weeks begins and ends."""
    found = []
    for day in range(14):
        for shift in member.shifts:
            if (MONDAY + timedelta(days=day)).weekday() in shift.weekdays:
                begin = datetime.combine(MONDAY + timedelta(days=day), shift.start, MONDAY.tzinfo)
                end = datetime.combine(begin, shift.end, MONDAY.tzinfo)
                found.append((begin, end if end > begin else end + timedelta(days=1)))
    return sorted(found)


def test_six_a_subdistrict(district: District) -> None:
    assert set(Counter(r.area for r in district.responders).values()) == {6}
    assert [r.code for r in district.responders] == [f"r{n:02d}" for n in range(1, 61)]


def test_no_hour_of_the_week_without_two_who_lift_and_give_first_aid(district: District) -> None:
    for at in HALF_HOURS:
        able = [r.area for r in district.responders if r.on_duty(at) and {"lifting", "first_aid"} <= set(r.skills)]
        counted = Counter(able)
        assert len(counted) == 10, at
        assert min(counted.values()) >= 2, at


def test_the_minute_of_the_handover_is_covered(district: District) -> None:
    for minute in (29, 30, 31):
        for hour in (7, 19):
            at = MONDAY.replace(hour=hour, minute=minute)
            assert set(Counter(r.area for r in district.responders if r.on_duty(at)).values()) == {2}


def test_nobody_works_two_turns_on_end(district: District) -> None:
    for member in district.responders:
        for (_, end), (begin, _) in pairwise(_turns(member)):
            assert begin - end >= timedelta(hours=12), member.code


def test_the_load_of_a_week_is_shared(district: District) -> None:
    for member in district.responders:
        hours = sum(0.5 for at in HALF_HOURS if member.on_duty(at))
        assert 48 <= hours <= 60


@pytest.mark.parametrize("pair", range(3))
def test_a_pair_has_day_and_night_turns(pair: int) -> None:
    day, night = rota(pair)
    assert day.start < day.end
    assert night.start > night.end
    assert day.weekdays
    assert night.weekdays


def test_the_three_pairs_share_the_week_without_rest() -> None:
    days = [d for pair in range(3) for d in rota(pair)[0].weekdays]
    nights = [d for pair in range(3) for d in rota(pair)[1].weekdays]
    assert sorted(days) == sorted(nights) == list(range(7))


def test_a_responder_starts_in_his_own_subdistrict(district: District) -> None:
    sites = {s.code: s for s in district.sites}
    for member in district.responders:
        assert sites[member.station].area == member.area
        assert sites[member.station].kind in ("institution", "day_care")


def test_the_team_has_what_it_takes(district: District) -> None:
    assert {"care_staff", "nurse", "property", "volunteer", "neighbour", "fire_warden"} <= {r.kind for r in district.responders}
    assert {r.vehicle for r in district.responders} == {"foot", "ebike", "car"}
    for area in {r.area for r in district.responders}:
        skills = {skill for r in district.responders if r.area == area for skill in r.skills}
        assert {"nursing", "aed", "keys", "fire", "gas_shutoff", "dementia_care"} <= skills
    assert all(len(r.skills) == len(set(r.skills)) for r in district.responders)


def test_who_drives_a_car_can_drive(district: District) -> None:
    assert all("driving" in r.skills for r in district.responders if r.vehicle == "car")


def test_the_logins_that_the_readme_names(district: District) -> None:
    by_login = {a.login: a for a in district.accounts}
    assert (by_login["duty"].role, by_login["duty"].scope) == ("duty", "120105")
    assert (by_login["duty-wangchuanchang"].role, by_login["duty-wangchuanchang"].scope) == ("duty", "120105008")
    assert (by_login["regulator"].role, by_login["regulator"].scope) == ("regulator", "120105")
    assert (by_login["admin"].role, by_login["admin"].scope) == ("admin", "120105")
    assert [f"responder{n}" in by_login for n in range(1, 7)] == [True] * 6


def test_the_facility_sees_one_institution_alone(district: District) -> None:
    (facility,) = [a for a in district.accounts if a.scope.startswith("site:")]
    seen = [s for s in district.sites if within(facility.scope, s.area, s.code)]
    assert [s.kind for s in seen] == ["institution"]
    assert facility.login == "facility"


def test_a_responder_s_account_is_his(district: District) -> None:
    by_code = {r.code: r for r in district.responders}
    mine = [a for a in district.accounts if a.role == "responder"]
    assert [one.login.startswith(CREW) for one in mine] == [False] * 6 + [True] * 54, "six for people to play"
    assert {one.responder for one in mine} == set(by_code)
    for account in mine:
        member = by_code[account.responder or ""]
        assert (account.name, account.scope) == (member.name, member.area)
    assert all(a.responder is None for a in district.accounts if a.role != "responder")


def test_someone_with_a_phone_is_on_duty_at_every_hour(district: District) -> None:
    """So that the story of the demo can be told at any time of day."""
    by_code = {r.code: r for r in district.responders}
    phones = [by_code[a.responder] for a in district.accounts if a.responder and not a.login.startswith(CREW)]
    assert all(sum(r.on_duty(at) for r in phones) >= 2 for at in HALF_HOURS)


def test_no_password_is_kept_here(district: District) -> None:
    assert not any("password" in field for a in district.accounts for field in type(a).__dataclass_fields__)
