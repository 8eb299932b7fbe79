"""A room watched as one: what it adds to the fixed rules, and that nothing a model says takes anything from them."""

from collections.abc import Callable, Iterable, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.detectors import co, fixed_thresholds, heat, nuisance, room
from analytics.detectors.room_model import Model, Term, probability, score
from analytics.detectors.room_signs import NAMES, TEMPERATURE, first, follow, signs
from analytics.detectors.room_weights import MODEL
from analytics.runtime import Runtime
from analytics.step import Event, Finding, Reading, Scope
from tests.examples import examples

Make = Callable[..., Reading]
Run = Callable[..., list[Finding]]
FLOOR = (*fixed_thresholds.DETECTORS, *heat.DETECTORS, *co.DETECTORS)
DEVICES = (
    ("smoke_detector", "smoke-1", "smoke_obscuration", 40.0),
    ("smoke_detector", "smoke-2", "smoke_obscuration", 40.0),
    ("heat_detector", "heat-1", "temperature", 120.0),
    ("co_detector", "co-1", "co", 800.0),
    ("gas_detector", "gas-1", "gas", 40.0),
)
TOLD = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4000), st.floats(0, 1)), max_size=60)
OUTPUTS = st.lists(st.one_of(st.floats(-20, 20), st.just(float("-inf")), st.just(float("inf"))), min_size=1, max_size=80)


def said(reading: Make, told: Iterable[tuple[int, int, float]]) -> list[Reading]:
    """Devices of one room say arbitrary values at arbitrary times, in whatever order."""
    items = []
    for who, second, part in told:
        profile, device, metric, top = DEVICES[who]
        items.append(reading(profile, second, {metric: top * part}, device=device))
    return items


def kinds(found: Iterable[Finding], *wanted: str) -> list[tuple[str, str, str, bool]]:
    return [(one.kind, one.source, one.key, one.raised) for one in found if one.kind in wanted]


@given(told=TOLD, outputs=OUTPUTS)
@settings(max_examples=examples(80))
def test_no_sequence_of_model_outputs_removes_or_delays_an_alarm(
    reading: Make, run: Run, told: list[tuple[int, int, float]], outputs: list[float]
) -> None:
    """Whatever the model answers, in whatever order: the fixed rules find the same at the same message; so does confirmation."""
    place = iter(range(10**9))

    def judge(found: Mapping[str, float]) -> float:
        return outputs[next(place) % len(outputs)]

    items = said(reading, told)
    moody = room.room("room", Scope.ZONE, room.DETECTORS[0].wants, judge)
    with_model = run([*FLOOR, moody], items)
    silent = run([*FLOOR, room.room("room", Scope.ZONE, room.DETECTORS[0].wants, lambda found: -50.0)], items)
    floor = run(FLOOR, items)
    assert [one for one in with_model if one.rule_version != "room/1"] == floor
    confirmed = kinds(with_model, "fire_confirmed")
    assert confirmed == kinds(silent, "fire_confirmed")


@given(told=TOLD)
@settings(max_examples=examples(80))
def test_confirmed_is_never_without_a_smoke_or_heat_alarm(reading: Make, run: Run, told: list[tuple[int, int, float]]) -> None:
    found = run([*FLOOR, *room.DETECTORS], said(reading, told))
    for place, one in enumerate(found):
        if one.kind == "fire_confirmed" and one.raised:
            assert any(before.kind in ("smoke", "heat") and before.raised for before in found[:place])


def calm(reading: Make, until: int, every: int = 10) -> list[Reading]:
    return [
        item
        for second in range(0, until, every)
        for item in (
            reading("smoke_detector", second, {"smoke_obscuration": 0.2, "temperature": 22.0}, device="smoke-1"),
            reading("co_detector", second, {"co": 1.0}, device="co-1"),
        )
    ]


def test_two_devices_confirm_a_fire_one_does_not(reading: Make, run: Run) -> None:
    runtime = Runtime([*room.DETECTORS])
    alone = [reading("smoke_detector", second, {"smoke_obscuration": 20.0}, device="smoke-1") for second in (0, 20, 40)]
    assert kinds(run([], alone, runtime), "fire_confirmed") == []
    (found,) = run([], [reading("smoke_detector", 60, {"smoke_obscuration": 12.0}, device="smoke-2")], runtime)
    assert (found.kind, found.source, found.raised) == ("fire_confirmed", "home-1-hall", True)
    assert [reason.rule for reason in found.reasons] == ["witnesses", "witness_devices", "vouched_smoke"]


def test_smoke_and_heat_of_one_device_are_two_quantities(reading: Make, run: Run) -> None:
    found = run(room.DETECTORS, [reading("smoke_detector", 0, {"smoke_obscuration": 20.0, "temperature": 60.0})])
    assert [one.kind for one in found] == ["fire_confirmed"]


def test_co_and_gas_alone_are_no_fire(reading: Make, run: Run) -> None:
    items = [
        item
        for second in range(0, 900, 30)
        for item in (
            reading("co_detector", second, {"co": 900.0}, device="co-1"),
            reading("co_detector", second, {"co": 900.0}, device="co-2"),
            reading("gas_detector", second, {"gas": 30.0}, device="gas-1"),
        )
    ]
    assert {one.kind for one in run(room.DETECTORS, items)} <= {"gas_co_look", "fire_look"}


