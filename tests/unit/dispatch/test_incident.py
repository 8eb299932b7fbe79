"""Incidents: the state table over its full product, what may never be cancelled, and which alarms meet in one incident."""

from dataclasses import asdict
from datetime import timedelta
from itertools import product
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.alarm import HAZARDS, Subject
from dispatch.incident import (
    ACKNOWLEDGEMENT_LASTS,
    CAUSES,
    ESCALATE_AFTER,
    LIVE,
    OFFER_LASTS,
    ON_BOARD,
    STAMPS,
    TARGETS,
    About,
    IncidentEvent,
    IncidentState,
    NotAllowed,
    about,
    allowed,
    incident_id,
    next_state,
)

S, E = IncidentState, IncidentEvent
EXPECTED = {
    S.OPEN: {E.ACKNOWLEDGE: S.ACKNOWLEDGED, E.CANCEL: S.CANCELLED},
    S.ACKNOWLEDGED: {E.EXPIRE: S.OPEN, E.DISPATCH: S.DISPATCHED, E.RESOLVE: S.RESOLVED, E.CANCEL: S.CANCELLED},
    S.DISPATCHED: {E.DISPATCH: S.DISPATCHED, E.NO_DISPATCH_LEFT: S.ACKNOWLEDGED, E.ARRIVE: S.ON_SCENE},
    S.ON_SCENE: {E.DISPATCH: S.ON_SCENE, E.NO_DISPATCH_LEFT: S.ON_SCENE, E.ARRIVE: S.ON_SCENE, E.RESOLVE: S.RESOLVED},
    S.RESOLVED: {E.CLOSE: S.CLOSED},
    S.CLOSED: {},
    S.CANCELLED: {},
}
CODES = st.sampled_from(["", "a", "b"])
WHOLE = st.sampled_from(["a", "b"])
ALARM = st.fixed_dictionaries(
    {"device": WHOLE, "senior": CODES, "zone": CODES, "site": WHOLE, "gateway": CODES, "drill": st.booleans()}
)


@pytest.mark.parametrize(("state", "event", "grave"), list(product(IncidentState, IncidentEvent, [False, True])))
def test_every_state_answers_every_event(state: IncidentState, event: IncidentEvent, grave: bool) -> None:
    expected = None if grave and event is E.CANCEL else EXPECTED[state].get(event)
    assert (event in allowed(state, pressed_or_fire=grave)) == (expected is not None)
    if expected is not None:
        assert next_state(state, event, pressed_or_fire=grave) is expected
        return
    with pytest.raises(NotAllowed) as caught:
        next_state(state, event, pressed_or_fire=grave)
    assert (caught.value.what, caught.value.state) == (event.value, state.value)
    assert set(caught.value.allowed) == {one.value for one in allowed(state, pressed_or_fire=grave)}


def test_a_refusal_says_what_would_be_possible() -> None:
    with pytest.raises(NotAllowed, match="close: not possible while open; possible: acknowledge, cancel"):
        next_state(S.OPEN, E.CLOSE, pressed_or_fire=False)
    with pytest.raises(NotAllowed, match="acknowledge: not possible while closed; possible: nothing"):
        next_state(S.CLOSED, E.ACKNOWLEDGE, pressed_or_fire=True)


def reachable(start: IncidentState, *, grave: bool) -> set[IncidentState]:
    seen, todo = {start}, [start]
    while todo:
        state = todo.pop()
        new = {next_state(state, event, pressed_or_fire=grave) for event in allowed(state, pressed_or_fire=grave)} - seen
        seen |= new
        todo += new
    return seen


@pytest.mark.parametrize("grave", [False, True])
def test_every_live_incident_can_still_be_closed(grave: bool) -> None:
    for state in ON_BOARD:
        assert S.CLOSED in reachable(state, grave=grave)


def test_what_was_pressed_or_burns_is_never_cancelled_by_any_way() -> None:
    assert reachable(S.OPEN, grave=True) == set(IncidentState) - {S.CANCELLED}
    assert reachable(S.OPEN, grave=False) == set(IncidentState)


def test_nothing_comes_back_once_it_is_resolved() -> None:
    """A new condition after that opens a new incident; this one is only closed."""
    assert reachable(S.RESOLVED, grave=False) == {S.RESOLVED, S.CLOSED}
    assert reachable(S.CLOSED, grave=False) == {S.CLOSED}
    assert reachable(S.CANCELLED, grave=False) == {S.CANCELLED}


