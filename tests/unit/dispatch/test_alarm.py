"""Alarms: the state table over its full product, the table of kinds, and ids that depend on nothing but the facts."""

from itertools import product
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from care.people import SKILLS
from dispatch.alarm import (
    ALARM_TABLE,
    HAZARDS,
    KINDS,
    PRESSED,
    AlarmEvent,
    AlarmState,
    UnknownKind,
    alarm_id,
    kind_of,
    needed_skills,
    next_alarm_state,
)

S, E = AlarmState, AlarmEvent
EXPECTED = {
    S.ACTIVE: {E.CLEAR: S.CLEARED, E.SHELVE: S.SHELVED, E.TAKE_OUT: S.OUT_OF_SERVICE},
    S.CLEARED: {E.RAISE: S.ACTIVE, E.TAKE_OUT: S.OUT_OF_SERVICE},
    S.SHELVED: {E.UNSHELVE: S.ACTIVE, E.CLEAR: S.CLEARED},
    S.OUT_OF_SERVICE: {E.RETURN: S.CLEARED},
}
TEXT = st.text(max_size=20)


@pytest.mark.parametrize(("state", "event"), list(product(AlarmState, AlarmEvent)))
def test_every_state_answers_every_event(state: AlarmState, event: AlarmEvent) -> None:
    assert next_alarm_state(state, event) == EXPECTED[state].get(event)


def test_no_state_is_a_trap_and_each_is_reached() -> None:
    assert {state for state, _ in ALARM_TABLE} == set(AlarmState) == set(ALARM_TABLE.values())


def test_an_alarm_set_aside_never_becomes_active_by_itself() -> None:
    """Only a person takes something back from the shelf or into service; a raise in between changes nothing here."""
    assert next_alarm_state(S.SHELVED, E.RAISE) is None
    assert next_alarm_state(S.OUT_OF_SERVICE, E.RAISE) is None


PREALARMS = {"fire_look", "smoke_check", "spread_look", "gas_co_look", "residual_current", "cable_heat"}


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_keeps_the_rules_of_its_hazard(name: str) -> None:
    kind = kind_of(name)
    assert kind.name == name
    assert kind.hazard in HAZARDS
    assert 1 <= kind.priority <= 4
    assert set(kind.skills) <= set(SKILLS)
    assert needed_skills(name) == kind.skills
    if kind.hazard in ("fire", "gas_co") or name in PRESSED:
        assert not kind.shelvable
        assert (kind.priority, kind.latches) == ((2, False) if name in PREALARMS else (1, True))
    if kind.hazard == "technical":
        assert kind.priority > 1
        assert not kind.latches


def test_what_is_pressed_is_known() -> None:
    assert set(KINDS) >= PRESSED == {"sos", "pull_cord"}


def test_an_unknown_kind_is_named() -> None:
    with pytest.raises(UnknownKind, match=r"alarm kind: expected one of sos, .*, got 'earthquake'"):
        needed_skills("earthquake")


def test_fire_is_first_of_all_hazards() -> None:
    assert HAZARDS[0] == "fire"


@given(TEXT, TEXT, TEXT)
def test_the_same_facts_give_the_same_alarm(source: str, kind: str, key: str) -> None:
    assert alarm_id(source, kind, key) == alarm_id(source, kind, key)
    assert alarm_id(source, kind, key).version == 5


@given(st.tuples(TEXT, TEXT, TEXT), st.tuples(TEXT, TEXT, TEXT))
def test_other_facts_give_another_alarm(a: tuple[str, str, str], b: tuple[str, str, str]) -> None:
    if "\x1f" not in "".join(a + b):
        assert (alarm_id(*a) == alarm_id(*b)) == (a == b)


def test_an_alarm_id_stays_what_it_is() -> None:
    """Ids are in databases already: whoever changes how they are made changes history."""
    assert alarm_id("sos-0001", "sos", "sos-0001|7f3a|4711|1790000000000") == UUID("c2780bb6-49c7-5025-b3b9-9a16c41d4558")
