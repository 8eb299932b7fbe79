"""What the clock demands: to the second, each once, and nothing of what is none of its business."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch import probe
from dispatch.escalation import (
    DEPART_WITHIN,
    HIGHEST_LEVEL,
    RING_AGAIN,
    Action,
    DispatchClock,
    Escalate,
    ExpireAcknowledgement,
    IncidentClock,
    Remind,
    Retire,
    TimeOut,
    due,
)
from dispatch.incident import ACKNOWLEDGEMENT_LASTS, ESCALATE_AFTER, TARGETS, IncidentState
from dispatch.offer import DispatchState

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
ONE = UUID(int=1)
MOMENT = timedelta(milliseconds=1)
WHOLE = TARGETS[IncidentState.DISPATCHED]

TIMES = st.integers(0, 1200).map(lambda seconds: NOW - timedelta(seconds=seconds))
INCIDENTS = st.lists(
    st.builds(
        IncidentClock,
        incident=st.uuids(),
        state=st.sampled_from(IncidentState),
        since=TIMES,
        level=st.integers(0, HIGHEST_LEVEL),
        escalated_at=st.none() | TIMES,
        probe=st.booleans(),
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
        (opened(WHOLE - MOMENT, state=IncidentState.DISPATCHED), []),
        (opened(WHOLE, state=IncidentState.DISPATCHED), [Remind(ONE, "overdue")]),
        (opened(WHOLE, state=IncidentState.DISPATCHED, escalated_at=NOW - MOMENT), [Remind(ONE, "overdue")]),
        (opened(timedelta(days=1), state=IncidentState.DISPATCHED, escalated_at=NOW - RING_AGAIN), [Remind(ONE, "overdue")]),
        (opened(timedelta(days=1), state=IncidentState.DISPATCHED, escalated_at=NOW - RING_AGAIN + MOMENT), []),
        (opened(timedelta(days=1), state=IncidentState.ON_SCENE), []),
        (opened(probe.KEPT - MOMENT, probe=True), []),
        (opened(probe.KEPT, probe=True), [Retire(ONE)]),
        (opened(probe.KEPT, probe=True, state=IncidentState.ACKNOWLEDGED), []),
        (opened(probe.KEPT, probe=True, state=IncidentState.CANCELLED), []),
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


def on_the_way(ago: timedelta, state: DispatchState = DispatchState.ACCEPTED, incident: UUID = ONE) -> DispatchClock:
    return DispatchClock(UUID(int=2), state, NOW + ESCALATE_AFTER, incident, NOW - ago)


@pytest.mark.parametrize(
    ("offers", "rung_ago", "expected"),
    [
        ([on_the_way(DEPART_WITHIN - MOMENT)], None, []),
        ([on_the_way(DEPART_WITHIN)], None, [Remind(ONE, "not_departed")]),
        ([on_the_way(DEPART_WITHIN)], DEPART_WITHIN + MOMENT, [Remind(ONE, "not_departed")]),
        ([on_the_way(2 * DEPART_WITHIN)], MOMENT, []),
        ([on_the_way(2 * DEPART_WITHIN)], RING_AGAIN, [Remind(ONE, "not_departed")]),
        ([on_the_way(timedelta(0)), on_the_way(DEPART_WITHIN)], None, [Remind(ONE, "not_departed")]),
        ([on_the_way(DEPART_WITHIN, DispatchState.EN_ROUTE)], None, []),
        ([on_the_way(DEPART_WITHIN, DispatchState.OFFERED)], None, []),
        ([on_the_way(DEPART_WITHIN, incident=UUID(int=9))], None, []),
    ],
)
def test_who_accepted_and_does_not_depart_rings_the_desk(
    offers: list[DispatchClock], rung_ago: timedelta | None, expected: list[Action]
) -> None:
    clock = opened(timedelta(minutes=5), state=IncidentState.DISPATCHED, escalated_at=None if rung_ago is None else NOW - rung_ago)
    assert due([clock], offers, NOW) == expected


@pytest.mark.parametrize("state", set(IncidentState) - {IncidentState.DISPATCHED})
def test_nobody_is_reminded_in_any_other_state(state: IncidentState) -> None:
    found = due([opened(timedelta(days=1), state=state)], [on_the_way(timedelta(hours=1))], NOW)
    assert not any(isinstance(action, Remind) for action in found)


def test_help_that_never_departs_rings_at_two_minutes_then_every_three_until_it_is_late_as_a_whole() -> None:
    clock, rung = opened(timedelta(0), state=IncidentState.DISPATCHED), []
    for second in range(1, 1000):
        for action in due([clock], [on_the_way(timedelta(0))], NOW + timedelta(seconds=second)):
            assert isinstance(action, Remind)
            rung.append((second, action.why))
            clock = replace(clock, escalated_at=NOW + timedelta(seconds=second))
    departs = [(second, "not_departed") for second in (120, 300, 480, 660)]
    assert rung == [*departs, (720, "overdue"), (900, "overdue")]


@given(INCIDENTS)
def test_the_probe_never_rings_anybody(incidents: list[IncidentClock]) -> None:
    own = {clock.incident for clock in incidents if clock.probe}
    assert not [action for action in due(incidents, [], NOW) if not isinstance(action, Retire) and action.incident in own]  # type: ignore[union-attr]


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
    assert set(done) <= {Escalate, ExpireAcknowledgement, TimeOut, Remind, Retire}
    after = [_after(clock, due([clock], [], NOW)) for clock in incidents]
    assert due(after, [clock for clock in dispatches if not due([], [clock], NOW)], NOW) == []


def _after(clock: IncidentClock, actions: list[Action]) -> IncidentClock:
    for action in actions:
        if isinstance(action, Escalate):
            return replace(clock, level=action.level, escalated_at=NOW)
        if isinstance(action, ExpireAcknowledgement):
            return replace(clock, state=IncidentState.OPEN, since=NOW)
        if isinstance(action, Remind):
            return replace(clock, escalated_at=NOW)
        if isinstance(action, Retire):
            return replace(clock, state=IncidentState.CANCELLED, since=NOW)
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
