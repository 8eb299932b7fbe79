"""What the probe takes for its press: a new incident of its own, or one that rings again; nothing else, and never twice."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigil.metrics import ProbeMeters
from vigil.probe import Console


def card(rings: int = 1, id: str = "a", kind: str = "probe") -> dict[str, Any]:
    return {"id": id, "kind": kind, "rings": rings}


def incident(*args: Any, **more: Any) -> dict[str, Any]:
    return {"type": "incident", "incident": card(*args, **more)}


def snapshot(*cards: dict[str, Any]) -> dict[str, Any]:
    return {"type": "snapshot", "incidents": list(cards)}


async def console(*known: dict[str, Any]) -> Console:
    found = Console()
    found.take(snapshot(*known))
    assert found.open.is_set()
    return found


@pytest.mark.parametrize(
    "message", [incident(1, "b"), incident(3, "a"), snapshot(card(3, "a")), snapshot(card(2, "a"), card(1, "b"))]
)
async def test_a_press(message: dict[str, Any]) -> None:
    it = await console(card(2, "a"))
    seen = it.expect()
    it.take(message)
    assert seen.done()


@pytest.mark.parametrize(
    "message",
    [
        incident(2, "a"),
        incident(1, "a"),
        incident(9, "a", "sos"),
        snapshot(card(2, "a")),
        snapshot(),
        {"type": "press"},
        {"type": "figures"},
        {"type": "hello"},
    ],
)
async def test_no_press(message: dict[str, Any]) -> None:
    it = await console(card(2, "a"))
    seen = it.expect()
    it.take(message)
    assert not seen.done()
    seen.cancel()


async def test_what_came_before_it_was_made_is_not_it() -> None:
    it = await console()
    it.take(incident(1))
    seen = it.expect()
    it.take(incident(1))
    assert not seen.done()
    it.take(incident(2))
    assert seen.done()


async def test_seen_but_not_stored_is_known_of_this_press_only() -> None:
    it = await console()
    it.expect().cancel()
    it.take({"type": "press"})
    assert it.unstored
    it.expect().cancel()
    assert not it.unstored


@given(st.lists(st.builds(incident, st.integers(1, 5), st.sampled_from("abc")) | st.just(snapshot()), max_size=20))
async def test_any_feed_is_taken(messages: list[dict[str, Any]]) -> None:
    it = await console()
    seen = it.expect()
    for message in messages:
        it.take(message)
    assert seen.done() == any(message["type"] == "incident" for message in messages)
    seen.cancel()


def test_each_press_is_counted_where_it_ended() -> None:
    meters, now = ProbeMeters(), datetime(2026, 1, 1, tzinfo=UTC)
    meters.pressed(120.0, "", now)
    meters.pressed(None, "not_shown", now)
    value = meters.registry.get_sample_value
    assert value("vigil_probe_presses_total", {"stage": "shown"}) == 1
    assert value("vigil_probe_presses_total", {"stage": "not_shown"}) == 1
    assert value("vigil_probe_seconds_sum") == pytest.approx(0.12)
    assert value("vigil_probe_last_success_timestamp_seconds") == now.timestamp()
