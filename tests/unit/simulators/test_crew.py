"""The played responders: what they take for an errand, and that every errand comes to an end by steps that the platform allows."""

from random import Random

import pytest

from dispatch.offer import ACTIVE, DispatchEvent, DispatchState, next_dispatch_state
from simulators.crew import Errand, errands, next_step, way

CARD = {
    "site": {"lon": 117.2, "lat": 39.1},
    "dispatches": [
        {"id": "d1", "responder": "r1", "state": "offered", "travel_s": 90.0},
        {"id": "d2", "responder": "r2", "state": "done", "travel_s": 90.0},
        {"id": "d3", "responder": "r3", "state": "en_route", "travel_s": None},
    ],
}


def errand(state: str, travel_s: float = 60) -> Errand:
    return Errand("d", "r", state, 117.2, 39.1, travel_s)


def test_errands_of_a_snapshot_and_of_a_change() -> None:
    snapshot = list(errands({"type": "snapshot", "incidents": [CARD]}))
    assert [(one.dispatch, one.responder, one.state, one.travel_s) for one in snapshot] == [
        ("d1", "r1", "offered", 90.0),
        ("d3", "r3", "en_route", 0.0),
    ]
    assert list(errands({"type": "incident", "incident": CARD})) == snapshot
    assert list(errands({"type": "figures", "figures": {}})) == []


@pytest.mark.parametrize("seed", range(40))
def test_every_errand_ends_by_allowed_steps(seed: int) -> None:
    rng, state = Random(seed), DispatchState.OFFERED
    for _ in range(6):
        step = next_step(errand(state), rng)
        assert step.after_s >= 0
        state = next_dispatch_state(state, DispatchEvent(step.action))
        if state not in ACTIVE:
            break
    assert state in (DispatchState.DONE, DispatchState.DECLINED)


def test_some_decline_and_most_do_not() -> None:
    rng = Random(1)
    declined = sum(next_step(errand("offered"), rng).action == "decline" for _ in range(1_000))
    assert 20 <= declined <= 90


def test_travelling_takes_what_the_offer_said() -> None:
    assert next_step(errand("en_route", 345.0), Random(1)).after_s == 345.0


@pytest.mark.parametrize(("share", "expected"), [(0.0, (1.0, 2.0)), (0.5, (2.0, 4.0)), (1.0, (3.0, 6.0))])
def test_way(share: float, expected: tuple[float, float]) -> None:
    assert way((1.0, 2.0), (3.0, 6.0), share) == expected
