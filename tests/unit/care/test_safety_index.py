"""From facts to the index: what each criterion makes of a facility, and that worse facts never make it better."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.detectors.spoken import BATTERY_LOW
from api.protection import heard_of
from care.safety import CRITERIA, RULES, Verdict
from care.safety_evidence import standing
from care.safety_facts import SafetyCheck, SafetyDevice, SafetyFacts, SafetyIncident, SafetyZone
from care.safety_index import JUDGES, Assessment, assess
from care.safety_records import FALSE, REAL
from care.standing import BATTERY_LOW_PCT
from devices.profiles import PROFILES
from dispatch.incident import CAUSES
from store.devices import DeviceHealth
from tests.examples import examples

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
TODAY = date(2026, 11, 24)
LISTENING = NOW - timedelta(days=30)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def zone(code: str, kind: str = "room", parent: str = "") -> SafetyZone:
    return SafetyZone("inst", code, parent, kind, code, code)


def device(code: str, profile: str = "smoke_detector", at: str = "r1", **more: Any) -> SafetyDevice:
    fine = SafetyDevice(
        "inst", code, profile, at, PROFILES[profile].silent_after, NOW - 400 * DAY, NOW - MINUTE, True, test_at=NOW - 9 * DAY
    )
    return replace(fine, **more)


def incident(number: int = 1, **more: Any) -> SafetyIncident:
    began = NOW - 5 * DAY
    quick = SafetyIncident(
        "inst",
        UUID(int=number),
        "smoke",
        1,
        began,
        began + timedelta(seconds=20),
        began + 4 * MINUTE,
        began + 9 * MINUTE,
        "cooking_steam",
    )
    return replace(quick, **more)


def check(kind: str, ago: int, number: int = 1, **more: Any) -> SafetyCheck:
    day = TODAY - ago * DAY
    return replace(SafetyCheck("inst", UUID(int=number), kind, day, "passed", 0, None, None, "", "", "", NOW, False), **more)


GOOD_HOUSE = SafetyFacts(
    site="inst",
    area="a",
    name_zh="",
    name_en="",
    beds=4,
    now=NOW,
    today=TODAY,
    listening=LISTENING,
    zones=(
        zone("f", "floor"),
        zone("r1"),
        zone("r1-b", "bed", "r1"),
        zone("c", "corridor"),
        zone("k", "kitchen"),
        zone("w", "bathroom"),
    ),
    devices=(
        device("smoke-1", at="r1-b"),
        device("smoke-2", at="c"),
        device("heat-1", "heat_detector", "k"),
        device("gas-1", "gas_detector", "k"),
        device("exit-1", "exit_monitor", "c", value=0.0, value_at=NOW),
        device("exit-2", "exit_monitor", "c", value=0.0, value_at=NOW),
        device("water-1", "water_pressure", "c", value=0.2, value_at=NOW, worst=0.18, worst_at=NOW),
        device("elec-1", "electrical_monitor", "k"),
        device("gw", "gateway", ""),
    ),
    incidents=(incident(cause="other"),),
    checks=(check("inspection", 3, 1), check("authority", 200, 2), check("system_test", 100, 3), check("drill", 60, 4)),
)


def lost(found: Assessment) -> dict[str, list[str]]:
    """Why points were lost, by criterion."""
    bad = {
        key: [one.evidence.why for one in part.weighed if one.points and one.evidence.verdict is Verdict.BAD]
        for key, part in found.criteria.items()
    }
    return {key: whys for key, whys in bad.items() if whys}


def unknown(found: Assessment) -> set[str]:
    return {key for key, part in found.criteria.items() if part.points.unknown > 0}


def with_device(code: str, **changes: Any) -> SafetyFacts:
    return replace(GOOD_HOUSE, devices=tuple(replace(one, **changes) if one.code == code else one for one in GOOD_HOUSE.devices))


def test_every_criterion_of_the_table_is_judged() -> None:
    assert set(JUDGES) == set(CRITERIA)


def test_a_good_house_has_a_hundred_points() -> None:
    found = assess(GOOD_HOUSE)
    assert (lost(found), unknown(found)) == ({}, set())
    assert found.score.score == pytest.approx(100)
    assert [(one.days, one.alarms, one.false, one.real, one.closed) for one in found.history] == [
        (30, 1, 0, 0, 1),
        (90, 1, 0, 0, 1),
    ]


def test_an_institution_of_which_nothing_is_known_neither_scores_nor_loses() -> None:
    found = assess(replace(GOOD_HOUSE, zones=(), devices=(), incidents=(), checks=()))
    assert (found.score.score, found.score.lost) == (None, 0)
    assert found.score.known == pytest.approx(0)
    assert {one.evidence.why for part in found.criteria.values() for one in part.weighed} == {
        "no_zones",
        "no_devices",
        "no_exit_monitor",
        "no_water_sensor",
        "no_wiring_monitor",
        "no_record",
    }


@pytest.mark.parametrize(
    ("changes", "criterion", "why"),
    [
        ({"seen_at": NOW - DAY}, "health", "silent"),
        ({"seen_at": None}, "health", "never_seen"),
        ({"online": False}, "health", "offline"),
        ({"battery": 12.0}, "health", "battery_low"),
        ({"faulty_since": NOW - DAY}, "health", "faulty"),
        ({"test_at": NOW - 366 * DAY}, "self_tests", "test_overdue"),
        ({"test_at": None}, "self_tests", "never_tested"),
    ],
)
def test_what_is_the_matter_with_a_detector(changes: dict[str, Any], criterion: str, why: str) -> None:
    assert lost(assess(with_device("smoke-2", **changes))) == {criterion: [why]}


@pytest.mark.parametrize(
    ("code", "changes", "criterion", "why"),
    [
        ("exit-1", {"value": 1.0}, "exits", "blocked"),
        ("exit-1", {"blocked_s": 601.0}, "exits", "blocked_before"),
        ("water-1", {"value": 0.069}, "water", "pressure_low"),
        ("water-1", {"worst": 0.05}, "water", "pressure_was_low"),
        ("elec-1", {"warning_since": NOW}, "electrical", "warning"),
    ],
)
def test_exits_water_and_wiring(code: str, changes: dict[str, Any], criterion: str, why: str) -> None:
    assert lost(assess(with_device(code, **changes))) == {criterion: [why]}


def test_a_gauge_that_is_silent_costs_its_health_and_says_nothing_of_what_it_measures() -> None:
    found = assess(with_device("water-1", seen_at=NOW - DAY))
    assert lost(found) == {"health": ["silent"]}
    assert unknown(found) == {"water"}


@pytest.mark.parametrize(
    ("code", "value", "criterion", "why"),
    [("exit-1", 1.0, "exits", "blocked_last"), ("water-1", 0.01, "water", "pressure_last_low")],
)
def test_what_was_bad_when_last_heard_is_not_mended_by_unplugging_it(code: str, value: float, criterion: str, why: str) -> None:
    found = assess(with_device(code, value=value, seen_at=NOW - 2 * DAY))
    assert lost(found) == {"health": ["silent"], criterion: [why]}


def test_what_could_not_have_been_heard_yet_is_not_silence() -> None:
    young = replace(with_device("smoke-2", seen_at=None), listening=NOW - MINUTE)
    assert lost(assess(young)) == {}
    assert "health" in unknown(assess(young))
    deaf = assess(replace(GOOD_HOUSE, devices=tuple(replace(one, seen_at=NOW - DAY) for one in GOOD_HOUSE.devices), listening=None))
    assert (lost(deaf), deaf.score.score) == ({}, None)


def test_a_zone_without_a_detector_is_named_and_nobody_would_have_heard_a_fire_there() -> None:
    bare = replace(GOOD_HOUSE, zones=(*GOOD_HOUSE.zones, zone("r2")))
    found = assess(bare)
    assert [one.evidence.ref for one in found.criteria["coverage"].weighed if one.evidence.verdict is Verdict.BAD] == ["r2"]
    assert unknown(found) == {"fires", "false_alarms", "acknowledged", "arrived"}


LIVE = {
    "began_at": NOW - 91 * DAY,
    "acknowledged_at": NOW - 91 * DAY + MINUTE,
    "arrived_at": None,
    "resolved_at": None,
    "cause": None,
}
LOOKED = {"emergency_at": NOW - 5 * DAY + 30 * MINUTE, "resolved_at": NOW - 5 * DAY + 60 * MINUTE}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"cause": "real_fire"}, {"fires": ["real"]}),
        ({"cause": "cooking_steam"}, {"false_alarms": ["false"]}),
        ({"cause": "cooking_steam", "priority": 2}, {}),
        # what the house corrects about itself counts as before; what it admits counts at once, and gives nothing back
        ({"cause": "other", "stood": "real_fire"}, {"fires": ["real_before"]}),
        ({"cause": "cooking_steam", "stood": "real_fire"}, {"fires": ["real_before"]}),
        ({"cause": "test", "stood": "cooking_steam"}, {"false_alarms": ["false_before"]}),
        ({"cause": "cooking_steam", "stood": "test"}, {}),
        ({"cause": "real_fire", "stood": "cooking_steam"}, {"fires": ["real"], "false_alarms": ["false_before"]}),
        ({"cause": "test", "acknowledged_at": None}, {"acknowledged": ["unacknowledged"]}),  # it rang, whatever it was
        ({"cause": "test"}, {}),
        ({"acknowledged_at": NOW - 5 * DAY + timedelta(seconds=61)}, {"acknowledged": ["acknowledge_late"]}),
        ({"acknowledged_at": None}, {"acknowledged": ["unacknowledged"]}),
        ({"arrived_at": None, "resolved_at": NOW - 5 * DAY + 16 * MINUTE}, {"arrived": ["arrive_late"]}),
        ({"arrived_at": None}, {}),  # resolved within the time
        ({"arrived_at": None, "resolved_at": None}, {"arrived": ["not_arrived"]}),
        ({"began_at": NOW, "acknowledged_at": None, "arrived_at": None, "resolved_at": None, "cause": None}, {}),
        ({"began_at": NOW - 91 * DAY, "acknowledged_at": None, "cause": "real_fire"}, {}),
        (LIVE, {"arrived": ["not_arrived"]}),  # old, but nobody has ended it
        # a look, and half an hour later the alarm: the way there is timed from the alarm, the answer from the look
        ({**LOOKED, "arrived_at": NOW - 5 * DAY + 44 * MINUTE}, {}),
        ({**LOOKED, "arrived_at": NOW - 5 * DAY + 46 * MINUTE}, {"arrived": ["arrive_late"]}),
        ({**LOOKED, "arrived_at": NOW - 5 * DAY + 4 * MINUTE}, {}),  # was there before it was one
        ({**LOOKED, "acknowledged_at": NOW - 5 * DAY + 30 * MINUTE}, {"acknowledged": ["acknowledge_late"]}),
    ],
)
def test_alarms_and_their_answers(changes: dict[str, Any], expected: dict[str, list[str]]) -> None:
    found = assess(replace(GOOD_HOUSE, incidents=(incident(**{"cause": "other", **changes}),)))
    assert lost(found) == expected


def test_a_low_battery_is_one_that_is_alarmed_for() -> None:
    assert BATTERY_LOW_PCT == BATTERY_LOW


def test_causes_are_words_of_the_incidents() -> None:
    assert set(CAUSES) >= REAL | FALSE


@pytest.mark.parametrize(
    ("kind", "ago", "criterion"),
    [
        ("inspection", 32, "inspections"),
        ("authority", 366, "inspections"),
        ("system_test", 366, "inspections"),
        ("drill", 184, "drills"),
    ],
)
def test_a_check_is_overdue_the_day_after_its_term(kind: str, ago: int, criterion: str) -> None:
    others = tuple(one for one in GOOD_HOUSE.checks if one.kind != kind)
    in_time = assess(replace(GOOD_HOUSE, checks=(*others, check(kind, ago - 1))))
    assert lost(in_time) == {}
    assert lost(assess(replace(GOOD_HOUSE, checks=(*others, check(kind, ago))))) == {criterion: ["overdue"]}
    assert unknown(assess(replace(GOOD_HOUSE, checks=others))) == {criterion}


def test_a_hazard_counts_from_its_day_until_it_is_found_put_right() -> None:
    def of(rectify_in: int, *more: SafetyCheck) -> Assessment:
        found = check("inspection", 20, 9, result="defects", defects=2, rectify_by=TODAY + rectify_in * DAY)
        return assess(replace(GOOD_HOUSE, checks=(*GOOD_HOUSE.checks, found, *more)))

    assert lost(of(0)) == {}
    assert lost(of(-1)) == {"hazards": ["hazard_overdue"]}
    assert lost(of(-1, check("recheck", 1, 10, follows=UUID(int=9), result="defects", defects=1))) == {
        "hazards": ["hazard_overdue"]
    }
    assert lost(of(-1, check("recheck", 1, 10, follows=UUID(int=9)))) == {}


def test_hazards_without_a_day_have_a_month_and_are_not_proven_in_time() -> None:
    def of(ago: int, *more: SafetyCheck) -> Assessment:
        found = check("authority", ago, 9, result="defects", defects=2)
        return assess(replace(GOOD_HOUSE, checks=(*GOOD_HOUSE.checks, found, *more)))

    assert (lost(of(31)), unknown(of(31))) == ({}, {"hazards"})
    assert lost(of(32)) == lost(of(700)) == {"hazards": ["hazard_left"]}
    mended = of(32, check("recheck", 1, 10, follows=UUID(int=9)))
    assert (lost(mended), unknown(mended)) == ({}, set())


HARM = st.sampled_from(
    [
        *((one.code, {"seen_at": NOW - 2 * DAY}) for one in GOOD_HOUSE.devices),
        *((one.code, {"seen_at": None}) for one in GOOD_HOUSE.devices),
        *((one.code, {"battery": 3.0}) for one in GOOD_HOUSE.devices),
        *((one.code, {"test_at": None}) for one in GOOD_HOUSE.devices),
        *((one.code, {"faulty_since": NOW - DAY}) for one in GOOD_HOUSE.devices),
        ("exit-1", {"value": 1.0}),
        ("exit-2", {"blocked_s": 9_000.0}),
        ("water-1", {"worst": 0.01}),
        ("elec-1", {"warning_since": NOW}),
    ]
)


Harm = tuple[str, dict[str, Any]]
SPANS = st.sampled_from([None, timedelta(seconds=20), 4 * MINUTE, 50 * MINUTE])


@st.composite
def alarms(draw: st.DrawFn) -> SafetyIncident:
    """An alarm of whatever kind, answered well, late or never."""
    began = NOW - draw(st.sampled_from([0, 1, 60, 120])) * DAY
    stamps = {name: draw(SPANS) for name in ("acknowledged_at", "arrived_at", "resolved_at", "emergency_at")}
    return incident(
        draw(st.integers(2, 10**9)),
        began_at=began,
        priority=draw(st.integers(1, 2)),
        cause=draw(st.sampled_from([None, "real_fire", "real_gas", "cooking_steam", "test", "other"])),
        **{name: None if span is None else began + span for name, span in stamps.items()},
    )


def worst(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Both harms of a device; of two ages the worse, and never heard is the worst. All others have one value."""
    ages = [what["seen_at"] for what in (one, other) if "seen_at" in what]
    return {**one, **other, **({"seen_at": None if None in ages else min(ages)} if ages else {})}


