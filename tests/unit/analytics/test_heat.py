"""Heat by fixed temperature and by rise, at any sampling a device may have."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.detectors.heat import DETECTORS, LONGEST, SPACING, HeatState
from analytics.runtime import Runtime
from analytics.step import Finding, Reading

Make = Callable[..., list[Reading]]
Run = Callable[..., list[Finding]]
PROFILE, METRIC = "heat_detector", "temperature"


def rules(found: list[Finding]) -> list[str]:
    return [reason.rule for finding in found for reason in finding.reasons]


@pytest.mark.parametrize(
    ("temperature", "rule"), [(57.9, []), (58.0, ["heat_static"]), (65.0, ["heat_static"]), (400.0, ["heat_static"])]
)
def test_the_fixed_temperature_alarms_at_once(sampled: Make, run: Run, temperature: float, rule: list[str]) -> None:
    assert rules(run(DETECTORS, sampled(PROFILE, METRIC, [temperature]))) == rule


@pytest.mark.parametrize("every", [2, 10, 30, 60])
def test_a_rise_of_8_3_degrees_a_minute_alarms_within_a_minute(sampled: Make, run: Run, every: int) -> None:
    ramp = [22.0 + 8.4 * every / 60 * place for place in range(600 // every)]
    found = run(DETECTORS, sampled(PROFILE, METRIC, ramp, every))
    assert rules(found)[0] == "heat_rise"
    assert (found[0].at - sampled(PROFILE, METRIC, [0.0])[0].at).total_seconds() <= 60


@pytest.mark.parametrize("every", [2, 10, 30, 60, 90])
def test_a_slower_rise_waits_for_the_fixed_temperature(sampled: Make, run: Run, every: int) -> None:
    ramp = [22.0 + 7.5 * every / 60 * place for place in range(600 // every)]
    found = run(DETECTORS, sampled(PROFILE, METRIC, ramp, every))
    assert rules(found)[0] == "heat_static"
    assert found[0].evidence["temperature"] >= 58.0


@pytest.mark.parametrize(
    ("values", "alarms"),
    [
        ([20, 28, 28, 28], 0),
        ([20, 28.5, 28.5, 28.5], 1),
        ([30, 20, 27, 20, 27], 0),
        ([20, 21, 22, 23, 24, 25], 0),
        ([-20, -20, -12, -4, 4], 0),
        ([-20, -20, -10], 1),
    ],
)
def test_a_rise_is_measured_over_a_minute_at_least(sampled: Make, run: Run, values: list[float], alarms: int) -> None:
    assert len(run(DETECTORS, sampled(PROFILE, METRIC, values))) == alarms


def test_a_jump_within_seconds_counts_as_of_one_minute(sampled: Make, run: Run) -> None:
    assert rules(run(DETECTORS, sampled(PROFILE, METRIC, [22, 30], every=2))) == []
    assert rules(run(DETECTORS, sampled(PROFILE, METRIC, [22, 31], every=2))) == ["heat_rise"]


def test_a_gap_longer_than_memory_makes_no_rise(sampled: Make, run: Run) -> None:
    assert run(DETECTORS, sampled(PROFILE, METRIC, [5, 45], every=181)) == []
    assert len(run(DETECTORS, sampled(PROFILE, METRIC, [5, 45], every=180))) == 1


def test_both_reasons_are_given_when_both_hold(sampled: Make, run: Run) -> None:
    (found,) = run(DETECTORS, sampled(PROFILE, METRIC, [22, 70]))
    assert [reason.rule for reason in found.reasons] == ["heat_static", "heat_rise"]
    assert all(reason.source.endswith("[M]") for reason in found.reasons)
    assert found.evidence == {"temperature": 70, "rise_per_min": 48.0}


def test_a_hot_room_that_cools_ends_it(sampled: Make, run: Run) -> None:
    found = run(DETECTORS, sampled(PROFILE, METRIC, [22, 60, 55, 51, 49, 48, 47]))
    assert [finding.raised for finding in found] == [True, False]
    assert found[1].evidence["temperature"] == 48


def test_late_readings_make_no_rise(reading: Callable[..., Reading], run: Run) -> None:
    items = [reading(PROFILE, 60, {METRIC: 30.0}), reading(PROFILE, 0, {METRIC: 18.0}), reading(PROFILE, 70, {METRIC: 30.0})]
    assert run(DETECTORS, items) == []


def test_a_late_reading_over_the_fixed_temperature_is_not_lost(reading: Callable[..., Reading], run: Run) -> None:
    items = [reading(PROFILE, 60, {METRIC: 30.0}), reading(PROFILE, 0, {METRIC: 66.0})]
    assert rules(run(DETECTORS, items)) == ["heat_static"]


def test_a_smoke_detector_that_measures_temperature_is_heard_too(sampled: Make, run: Run) -> None:
    assert len(run(DETECTORS, sampled("smoke_detector", METRIC, [60.0]))) == 1


@pytest.mark.parametrize("profile", ["motion_sensor", "co_detector", "gas_detector"])
def test_a_sensor_that_may_hang_in_the_sun_or_over_a_stove_is_not(sampled: Make, run: Run, profile: str) -> None:
    assert run(DETECTORS, sampled(profile, METRIC, [60.0])) == []


@given(values=st.lists(st.floats(-40, 1200), min_size=1, max_size=30), every=st.integers(1, 90))
def test_what_reaches_58_degrees_has_alarmed(sampled: Make, run: Run, values: list[float], every: int) -> None:
    items = sampled(PROFILE, METRIC, values, every)
    hot = [item.at for item in items if item.values[METRIC] >= 58]
    raised = [finding.at for finding in run(DETECTORS, items) if finding.raised]
    assert not hot or raised[0] <= hot[0]


@given(steps=st.lists(st.floats(0, 5), min_size=2, max_size=20), factor=st.floats(1, 20), every=st.integers(1, 60))
def test_a_steeper_fire_never_alarms_later(sampled: Make, run: Run, steps: list[float], factor: float, every: int) -> None:
    ramp, steeper = [20.0], [20.0]
    for step in steps:
        ramp.append(ramp[-1] + step)
        steeper.append(steeper[-1] + step * factor)
    raised = [finding.at for finding in run(DETECTORS, sampled(PROFILE, METRIC, ramp, every)) if finding.raised]
    sooner = [finding.at for finding in run(DETECTORS, sampled(PROFILE, METRIC, steeper, every)) if finding.raised]
    assert not raised or sooner[0] <= raised[0]


@given(st.lists(st.tuples(st.integers(0, 900), st.floats(-40, 1200)), max_size=200))
def test_memory_is_bounded_by_time_and_by_spacing(reading: Callable[..., Reading], readings: list[tuple[int, float]]) -> None:
    runtime = Runtime(DETECTORS)
    for seconds, value in sorted(readings):
        trial = runtime.trial()
        trial.feed(reading(PROFILE, seconds, {METRIC: value}))
        trial.adopt()
    for _, _, state in runtime.states():
        assert isinstance(state, HeatState)
        assert len(state.samples) <= LONGEST / SPACING + 1
        assert state.samples[-1][0] - state.samples[0][0] <= LONGEST
