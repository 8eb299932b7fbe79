"""Floor, bed, bathroom and vital signs: where each begins, what keeps it from beginning, and what ends it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from random import Random
from typing import Any

import pytest

from analytics.detectors.bathroom_stay import BATHROOM
from analytics.detectors.bed_return import bed_return, night_ends
from analytics.detectors.vital_signs import BREATHING, PULSE, band
from analytics.routine import ENOUGH_DAYS, POPULATION, Routine
from analytics.runtime import Runtime
from analytics.step import Detector, Event, Finding, Message, Reading, Reset, Tick
from simulators import readings
from simulators import routine as drawn

Run = Callable[..., list[Finding]]
Runs = Callable[..., list[Reading]]
ByName = Callable[[str], Detector[Any]]
UP, LOW, AWAY = ({"presence": p, "height": h} for p, h in ((1.0, 1.4), (1.0, 0.2), (0.0, 0.0)))

STILL, SAT, MOVING = ({"presence": 1.0, "height": h, "motion": m} for h, m in ((0.2, 0.0), (0.6, 0.0), (0.2, 30.0)))


def brief(found: list[Finding], start: datetime) -> list[tuple[bool, float, str]]:
    return [(one.raised, (one.at - start).total_seconds(), one.reasons[0].rule) for one in found]


def in_time(items: list[Message]) -> list[Message]:
    return sorted(items, key=lambda item: item.at)


@pytest.mark.parametrize(
    ("runs_of", "fell", "expected"),
    [
        ([(3, UP), (8, LOW), (5, UP)], None, []),  # two and a half minutes: not yet
        ([(3, UP), (12, LOW)], None, [(True, 240.0, "on_floor")]),
        ([(3, UP), (4, LOW)], 70.0, [(True, 100.0, "on_floor_after_fall")]),
        ([(3, UP), (1, LOW), (6, UP)], 70.0, []),  # got up at once
        ([(3, UP), (12, AWAY)], None, []),  # nobody is there: height 0 is no floor
        ([(3, UP), (12, AWAY)], 70.0, [(True, 190.0, "fall_unseen")]),  # but after a fall somebody is
        ([(3, UP), (12, LOW), (5, UP)], None, [(True, 240.0, "on_floor"), (False, 360.0, "off_floor")]),
    ],
)
def test_low_for_long_enough_is_on_the_floor(
    runs_of: Any, fell: float | None, expected: Any, by_name: ByName, run: Run, runs: Runs, event: Callable[..., Event], at: Any
) -> None:
    said = [] if fell is None else [event("fall_radar", fell, "fall")]
    assert brief(run([by_name("on_floor")], in_time([*runs("fall_radar", 20, *runs_of), *said])), at(0)) == expected


@pytest.mark.parametrize(
    ("runs_of", "fell", "expected"),
    [
        ([(1, UP), (2, STILL), (30, AWAY)], 5.0, [(True, 60.0, "floor_lost")]),  # lost 20 s after the first low word
        ([(1, UP), (2, STILL), (30, AWAY)], None, [(True, 200.0, "floor_lost")]),
        ([(4, STILL), (30, AWAY)], 0.5, [(True, 40.0, "on_floor_after_fall")]),  # raised, then lost: lies there still
        ([(1, STILL), (1, AWAY), (1, STILL)] * 5, 0.5, [(True, 40.0, "on_floor_after_fall")]),
        ([(6, STILL), (4, SAT), (2, STILL)], None, [(True, 200.0, "on_floor")]),  # sat up for 80 s
        ([(6, STILL), (8, SAT), (4, STILL)], None, []),
        ([(6, STILL), (2, SAT), (30, AWAY)], None, [(True, 180.0, "floor_lost")]),
        ([(6, STILL), (1, {**SAT, "motion": 30.0}), (1, SAT), (30, AWAY)], None, []),
        ([(6, MOVING), (30, AWAY)], None, []),  # went where the radar does not see
        ([(1, SAT), (30, AWAY)], -5.0, [(True, 115.0, "fall_unseen")]),
        ([(20, SAT)], -5.0, []),
        ([(3, UP), (30, AWAY)], -5.0, []),  # got up and walked out
        ([(20, {"presence": 1.0})], -5.0, [(True, 115.0, "fall_unseen")]),
        ([(10, STILL), (1, UP), (5, AWAY)], None, [(True, 180.0, "on_floor"), (False, 260.0, "floor_left")]),
        ([(10, STILL), (1, UP), (1, STILL), (9, AWAY)], None, [(True, 180.0, "on_floor")]),  # fell again
    ],
)
def test_who_lies_still_and_is_lost_lies_there_until_seen_upright(
    runs_of: Any, fell: float | None, expected: Any, by_name: ByName, run: Run, runs: Runs, event: Callable[..., Event], at: Any
) -> None:
    said = [] if fell is None else [event("fall_radar", fell, "fall")]
    assert brief(run([by_name("on_floor")], in_time([*runs("fall_radar", 20, *runs_of), *said])), at(0)) == expected


def test_a_radar_that_says_nothing_more_is_not_waited_for(
    by_name: ByName, run: Run, runs: Runs, event: Callable[..., Event], at: Any
) -> None:
    low, fall, later = runs("fall_radar", 20, (1, STILL)), event("fall_radar", 0.5, "fall"), Tick(at(900))
    assert brief(run([by_name("on_floor")], [*low, later]), at(0)) == [(True, 210.0, "on_floor")]
    assert brief(run([by_name("on_floor")], [*low, fall, later]), at(0)) == [(True, 60.0, "on_floor_after_fall")]
    assert brief(run([by_name("on_floor")], [fall, later]), at(0)) == [(True, 120.5, "fall_unseen")]
    assert run([by_name("on_floor")], [event("fall_radar", 0.5, "fall", drill=True), later]) == []


def test_a_lost_one_is_kept_over_a_restart_and_let_go_by_a_person(by_name: ByName, run: Run, runs: Runs, at: Any) -> None:
    away = runs("fall_radar", 20, (60, AWAY), since=300)
    kept = Runtime([by_name("on_floor")], {("fall-radar-1", "on_floor"): at(200)})
    assert run([], [*runs("fall_radar", 20, (3, UP), (7, STILL)), *away[:30]], kept) == []
    kept.reconcile(set(), at(910))
    assert run([], [*away[30:], Tick(at(5000))], kept) == [], "a person has looked, and nobody is seen there"
    again = run([], runs("fall_radar", 20, (12, STILL), since=5000), kept)
    assert brief(again, at(0)) == [(True, 5180.0, "on_floor")]


NIGHT = 3600.0  # 23:13:20 in Tianjin
MIDNIGHT = NIGHT + 2800.0
UNLEARNED = bed_return(lambda resident: POPULATION)


def bed(reading: Callable[..., Reading], *said: tuple[float, float]) -> list[Message | Tick]:
    return [reading("bed_sensor", NIGHT + 60 * minute, {"occupied": value}) for minute, value in said]


@pytest.mark.parametrize(
    ("said", "since", "expected"),
    [
        ([(0, 1), (1, 0), (15, 1), (60, 1)], 0, []),  # the toilet
        ([(0, 1), (1, 0), (30, 0)], 0, [(True, 21)]),
        ([(0, 1), (1, 0), (10, 0), (19, 0), (40, 1), (41, 1)], 0, [(True, 21), (False, 41)]),  # heartbeats do not start it again
        ([(0, 0), (30, 0), (90, 0)], 0, []),  # a bed that nobody is in
        ([(0, 1), (1, 0), (60, 0)], 4.75 * 60, [(True, 21)]),  # 03:59
        ([(0, 1), (1, 0), (60, 0)], 4.8 * 60, []),  # 04:02: nobody knows when this resident gets up
        ([(0, 1), (1, 0), (15, 1), (15.02, 0), (60, 0)], 0, [(True, 21)]),  # touched for a second
        ([(0, 1), (1, 0), (15, 1), (15.5, 1), (16, 0), (60, 0)], 0, [(True, 36)]),  # back for a minute
        ([(0, 1), (1, 0), (20.9, 1), (21.4, 0), (60, 0)], 0, [(True, 21.4)]),  # touched while it came due
        ([(0, 1), (1, 0), (30, 1), (30.02, 0), (60, 0)], 0, [(True, 21)]),  # a touch is no return
        ([(0, 1), (1, 0), (30, 1), (30.02, 0), (50, 1), (55, 1)], 0, [(True, 21), (False, 51)]),
        ([(1, 0), (0, 1), (30, 0)], 0, [(True, 21)]),  # "occupied" came after "empty"
    ],
)
def test_a_bed_left_at_night_is_missed_after_twenty_minutes(
    said: Any, since: float, expected: Any, run: Run, reading: Callable[..., Reading], at: Any
) -> None:
    items = bed(reading, *((minute + since, value) for minute, value in said))
    found = run([UNLEARNED], items)
    assert [(one.raised, round((one.at - at(NIGHT)).total_seconds() / 60 - since, 3)) for one in found] == expected


@pytest.mark.parametrize(
    ("by", "ends"),
    [(0, 240), (300, 240), (400, 280), (450, 330), (480, 360), (540, 360), (600, 420), (720, 540)],
)
def test_the_night_ends_before_the_resident_usually_gets_up(by: int, ends: int, at: Any) -> None:
    assert night_ends(replace(POPULATION, days=ENOUGH_DAYS, up_by_min=(by,) * 7), at(0)) == ends
    assert night_ends(replace(POPULATION, days=ENOUGH_DAYS - 1, up_by_min=(by,) * 7), at(0)) == 240, "not learned yet"


def test_it_is_the_night_of_the_resident_on_the_clock_of_the_cell(run: Run, reading: Callable[..., Reading]) -> None:
    def alarms(row: Routine) -> int:
        return len(run([bed_return(lambda resident: row)], bed(reading, (360, 1), (361, 0), (420, 0))))  # 21:14 UTC

    known = replace(POPULATION, days=ENOUGH_DAYS, up_by_min=(480,) * 7)
    assert alarms(known) == 1  # 05:14
    assert alarms(replace(known, up_by_min=(420,) * 7)) == 0
    assert alarms(POPULATION) == alarms(replace(known, days=ENOUGH_DAYS - 1)) == 0
    assert alarms(replace(POPULATION, offset_min=0)) == 0
    assert alarms(replace(POPULATION, offset_min=60)) == 1  # 22:14


def test_a_touch_is_waited_out_without_another_word(run: Run, reading: Callable[..., Reading], at: Any) -> None:
    items = [*bed(reading, (0, 1), (1, 0)), Tick(at(NIGHT + 1300)), *bed(reading, (40, 1)), Tick(at(NIGHT + 2500))]
    assert [(one.raised, (one.at - at(NIGHT)).total_seconds() / 60) for one in run([UNLEARNED], items)] == [(True, 21), (False, 41)]


def test_the_bed_says_so_itself(run: Run, event: Callable[..., Event], at: Any) -> None:
    said: list[Message | Tick] = [event("bed_sensor", NIGHT + 60 * m, kind) for m, kind in ((0, "bed_return"), (1, "bed_exit"))]
    assert [one.kind for one in run([UNLEARNED], [*said, Tick(at(NIGHT + 1300))])] == ["not_back_in_bed"]


@pytest.mark.parametrize(
    ("runs_of", "expected"),
    [
        ([(25, LOW), (5, AWAY)], []),
        ([(35, LOW)], [(True, 1800.0)]),
        ([(20, LOW), (1, AWAY), (20, LOW)], [(True, 1800.0)]),  # lost for a minute, still there
        ([(20, UP), (3, AWAY), (20, UP)], []),  # two visits
        ([(35, UP), (4, AWAY)], [(True, 1800.0), (False, 2220.0)]),
        ([(20, SAT), (4, AWAY), (20, SAT)], [(True, 1800.0)]),  # sat still and was lost for four minutes
        ([(20, SAT), (6, AWAY), (20, SAT)], []),
        ([(20, STILL), (60, AWAY)], [(True, 1800.0)]),  # lay still and was lost for good
        ([(35, STILL), (60, AWAY)], [(True, 1800.0)]),  # nobody was seen leaving
        ([(35, STILL), (9, AWAY), (2, UP), (4, AWAY)], [(True, 1800.0), (False, 2880.0)]),
        ([(20, SAT), (1, MOVING), (60, AWAY)], []),
        ([(35, SAT), (60, AWAY)], [(True, 1800.0)]),  # nor was who is told already
        ([(35, {"presence": 1.0}), (60, AWAY)], [(True, 1800.0), (False, 2400.0)]),
        ([(20, SAT), (60, AWAY)], []),  # as a visit often ends: this one is not seen
        ([(20, {"presence": 1.0}), (60, AWAY)], []),  # by a radar that tells presence alone
        ([(20, {"presence": 1.0}), (4, AWAY), (20, {"presence": 1.0})], [(True, 1800.0)]),
    ],
)
def test_half_an_hour_in_the_bathroom(runs_of: Any, expected: Any, by_name: ByName, run: Run, runs: Runs, at: Any) -> None:
    found = run([by_name("bathroom_stay")], runs("fall_radar", 60, *runs_of, device="radar-w"))
    assert [(one.raised, (one.at - at(0)).total_seconds()) for one in found] == expected


def test_a_stay_says_whether_somebody_is_still_seen_and_outlasts_a_restart(by_name: ByName, run: Run, runs: Runs, at: Any) -> None:
    items = runs("fall_radar", 60, (20, STILL), (60, AWAY), device="radar-w")
    assert brief(run([by_name("bathroom_stay")], items), at(0)) == [(True, 1800.0, "bathroom_lost")]
    again = Runtime([by_name("bathroom_stay")], {("radar-w", "bathroom_stay"): at(1800)})
    assert run([], [*items[40:], *runs("fall_radar", 60, (120, AWAY), device="radar-w", since=4800)], again) == []


def test_a_radar_that_is_not_heard_does_not_say_that_somebody_is_there(by_name: ByName, run: Run, runs: Runs, at: Any) -> None:
    heard = runs("fall_radar", 60, (10, LOW), device="radar-w")
    assert run([by_name("bathroom_stay")], [*heard, Tick(at(4000))]) == []
    again = [*heard, Tick(at(4000)), *runs("fall_radar", 60, (8, LOW), device="radar-w", since=4020)]
    assert [one.raised for one in run([by_name("bathroom_stay")], again)] == [True]


def test_what_a_bathroom_is_called() -> None:
    assert all(BATHROOM.search(zone) for zone in ("inst01-2-03-w", "h0001-bath", "x-wc", "x-bathroom"))
    assert not any(BATHROOM.search(zone) for zone in ("inst01-2-03", "inst01-2-c", "w", "x-washing"))


@pytest.mark.parametrize(
    ("bands", "expected"),
    [
        (PULSE, {40: 3, 41: 1, 50: 1, 51: 0, 90: 0, 91: 1, 110: 1, 111: 2, 130: 2, 131: 3}),
        (BREATHING, {8: 3, 9: 1, 11: 1, 12: 0, 20: 0, 21: 2, 24: 2, 25: 3}),
    ],
)
def test_the_bands_are_those_of_news2(bands: Any, expected: dict[int, int]) -> None:
    assert {value: band(bands, float(value)) for value in expected} == expected
    assert band(bands, 20.4) == band(bands, 20.0)


def vital(heart: float, breathing: float) -> dict[str, float]:
    return {"occupied": 1.0, "heart_rate": heart, "breathing_rate": breathing}


@pytest.mark.parametrize(
    ("runs_of", "kinds"),
    [
        ([(30, vital(64, 15)), (1, vital(180, 40)), (30, vital(64, 15))], []),  # a single value
        ([(30, vital(64, 15)), (5, vital(140, 28)), (30, vital(64, 15))], []),  # five minutes of it
        ([(30, vital(64, 15)), (20, vital(105, 23))], [True]),  # 1 and 2 points
        ([(60, vital(100, 19))], []),  # one point is not three
        ([(60, vital(68, 15)), (20, vital(98, 15))], [True]),  # climbs by 30
        ([(60, vital(0, 0))], []),  # not found is no zero
        ([(20, vital(64, 15)), (20, vital(140, 28)), (20, vital(64, 15)), (20, vital(140, 28))], [True]),  # no flapping
        ([(20, vital(64, 15)), (20, vital(140, 28)), (60, vital(64, 15))], [True, False]),
        ([(60, {**vital(140, 28), "occupied": 0.0})], []),
    ],
)
def test_only_what_lasts_is_told(runs_of: Any, kinds: list[bool], by_name: ByName, run: Run, runs: Runs) -> None:
    assert [one.raised for one in run([by_name("vital_signs")], runs("bed_sensor", 60, *runs_of))] == kinds


IN_BED, WELL = {"occupied": 1.0}, {"occupied": 1.0, "heart_rate": 64.0, "breathing_rate": 15.0}


@pytest.mark.parametrize(
    ("runs_of", "rules"),
    [
        ([(1, IN_BED), (20, {"heart_rate": 140.0, "breathing_rate": 28.0})], ["heart_rate"]),  # occupied was said before
        ([(20, {"heart_rate": 140.0})], ["heart_rate"]),  # or never
        ([(1, {"occupied": 0.0}), (20, {"heart_rate": 140.0})], []),  # or denied
        ([(1, {**IN_BED, "heart_rate": 140.0}), (1, {**IN_BED, "breathing_rate": 15.0})] * 10, ["heart_rate"]),
        ([(1, {"heart_rate": 64.0}), (1, {"breathing_rate": 27.0})] * 10, ["heart_rate"]),  # with 27 breaths
        ([(60, WELL), (20, vital(140, 0))], ["heart_rate"]),
        ([(20, WELL), (14, vital(0, 0))], []),
        ([(20, WELL), (20, vital(0, 0))], ["rates_lost"]),
        ([(20, WELL), (60, IN_BED), (50, WELL)], ["rates_lost", "heart_rate"]),  # and ended when they are back
        ([(20, WELL), (60, vital(64, 0))], []),  # who has a pulse breathes: that is the sensor
        ([(4, WELL), (60, IN_BED)], []),  # hardly known
        ([(20, WELL), (2, {"occupied": 0.0}), (60, IN_BED)], []),  # another stay in bed
        ([(20, vital(140, 15)), (60, vital(0, 15))], ["heart_rate"]),  # the heart is not known to be well again
    ],
)
def test_each_rate_is_judged_alone_and_their_loss_is_told(
    runs_of: Any, rules: list[str], by_name: ByName, run: Run, runs: Runs
) -> None:
    found = run([by_name("vital_signs")], runs("bed_sensor", 60, *runs_of))
    assert [one.reasons[0].rule for one in found] == rules
    assert [one.raised for one in found] == [True, False][: len(rules)]


def test_what_one_moment_says_in_pieces_is_all_heard(by_name: ByName, run: Run, reading: Callable[..., Reading]) -> None:
    pieces = ({"heart_rate": 64.0}, {"breathing_rate": 28.0}, {"occupied": 1.0})
    items = [reading("bed_sensor", 60 * minute, piece) for minute in range(20) for piece in pieces]
    assert [one.evidence for one in run([by_name("vital_signs")], items)] == [
        {"heart_rate": 64.0, "breathing_rate": 28.0, "climb": 0.0, "news2_points": 3.0}
    ]


def test_who_was_looked_at_is_told_lost_again_only_once_known_again(by_name: ByName, run: Run, runs: Runs, at: Any) -> None:
    runtime = Runtime([by_name("vital_signs")])
    assert len(run([], runs("bed_sensor", 60, (20, WELL), (20, IN_BED)), runtime)) == 1
    runtime.reconcile(set(), at(2400))
    assert run([], runs("bed_sensor", 60, (40, IN_BED), since=2460), runtime) == []
    assert len(run([], runs("bed_sensor", 60, (20, WELL), (20, IN_BED), since=5000), runtime)) == 1


def test_the_memory_of_a_bed_stays_small(by_name: ByName, runs: Runs) -> None:
    detector = by_name("vital_signs")
    state = detector.start("x", {})
    for item in runs("bed_sensor", 20, (2000, WELL)):
        state, _ = detector.step(state, item)
    assert len(state.hearts) <= 76 and len(state.breaths) <= 16


@pytest.mark.parametrize("name", ["bed_return", "bathroom_stay"])
def test_who_has_been_looked_after_is_missed_anew(name: str, by_name: ByName, person_script: Any) -> None:
    """After a reset the same condition can be raised again."""
    detector = by_name(name)
    state, raised = detector.start("x", {}), []
    for item in person_script(name):
        state, found = detector.step(state, item)
        raised += [one.raised for one in found]
        if found and found[0].raised:
            state, _ = detector.step(state, Reset(found[0].at, found[0].kind))
    assert raised == [True, True]


@pytest.mark.parametrize(("profile", "device"), [("bed_sensor", "bed"), ("fall_radar", "radar-w"), ("fall_radar", "radar")])
def test_an_ordinary_day_of_the_demo_raises_nothing(
    profile: str, device: str, by_name: ByName, run: Run, reading: Callable[..., Reading]
) -> None:
    """Of ten residents of whom nothing is learned: who gets up early, or is not seen by a radar, is not missed."""
    detectors = [*(by_name(name) for name in ("on_floor", "bathroom_stay", "vital_signs")), UNLEARNED]
    for seed in range(10):
        chance, day = Random(seed), drawn.draw(Random(seed))
        lived = [
            reading(profile, MIDNIGHT + 60 * minute, readings.values(profile, chance, minute / 60 % 24, day), device=device)
            for minute in range(30 * 60)
        ]
        assert run(detectors, [*lived, Tick(lived[-1].at)]) == []
