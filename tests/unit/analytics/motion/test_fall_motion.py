"""The detector: what it tells, when, and how the wearer's phase goes on; by the plain rule and by a model."""

from base64 import b64decode
from dataclasses import replace
from datetime import timedelta
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from analytics.detectors.fall_motion import LONG_LIE, TABLE, FallState, Phase, Sign, fall_motion
from analytics.evaluate.recording import Signal
from analytics.fall_features import features, window
from analytics.fall_judge import RULE, Judge
from analytics.fall_look import PASSED_OVER
from analytics.motion import CELL_MS, Samples, Track
from analytics.runtime import Runtime
from analytics.step import Finding, Input, Reason, Reset, Tick, Waveform
from devices.keys import instant
from tests.examples import examples
from tests.unit.analytics.motion.made import (
    CALM,
    ORIGIN,
    RISING,
    START_MS,
    STORY,
    WALK,
    Motion,
    by_the_second,
    lying_and,
    messages,
    motion,
)

ANY = Judge("any", 0.5, lambda row, impact_g: (0.9, (Reason("fall_impact", 1.0, None, "", "test"),)))
NEVER = Judge("never", 0.5, lambda row, impact_g: (0.0, ()))
IMPACT_MS = START_MS + 5560


def run(
    items: list[Waveform] | list[Input], judge: Judge = RULE, state: FallState | None = None
) -> tuple[FallState, list[Finding]]:
    detector = fall_motion(judge)
    state, found = state or detector.start("wear-1", {}), list[Finding]()
    for item in items:
        due = detector.deadline(state)
        if due is not None and not isinstance(item, Reset) and due <= item.at:
            state, more = detector.step(state, Tick(due))
            found += more
        state, more = detector.step(state, item)
        found += more
    return state, found


@pytest.mark.parametrize("rate_hz", [20.0, 50.0, 87.0, 200.0])
def test_a_fall_is_told_with_all_that_people_need(rate_hz: float) -> None:
    state, found = run(by_the_second(motion(STORY, rate_hz), rate_hz))
    (fall,) = found
    assert (fall.raised, fall.kind, fall.source) == (True, "fall_motion", "wear-1")
    assert abs((fall.at - instant(IMPACT_MS)).total_seconds()) < 0.06
    assert {"probability", "impact_g", "tilt_deg", "still_s", "drop_s"} <= set(fall.evidence)
    assert fall.evidence["impact_g"] > 2.5
    assert [reason.rule for reason in fall.reasons] == ["fall_likely", "fall_impact", "fall_posture", "fall_stillness"]
    assert fall.reasons[0].source == "rule/1"
    assert state.phase is Phase.DOWN


@pytest.mark.parametrize("silent", [False, True], ids=["heard on", "falls silent after the blow"])
def test_who_is_known_to_wear_it_at_the_wrist_is_judged_by_the_wrists_judge(silent: bool) -> None:
    """Also where nothing more comes after the blow, and a deadline judges."""
    wrists = Judge("wrist", 0.5, ANY.assess)
    judge = replace(NEVER, worn={"wearable_wrist": wrists})
    heard = by_the_second(motion(STORY), 50.0)[: 6 if silent else None]
    for profile, told in (("wearable_wrist", ["fall_motion"]), ("wearable_waist", []), ("wearable", [])):
        origin = replace(ORIGIN, profile=profile)
        items: list[Input] = [Waveform(origin, one.at, one.now, one.key, one.fs, one.unit, one.xyz) for one in heard]
        _, found = run([*items, Tick(heard[-1].at + timedelta(minutes=1))] if silent else items, judge)
        assert [one.kind for one in found if one.raised] == told, profile
        assert {one.kept["model"] for one in found if one.raised} <= {"wrist"}


def test_the_window_that_was_judged_is_kept_and_says_the_same_again() -> None:
    rows: list[Samples] = []

    def note(row: Samples, impact_g: float) -> tuple[float, tuple[Reason, ...]]:
        rows.append(row)
        return 1.0, ()

    (fall,) = run(by_the_second(motion(STORY), 50.0), Judge("x", 0.5, note))[1][:1]
    kept = Track(int(fall.kept["cells_first"]), b64decode(fall.kept["cells"]))
    place = int(fall.key) // CELL_MS - kept.first
    assert np.array_equal(features(window(kept.grid(), place)[None])[0], rows[0], equal_nan=True)
    assert all(isinstance(value, float) for value in fall.evidence.values())


