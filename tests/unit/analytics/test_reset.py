"""Nobody can talk a fire away: what a person reset while it still stands is raised again."""

from collections.abc import Callable
from datetime import datetime

import pytest

from analytics.detectors import co, fixed_thresholds, heat, silence
from analytics.runtime import Runtime
from analytics.step import Finding, Reading, Tick

Make = Callable[..., Reading]
Run = Callable[..., list[Finding]]
At = Callable[[float], datetime]
FLOOR = (*fixed_thresholds.DETECTORS, *heat.DETECTORS, *co.DETECTORS, *silence.DETECTORS)


@pytest.mark.parametrize(
    ("profile", "values", "kind"),
    [
        ("smoke_detector", {"smoke_obscuration": 30.0}, "smoke"),
        ("gas_detector", {"gas": 30.0}, "gas"),
        ("heat_detector", {"temperature": 70.0}, "heat"),
        ("co_detector", {"co": 4000.0}, "co"),
    ],
)
def test_a_fire_that_a_person_called_over_is_raised_again_while_it_burns(
    reading: Make, run: Run, at: At, profile: str, values: dict[str, float], kind: str
) -> None:
    runtime, device = Runtime(FLOOR), f"{profile.replace('_', '-')}-1"
    burning = [reading(profile, second, values) for second in range(0, 200, 20)]
    (first,) = run([], burning[:5], runtime)
    runtime.reconcile({(device, kind)}, at(85))
    assert run([], burning[5:6], runtime) == [], "while its alarm is open nothing is told twice"
    runtime.reconcile(set(), at(105))
    (second,) = run([], burning[6:], runtime)
    assert (first.raised, second.raised) == (True, True)
    assert (first.kind, second.kind, second.at) == (kind, kind, burning[6].at)
    assert second.key != first.key


def test_what_was_open_at_the_start_is_armed_again_too(reading: Make, run: Run, at: At) -> None:
    runtime = Runtime(FLOOR, {("smoke-detector-1", "smoke"): at(-100)})
    smoke = [reading("smoke_detector", second, {"smoke_obscuration": 30.0}) for second in (0, 20, 40)]
    assert run([], smoke[:1], runtime) == []
    runtime.reconcile({("smoke-detector-1", "smoke"), ("other", "heat")}, at(10))
    assert run([], smoke[1:2], runtime) == []
    runtime.reconcile({("other", "heat")}, at(30))
    assert len(run([], smoke[2:], runtime)) == 1


def test_reset_of_a_silence_waits_for_the_next_message(reading: Make, run: Run, at: At) -> None:
    runtime = Runtime(FLOOR)
    run([], [reading("gateway", 0, {}), Tick(at(200))], runtime)
    runtime.reconcile(set(), at(210))
    assert run([], [Tick(at(5000))], runtime) == []
    found = run([], [reading("gateway", 5001, {}), Tick(at(6000))], runtime)
    assert [finding.raised for finding in found] == [False, True]


def test_a_condition_that_ended_has_nothing_to_reset(reading: Make, run: Run, at: At) -> None:
    runtime = Runtime(FLOOR)
    values = [30.0, 0.1, 0.1, 0.1, 0.1]
    found = run([], [reading("smoke_detector", 30 * n, {"smoke_obscuration": v}) for n, v in enumerate(values)], runtime)
    assert [finding.raised for finding in found] == [True, False]
    before = list(runtime.states())
    runtime.reconcile(set(), at(500))
    assert list(runtime.states()) == before


def test_a_dropped_trial_opens_nothing(reading: Make, at: At) -> None:
    runtime = Runtime(FLOOR)
    lost = runtime.trial()
    assert len(lost.feed(reading("smoke_detector", 0, {"smoke_obscuration": 30.0}))) == 1
    runtime.reconcile(set(), at(10))
    assert list(runtime.states()) == []
