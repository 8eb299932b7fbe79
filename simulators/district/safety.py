"""Invented papers of the institutions: inspections, tests, drills, what was found and put right; when each detector was last tried.

Some houses are exemplary, most are well kept, a few let things slide. The same seed and day give the same papers.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from uuid import UUID

from care.district import District
from care.safety_evidence import TESTED
from care.safety_facts import SafetyCheck

_DAY = timedelta(days=1)
_BACK = 400  # days of papers
_KEEPERS = ("孙主任", "李院长", "周安全员", "郑主管")
_AUTHORITIES = ("区消防救援支队", "区民政局养老科", "街道应急办")
_RAISES = {"smoke_detector": "smoke", "heat_detector": "heat", "gas_detector": "gas"}
_ALARMS = 22
_CAUSES, _CAUSE_WEIGHTS = ("cooking_steam", "device_fault", "real_fire", "other"), (12, 5, 1, 4)


@dataclass(frozen=True, slots=True)
class Alarmed:
    """An alarm of the past: whose and which, how many days ago, how many seconds until answered and resolved, what it was."""

    device: str
    kind: str
    ago: float
    answered_s: int
    resolved_s: int
    cause: str


@dataclass(frozen=True, slots=True)
class _House:
    """How carefully a house is kept, from 0 to 1, and where chance for it comes from."""

    site: str
    care: float
    rng: Random


def checks(district: District, today: date, seed: int) -> Sequence[SafetyCheck]:
    """The register of every institution, as it would have been entered."""
    return [one for house in _houses(district, seed, "checks") for one in _papers(house, today)]


def tests(district: District, now: datetime, seed: int) -> Mapping[str, datetime]:
    """When each detector of an institution was last tried, by code."""
    found: dict[str, datetime] = {}
    houses = {house.site: house for house in _houses(district, seed, "tests")}
    for device in district.devices:
        house = houses.get(device.site)
        if house and device.profile in TESTED:
            overdue = house.rng.random() > 0.55 + 0.45 * house.care
            found[device.code] = now - (house.rng.uniform(370, 520) if overdue else house.rng.uniform(5, 330)) * _DAY
    return found


def blocked(district: District, seed: int) -> Sequence[tuple[str, float, int]]:
    """Exits that stood blocked lately: the monitor, how many days ago, for how many minutes."""
    rng = Random(f"{seed} blocked")
    exits = sorted(one.code for one in district.devices if one.profile == "exit_monitor")
    return [(code, rng.uniform(0.5, 5), rng.randrange(25, 300)) for code in rng.sample(exits, min(5, len(exits)))]


def alarms(district: District, seed: int) -> Sequence[Alarmed]:
    """Fire and gas alarms of the last 85 days, all answered and closed; most of them were cooking."""
    rng = Random(f"{seed} alarms")
    sites = {site.code for site in district.sites if site.kind == "institution"}
    able = sorted((one.code, _RAISES[one.profile]) for one in district.devices if one.site in sites and one.profile in _RAISES)
    return [
        Alarmed(
            device,
            kind,
            rng.uniform(1, 85),
            rng.choice((12, 18, 25, 31, 44, 75)),
            rng.choice((4, 6, 8, 11, 17)) * 60,
            rng.choices(_CAUSES, _CAUSE_WEIGHTS)[0],
        )
        for device, kind in rng.sample(able, min(_ALARMS, len(able)))
    ]


def _houses(district: District, seed: int, what: str) -> Iterator[_House]:
    for site in district.sites:
        if site.kind == "institution":
            care = Random(f"{seed} {site.code} care").betavariate(3, 1.2)
            yield _House(site.code, care, Random(f"{seed} {site.code} {what}"))


def _papers(house: _House, today: date) -> Iterator[SafetyCheck]:
    for kind, every, by in (
        ("inspection", 30, _KEEPERS),
        ("drill", 175, _KEEPERS),
        ("system_test", 350, ("消防技术服务机构",)),
        ("authority", 340, _AUTHORITIES),
    ):
        if house.care < 0.35 and kind == "drill":
            continue  # nobody wrote any down
        late = house.rng.random() > 0.5 + 0.5 * house.care
        ago = every * 1.2 if late else house.rng.uniform(0.05, 0.9) * every
        while ago < _BACK:
            yield from _paper(house, kind, today - round(ago) * _DAY, today, house.rng.choice(by))
            ago += every * house.rng.uniform(0.85, 1.05)


def _paper(house: _House, kind: str, day: date, today: date, by: str) -> Iterator[SafetyCheck]:
    """A check, and the recheck of what it found."""
    wrong = kind != "drill" and house.rng.random() > 0.75 + 0.25 * house.care
    found = _check(house, kind, day, by, house.rng.randint(1, 4) if wrong else 0)
    yield found
    mended = day + round(house.rng.uniform(5, 29)) * _DAY
    if wrong and mended <= today and house.rng.random() < 0.6 + 0.4 * house.care:
        yield _check(house, "recheck", mended, by, 0, found.id)


def _check(house: _House, kind: str, day: date, by: str, defects: int, follows: UUID | None = None) -> SafetyCheck:
    return SafetyCheck(
        site=house.site,
        id=UUID(int=house.rng.getrandbits(128), version=4),
        kind=kind,
        done_on=day,
        result="defects" if defects else "passed",
        defects=defects,
        rectify_by=day + 30 * _DAY if defects else None,
        follows=follows,
        by_whom=by,
        note="",
        entered_by="demo",
        entered_at=datetime.combine(day, time(9), UTC),
        demo=True,
    )