def house(harms: list[Harm], cases: list[SafetyIncident], *, old: bool = False) -> Assessment:
    changed: dict[str, dict[str, Any]] = {}
    for code, what in harms:
        changed[code] = worst(changed.get(code, {}), what)
    devices = tuple(replace(one, **changed.get(one.code, {})) for one in GOOD_HOUSE.devices)
    checks = () if old else GOOD_HOUSE.checks
    return assess(replace(GOOD_HOUSE, devices=devices, incidents=tuple(cases), checks=checks))


def proven(found: Assessment) -> dict[str, float]:
    return {key: part.points.proven for key, part in found.criteria.items()}


@settings(max_examples=examples(60))
@given(st.lists(HARM, max_size=12), HARM, st.lists(alarms(), max_size=4), st.booleans(), st.booleans())
def test_worse_facts_never_make_a_better_house(
    harms: list[Harm], more: Harm, cases: list[SafetyIncident], answered: bool, old: bool
) -> None:
    """One more thing that is the matter raises no criterion, and so no score: with a device, or a fire to which nobody came.

    A fire that was answered is good in what was done about it; but where nothing had happened before, it raises nothing either.
    """
    before, quiet = house(harms, cases, old=old), house(harms, [], old=old)
    if answered:
        better, burnt = quiet, house(harms, [incident(1, cause="real_fire", acknowledged_at=None)], old=old)
    else:
        nobody = incident(1, cause="real_fire", acknowledged_at=None, arrived_at=None, resolved_at=NOW)
        better, burnt = before, house(harms, [*cases, nobody], old=old)
    for good, bad in ((before, house([*harms, more], cases, old=old)), (better, burnt)):
        assert all(points <= proven(good)[key] + 1e-9 for key, points in proven(bad).items())
        assert bad.score.proven <= good.score.proven + 1e-9
    for part in before.criteria.values():
        spent = sum(one.points for one in part.weighed if one.evidence.verdict is Verdict.BAD)
        assert spent == pytest.approx(part.points.lost)
        silent = sum(one.points for one in part.weighed if one.evidence.verdict is Verdict.UNKNOWN)
        assert silent == pytest.approx(part.points.unknown)