def test_ordinary_life_is_no_fall() -> None:
    assert run(by_the_second(motion(CALM), 50.0))[1] == []


@given(cuts=st.lists(st.integers(1, 680), max_size=15))
@settings(max_examples=examples(25))
def test_packets_of_any_length_tell_the_same(cuts: list[int]) -> None:
    signal = motion(STORY)
    expected = run(by_the_second(signal, 50.0))[1]
    assert run(messages(signal, 50.0, cuts))[1] == expected


@pytest.mark.parametrize("turn", [((0, 1, 0), (0, 0, 1), (1, 0, 0)), ((-1, 0, 0), (0, 1, 0), (0, 0, -1))])
def test_worn_upside_down_or_sideways_it_tells_the_same(turn: tuple[tuple[int, ...], ...]) -> None:
    signal = motion(STORY)
    turned = Signal(signal.times_ms, signal.xyz_mg @ np.array(turn, dtype=np.float64))
    one, other = run(by_the_second(signal, 50.0))[1], run(by_the_second(turned, 50.0))[1]
    assert [(f.at, f.key) for f in one] == [(f.at, f.key) for f in other] != []


def test_when_the_signal_stops_after_the_impact_it_is_judged_with_what_there_is() -> None:
    signal = motion(STORY)
    short = by_the_second(Signal(signal.times_ms[:390], signal.xyz_mg[:390]), 50.0)
    state, found = run(short, ANY)
    assert found == []
    due = fall_motion(ANY).deadline(state)
    assert due is not None
    assert due - instant(IMPACT_MS) < timedelta(seconds=7)
    _, late = fall_motion(ANY).step(state, Tick(due))
    assert [one.kind for one in late] == ["fall_motion"]


def test_a_gap_after_the_impact_does_not_lose_it() -> None:
    signal = motion(STORY)
    kept = (signal.times_ms < 7000) | (signal.times_ms > 8500)
    items = [*messages(Signal(signal.times_ms[:350], signal.xyz_mg[:350]), 50.0, [])]
    items += messages(Signal(signal.times_ms[kept][350:], signal.xyz_mg[kept][350:]), 50.0, [], first=1)
    assert [one.key for one in run(items, ANY)[1]] == [one.key for one in run(by_the_second(signal, 50.0), ANY)[1]]


def test_a_lie_that_lasts_is_told_once_and_only_after_its_time() -> None:
    state, found = run(by_the_second(motion(STORY), 50.0))
    due = fall_motion().deadline(state)
    assert due == found[0].at + LONG_LIE
    _, early = fall_motion().step(state, Tick(due - timedelta(seconds=1)))
    assert early == ()
    state, (lie,) = fall_motion().step(state, Tick(due))
    assert (lie.raised, lie.kind, lie.at) == (True, "long_lie", due)
    assert fall_motion().deadline(state) is None


def test_walking_ends_the_condition_and_no_lie_is_told() -> None:
    state, found = run(by_the_second(motion(RISING), 50.0))
    assert [(one.kind, one.raised) for one in found] == [("fall_motion", True), ("fall_motion", False)]
    assert fall_motion().deadline(state) is None


def test_walking_after_a_long_lie_ends_both() -> None:
    fallen = fall_motion().start("wear-1", {"fall_motion": instant(START_MS - 600_000), "long_lie": instant(START_MS - 300_000)})
    _, found = run(by_the_second(motion(WALK), 50.0), state=fallen)
    assert [(one.kind, one.raised) for one in found] == [("fall_motion", False), ("long_lie", False)]


HELPLESS = {
    "knocks": lying_and(2.0, 0.3, 60.0),
    "is convulsed": lying_and(3.0, 0.5, 60.0),
    "trembles": lying_and(5.0, 0.12, 60.0),
    "rocks": lying_and(0.9, 0.2, 60.0),
    "turns over and knocks for a while": lying_and(2.0, 0.3, 20.0, turned=True),
    "turns over and is convulsed": lying_and(3.0, 0.5, 60.0, turned=True),
    "turns over and trembles": lying_and(5.0, 0.12, 60.0, turned=True),
}


