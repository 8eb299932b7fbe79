"""Smoke and gas at their limits: never later than the first reading that reaches them, never undone by more of it."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.catalogue import TELEMETRY_LANE
from analytics.detectors import fixed_thresholds
from analytics.step import Detector, Finding, Origin, Reading

Make = Callable[..., list[Reading]]
Run = Callable[..., list[Finding]]
LEVELS = [("smoke", "smoke_detector", "smoke_obscuration", 10.0), ("gas", "gas_detector", "gas", 10.0)]
each_level = pytest.mark.parametrize(("kind", "profile", "metric", "limit"), LEVELS)
DETECTORS = fixed_thresholds.DETECTORS


@each_level
def test_the_limit_itself_is_an_alarm(sampled: Make, run: Run, kind: str, profile: str, metric: str, limit: float) -> None:
    items = sampled(profile, metric, [0.4, limit - 0.01, limit, limit])
    (found,) = run(DETECTORS, items)
    assert (found.kind, found.at, found.key) == (kind, items[2].at, str(items[2].key))
    assert found.evidence == {metric: limit}


@each_level
def test_the_reason_names_value_limit_unit_and_standard(
    sampled: Make, run: Run, kind: str, profile: str, metric: str, limit: float
) -> None:
    ((reason,),) = [found.reasons for found in run(DETECTORS, sampled(profile, metric, [33.0]))]
    assert (reason.rule, reason.value, reason.limit) == (f"{kind}_over", 33.0, limit)
    assert reason.unit
    assert reason.source.endswith("[M]"), "an unverified standard says so wherever it is shown"


@each_level
def test_it_ends_after_a_minute_below_half_the_limit(
    sampled: Make, run: Run, kind: str, profile: str, metric: str, limit: float
) -> None:
    found = run(DETECTORS, sampled(profile, metric, [12, 6, 6, 6, 4, 4, 4, 4], every=20))
    assert [finding.raised for finding in found] == [True, False]
    assert found[1].reasons[0].rule == f"{kind}_calm"


@each_level
def test_a_value_that_wavers_around_the_limit_is_one_alarm(
    sampled: Make, run: Run, kind: str, profile: str, metric: str, limit: float
) -> None:
    assert len(run(DETECTORS, sampled(profile, metric, [limit + 1, limit - 1] * 30, every=10))) == 1


@each_level
@given(
    values=st.lists(st.floats(0, 40), min_size=1, max_size=30),
    more=st.lists(st.floats(0, 60), min_size=30, max_size=30),
    every=st.integers(1, 90),
)
def test_more_of_it_never_removes_or_delays_an_alarm(
    sampled: Make, run: Run, kind: str, profile: str, metric: str, limit: float, values: list[float], more: list[float], every: int
) -> None:
    raised = [f.at for f in run(DETECTORS, sampled(profile, metric, values, every)) if f.raised]
    higher = [value + extra for value, extra in zip(values, more, strict=False)]
    raised_higher = [f.at for f in run(DETECTORS, sampled(profile, metric, higher, every)) if f.raised]
    assert not raised or raised_higher[0] <= raised[0]


@each_level
@given(values=st.lists(st.floats(0, 40), min_size=1, max_size=30), every=st.integers(1, 90))
def test_the_first_reading_at_the_limit_is_never_missed(
    sampled: Make, run: Run, kind: str, profile: str, metric: str, limit: float, values: list[float], every: int
) -> None:
    items = sampled(profile, metric, values, every)
    first = next((item.at for item in items if item.values[metric] >= limit), None)
    found = run(DETECTORS, items)
    assert (found[0].at if found else None) == first


def test_a_message_without_the_metric_says_nothing(reading: Callable[..., Reading], run: Run) -> None:
    assert run(DETECTORS, [reading("smoke_detector", 0, {"temperature": 22.0}), reading("smoke_detector", 60, {})]) == []


@pytest.mark.parametrize("profile", ["bed_sensor", "motion_sensor", "gateway", "something-new"])
def test_other_devices_are_not_heard(origin: Callable[..., Origin], profile: str) -> None:
    assert not any(detector.wants(origin(profile)) for detector in DETECTORS)


def test_two_detectors_in_one_room_alarm_for_themselves(reading: Callable[..., Reading], run: Run) -> None:
    items = [reading("smoke_detector", 0, {"smoke_obscuration": 15.0}, device=code) for code in ("smoke-1", "smoke-2")]
    assert [found.source for found in run(DETECTORS, items)] == ["smoke-1", "smoke-2"]


def test_smoke_and_gas_are_in_the_catalogue() -> None:
    listed: tuple[Detector[Any], ...] = TELEMETRY_LANE
    assert all(detector in listed for detector in DETECTORS)
