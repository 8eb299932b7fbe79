"""The board and the hub, without a network: what each console is told, and that each card is written once."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.access import Mask, Viewer
from api.board import Board
from api.cards import card
from api.client import Client
from api.hub import UNKNOWN, Hub
from api.people import Place, place_body
from api.shapes import IncidentCard
from store.board import CardRow, DispatchRow

NIGHT = datetime(2026, 3, 1, 3, 10, tzinfo=UTC)
Cards = Callable[..., CardRow]
Errands = Callable[..., DispatchRow]
Viewers = Callable[..., Viewer]


def place(code: str = "r-1", **changes: Any) -> Place:
    values: dict[str, Any] = {
        "code": code, "name": "孙", "kind": "nurse", "vehicle": "ebike", "skills": (), "area": "120105001", "station": "day-1",
        "lon": 117.2, "lat": 39.1, "position_at": None, "on_duty": True, "busy": False,
    }  # fmt: skip
    return Place(**{**values, **changes})


def hub() -> Hub:
    return Hub("0.1.0", NIGHT)


async def told(client: Client) -> list[dict[str, Any]]:
    messages = []
    while client._queue or client._seq == 0:
        messages.append(json.loads(await client.next()))
    return messages


def test_only_what_is_newer_is_adopted(card_row: Cards) -> None:
    board = Board()
    assert len(board.adopt([card_row(version=3)])) == 1
    assert board.adopt([card_row(version=3), card_row(version=2)]) == []
    assert [row.version for row in board.adopt([card_row(version=4)])] == [4]


@pytest.mark.parametrize("state", ["closed", "cancelled"])
def test_what_ends_leaves_the_board_but_is_told(card_row: Cards, state: str) -> None:
    board = Board()
    board.adopt([card_row()])
    assert [row.state for row in board.adopt([card_row(version=2, state=state)])] == [state]
    assert board.rows == {}


@given(events=st.lists(st.tuples(st.integers(1, 4), st.integers(1, 9)), max_size=40))
def test_whatever_the_order_the_highest_version_stands(card_row: Cards, events: list[tuple[int, int]]) -> None:
    board = Board()
    for number, version in events:
        board.adopt([card_row(number, version=version)])
    numbers = {number for number, _ in events}
    assert {row.id.int: row.version for row in board.rows.values()} == {
        number: max(version for other, version in events if other == number) for number in numbers
    }


async def test_a_card_is_written_once_a_class_however_many_look(
    card_row: Cards, viewer: Viewers, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[Mask] = []

    def counted(row: CardRow, mask: Mask) -> IncidentCard:
        written.append(mask)
        return card(row, mask)

    monkeypatch.setattr("api.board.card", counted)
    here = hub()
    for number in range(30):
        here.join(viewer("duty"), bytes([number]))
    for number in range(5):
        here.join(viewer("regulator"), bytes([number]))
    here.changed([card_row()])
    late = here.join(viewer("admin"), b"late")
    assert sorted(written) == [Mask.DESK, Mask.REGULATOR]
    here.changed([card_row(version=2)])
    assert len(written) == 4
    assert [m["type"] for m in await told(late)] == ["hello", "snapshot", "incident"]


async def test_subscribed_before_the_snapshot_and_nothing_twice(card_row: Cards, viewer: Viewers) -> None:
    here = hub()
    here.changed([card_row(1)])
    client = here.join(viewer("duty"), b"s")
    here.changed([card_row(2)])
    here.changed([card_row(2)])
    hello, snapshot, delta = await told(client)
    assert (hello["seq"], snapshot["seq"], delta["seq"]) == (1, 2, 3)
    assert [one["id"] for one in snapshot["incidents"]] == [str(UUID(int=1))]
    assert delta["incident"]["id"] == str(UUID(int=2))


async def test_each_hears_only_of_what_is_in_scope(card_row: Cards, viewer: Viewers) -> None:
    here = hub()
    inside, outside = here.join(viewer("duty", "120105001"), b"a"), here.join(viewer("duty", "120105002"), b"b")
    site, responder = here.join(viewer("duty", "site:home-1"), b"c"), here.join(viewer("responder", "120105001", "r-9"), b"d")
    here.changed([card_row()])
    assert [len(await told(client)) for client in (inside, outside, site, responder)] == [3, 2, 3, 2]


async def test_what_leaves_someones_sight_is_told_once_more(card_row: Cards, errand_row: Errands, viewer: Viewers) -> None:
    here = hub()
    client = here.join(viewer("responder", "120105001", "r-1"), b"s")
    here.changed([card_row(version=2, dispatches=[errand_row()])])
    here.changed([card_row(version=3, dispatches=[errand_row(state="recalled")])])
    here.changed([card_row(version=4)])
    assert [m["incident"]["version"] for m in (await told(client))[2:]] == [2, 3]


async def test_a_reload_is_a_snapshot_to_everyone_in_place_of_what_waits(card_row: Cards, viewer: Viewers) -> None:
    here = hub()
    client = here.join(viewer("duty"), b"s")
    for version in range(1, 50):
        here.changed([card_row(1, version=version)])
    here.reload([card_row(7)])
    messages = await told(client)
    assert [m["type"] for m in messages] == ["hello", "snapshot"]
    assert [one["id"] for one in messages[1]["incidents"]] == [str(UUID(int=7))]


async def test_responders_are_told_when_something_about_them_changes(viewer: Viewers) -> None:
    here = hub()
    client, stranger = here.join(viewer("duty", "120105001"), b"s"), here.join(viewer("duty", "120105002"), b"t")
    here.responders_are([place(), place("r-2")])
    here.responders_are([place(), place("r-2", busy=True)])
    told_of = [m["responder"] for m in (await told(client))[2:]]
    assert [(one["code"], one["busy"]) for one in told_of] == [("r-1", False), ("r-2", False), ("r-2", True)]
    assert len(await told(stranger)) == 2
    assert json.loads(place_body(place()))["position_at"] is None


async def test_health_is_told_at_once_and_only_when_it_changes(viewer: Viewers) -> None:
    here = hub()
    client = here.join(viewer("duty"), b"s")
    later = NIGHT + timedelta(minutes=1)
    here.health_is(later, broker=True)
    here.health_is(later + timedelta(minutes=1), broker=True)
    here.health_is(later, database=True)
    heard = [m["health"] for m in (await told(client))[2:]]
    assert [(one["broker"], one["database"]) for one in heard] == [(True, False), (True, True)]
    assert datetime.fromisoformat(heard[1]["broker_since"]) == later


async def test_what_fails_is_told_at_once_and_so_is_that_it_goes_on(viewer: Viewers) -> None:
    here = hub()
    client = here.join(viewer("duty"), b"s")
    later = NIGHT + timedelta(minutes=1)
    here.failing_is(later, "sirens", True)
    assert here.current
    here.failing_is(later, "board", True)
    here.failing_is(later, "board", True)
    assert not here.current
    here.failing_is(later, "sirens", False)
    here.failing_is(later, "board", False)
    heard = [m["health"]["failing"] for m in (await told(client))[2:]]
    assert heard == [["sirens"], ["board", "sirens"], ["board"], []]
    assert here.current


async def test_figures_are_each_scopes_own_and_unknown_before(viewer: Viewers) -> None:
    here = hub()
    one, two = here.join(viewer("duty", "120105001"), b"a"), here.join(viewer("duty", "120105002"), b"b")
    here.figures_are({"120105001": UNKNOWN.model_copy(update={"devices": 5})}, NIGHT)
    assert [m["figures"]["devices"] for m in (await told(one))[1:]] == [0, 5]
    assert [m["figures"]["devices"] for m in (await told(two))[1:]] == [0, 0]
    assert here.scopes() == {"120105001", "120105002"}


async def test_sessions_and_the_process_end(viewer: Viewers) -> None:
    here = hub()
    first, second = here.join(viewer("duty"), b"a"), here.join(viewer("duty"), b"b")
    here.end_session(b"a", "logged out")
    assert (first.ended.result().code, second.ended.done()) == (4401, False)
    here.close()
    assert second.ended.result().code == 1012
    here.leave(first)
    here.leave(first)
    assert here.clients == {second}
