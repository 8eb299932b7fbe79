"""Stillness, mornings, the door at night: against a learned row, with away times, late signs and what happens after a restart."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from analytics.detectors.night_door import night_door
from analytics.detectors.not_up import next_limit, not_up
from analytics.detectors.stillness import stillness
from analytics.learn.routine import learn, population, table, unheard
from analytics.routine import POPULATION, Absence, Away, Routine, absent, by_night, minute, out_limit, still_limit, usual_s
from analytics.signs import Sign, observe
from analytics.step import Detector, Event, Finding, Listening, Origin, Reading, Tick
from devices.keys import Key, milliseconds

MONDAY = datetime(2026, 9, 21, tzinfo=UTC)
HOUR = timedelta(hours=1)
Run = Callable[..., list[Finding]]

# Still for at most 2 h by day and 6 h by night, in the kitchen for half an hour; up by 07:40, by 08:30 at the latest.
ROW = Routine(
    "learned/3",
    20,
    offset_min=0,
    still_s={"kitchen": (1800.0,) * 24},
    anywhere_s=tuple(3600.0 * (2 if 6 <= hour < 22 else 6) for hour in range(24)),
    longest_out_s=6 * 3600.0,
    up_from_min=(240,) * 7,
    up_by_min=(460,) * 5 + (500,) * 2,
    up_limit_min=(510,) * 5 + (0,) * 2,
    day_places=("kitchen",),
    night_door_share=0.05,
    zones=(),
)


def at(hour: float, day: int = 0) -> datetime:
    return MONDAY + timedelta(days=day, hours=hour)


def said(when: datetime, place: str, profile: str = "motion_sensor", **values: float) -> Reading:
    origin = Origin(place, profile, "a", "home-1", place if profile != "door_contact" else "", "sen-1")
    return Reading(origin, when, when, Key(place, "", 0, milliseconds(when)), values or {"motion": 1.0})


def door(when: datetime) -> Event:
    origin = Origin("door", "door_contact", "a", "home-1", "", "sen-1")
    return Event(origin, when, when, Key("door", "", 0, milliseconds(when)), "opened")


def told(detector: Detector[Any], items: Iterable[object], run: Run) -> list[tuple[str, bool, Any]]:
    found = run([detector], items)
    return [(one.kind, one.raised, (one.at - MONDAY) / HOUR) for one in found]


@pytest.mark.parametrize(
    ("place", "hour", "expected"),
    [("bedroom", 2, 9.0), ("bedroom", 10, 3.0), ("kitchen", 10, 2.5), ("kitchen", 2, 9.0)],
)
def test_the_limit_is_half_as_long_again_as_usual(place: str, hour: float, expected: float) -> None:
    assert still_limit(ROW, place, at(hour)) / HOUR == expected


def test_until_a_week_is_known_the_population_counts() -> None:
    young = replace(ROW, days=3)
    assert usual_s(young, "kitchen", at(2)) == POPULATION.anywhere_s[2]
    assert usual_s(young, "bedroom", at(10)) == ROW.anywhere_s[10]
    assert out_limit(Routine("x", 0)) == 12 * HOUR


def test_nobody_moves(run: Run) -> None:
    items = [said(at(10), "bedroom"), said(at(11), "bedroom"), Tick(at(20)), said(at(21), "bedroom"), Tick(at(23))]
    assert told(stillness(lambda _: ROW), items, run) == [("no_movement", True, 14.0), ("no_movement", False, 21.0)]


def test_it_says_how_unusual_it_is(run: Run) -> None:
    (finding,) = run([stillness(lambda _: ROW)], [said(at(10), "bedroom"), Tick(at(14))])
    (reason,) = finding.reasons
    assert (reason.rule, reason.value, reason.limit, reason.source) == ("no_movement", 3 * 3600.0, 2 * 3600.0, "routine learned/3")
    assert finding.source == "sen-1"


def test_who_went_out_is_not_still_but_missed_in_the_end(run: Run) -> None:
    items = [said(at(10), "kitchen"), door(at(10.1)), Tick(at(20)), Tick(at(23))]
    assert told(stillness(lambda _: ROW), items, run) == [("no_movement", True, pytest.approx(22.1))]
    assert run([stillness(lambda _: ROW)], items)[0].reasons[0].rule == "not_back"


def test_away_nothing_is_missed_until_after_the_return(run: Run) -> None:
    away = replace(ROW, away=(Away(at(9), at(9, day=3), Absence.AWAY),))
    assert absent(away, at(9)) is not None and absent(away, at(9, day=3)) is None
    items = [said(at(8), "bedroom"), Tick(at(0, day=3)), Tick(at(23, day=3))]
    assert told(stillness(lambda _: away), items, run) == [("no_movement", True, 72 + 12.0)]
    heard = [said(at(hour), "bedroom", motion=0.0) for hour in (1, 2)]
    assert told(not_up(lambda _: away), [*heard, Tick(at(12, day=2))], run) == [("not_up", True, 8.5)]  # before it began
    assert told(night_door(lambda _: away), [door(at(2, day=1)), Tick(at(3, day=1))], run) == []


def test_after_a_restart_the_last_sign_counts(run: Run) -> None:
    before = Sign(at(7), "bedroom", False)
    assert told(stillness(lambda _: ROW, lambda _: before), [said(at(9.5), "hall", motion=0.0), Tick(at(12))], run) == [
        ("no_movement", True, 10.0)
    ]


def test_a_button_alone_does_not_see_a_day(run: Run) -> None:
    origin = Origin("sos", "sos_button", "a", "home-1", "", "sen-1")
    press = Event(origin, at(8), at(8), Key("sos", "", 0, milliseconds(at(8))), "sos")
    young = replace(ROW, days=2)
    assert told(stillness(lambda _: young), [press, Tick(at(40))], run) == []
    watched = [press, said(at(8.1), "hall", motion=0.0), said(at(8.2), "hall"), Tick(at(40))]
    assert [kind for kind, _, _ in told(stillness(lambda _: young), watched, run)] == ["no_movement"]


def test_what_comes_late_ends_nothing_and_moves_nothing_back(run: Run) -> None:
    items = [said(at(10), "bedroom"), said(at(9), "kitchen"), Tick(at(14)), said(at(12.9), "bedroom"), Tick(at(15))]
    assert told(stillness(lambda _: ROW), items, run) == [("no_movement", True, 13.0)]


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([Tick(at(12))], [("not_up", True, 8.5)]),
        ([said(at(7), "kitchen"), Tick(at(12))], []),
        ([said(at(7), "bathroom"), Tick(at(12))], [("not_up", True, 8.5)]),  # by night one goes there too
        ([door(at(7)), Tick(at(12))], []),
        ([said(at(3.5), "kitchen"), Tick(at(12))], [("not_up", True, 8.5)]),  # in the night is not in the morning
        ([Tick(at(9)), said(at(10), "kitchen")], [("not_up", True, 8.5), ("not_up", False, 10.0)]),
        ([said(at(7), "kitchen"), Tick(at(12)), Tick(at(12, day=1))], [("not_up", True, 32.5)]),
    ],
)
def test_not_up_yet(items: Any, expected: Any, run: Run) -> None:
    start = said(at(-2), "bedroom", motion=0.0)
    assert told(not_up(lambda _: ROW), [start, *items], run) == expected


def test_not_up_says_by_when_usually(run: Run) -> None:
    (finding,) = run([not_up(lambda _: ROW)], [said(at(-2), "bedroom", motion=0.0), Tick(at(12))])
    (reason,) = finding.reasons
    assert (reason.rule, reason.value, reason.limit, reason.unit) == ("not_up", 510.0, 460.0, "clock")


def test_a_morning_that_was_not_watched_whole_is_not_judged(run: Run) -> None:
    assert told(not_up(lambda _: ROW), [said(at(6), "bedroom", motion=0.0), Tick(at(12))], run) == []
    assert next_limit(ROW, at(12, day=4), at(0)) == at(8.5, day=7)  # no limits at the weekend
    assert next_limit(Routine("x", 0), at(0), at(0)) is None


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([door(at(1)), said(at(1.05), "hall")], [("door_at_night", True, 1.0), ("door_at_night", False, 1.05)]),
        ([door(at(12)), Tick(at(13))], []),
        ([door(at(1)), Tick(at(2))], [("door_at_night", True, 1.0), ("wandering", True, pytest.approx(1 + 1 / 6))]),
        (
            [door(at(1)), said(at(1.001), "hall"), Tick(at(2))],
            [("door_at_night", True, 1.0), ("wandering", True, pytest.approx(1 + 1 / 6))],
        ),
    ],
)
def test_the_door_at_night(items: Any, expected: Any, run: Run) -> None:
    assert told(night_door(lambda _: ROW), items, run) == expected


def test_a_door_that_is_used_every_night_is_no_news(run: Run) -> None:
    often = replace(ROW, night_door_share=0.5)
    assert told(night_door(lambda _: often), [door(at(1)), said(at(1.05), "hall")], run) == []


def test_beyond_the_zones_allowed(run: Run) -> None:
    kept = replace(ROW, zones=("hall", "kitchen"))
    items = [said(at(12), "hall"), said(at(12.1), "garden"), said(at(12.2), "garden"), said(at(13), "hall")]
    assert told(night_door(lambda _: kept), items, run) == [
        ("wandering", True, pytest.approx(12.1)),
        ("wandering", False, 13.0),
    ]


def test_a_heartbeat_is_no_sign_of_life() -> None:
    levels, sign = observe((), said(at(1), "hall", motion=0.0))
    assert sign is None
    levels, sign = observe(levels, said(at(2), "hall", motion=1.0))
    assert sign == Sign(at(2), "hall", False)
    levels, sign = observe(levels, said(at(3), "hall", motion=0.0))
    assert sign is not None  # it moved until now
    assert observe(levels, said(at(4), "hall", motion=0.0)) == (levels, None)
    levels, sign = observe((), said(at(1), "bed", "bed_sensor", occupied=0.0))
    _, sign = observe(levels, said(at(2), "bed", "bed_sensor", occupied=1.0))
    assert sign == Sign(at(2), "bed+", False)


def test_night_may_pass_midnight() -> None:
    assert [by_night(ROW, at(hour)) for hour in (22.9, 23, 0, 4.9, 5)] == [False, True, True, True, False]
    assert minute(Routine("x", 0), at(23)) == 7 * 60  # Tianjin is eight hours ahead


def fortnight() -> list[Sign]:
    """Up at 07:00 to 07:26, lunch, a walk, supper; still from 22:00 on; one night at the toilet."""
    signs = []
    for day in range(14):
        up = at(7 + (day % 14) / 30, day)
        signs += [Sign(up + timedelta(minutes=20 * n), "kitchen", False) for n in range(4)]
        signs += [Sign(at(13, day), "door", True), Sign(at(16, day), "hall", False), Sign(at(18, day), "kitchen", False)]
        signs += [Sign(at(20, day), "hall", False), Sign(at(22, day), "bedroom", False)]
    return [*signs, Sign(at(3, 5), "bathroom", False)]


def test_a_fortnight_teaches_the_day() -> None:
    row = learn(table(fortnight()), "t/1", 0)
    assert row.days == 14
    assert set(row.day_places) == {"kitchen", "hall", "bedroom", "bathroom"}  # one night of fourteen is no habit
    assert row.longest_out_s == 3 * 3600
    assert row.still_s["bedroom"][22] == pytest.approx(3600 * (9 + 13 / 30), rel=0.01)
    assert row.still_s["hall"][16] == 2 * 3600
    assert row.up_by_min[0] in range(440, 447)
    assert 447 + 30 < row.up_limit_min[0] < 560
    assert row.night_door_share == 0.0


def test_learning_leaves_out_when_the_resident_was_away() -> None:
    signs = [one for one in fortnight() if not at(0, 4) <= one.at < at(0, 7)]
    away = Away(at(0, 4), at(0, 7), Absence.AWAY)
    row = learn(table(signs), "t/1", 0, [away])
    assert row.days == 11
    assert max(row.anywhere_s) < 10 * 3600 < max(learn(table(signs), "t/1", 0).anywhere_s)
    assert max(learn(table([]), "t/1", 0).up_limit_min) == 0


def weeks(lost: Callable[[datetime], bool]) -> Routine:
    """Four weeks in which somebody moves every 24 minutes from 07:00 to 22:00, but for what is lost."""
    heard = [at(7 + n * 0.4, day) for day in range(28) for n in range(38)]
    return learn(table(Sign(one, "kitchen" if one.hour < 12 else "living", False) for one in heard if not lost(one)), "t/1", 0)


@pytest.mark.parametrize(
    "spans",
    [
        [(at(10.5, 10), at(10.5, 13))],  # three days in hospital that nobody entered
        [(at(10.5, 10), at(16.5, 10))],  # six hours on the floor
        [(at(0, 12), at(13, 12))],  # found in bed at one
        [(at(10.5, 10), at(10.5, 13)), (at(15, 20), at(21, 20))],  # two of them in four weeks
    ],
)
def test_a_bad_day_teaches_nothing(spans: list[tuple[datetime, datetime]]) -> None:
    clean, row = weeks(lambda _: False), weeks(lambda one: any(since < one < until for since, until in spans))
    for hour in (7, 10, 15, 18):
        for place in ("kitchen", "living"):
            assert still_limit(row, place, at(hour, 30)) == still_limit(clean, place, at(hour, 30)) == 2.5 * HOUR
    assert (row.up_by_min, row.up_limit_min, out_limit(row)) == (clean.up_by_min, clean.up_limit_min, 12 * HOUR)


def test_what_is_still_every_day_is_usual() -> None:
    row = weeks(lambda one: at(14, (one - MONDAY).days) < one < at(17.5, (one - MONDAY).days))
    assert still_limit(row, "living", at(14)) == 6 * HOUR  # from 13:48 to 17:48


@pytest.mark.parametrize(("hour", "longest"), [(5, 14), (6, 8), (16, 8), (17, 14), (23, 14)])
def test_no_limit_is_longer_than_its_hour_allows(hour: int, longest: int) -> None:
    days_still = replace(ROW, anywhere_s=(72 * 3600.0,) * 24, longest_out_s=72 * 3600.0)
    assert still_limit(days_still, "bedroom", at(hour)) == longest * HOUR
    assert out_limit(days_still) == 24 * HOUR


def test_a_morning_ends_at_noon_but_for_late_sleepers() -> None:
    late = [Sign(at(hour, day), "kitchen", False) for day in range(28) for hour in ((6, 11.5)[day % 2], 18)]
    assert learn(table(late), "t/1", 0).up_limit_min == (735,) * 7  # 11:30 is usual: 45 minutes more
    early = [Sign(at(hour, day), "kitchen", False) for day in range(28) for hour in ((6, 11)[day % 2], 18)]
    assert learn(table(early), "t/1", 0).up_limit_min == (720,) * 7  # the spread alone would give the afternoon


def test_what_stood_or_was_not_heard_teaches_nothing() -> None:
    spans = [(at(10, day), at(20, day)) for day in range(5, 12)]
    signs = [one for one in fortnight() if not any(since <= one.at < until for since, until in spans)]
    assert max(learn(table(signs), "t/1", 0).still_s["kitchen"]) > 10 * 3600
    row = learn(table(signs), "t/1", 0, left_out=spans)
    assert max(row.still_s["kitchen"]) == 5 * 3600  # from breakfast to the walk
    nights = [(at(4, day), at(11, day)) for day in range(5, 12)]
    late = [one for one in fortnight() if not any(since <= one.at < until for since, until in nights)]
    assert learn(table(late), "t/1", 0).up_limit_min[0] > 700 > learn(table(late), "t/1", 0, left_out=nights).up_limit_min[0] > 420


def test_where_most_nights_are_left_out_the_population_counts() -> None:
    """Else a home whose gateway is switched off every night would be missed in each of them."""
    spans = [(at(23, day), at(5, day + 1)) for day in range(13)]
    row = learn(table(one for one in fortnight() if one.place != "bathroom"), "t/1", 0, left_out=spans)
    assert (row.days, usual_s(row, "bedroom", at(22)), usual_s(row, "hall", at(16))) == (14, 8 * 3600.0, 2 * 3600.0)
    few = learn(table(fortnight()), "t/1", 0, left_out=spans[:3])
    assert usual_s(few, "bedroom", at(22)) == pytest.approx(3600 * (9 + 13 / 30), rel=0.01)


def test_a_home_of_which_nothing_came_was_not_heard() -> None:
    heard = [at(1), at(3), at(5.1), at(6)]
    assert unheard(heard, 2 * HOUR) == [(at(3), at(5.1))]
    assert unheard([], 2 * HOUR) == []


def test_while_visitors_are_there_a_home_in_which_nobody_moves_is_missed(run: Run) -> None:
    calm = replace(ROW, anywhere_s=(5 * 3600.0,) * 24, away=(Away(at(9), at(9, day=14), Absence.VISITORS),))
    items = [said(at(10), "bedroom"), Tick(at(20)), said(at(21), "bedroom"), Tick(at(23))]
    assert told(stillness(lambda _: calm), items, run) == [("no_movement", True, 13.0), ("no_movement", False, 21.0)]
    (finding, *_) = run([stillness(lambda _: calm)], items)
    assert (finding.reasons[0].source, finding.evidence["learned_days"]) == ("routine population/1", 0.0)
    assert told(stillness(lambda _: calm), [said(at(8), "bedroom"), Tick(at(20))], run) == [
        ("no_movement", True, 15.5)
    ]  # before them
    quiet = [said(at(2, day=1), "bedroom", motion=0.0), door(at(2.1, day=1)), Tick(at(12, day=1))]
    assert told(not_up(lambda _: calm), [said(at(10), "hall"), *quiet[:1], Tick(at(12, day=1))], run) == []
    assert told(night_door(lambda _: calm), quiet, run) == []


def test_visitors_who_come_while_one_is_away_change_nothing(run: Run) -> None:
    times = (Away(at(9), at(9, day=14), Absence.VISITORS), Away(at(9), at(9, day=3), Absence.AWAY))
    row = replace(ROW, away=times)
    found = told(stillness(lambda _: row), [said(at(10), "bedroom"), Tick(at(23, day=3))], run)
    assert found == [("no_movement", True, 72 + 12.0)]


def test_the_population_is_the_middle_of_its_residents() -> None:
    rows = [replace(ROW, anywhere_s=(float(value),) * 24) for value in (100, 200, 900)]
    assert population(rows, "p/1").anywhere_s == (200.0,) * 24
    assert population([], "p/1").days == 0


def test_while_nobody_listens_nobody_is_still() -> None:
    detector = stillness(lambda _: ROW)
    state, _ = detector.step(detector.start("sen-1", {}), said(at(9), "hall"))
    assert detector.deadline(state) == at(12)
    for _ in range(2):  # every device of the resident says it
        state, _ = detector.step(state, Listening(said(at(9), "hall").origin, at(14), None, 4 * HOUR))
        assert detector.deadline(state) == at(16)
    state, found = detector.step(state, Tick(at(16)))
    assert [one.kind for one in found] == ["no_movement"]
    assert detector.step(state, Listening(said(at(9), "hall").origin, at(17), None, HOUR)) == (state, ())


@pytest.mark.parametrize(("deaf_min", "judged"), [(5, True), (60, False)])
def test_a_morning_that_was_not_heard_is_not_judged(deaf_min: float, judged: bool) -> None:
    detector = not_up(lambda _: ROW)
    state, _ = detector.step(detector.start("sen-1", {}), said(at(1), "hall"))
    state, _ = detector.step(state, Listening(said(at(1), "hall").origin, at(7), None, timedelta(minutes=deaf_min)))
    state, found = detector.step(state, Tick(at(8.5)))
    assert [one.kind for one in found] == (["not_up"] if judged else [])
    assert detector.deadline(state) == at(8.5, day=1)


@pytest.mark.parametrize(("deaf_min", "judged"), [(1, True), (30, False)])
def test_who_came_back_unheard_does_not_wander(deaf_min: float, judged: bool) -> None:
    detector = night_door(lambda _: ROW)
    state, _ = detector.step(detector.start("sen-1", {}), door(at(2)))
    state, _ = detector.step(state, Listening(door(at(2)).origin, at(2.1), None, timedelta(minutes=deaf_min)))
    assert detector.step(state, Tick(at(2.2)))[1] != () if judged else detector.deadline(state) is None
