"""Silence: told once, at its limit, after a restart too; never a storm, never a false one for a slow clock."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from analytics.detectors.silence import DETECTORS, KINDS, LIFE
from analytics.runtime import Runtime
from analytics.step import Event, Finding, Origin, Reading, Tick, Waveform
from devices.keys import milliseconds
from devices.profiles import PROFILES

Make = Callable[..., Reading]
Run = Callable[..., list[Finding]]
At = Callable[[float], datetime]
EVERY = pytest.mark.parametrize("profile", PROFILES.values(), ids=list(PROFILES))


@EVERY
def test_a_device_is_silent_at_its_own_limit_and_not_before(reading: Make, run: Run, at: At, profile: Any) -> None:
    limit = profile.silent_after.total_seconds()
    runtime = Runtime(DETECTORS)
    assert run(DETECTORS, [reading(profile.name, 0, {}), Tick(at(limit - 0.001))], runtime) == []
    assert runtime.next_deadline() == at(limit)
    (found,) = run(DETECTORS, [Tick(at(limit))], runtime)
    assert (found.raised, found.at, found.key) == (True, at(limit), str(milliseconds(at(limit))))
    assert found.reasons[0].value == found.reasons[0].limit == limit


@EVERY
def test_what_protects_life_is_missed_more(reading: Make, run: Run, at: At, profile: Any) -> None:
    (found,) = run(DETECTORS, [reading(profile.name, 0, {}), Tick(at(7200))])
    expected = {"sos_button", "pull_cord", "smoke_detector", "heat_detector", "co_detector", "gas_detector", "gateway"}
    assert found.kind == ("silence_life" if profile.name in expected else "silence")


def test_every_life_device_has_a_profile() -> None:
    assert set(PROFILES) > LIFE


def test_the_next_message_ends_it(reading: Make, run: Run, at: At) -> None:
    last = reading("gateway", 500, {})
    found = run(DETECTORS, [reading("gateway", 0, {}), Tick(at(400)), last])
    assert [(finding.raised, finding.at) for finding in found] == [(True, at(180)), (False, at(500))]
    assert found[1].key == str(last.key)
    assert found[1].kind == found[0].kind


def test_any_kind_of_message_is_a_sign_of_life(
    reading: Make, event: Callable[..., Event], origin: Callable[..., Origin], run: Run, at: At
) -> None:
    window = Waveform(origin("fall_radar"), at(240), at(240), reading("fall_radar", 240, {}).key, 50.0, "mg", ((0.0, 0.0, 1.0),))
    items = [reading("fall_radar", 0, {"presence": 1.0}), event("fall_radar", 120, "test"), window, Tick(at(419))]
    assert run(DETECTORS, items) == []
    assert len(run(DETECTORS, [*items, Tick(at(420))])) == 1


def test_silence_is_told_once_however_often_the_clock_ticks(reading: Make, run: Run, at: At) -> None:
    assert len(run(DETECTORS, [reading("gateway", 0, {}), *(Tick(at(60 * minute)) for minute in range(300))])) == 1


def test_a_slow_clock_is_no_silent_device(reading: Make, run: Run, at: At) -> None:
    items: list[Reading | Tick] = []
    for minute in range(60):
        items += [reading("gateway", minute * 60 - 3600, {}, arrives=minute * 60), Tick(at(minute * 60 + 1))]
    assert run(DETECTORS, items) == []


def test_a_backlog_that_arrives_now_is_life_now(reading: Make, run: Run, at: At) -> None:
    backlog = [reading("sos_button", 1800 * place, {}, arrives=18_000 + place / 10) for place in range(1, 10)]
    found = run(DETECTORS, [reading("sos_button", 0, {}), Tick(at(17_999)), *backlog, Tick(at(18_001))])
    assert [finding.raised for finding in found] == [True, False]
    assert found[1].at == at(18_000.1)


def test_whether_the_tick_or_the_message_comes_first_does_not_matter(reading: Make, run: Run, at: At) -> None:
    first, second = reading("gateway", 0, {}), reading("gateway", 300, {})
    assert run(DETECTORS, [first, Tick(at(250)), second]) == run(DETECTORS, [first, second])


def test_a_repeat_of_the_last_message_is_no_sign_of_life(reading: Make, run: Run, at: At) -> None:
    once = reading("gateway", 0, {})
    assert len(run(DETECTORS, [once, Tick(at(170)), once, Tick(at(180)), once])) == 1


def test_after_a_restart_silence_counts_from_listening(origin: Callable[..., Origin], run: Run, at: At) -> None:
    runtime = Runtime(DETECTORS)
    for number in range(100):
        runtime.listen(origin("gateway", f"gw-{number}"), at(36_000), at(0))
    assert run(DETECTORS, [Tick(at(36_179))], runtime) == []
    assert len(run(DETECTORS, [Tick(at(36_180))], runtime)) == 100


def test_what_was_never_heard_cannot_fall_silent(origin: Callable[..., Origin], reading: Make, run: Run, at: At) -> None:
    runtime = Runtime(DETECTORS)
    runtime.listen(origin("gateway"), at(0), None)
    assert runtime.next_deadline() is None
    assert run(DETECTORS, [Tick(at(100_000))], runtime) == []
    assert len(run(DETECTORS, [reading("gateway", 100_001, {}), Tick(at(200_000))], runtime)) == 1


def test_the_same_silence_is_the_same_alarm_through_every_restart(
    origin: Callable[..., Origin], run: Run, reading: Make, at: At
) -> None:
    (live,) = run(DETECTORS, [reading("gateway", 0, {}), Tick(at(180))])
    for since in (1, 90, 179, 500, 86_400):
        runtime = Runtime(DETECTORS)
        runtime.listen(origin("gateway"), at(since), at(0))
        (found,) = run(DETECTORS, [Tick(at(since + 180))], runtime)
        assert (found.source, found.kind, found.key) == (live.source, live.kind, live.key)
        assert found.at == at(since + 180)
        assert found.reasons[0].value == since + 180, "the reason tells how long it was really silent"


def test_deafness_of_ours_is_no_silence_of_theirs(origin: Callable[..., Origin], reading: Make, run: Run, at: At) -> None:
    runtime = Runtime(DETECTORS)
    run(DETECTORS, [reading("gateway", 0, {})], runtime)
    runtime.listen(origin("gateway"), at(600), at(0))
    assert run(DETECTORS, [Tick(at(600)), reading("gateway", 601, {}), Tick(at(700))], runtime) == []


def test_an_open_alarm_is_not_raised_again_and_ends_at_the_next_message(
    origin: Callable[..., Origin], reading: Make, run: Run, at: At
) -> None:
    runtime = Runtime(DETECTORS, {("gateway-1", "silence_life"): at(180)})
    runtime.listen(origin("gateway"), at(1000), at(0))
    assert run(DETECTORS, [Tick(at(10_000))], runtime) == []
    (found,) = run(DETECTORS, [reading("gateway", 10_001, {})], runtime)
    assert (found.raised, found.kind) == (False, "silence_life")


def test_readings_replayed_from_before_do_not_end_it(reading: Make, run: Run, at: At) -> None:
    runtime = Runtime(DETECTORS, {("gateway-1", "silence_life"): at(180)})
    assert run(DETECTORS, [reading("gateway", -60, {}), reading("gateway", 0, {})], runtime) == []


def test_a_revoked_device_can_no_longer_fall_silent(reading: Make, run: Run, at: At) -> None:
    runtime = Runtime(DETECTORS)
    run(DETECTORS, [reading("gateway", 0, {})], runtime)
    runtime.forget("gateway-1")
    assert run(DETECTORS, [Tick(at(1000))], runtime) == []
    assert runtime.next_deadline() is None


def test_a_device_that_became_another_kind_ends_its_alarm_under_the_old_name(reading: Make, run: Run, at: At) -> None:
    found = run(
        DETECTORS,
        [reading("gateway", 0, {}, device="d-1"), Tick(at(180)), reading("bed_sensor", 300, {}, device="d-1"), Tick(at(900))],
    )
    assert [(finding.raised, finding.kind) for finding in found] == [(True, KINDS[0]), (False, KINDS[0]), (True, KINDS[1])]


def test_an_unknown_profile_is_not_supervised(origin: Callable[..., Origin]) -> None:
    assert not DETECTORS[0].wants(origin("something-new"))


@example(arrivals=[0, 180, 360], ticks=[])
@given(
    arrivals=st.lists(st.integers(0, 5000), min_size=1, max_size=20, unique=True).map(sorted),
    ticks=st.lists(st.integers(0, 6000), max_size=20).map(sorted),
)
def test_findings_are_the_gaps_and_nothing_else(reading: Make, run: Run, at: At, arrivals: list[int], ticks: list[int]) -> None:
    items: list[tuple[float, Reading | Tick]] = [(second, reading("gateway", second, {})) for second in arrivals]
    items += [(second - 0.5, Tick(at(second - 0.5))) for second in ticks]
    found = run(DETECTORS, [*(item for _, item in sorted(items, key=lambda pair: pair[0])), Tick(at(10_000))])
    ends = [*arrivals[1:], 10_000]
    expected: list[tuple[bool, datetime]] = []
    for heard, until in zip(arrivals, ends, strict=True):
        if until - heard >= 180:
            expected.append((True, at(heard) + timedelta(seconds=180)))
            expected += [(False, at(until))] if until != 10_000 else []
    assert [(finding.raised, finding.at) for finding in found] == expected
