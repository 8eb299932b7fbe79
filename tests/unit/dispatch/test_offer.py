"""Dispatches: the state table over its full product, and an incident with many dispatches through any story they can tell."""

from itertools import product
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from dispatch.incident import STAMPS, IncidentEvent, IncidentState, NotAllowed, allowed, next_state
from dispatch.offer import (
    ACTIVE,
    DISPATCH_TABLE,
    STAMP,
    DispatchEvent,
    DispatchState,
    dispatch_id,
    next_dispatch_state,
    on_incident,
)
from tests.examples import examples

S, E = DispatchState, DispatchEvent
ATTEMPTS = st.tuples(st.uuids(), st.text(max_size=10), st.integers(1, 99))
EXPECTED: dict[DispatchState, dict[DispatchEvent, DispatchState]] = {
    S.OFFERED: {E.ACCEPT: S.ACCEPTED, E.DECLINE: S.DECLINED, E.TIME_OUT: S.TIMED_OUT, E.RECALL: S.RECALLED},
    S.ACCEPTED: {E.DEPART: S.EN_ROUTE, E.DECLINE: S.DECLINED, E.RECALL: S.RECALLED},
    S.EN_ROUTE: {E.ARRIVE: S.ARRIVED, E.DECLINE: S.DECLINED, E.RECALL: S.RECALLED},
    S.ARRIVED: {E.ENTER: S.ENTERED, E.FINISH: S.DONE},
    S.ENTERED: {E.FINISH: S.DONE},
}


@pytest.mark.parametrize(("state", "event"), list(product(DispatchState, DispatchEvent)))
def test_every_state_answers_every_event(state: DispatchState, event: DispatchEvent) -> None:
    expected = EXPECTED.get(state, {}).get(event)
    if expected is not None:
        assert next_dispatch_state(state, event) is expected
        return
    with pytest.raises(NotAllowed) as caught:
        next_dispatch_state(state, event)
    assert (caught.value.what, caught.value.state) == (event.value, state.value)
    assert set(caught.value.allowed) == {one.value for one in EXPECTED.get(state, {})}


def test_active_are_exactly_those_that_something_can_still_happen_to() -> None:
    assert {state for state, _ in DISPATCH_TABLE} == ACTIVE
    assert set(DispatchState) - ACTIVE == {S.DONE, S.DECLINED, S.TIMED_OUT, S.RECALLED}


def test_an_accepted_errand_never_runs_out_by_itself() -> None:
    assert [state for state, event in DISPATCH_TABLE if event is E.TIME_OUT] == [S.OFFERED]


def test_stamps_are_those_of_the_trail() -> None:
    assert set(STAMP.values()) <= set(STAMPS)
    assert [STAMP[event] for event in (E.ACCEPT, E.DEPART, E.ARRIVE, E.ENTER)] == ["accepted", "en_route", "arrived", "entered"]
    assert len(STAMP) == 4


@pytest.mark.parametrize(("event", "others"), list(product(DispatchEvent, [0, 1, 3])))
def test_what_a_dispatch_does_to_its_incident(event: DispatchEvent, others: int) -> None:
    expected = None
    if event is E.ARRIVE:
        expected = IncidentEvent.ARRIVE
    elif event in (E.DECLINE, E.TIME_OUT, E.RECALL) and others == 0:
        expected = IncidentEvent.NO_DISPATCH_LEFT
    assert on_incident(event, others) is expected


@given(ATTEMPTS, ATTEMPTS)
def test_two_clicks_make_one_dispatch_and_two_attempts_two(a: tuple[UUID, str, int], b: tuple[UUID, str, int]) -> None:
    if "\x1f" not in a[1] + b[1]:
        assert (dispatch_id(*a) == dispatch_id(*b)) == (a == b)


def test_a_dispatch_id_stays_what_it_is() -> None:
    incident = UUID("25bb910f-ff38-568c-80c9-d0cf49a540ee")
    assert dispatch_id(incident, "r-001", 1) == UUID("73ccf4c7-6a8b-55e7-a786-b28dba8dbce5")


def test_an_offer_may_run_out_after_someone_else_has_finished() -> None:
    """Two were offered; one came and went, nobody has resolved it yet, and only now the other offer runs out."""
    effect = on_incident(E.TIME_OUT, others_active=0)
    assert effect is not None
    assert next_state(IncidentState.ON_SCENE, effect, pressed_or_fire=True) is IncidentState.ON_SCENE


class Handling(RuleBasedStateMachine):
    """One incident and whatever its dispatches do, in any order: no story may end in an event that the incident refuses."""

    def __init__(self) -> None:
        super().__init__()
        self.state = IncidentState.OPEN
        self.dispatches: list[DispatchState] = []

    def active(self) -> list[int]:
        return [i for i, state in enumerate(self.dispatches) if state in ACTIVE]

    def apply(self, event: IncidentEvent) -> None:
        self.state = next_state(self.state, event, pressed_or_fire=True)

    @rule(event=st.sampled_from([IncidentEvent.ACKNOWLEDGE, IncidentEvent.EXPIRE, IncidentEvent.CLOSE]))
    def people_and_clock(self, event: IncidentEvent) -> None:
        if event in allowed(self.state, pressed_or_fire=True):
            self.apply(event)

    @rule()
    def offer(self) -> None:
        if IncidentEvent.DISPATCH in allowed(self.state, pressed_or_fire=True):
            self.apply(IncidentEvent.DISPATCH)
            self.dispatches.append(S.OFFERED)

    @precondition(lambda self: self.active())
    @rule(data=st.data())
    def responder(self, data: st.DataObject) -> None:
        one = data.draw(st.sampled_from(self.active()))
        event = data.draw(st.sampled_from(sorted(EXPECTED[self.dispatches[one]])))
        self.dispatches[one] = next_dispatch_state(self.dispatches[one], event)
        effect = on_incident(event, len([other for other in self.active() if other != one]))
        if effect:
            self.apply(effect)

    @precondition(lambda self: len(self.dispatches) > 2)
    @rule()
    def resolve(self) -> None:
        if IncidentEvent.RESOLVE in allowed(self.state, pressed_or_fire=True):
            self.apply(IncidentEvent.RESOLVE)
            self.dispatches = [S.DONE if state in ACTIVE else state for state in self.dispatches]

    @invariant()
    def dispatched_means_that_someone_is_on_the_way(self) -> None:
        if self.state is IncidentState.DISPATCHED:
            assert self.active()

    @invariant()
    def nobody_is_on_the_way_to_what_is_not_dispatched(self) -> None:
        if self.state not in (IncidentState.DISPATCHED, IncidentState.ON_SCENE):
            assert not self.active()

    @invariant()
    def on_scene_means_that_someone_arrived(self) -> None:
        arrived = {S.ARRIVED, S.ENTERED, S.DONE} & set(self.dispatches)
        over = self.state in (IncidentState.RESOLVED, IncidentState.CLOSED)
        assert (self.state is IncidentState.ON_SCENE) == (bool(arrived) and not over)


TestHandling = Handling.TestCase
TestHandling.settings = settings(max_examples=examples(150), stateful_step_count=40)