def worn(items: list[Waveform], profile: str) -> list[Waveform]:
    return [structs.replace(one, origin=replace(ORIGIN, profile=profile)) for one in items]


@pytest.mark.parametrize("profile", ["wearable_waist", "wearable_wrist", "wearable"])
@pytest.mark.parametrize("parts", HELPLESS.values(), ids=HELPLESS.keys())
def test_who_lies_and_moves_regularly_is_not_up(parts: tuple[Motion, ...], profile: str) -> None:
    """A person who calls for help by knocking, trembles or has a seizure: the long lie comes."""
    state, found = run(worn(by_the_second(motion(parts), 50.0), profile))
    _, late = fall_motion().step(state, Tick(instant(IMPACT_MS) + LONG_LIE))
    assert [(one.kind, one.raised) for one in (*found, *late)] == [("fall_motion", True), ("long_lie", True)]


@pytest.mark.parametrize(("profile", "seconds"), [("wearable_waist", 15), ("wearable_pocket", 15), ("wearable_wrist", 20)])
@given(seed=st.integers(0, 10_000))
@settings(max_examples=examples(4))
def test_who_walks_is_up_however_it_is_worn(profile: str, seconds: int, seed: int) -> None:
    turn, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    signal = motion(RISING)
    _, (fall, up) = run(worn(by_the_second(Signal(signal.times_ms, np.rint(signal.xyz_mg @ turn)), 50.0), profile))
    assert (fall.raised, up.raised, up.kind) == (True, False, "fall_motion")
    assert up.at <= instant(START_MS + 13_700) + timedelta(seconds=seconds)


@pytest.mark.parametrize("seconds", [20, 40])
def test_who_did_not_turn_with_the_fall_is_up_after_more_walking(seconds: int) -> None:
    """As who only sat down hard, or slid along a wall: what gravity says is no longer new."""
    items = worn(by_the_second(motion((*STORY[:3], (8.0, CALM[0][1]), *WALK)), 50.0), "wearable_waist")
    assert [one.raised for one in run(items[: 13 + seconds], ANY)[1]] == ([True, False] if seconds > 30 else [True])


@pytest.mark.parametrize("seconds", [20, 40])
def test_after_a_restart_that_forgot_how_he_lay_more_walking_is_asked_for(seconds: int) -> None:
    fallen = fall_motion().start("wear-1", {"fall_motion": instant(START_MS - 60_000)})
    walked = worn(by_the_second(motion(WALK), 50.0)[:seconds], "wearable_waist")
    assert [one.raised for one in run(walked, state=fallen)[1]] == ([False] if seconds > 30 else [])


@given(step_ms=st.integers(1_000, 120_000), right_from=st.integers(1, 9))
@settings(max_examples=examples(25))
def test_a_clock_that_is_set_right_loses_no_fall(step_ms: int, right_from: int) -> None:
    """Wherever in the fall it happens; packets that come twice change nothing."""
    items = by_the_second(motion(STORY), 50.0)
    ahead = timedelta(milliseconds=step_ms)
    stepped = [structs.replace(one, at=one.at + ahead) if one.key.n < right_from else one for one in items]
    for heard in (stepped, [one for one in stepped for _ in range(2)]):
        state, (fall,) = run(heard)
        assert (fall.raised, fall.kind, state.phase) == (True, "fall_motion", Phase.DOWN)
        assert min(abs((fall.at - instant(IMPACT_MS) - by).total_seconds()) for by in (timedelta(0), ahead)) < 0.1
        assert abs((instant(state.fell_ms) - instant(IMPACT_MS)).total_seconds()) < 0.1


def test_another_boot_begins_anew_where_its_clock_says() -> None:
    before, after = by_the_second(motion(STORY), 50.0, START_MS + 30_000)[:7], by_the_second(motion(STORY), 50.0)
    _, found = run([*before, *after], ANY)
    assert [one.at.timestamp() for one in found if one.raised] == pytest.approx([IMPACT_MS / 1000 + 30], abs=0.1)
    assert [one.raised for one in run([*before[:3], *after])[1]] == [True]


