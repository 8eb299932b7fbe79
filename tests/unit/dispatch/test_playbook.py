"""Playbooks: the tables hold together, the machine over its full product, escalation, and two clicks at once."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.alarm import KINDS, UnknownKind
from dispatch.incident import NotAllowed
from dispatch.instructions import INSTRUCTIONS
from dispatch.playbook import (
    MUST,
    PLAYBOOKS,
    STEP_TABLE,
    STEPS,
    UNDO_WITHIN,
    Doer,
    NotTheirs,
    PersonNeeded,
    Planned,
    ReasonNeeded,
    Stamp,
    StepEvent,
    StepState,
    allowed,
    instruction_of,
    next_step,
    plan,
    pressed,
)

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
E, S = StepEvent, StepState


def planned(key: str, kinds: set[str], stamp: Stamp | None = None) -> Planned:
    stamps = {key: stamp} if stamp else {}
    return next(one for one in plan(kinds, stamps) if one.step.key == key)


def test_every_instruction_has_a_playbook_and_every_step_a_place() -> None:
    assert set(INSTRUCTIONS.values()) <= set(PLAYBOOKS)
    assert set(STEPS) == {key for steps in PLAYBOOKS.values() for key in steps}
    for name, steps in PLAYBOOKS.items():
        assert len(set(steps)) == len(steps), name
        assert MUST[name] <= set(steps), name


def test_what_moves_people_flames_or_switches_is_a_persons_to_do() -> None:
    for key in (
        "call_119", "call_120", "sound_siren", "evacuate_first", "evacuate", "cut_gas", "cut_power", "open_vents", "close_doors"
    ):  # fmt: skip
        assert STEPS[key].by_person, key
    for step in STEPS.values():
        assert bool(step.calls) == step.key.startswith("call_1")
        assert step.by_person or not (step.calls or step.sounds)
        if step.calls:
            assert step.doers == (Doer.DESK,)


def test_nobody_burns_while_something_is_skipped() -> None:
    assert {"call_119", "sound_siren", "evacuate", "evacuate_first", "headcount"} <= MUST["evacuate"]
    assert "cut_gas" in MUST["air_and_shut_off"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_fire_gas_and_need_has_a_playbook(kind: str) -> None:
    if KINDS[kind].hazard in ("fire", "gas_co") or kind in ("sos", "pull_cord", "fall", "fall_motion", "long_lie", "on_floor"):
        assert plan({kind}, {})
    if KINDS[kind].hazard == "technical":
        assert not plan({kind}, {})


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(UnknownKind):
        instruction_of({"fire_in_the_sky"})


def test_the_most_urgent_need_of_a_person_decides() -> None:
    assert instruction_of({"sos", "fall"}) == "lift"
    assert instruction_of({"sos"}) == "answer_press"
    assert instruction_of({"door_at_night"}) == ""


@pytest.mark.parametrize(("state", "event", "skippable", "fresh"), list(product(S, E, (True, False), (True, False))))
def test_every_state_with_every_event(state: StepState, event: StepEvent, skippable: bool, fresh: bool) -> None:
    at = NOW - (timedelta(seconds=59) if fresh else timedelta(seconds=61))
    stamp = None if state is S.OPEN else Stamp(state, at, "duty")
    one = planned("cut_power" if skippable else "headcount", {"fire_confirmed"}, stamp)
    assert one.may_skip is skippable
    stands = {E.DO: S.DONE, E.SKIP: S.SKIPPED, E.UNDO: S.OPEN}[event]
    possible = (state, event) in STEP_TABLE and (event is not E.SKIP or skippable) and (event is not E.UNDO or fresh)
    if state is stands:
        assert pressed(one, event, NOW, reason="because") is None
    elif possible:
        assert pressed(one, event, NOW, reason="because") is stands
        assert event in allowed(one, NOW)
    else:
        assert event not in allowed(one, NOW)
        with pytest.raises(NotAllowed) as refused:
            pressed(one, event, NOW, reason="because")
        assert set(refused.value.allowed) == {item.value for item in allowed(one, NOW)}


def test_a_stamp_is_taken_back_within_a_minute_to_the_second() -> None:
    for after, possible in ((UNDO_WITHIN, True), (UNDO_WITHIN + timedelta(microseconds=1), False)):
        assert (E.UNDO in allowed(planned("cut_gas", {"smoke"}, Stamp(S.DONE, NOW - after, "duty")), NOW)) is possible


def test_a_siren_that_sounded_is_not_unsounded() -> None:
    assert allowed(planned("sound_siren", {"smoke"}, Stamp(S.DONE, NOW, "duty")), NOW) == ()
    assert E.UNDO in allowed(planned("sound_siren", {"smoke"}, Stamp(S.SKIPPED, NOW, "duty", reason="no")), NOW)


@pytest.mark.parametrize("reason", ["", "   "])
def test_a_skip_needs_a_reason(reason: str) -> None:
    with pytest.raises(ReasonNeeded):
        pressed(planned("cut_gas", {"smoke"}), E.SKIP, NOW, reason=reason)


@pytest.mark.parametrize(("key", "event"), list(product(STEPS, E)))
def test_a_machine_does_nothing_that_is_a_persons(key: str, event: StepEvent) -> None:
    one = Planned(STEPS[key], may_skip=True, wanted=True, stamp=None)
    if STEPS[key].by_person:
        with pytest.raises(PersonNeeded):
            pressed(one, event, NOW, machine=True, reason="because")
    else:
        pressed(one, event, NOW, machine=True, reason="because")


@pytest.mark.parametrize(("key", "doer"), list(product(STEPS, Doer)))
def test_the_desk_writes_down_anybodys_step_and_others_their_own(key: str, doer: Doer) -> None:
    one = Planned(STEPS[key], may_skip=True, wanted=True, stamp=None)
    if doer is Doer.DESK or doer in STEPS[key].doers:
        assert pressed(one, E.DO, NOW, doer=doer) is S.DONE
    else:
        with pytest.raises(NotTheirs):
            pressed(one, E.DO, NOW, doer=doer)


def test_a_fire_that_is_confirmed_adds_steps_and_loses_no_stamp() -> None:
    stamps = {"verify": Stamp(S.DONE, NOW, "duty"), "call_119": Stamp(S.SKIPPED, NOW, "duty", reason="first a look")}
    before, after = plan({"smoke"}, stamps), plan({"smoke", "fire_confirmed"}, stamps)
    kept = {one.step.key: one.stamp for one in after if one.stamp}
    assert kept == stamps
    assert [one.step.key for one in after][:2] == ["verify", "call_119"]
    assert not after[0].wanted
    lost = {one.step.key for one in before} - {one.step.key for one in after}
    assert lost == {"phone_site"}, "of the building's fire only the telephone call is overtaken"
    assert next_step(after) == "sound_siren"


def test_the_next_step_is_the_first_open_one_of_who_asks() -> None:
    steps = plan({"fire_confirmed"}, {})
    assert next_step(steps) == "call_119"
    assert next_step(steps, Doer.RESPONDER) == "evacuate_first"
    assert next_step(plan({"silence"}, {})) == ""


_kinds = st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=6)
_clicks = st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.sampled_from(E), st.integers(0, 90)), max_size=25)


@given(_kinds, _clicks)
def test_no_stamp_is_ever_lost_and_none_is_made_twice(kinds: list[str], clicks: list[tuple[str, StepEvent, int]]) -> None:
    """Alarms come, people click: a stamp goes only by an undo, and the same click at the same moment changes nothing."""
    stamps: dict[str, Stamp] = {}
    now, grown = NOW, 1
    for number, (key, event, seconds) in enumerate(clicks):
        now += timedelta(seconds=seconds)
        grown = min(len(kinds), 1 + number // 3)
        steps = {one.step.key: one for one in plan(kinds[:grown], stamps)}
        assert set(stamps) <= set(steps)
        if key not in steps:
            continue
        try:
            state = pressed(steps[key], event, now, reason="because")
        except NotAllowed:
            continue
        if state is None:
            continue
        before = dict(stamps)
        if state is S.OPEN:
            del stamps[key]
        else:
            stamps[key] = Stamp(state, now, "duty", reason="because")
        assert {one: stamp for one, stamp in before.items() if one != key} == {k: v for k, v in stamps.items() if k != key}
        again = next((one for one in plan(kinds[:grown], stamps) if one.step.key == key), None)
        if again is not None:
            assert pressed(again, event, now, reason="because") is None
    assert {one.step.key: one.stamp for one in plan(kinds, stamps) if one.stamp} == stamps