def test_what_a_device_sounded_counts_but_not_in_a_drill(reading: Make, event: Callable[..., Event], run: Run) -> None:
    smoke = reading("smoke_detector", 30, {"smoke_obscuration": 20.0}, device="smoke-2")
    drill = event("smoke_detector", 0, "smoke", None, True)
    assert kinds(run(room.DETECTORS, [drill, smoke]), "fire_confirmed") == []
    real = event("smoke_detector", 0, "smoke")
    assert len(kinds(run(room.DETECTORS, [real, smoke]), "fire_confirmed")) == 1
    late = reading("smoke_detector", 1000, {"smoke_obscuration": 20.0}, device="smoke-2")
    assert kinds(run(room.DETECTORS, [real, late]), "fire_confirmed") == [], "what sounded a quarter of an hour ago is no witness"


def test_a_room_that_warms_asks_for_a_look_before_any_limit(reading: Make, run: Run) -> None:
    warms = [
        reading("smoke_detector", 600 + second, {"smoke_obscuration": 0.2, "temperature": 22 + second * 0.06}, device="smoke-1")
        for second in range(0, 300, 10)
    ]
    found = run([*FLOOR, *room.DETECTORS], [*calm(reading, 600), *warms])
    assert [one.kind for one in found] == ["fire_look"]
    assert {reason.rule for reason in found[0].reasons} == {"fire_score", "sign_temperature", "look_within"}
    assert 0 < found[0].evidence["confidence"] <= 1


def test_one_wild_reading_asks_nobody_to_look(reading: Make, run: Run) -> None:
    wild = reading("smoke_detector", 600, {"temperature": 60.0}, device="smoke-1")
    after = reading("smoke_detector", 660, {"temperature": 22.0}, device="smoke-1")
    assert kinds(run(room.DETECTORS, [*calm(reading, 600), wild, after]), "fire_look") == []


@pytest.mark.parametrize(
    ("given_signs", "expected"),
    [
        ({"smoke_obscuration_rise": 12.0, "humidity_rise": 15.0}, "steam"),
        ({"smoke_obscuration_rise": 12.0, "humidity_rise": 4.0, "temperature_rise": 3.0, "co_rise": 3.0}, "cooking"),
        ({"smoke_obscuration_rise": 12.0, "smoke_obscuration_growth": 11.0}, "dust"),
        ({"smoke_obscuration_rise": 12.0, "humidity_rise": 15.0, "co_rise": 20.0}, None),
        ({"smoke_obscuration_rise": 12.0, "humidity_rise": 15.0, "temperature_rise": 9.0}, None),
        ({"smoke_obscuration_rise": 1.0, "humidity_rise": 15.0}, None),
        ({"smoke_obscuration_rise": 12.0, "temperature_rise": 3.0}, None),
    ],
)
def test_nuisance_patterns(given_signs: dict[str, float], expected: str | None) -> None:
    """Synthetic: no recorded nuisance smoke was to be had."""
    assert nuisance.pattern(dict.fromkeys(NAMES, 0.0) | given_signs) == expected


def test_steam_leaves_the_smoke_alarm_alone_and_hurries_the_look(reading: Make, run: Run) -> None:
    """Synthetic."""
    air = [reading("air_sensor", second, {"humidity": 45.0}, device="air-1") for second in range(0, 600, 10)]
    shower = [
        item
        for second in range(600, 700, 10)
        for item in (
            reading("air_sensor", second, {"humidity": 80.0}, device="air-1"),
            reading("smoke_detector", second, {"smoke_obscuration": 15.0}, device="smoke-1"),
        )
    ]
    items = sorted([*calm(reading, 600), *air], key=lambda item: item.at) + shower
    found = run([*FLOOR, *room.DETECTORS], items)
    assert kinds(found, "smoke") == kinds(run(FLOOR, items), "smoke")
    assert [one.kind for one in found] == ["smoke", "smoke_check"]
    check = found[1]
    assert [reason.rule for reason in check.reasons] == ["looks_like_steam", "confidence", "look_within"]
    assert check.reasons[2].value == nuisance.LOOK_WITHIN_NUISANCE.total_seconds()
    assert check.evidence["confidence"] <= 0.5


def test_half_of_the_gas_limit_asks_for_a_look(reading: Make, run: Run) -> None:
    found = run([*FLOOR, *room.DETECTORS], [reading("gas_detector", second, {"gas": 6.0}) for second in (0, 10)])
    assert [(one.kind, one.reasons[0].rule) for one in found] == [("gas_co_look", "gas_look")]


def test_a_home_without_zones_is_a_room(reading: Make) -> None:
    zone, home = room.DETECTORS
    item = reading("smoke_detector", 0, {})
    assert (zone.wants(item.origin), home.wants(item.origin)) == (True, False)


VALUES = st.lists(st.tuples(st.integers(1, 600_000), st.floats(-50, 500)), min_size=1, max_size=30)


@given(values=VALUES)
def test_means_stay_between_what_was_measured(values: list[tuple[int, float]]) -> None:
    at, channel = 0, first(0, TEMPERATURE, 0, values[0][1])
    low = high = values[0][1]
    for gap, value in values:
        at += gap
        channel = follow(channel, at, value)
        low, high = min(low, value), max(high, value)
        for mean in channel[4:]:
            assert low - 1e-6 <= mean <= high + 1e-6
    assert follow(channel, at, 1e9) is channel, "a repeat changes nothing"


@given(weight=st.floats(0, 5), value=st.floats(0, 500), more=st.floats(0, 500))
def test_a_stronger_sign_never_lowers_the_score(weight: float, value: float, more: float) -> None:
    model = Model("m", (Term("co_rise", 10.0, 300.0, weight),), -1.0, 2.0)
    less = signs(()) | {"co_rise": value}
    assert score(model, less) <= score(model, less | {"co_rise": value + more})
    assert 0.0 <= probability(score(model, less)) <= 1.0


def test_the_model_that_ships_only_adds_for_stronger_signs() -> None:
    assert all(term.weight >= 0 and term.scale > 0 for term in MODEL.terms)