@given(place=st.integers(0, 11), others=st.integers(1, 4))
@settings(max_examples=examples(15))
def test_two_packets_that_changed_places_change_nothing(place: int, others: int) -> None:
    """Whatever else the device said in between, which the same counter counts."""
    items = [structs.replace(one, key=structs.replace(one.key, n=others * one.key.n)) for one in by_the_second(motion(STORY), 50.0)]
    expected = run(items)
    items[place + 1 : place + 3] = items[place + 2], items[place + 1]
    state, found = run(items)
    assert (state.track, found) == (expected[0].track, expected[1]) != (state.track, [])
    assert state.held is None


def test_a_packet_waits_only_a_moment_for_one_that_is_lost() -> None:
    items = by_the_second(motion(STORY), 50.0)
    state, _ = run([*items[:3], items[4]])
    assert state.held is items[4]
    due = fall_motion().deadline(state)
    assert due == items[4].now + timedelta(seconds=1.5)
    state, _ = fall_motion().step(state, Tick(due))
    assert state.held is None
    assert state.heard == items[4].key
    assert [one.raised for one in run(items[5:], state=state)[1]] == [True]
    assert [one.raised for one in run([*items[:3], *items[4:]])[1]] == [True]


def test_a_second_fall_while_down_is_the_same_fall() -> None:
    twice = motion((*STORY, *STORY))
    assert [one.raised for one in run(by_the_second(twice, 50.0))[1]] == [True]


def test_after_a_reset_the_next_fall_is_told() -> None:
    first, later = by_the_second(motion(STORY), 50.0), by_the_second(motion(STORY), 50.0, START_MS + 60_000)
    items: list[Input] = [*first, Reset(instant(START_MS + 50_000), "fall_motion"), *later]
    assert [one.raised for one in run(items)[1]] == [True, True]


def test_a_restart_knows_who_is_down() -> None:
    runtime = Runtime([fall_motion()], {("wear-1", "fall_motion"): instant(START_MS)})
    trial = runtime.trial()
    trial.feed(by_the_second(motion(STORY[:1]), 50.0)[0])
    trial.adopt()
    trial = runtime.trial()
    (lie,) = trial.tick(instant(START_MS) + LONG_LIE)
    assert (lie.kind, lie.at) == ("long_lie", instant(START_MS) + LONG_LIE)


EXPECTED = {
    (Phase.UP, Sign.FELL): Phase.DOWN,
    (Phase.DOWN, Sign.WAITED): Phase.LONG,
    **dict.fromkeys(product((Phase.DOWN, Phase.LONG), (Sign.WALKED, Sign.RESET_FALL)), Phase.UP),
    (Phase.LONG, Sign.RESET_LIE): Phase.UP,
}


@pytest.mark.parametrize(("phase", "sign"), list(product(Phase, Sign)))
def test_every_phase_and_sign(phase: Phase, sign: Sign) -> None:
    assert TABLE.get((phase, sign)) == EXPECTED.get((phase, sign))


def test_samples_that_are_no_acceleration_are_left_alone() -> None:
    (item, *_) = by_the_second(motion(STORY), 50.0)
    other = Waveform(item.origin, item.at, item.now, item.key, item.fs, "mv", item.xyz)
    start = fall_motion().start("wear-1", {})
    assert fall_motion().step(start, other) == (start, ())


def test_what_is_nearly_a_fall_is_kept_and_is_none() -> None:
    """A sample of what was passed over ends nothing and puts nobody down; what is surely ordinary is not kept."""
    state, found = run(by_the_second(motion(STORY), 50.0), Judge("x", 0.5, lambda row, impact_g: (0.3, ())))
    assert [(one.raised, one.sample, one.kind, one.kept["model"]) for one in found] == [(False, True, PASSED_OVER, "x")]
    assert found[0].evidence["probability"] == 0.3
    assert state.phase is Phase.UP
    assert run(by_the_second(motion(STORY), 50.0), Judge("x", 0.5, lambda row, impact_g: (0.01, ())))[1] == []
