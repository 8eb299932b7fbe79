"""Sensors that cannot be believed, and those that can: each fault from a curve that only it makes."""

import random
from collections.abc import Callable

import pytest

from analytics.detectors import chatter, sensor_fault
from analytics.detectors.sensor_watch import LIMITS, unpacked
from analytics.runtime import Runtime
from analytics.step import Finding, Reading
from devices.profiles import PROFILES
from simulators import readings, routine

Make = Callable[..., Reading]
Run = Callable[..., list[Finding]]
HOUR = 3600


def rules(found: list[Finding]) -> list[str]:
    return [reason.rule for one in found if one.raised for reason in one.reasons]


def curve(name: str, minutes: int = 200) -> list[float]:
    chance = random.Random(7)
    return {
        "noisy": [200 + chance.gauss(0, 40) for _ in range(minutes)],
        "stuck": [21.37] * minutes,
        "saturated": [0.3] * 10 + [20.0, 45.0, 70.0, 90.0] + [100.0] * 20,
        "dirty": [4.0 + chance.gauss(0, 0.2) for _ in range(minutes)],
        "drifting": [40.0 + chance.gauss(0, 1.0) for _ in range(minutes)],
        "jumping": [0.2] * 10 + [30.0] * 5,
    }[name]


@pytest.mark.parametrize(
    ("name", "profile", "metric"),
    [
        ("noisy", "co_detector", "co"),
        ("stuck", "heat_detector", "temperature"),
        ("saturated", "smoke_detector", "smoke_obscuration"),
        ("dirty", "smoke_detector", "smoke_obscuration"),
        ("drifting", "co_detector", "co"),
        ("jumping", "smoke_detector", "smoke_obscuration"),
    ],
)
def test_each_fault_is_named_and_its_value_marked(reading: Make, run: Run, name: str, profile: str, metric: str) -> None:
    found = run(sensor_fault.DETECTORS, [reading(profile, 60 * n, {metric: value}) for n, value in enumerate(curve(name))])
    raised = [one for one in found if one.raised]
    assert f"fault_{name}" in rules(found)
    assert all(one.kind == "sensor_fault" for one in raised)
    assert raised[0].evidence[f"doubtful_{metric}"] == 1.0


def test_a_quiet_room_and_a_fire_are_no_fault(reading: Make, run: Run) -> None:
    chance = random.Random(7)
    day = [
        reading(
            "smoke_detector",
            60 * n,
            {"smoke_obscuration": max(0.0, 0.3 + chance.gauss(0, 0.1)), "temperature": 21 + chance.gauss(0, 0.25)},
        )
        for n in range(24 * 60)
    ]
    assert run(sensor_fault.DETECTORS, day) == []
    growing = [
        reading("smoke_detector", 5 * n, {"smoke_obscuration": min(95.0, 0.02 * n * n), "temperature": 20.0 + n}) for n in range(80)
    ]
    assert run(sensor_fault.DETECTORS, growing) == []


def test_a_clean_room_at_rest_is_not_stuck(reading: Make, run: Run) -> None:
    assert run(sensor_fault.DETECTORS, [reading("co_detector", 60 * n, {"co": 0.0}) for n in range(300)]) == []


def test_a_step_is_no_noise(reading: Make, run: Run) -> None:
    found = run(sensor_fault.DETECTORS, [reading("co_detector", 60 * n, {"co": 5.0 if n < 30 else 105.0}) for n in range(60)])
    assert "fault_noisy" not in rules(found)


def test_what_behaves_again_is_over_half_an_hour_later(reading: Make, run: Run) -> None:
    values = [0.3] * 10 + [100.0] * 8 + [0.3 + 0.01 * (n % 3) for n in range(70)]
    found = run(sensor_fault.DETECTORS, [reading("smoke_detector", 60 * n, {"smoke_obscuration": v}) for n, v in enumerate(values)])
    assert [one.raised for one in found] == [True, False]


def test_every_second_costs_no_more_than_every_five(reading: Make) -> None:
    (detector,) = sensor_fault.DETECTORS
    state, _ = detector.step(detector.start("d", {}), reading("co_detector", 0, {"co": 1.0}))
    assert detector.step(state, reading("co_detector", 4.999, {"co": 50.0}))[0] is state
    after, _ = detector.step(state, reading("co_detector", 5, {"co": 50.0}))
    assert unpacked(after.watches).value == 50.0
    assert sensor_fault.doubtful(after) == ()


def test_limits_are_about_metrics_that_devices_have() -> None:
    units = {metric.name: metric.unit for profile in PROFILES.values() for metric in profile.metrics}
    for name, limits in LIMITS.items():
        assert units[name] == limits.unit


def test_doubt_is_of_the_metric_that_is_wrong(reading: Make) -> None:
    detector = sensor_fault.DETECTORS[0]
    runtime = Runtime(sensor_fault.DETECTORS)
    for n in range(20):
        trial = runtime.trial()
        trial.feed(reading("smoke_detector", 60 * n, {"smoke_obscuration": 100.0, "temperature": 21.0 + n % 2 * 0.1}))
        trial.adopt()
    (state,) = [state for of, _, state in runtime.states() if of is detector]
    assert sensor_fault.doubtful(state) == ("smoke_obscuration",)


def test_many_short_episodes_become_one_task(reading: Make, run: Run) -> None:
    values = [0.5] + [6.0, 0.5] * 6
    found = run(chatter.DETECTORS, [reading("smoke_detector", 60 * n, {"smoke_obscuration": v}) for n, v in enumerate(values)])
    assert [(one.kind, one.raised) for one in found] == [("chatter", True)]
    assert found[0].reasons[0].value == 4


def test_one_long_fire_is_no_chatter(reading: Make, run: Run) -> None:
    values = [0.5] + [60.0] * 50 + [0.5] * 3
    assert run(chatter.DETECTORS, [reading("smoke_detector", 60 * n, {"smoke_obscuration": v}) for n, v in enumerate(values)]) == []


@pytest.mark.parametrize("profile", sorted(sensor_fault.PROFILES))
def test_no_device_of_the_demo_is_doubted(reading: Make, run: Run, profile: str) -> None:
    """A whole day of ten of them: otherwise the desk's first hour is full of maintenance that nobody invented on purpose."""
    for seed in range(10):
        chance, day = random.Random(seed), routine.draw(random.Random(seed))
        minutes = range(0, 24 * 60, max(1, round(PROFILES[profile].cadence.total_seconds() / 60)))
        lived = (reading(profile, 60 * at, readings.values(profile, chance, at / 60, day)) for at in minutes)
        assert rules(run(sensor_fault.DETECTORS, lived)) == []