@settings(max_examples=examples(60))
@given(st.lists(HARM, max_size=6), st.lists(alarms(), max_size=4), alarms())
def test_nothing_that_happens_gives_points(harms: list[Harm], cases: list[SafetyIncident], more: SafetyIncident) -> None:
    """A quiet house is the best. A good answer weighs against bad ones, in its own criterion, and makes it no more than quiet."""
    quiet, before, after = proven(house(harms, [])), proven(house(harms, cases)), house(harms, [*cases, more])
    for key, part in after.criteria.items():
        answered_well = any(one.evidence.ref == str(more.id) and one.evidence.verdict is Verdict.GOOD for one in part.weighed)
        assert part.points.proven <= (quiet if answered_well else before)[key] + 1e-9


def test_other_points_are_other_rules() -> None:
    """Whoever changes one of these numbers raises RULES, and says in docs/safety-index.md what changed: days are compared by it."""
    harms: list[Harm] = [("exit-1", {"value": 1.0}), ("smoke-1", {"seen_at": None}), ("heat-1", {"test_at": None})]
    cases = [incident(1, cause="real_fire", acknowledged_at=None), incident(2, cause="cooking_steam")]
    points = {
        key: (round(part.points.lost, 2), round(part.points.unknown, 2)) for key, part in house(harms, cases).criteria.items()
    }
    assert (RULES, {key: both for key, both in points.items() if any(both)}) == (
        2,
        {
            "health": (6.67, 0),
            "self_tests": (4, 0),
            "fires": (2.5, 1.67),
            "false_alarms": (5, 0),
            "acknowledged": (7, 0),
            "arrived": (0, 2.33),
            "exits": (9, 0),
        },
    )