def test_nobody_is_sent_to_what_nobody_has_acknowledged() -> None:
    assert E.DISPATCH not in allowed(S.OPEN, pressed_or_fire=True)


def test_live_means_that_a_further_press_rings_again() -> None:
    assert {S.OPEN, S.ACKNOWLEDGED, S.DISPATCHED, S.ON_SCENE} == LIVE
    assert {S.RESOLVED} | LIVE == ON_BOARD
    assert set(TARGETS) == ON_BOARD


def test_the_circle_of_fifteen_minutes_is_kept_by_the_targets_together() -> None:
    travel = TARGETS[S.OPEN] + TARGETS[S.ACKNOWLEDGED] + TARGETS[S.DISPATCHED]
    assert travel <= timedelta(minutes=15)
    assert TARGETS[S.OPEN] == ESCALATE_AFTER == timedelta(seconds=60)
    assert OFFER_LASTS < TARGETS[S.ACKNOWLEDGED] < ACKNOWLEDGEMENT_LASTS


def test_the_trail_has_its_stamps_in_order_and_causes_are_told_apart() -> None:
    story = "raised received stored shown acknowledged offered accepted en_route arrived entered resolved closed"
    assert tuple(story.split()) == STAMPS
    assert len(set(CAUSES)) == len(CAUSES)
    assert {"test", "other", "false_press"} <= set(CAUSES)


@pytest.mark.parametrize(
    ("hazard", "known", "expected"),
    [
        ("person", {"senior": "s", "zone": "z", "gateway": "g"}, (Subject.SENIOR, "s")),
        ("person", {"zone": "z", "gateway": "g"}, (Subject.ZONE, "z")),
        ("person", {"gateway": "g"}, (Subject.DEVICE, "d")),
        ("fire", {"senior": "s", "zone": "z", "gateway": "g"}, (Subject.SITE, "h")),
        ("gas_co", {"senior": "s", "zone": "z", "gateway": "g"}, (Subject.SITE, "h")),
        ("technical", {"senior": "s", "zone": "z", "gateway": "g"}, (Subject.GATEWAY, "g")),
        ("technical", {"senior": "s", "zone": "z"}, (Subject.SITE, "h")),
        ("security", {"senior": "s", "zone": "z", "gateway": "g"}, (Subject.ZONE, "z")),
        ("security", {"senior": "s"}, (Subject.DEVICE, "d")),
    ],
)
def test_the_subject_rule(hazard: str, known: dict[str, str], expected: tuple[Subject, str]) -> None:
    alarm = {"device": "d", "senior": "", "zone": "", "site": "h", "gateway": ""} | known
    assert about(hazard, **alarm, drill=False) == About(hazard, *expected, drill=False)


@given(st.sampled_from(HAZARDS), ALARM)
def test_every_alarm_is_about_something(hazard: str, alarm: dict[str, str | bool]) -> None:
    found = about(hazard, **alarm)  # type: ignore[arg-type]
    assert found.subject
    assert found.subject == alarm[found.subject_kind.value]
    assert (found.hazard, found.drill) == (hazard, alarm["drill"])


@given(st.sampled_from(HAZARDS), st.sampled_from(HAZARDS), ALARM, ALARM)
def test_hazards_and_drills_never_meet(
    hazard: str, other: str, first: dict[str, str | bool], second: dict[str, str | bool]
) -> None:
    if hazard != other or first["drill"] != second["drill"]:
        assert about(hazard, **first) != about(other, **second)  # type: ignore[arg-type]


@given(ALARM, ALARM)
def test_two_people_never_share_an_incident_about_a_person(first: dict[str, str | bool], second: dict[str, str | bool]) -> None:
    if first["senior"] != second["senior"]:
        assert about("person", **first) != about("person", **second)  # type: ignore[arg-type]


@given(st.uuids(), st.uuids())
def test_an_incident_is_known_by_its_first_alarm(a: UUID, b: UUID) -> None:
    assert (incident_id(a) == incident_id(b)) == (a == b)
    assert incident_id(a) != a


def test_an_incident_id_stays_what_it_is() -> None:
    assert incident_id(UUID("c2780bb6-49c7-5025-b3b9-9a16c41d4558")) == UUID("25bb910f-ff38-568c-80c9-d0cf49a540ee")


def test_about_is_what_the_unique_index_holds() -> None:
    subject = about("fire", device="d", senior="", zone="", site="h", gateway="", drill=True)
    assert asdict(subject) == {"hazard": "fire", "subject_kind": "site", "subject": "h", "drill": True}
