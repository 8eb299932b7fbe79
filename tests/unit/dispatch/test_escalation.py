"""What the clock demands: to the second, each once, and nothing of what is none of its business."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.escalation import (
    HIGHEST_LEVEL,
    Action,
    DispatchClock,
    Escalate,
    ExpireAcknowledgement,
    IncidentClock,
    TimeOut,
    due,
)
from dispatch.incident import ACKNOWLEDGEMENT_LASTS, ESCALATE_AFTER, IncidentState
from dispatch.offer import DispatchState

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
ONE = UUID(int=1)
MOMENT = timedelta(milliseconds=1)

TIMES = st.integers(0, 1200).map(lambda seconds: NOW - timedelta(seconds=seconds))
INCIDENTS = st.lists(
    st.builds(
        IncidentClock,
        incident=st.uuids(),
        state=st.sampled_from(IncidentState),
        since=TIMES,
        level=st.integers(0, HIGHEST_LEVEL),
        escalated_at=st.none() | TIMES,
    ),
    max_size=6,
    unique_by=lambda clock: clock.incident,
)
DISPATCHES = st.lists(
    st.builds(
        DispatchClock, dispatch=st.uuids(), state=st.sampled_from(DispatchState), deadline=TIMES | st.just(NOW + ESCALATE_AFTER)
    ),
    max_size=6,
    unique_by=lambda clock: clock.dispatch,
)


def opened(ago: timedelta, **changes: object) -> IncidentClock:
    return replace(IncidentClock(ONE, IncidentState.OPEN, NOW - ago, 0, None), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("clock", "expected"),
    [
        (opened(ESCALATE_AFTER - MOMENT), []),
        (opened(ESCALATE_AFTER), [Escalate(ONE, 1)]),
        (opened(timedelta(hours=1)), [Escalate(ONE, 1)]),
        (opened(timedelta(hours=1), level=1, escalated_at=NOW - ESCALATE_AFTER), [Escalate(ONE, 2)]),
        (opened(timedelta(hours=1), level=1, escalated_at=NOW - ESCALATE_AFTER + MOMENT), []),
        (opened(timedelta(hours=9), level=2, escalated_at=NOW - ESCALATE_AFTER), [Escalate(ONE, 2)]),
        (opened(ACKNOWLEDGEMENT_LASTS - MOMENT, state=IncidentState.ACKNOWLEDGED), []),
        (opened(ACKNOWLEDGEMENT_LASTS, state=IncidentState.ACKNOWLEDGED), [ExpireAcknowledgement(ONE)]),
        (opened(timedelta(days=1), state=IncidentState.DISPATCHED), []),
        (opened(timedelta(days=1), state=IncidentState.RESOLVED), []),
        (opened(timedelta(days=1), state=IncidentState.CANCELLED), []),
    ],
)
def test_incidents_to_the_moment(clock: IncidentClock, expected: list[Action]) -> None:
    assert due([clock], [], NOW) == expected


def test_what_opened_again_gets_its_minute_before_it_climbs() -> None:
    """An acknowledgement expired a moment ago; the escalation before it lies long back and does not count any more."""
    again = opened(MOMENT, level=1, escalated_at=NOW - timedelta(minutes=6))
    assert due([again], [], NOW) == []
    assert due([again], [], NOW + ESCALATE_AFTER) == [Escalate(ONE, 2)]


@pytest.mark.parametrize("state", DispatchState)
def test_only_offers_run_out(state: DispatchState) -> None:
    clock = DispatchClock(ONE, state, NOW)
    assert due([], [clock], NOW - MOMENT) == []
    assert due([], [clock], NOW) == ([TimeOut(ONE)] if state is DispatchState.OFFERED else [])


@given(INCIDENTS, DISPATCHES)
def test_each_is_told_at_most_once_and_judged_alone(incidents: list[IncidentClock], dispatches: list[DispatchClock]) -> None:
    together = due(incidents, dispatches, NOW)
    alone = [action for clock in incidents for action in due([clock], [], NOW)]
    alone += [action for clock in dispatches for action in due([], [clock], NOW)]
    assert together == alone
    assert len(together) <= len(incidents) + len(dispatches)


@given(INCIDENTS, DISPATCHES)
def test_nothing_is_due_twice_once_it_was_done(incidents: list[IncidentClock], dispatches: list[DispatchClock]) -> None:
    done = {type(action): action for action in due(incidents, dispatches, NOW)}
    assert set(done) <= {Escalate, ExpireAcknowledgement, TimeOut}
    after = [_after(clock, due([clock], [], NOW)) for clock in incidents]
    assert due(after, [clock for clock in dispatches if not due([], [clock], NOW)], NOW) == []


def _after(clock: IncidentClock, actions: list[Action]) -> IncidentClock:
    for action in actions:
        if isinstance(action, Escalate):
            return replace(clock, level=action.level, escalated_at=NOW)
        if isinstance(action, ExpireAcknowledgement):
            return replace(clock, state=IncidentState.OPEN, since=NOW)
    return clock


@given(INCIDENTS)
def test_levels_never_sink_and_never_pass_the_last(incidents: list[IncidentClock]) -> None:
    levels = {clock.incident: clock.level for clock in incidents}
    for action in due(incidents, [], NOW):
        if isinstance(action, Escalate):
            assert levels[action.incident] <= action.level <= HIGHEST_LEVEL


def test_an_incident_nobody_answers_reaches_everyone_in_two_minutes_and_keeps_ringing() -> None:
    clock, rung = opened(timedelta(0)), []
    for second in range(1, 301):
        for action in due([clock], [], NOW + timedelta(seconds=second)):
            assert isinstance(action, Escalate)
            rung.append((second, action.level))
            clock = replace(clock, level=action.level, escalated_at=NOW + timedelta(seconds=second))
    assert rung == [(60, 1), (120, 2), (180, 2), (240, 2), (300, 2)]
