"""The runtime keeps nothing before the commit, delivers deadlines in order, and survives what arrives late or twice."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.catalogue import TELEMETRY_LANE
from analytics.runtime import Runtime, scope_key
from analytics.step import Detector, Finding, Input, Listening, Origin, Reading, Scope, Tick
from devices.keys import milliseconds

Make = Callable[..., Reading]
Run = Callable[..., list[Finding]]
At = Callable[[float], datetime]


@dataclass(frozen=True)
class Seen:
    """What a probe was given: seconds of ticks and messages, and when it next wants to be woken."""

    key: str
    log: tuple[str, ...] = ()
    wake: datetime | None = None


def probe(scope: Scope = Scope.DEVICE, wake_after: float | None = 60.0, name: str = "probe") -> Detector[Seen]:
    """Writes down what it gets, asks for a tick `wake_after` its last message, finds one thing at each tick."""

    def step(state: Seen, item: Input) -> tuple[Seen, tuple[Finding, ...]]:
        log = (*state.log, f"{type(item).__name__} {milliseconds(item.at) // 1000 - 1_790_000_000}")
        if isinstance(item, Tick):
            return Seen(state.key, log, None), (Finding(True, name, state.key, item.at, state.key, f"{name}/1"),)
        wake = None if wake_after is None else item.at + timedelta(seconds=wake_after)
        return Seen(state.key, log, max(filter(None, (wake, state.wake)), default=None)), ()

    def start(key: str, active: Mapping[str, datetime]) -> Seen:
        return Seen(key, tuple(active))

    return Detector(name, 1, scope, "telemetry", timedelta(0), (name,), lambda o: True, start, step, lambda state: state.wake)


def logs(runtime: Runtime) -> dict[str, tuple[str, ...]]:
    return {key: state.log for _, key, state in runtime.states()}


def test_a_trial_thrown_away_has_never_happened(reading: Make, at: At) -> None:
    runtime = Runtime([probe()])
    first = runtime.trial()
    first.feed(reading("gateway", 0, {}))
    assert first.tick(at(60)) != []
    assert logs(runtime) == {}
    assert runtime.next_deadline() is None

    again = runtime.trial()
    again.feed(reading("gateway", 0, {}))
    again.adopt()
    assert logs(runtime) == {"gateway-1": ("Reading 0",)}
    assert runtime.next_deadline() == at(60)


def test_a_tick_thrown_away_is_delivered_again(reading: Make, at: At) -> None:
    runtime = Runtime([probe()])
    trial = runtime.trial()
    trial.feed(reading("gateway", 0, {}))
    trial.adopt()
    lost = runtime.trial().tick(at(100))
    kept = runtime.trial()
    assert kept.tick(at(100)) == lost != []
    kept.adopt()
    assert runtime.trial().tick(at(100)) == []


def test_a_trial_may_go_on_after_adoption_and_adopt_nothing_twice(reading: Make) -> None:
    runtime = Runtime([probe()])
    trial = runtime.trial()
    trial.feed(reading("gateway", 0, {}))
    trial.adopt()
    trial.adopt()
    trial.feed(reading("gateway", 10, {}))
    trial.adopt()
    assert logs(runtime)["gateway-1"] == ("Reading 0", "Reading 10")


def test_its_own_deadlines_come_before_a_message_and_others_wait(reading: Make, run: Run) -> None:
    runtime = Runtime([probe()])
    run(
        [],
        [reading("gateway", 0, {}, device="a"), reading("gateway", 1, {}, device="b"), reading("gateway", 90, {}, device="a")],
        runtime,
    )
    assert logs(runtime) == {"a": ("Reading 0", "Tick 60", "Reading 90"), "b": ("Reading 1",)}


def test_deadlines_are_delivered_in_time_order_across_devices(reading: Make, run: Run, at: At) -> None:
    runtime = Runtime([probe()])
    items = [reading("gateway", second, {}, device=code) for second, code in ((5, "c"), (3, "a"), (9, "b"))]
    run([], items, runtime)
    assert [found.source for found in runtime.trial().tick(at(1000))] == ["a", "c", "b"]
    assert [found.source for found in runtime.trial().tick(at(65))] == ["a", "c"]


def test_a_deadline_may_follow_from_a_deadline(at: At, reading: Make) -> None:
    def step(state: int, item: Input) -> tuple[int, tuple[Finding, ...]]:
        return state + 1, (Finding(True, "beat", str(state), item.at, "", ""),) if isinstance(item, Tick) else ()

    def deadline(state: int) -> datetime | None:
        return at(10 * state) if 0 < state < 4 else None

    beat = Detector("beat", 1, Scope.DEVICE, "telemetry", timedelta(0), ("beat",), lambda o: True, lambda k, a: 0, step, deadline)
    trial = Runtime([beat]).trial()
    trial.feed(reading("gateway", 0, {}))
    assert [found.at for found in trial.tick(at(25))] == [at(10), at(20)]
    assert [found.at for found in trial.tick(at(60))] == [at(30)]


def test_a_detector_that_never_moves_its_deadline_cannot_hang_the_worker(at: At, reading: Make) -> None:
    stuck: Detector[int] = Detector(
        "stuck",
        1,
        Scope.DEVICE,
        "telemetry",
        timedelta(0),
        (),
        lambda o: True,
        lambda k, a: 0,
        lambda s, i: (s + 1, ()),
        lambda s: at(10),
    )
    trial = Runtime([stuck]).trial()
    trial.feed(reading("gateway", 20, {}))
    assert trial.tick(at(30)) == []


@pytest.mark.parametrize(
    ("scope", "expected"),
    [(Scope.DEVICE, "gateway-1"), (Scope.ZONE, "home-1-hall"), (Scope.SITE, "home-1"), (Scope.RESIDENT, "sen-1")],
)
def test_inputs_meet_by_scope(reading: Make, origin: Callable[..., Origin], run: Run, scope: Scope, expected: str) -> None:
    assert scope_key(scope, origin("gateway")) == expected
    runtime = Runtime([probe(scope)])
    run([], [reading("gateway", 0, {}), reading("bed_sensor", 1, {})], runtime)
    assert expected in logs(runtime)
    assert len(logs(runtime)) == (2 if scope is Scope.DEVICE else 1)


def test_a_device_without_a_senior_is_no_one(run: Run, reading: Make) -> None:
    item = reading("gateway", 0, {})
    nobody = Reading(Origin("gw-1", "gateway", "a", "s"), item.at, item.now, item.key, {})
    runtime = Runtime([probe(Scope.RESIDENT), probe(Scope.ZONE, name="other")])
    run([], [nobody], runtime)
    assert logs(runtime) == {}


def test_states_start_with_their_own_open_alarms_only(reading: Make, run: Run, at: At) -> None:
    active = {("gateway-1", "probe"): at(-5), ("gateway-1", "sos"): at(-6), ("other", "probe"): at(-7)}
    runtime = Runtime([probe()], active)
    run([], [reading("gateway", 0, {})], runtime)
    assert logs(runtime)["gateway-1"] == ("probe", "Reading 0")


def test_listening_reaches_every_detector_of_the_device(origin: Callable[..., Origin], at: At) -> None:
    runtime = Runtime([probe(), probe(Scope.SITE, name="other")])
    runtime.listen(origin("gateway"), at(3), None)
    assert logs(runtime) == {"gateway-1": ("Listening 3",), "home-1": ("Listening 3",)}


def test_forgetting_a_device_keeps_what_others_share(reading: Make, run: Run, at: At) -> None:
    runtime = Runtime([probe(), probe(Scope.SITE, name="other")])
    run([], [reading("gateway", 0, {})], runtime)
    runtime.forget("gateway-1")
    assert set(logs(runtime)) == {"home-1"}
    assert [found.kind for found in runtime.trial().tick(at(1000))] == ["other"]
    runtime.forget("never-known")


def test_the_queue_of_deadlines_does_not_grow_with_messages(reading: Make, run: Run, at: At) -> None:
    runtime = Runtime([probe()])
    for second in range(0, 20_000, 10):
        run([], [reading("gateway", second, {}, device=f"gw-{second % 7}"), Tick(at(second))], runtime)
    assert len(runtime._heap) <= 14
    assert runtime._heap[0][0] >= at(19_990), "what is stale does not stay at the head, to be looked at by every tick"
    assert runtime.next_deadline() is not None


arrivals = st.lists(st.tuples(st.integers(0, 2000), st.sampled_from("abc"), st.booleans(), st.booleans()), max_size=40)


@given(arrivals)
def test_dropped_trials_leave_no_trace_whatever_happens(reading: Make, at: At, steps: list[tuple[int, str, bool, bool]]) -> None:
    """Every step also done in a trial that is thrown away first gives the same findings, states and deadlines."""
    plain, shaken = Runtime(TELEMETRY_LANE), Runtime(TELEMETRY_LANE)
    for seconds, code, smoky, tick in steps:
        item = reading("smoke_detector", seconds, {"smoke_obscuration": 30.0 if smoky else 0.1, "temperature": 20.0}, device=code)
        outcomes = []
        for runtime, drops in ((plain, 0), (shaken, 2)):
            for again in range(drops + 1):
                trial = runtime.trial()
                found = trial.feed(item) + (trial.tick(at(seconds)) if tick else [])
                if again == drops:
                    trial.adopt()
            outcomes.append((found, runtime.next_deadline()))
        assert outcomes[0] == outcomes[1]
    assert list(plain.states()) == list(shaken.states())


@given(arrivals)
def test_the_next_deadline_is_the_earliest_of_all_states(reading: Make, at: At, steps: list[tuple[int, str, bool, bool]]) -> None:
    runtime = Runtime([probe()])
    for seconds, code, _, tick in steps:
        trial = runtime.trial()
        trial.feed(reading("gateway", seconds, {}, device=code))
        if tick:
            trial.tick(at(seconds))
        trial.adopt()
        wanted: list[Any] = [state.wake for _, _, state in runtime.states() if state.wake is not None]
        assert runtime.next_deadline() == min(wanted, default=None)


@given(arrivals, st.lists(st.integers(0, 2200), max_size=10))
def test_no_deadline_is_lost_or_delivered_twice(
    reading: Make, at: At, steps: list[tuple[int, str, bool, bool]], ticks: list[int]
) -> None:
    runtime = Runtime([probe()])
    found: list[Finding] = []
    moments: list[tuple[float, str | None]] = [(s, code) for s, code, _, _ in steps] + [(t, None) for t in ticks]
    for seconds, code in sorted(moments, key=lambda pair: pair[0]):
        trial = runtime.trial()
        found += trial.tick(at(seconds)) if code is None else trial.feed(reading("gateway", seconds, {}, device=code))
        trial.adopt()
    trial = runtime.trial()
    found += trial.tick(at(10_000))
    expected = []
    for device in "abc":
        heard = sorted(s for s, code, _, _ in steps if code == device)
        expected += [(device, at(s + 60)) for s, after in pairwise([*heard, 10_000]) if after - s >= 60]
    assert sorted((f.source, f.at) for f in found) == sorted(expected)


def test_listening_is_an_input_like_any_other(origin: Callable[..., Origin], at: At) -> None:
    runtime = Runtime([probe()])
    trial = runtime.trial()
    assert trial.listen(Listening(origin("gateway"), at(0), None)) == []
    assert logs(runtime) == {}
    trial.adopt()
    assert logs(runtime) == {"gateway-1": ("Listening 0",)}