def test_an_unanswered_fire_does_not_raise_a_bad_house() -> None:
    """As it once did: what had no occasion left the sum, and came back with the fire."""
    harms: list[Harm] = [
        ("exit-1", {"seen_at": NOW - 2 * DAY}),
        *((code, {"seen_at": None}) for code in ("smoke-1", "smoke-2", "water-1", "elec-1")),
    ]
    fire = incident(0, cause="real_fire", acknowledged_at=None)
    assert house(harms, [fire], old=True).score.proven < house(harms, [], old=True).score.proven


AGES = st.one_of(st.none(), st.integers(0, 400).map(lambda minutes: NOW - minutes * MINUTE))


@given(
    st.sampled_from(sorted(PROFILES)),
    AGES,
    AGES,
    st.integers(0, 400),
    st.sampled_from([None, True, False]),
    st.one_of(st.none(), st.floats(0, 100)),
)
def test_a_device_is_here_what_it_is_on_the_devices_page(
    profile: str, seen: datetime | None, listening: datetime | None, enrolled: int, online: bool | None, battery: float | None
) -> None:
    here = device("x", profile, seen_at=seen, online=online, battery=battery, enrolled_at=NOW - enrolled * MINUTE)
    there = DeviceHealth(
        code="x",
        profile=profile,
        site="inst",
        area="a",
        zone="",
        senior="",
        seen_at=seen,
        online=online,
        online_at=None,
        telemetry_at=None,
        event_at=None,
        test_at=None,
        battery=battery,
        battery_at=None,
        signal=None,
        signal_at=None,
        firmware="",
        clock_wrong_at=None,
        enrolled_at=here.enrolled_at,
    )
    assert standing(here, NOW, listening) == heard_of(there, NOW, listening)
