"""One console: numbers without gaps, a queue that ends, a snapshot that supersedes."""

import asyncio
import json
from uuid import UUID

import pytest

from api import client as module
from api.access import Viewer
from api.client import TOO_SLOW, Client

ZHAO = Viewer("zhao", "赵敏", 1, "duty", "120105", None)


def console() -> Client:
    return Client(ZHAO, b"s", '{"type":"hello"}')


async def taken(client: Client, count: int) -> list[dict[str, object]]:
    return [json.loads(await asyncio.wait_for(client.next(), 1)) for _ in range(count)]


async def test_hello_first_then_in_order_and_numbered() -> None:
    client = console()
    client.put('{"type":"a"}')
    client.put('{"type":"b","text":"守望"}')
    assert await taken(client, 3) == [
        {"seq": 1, "type": "hello"},
        {"seq": 2, "type": "a"},
        {"seq": 3, "type": "b", "text": "守望"},
    ]


async def test_a_snapshot_replaces_what_waits_and_makes_no_gap() -> None:
    client = console()
    for _ in range(10):
        client.put('{"type":"incident"}')
    client.restart('{"type":"snapshot"}', {UUID(int=1)})
    client.put('{"type":"after"}')
    assert [(m["seq"], m["type"]) for m in await taken(client, 3)] == [(1, "hello"), (2, "snapshot"), (3, "after")]
    assert client.holds == {UUID(int=1)}


async def test_waiting_ends_when_something_comes() -> None:
    client = console()
    await client.next()
    waiting = asyncio.create_task(client.next())
    await asyncio.sleep(0)
    assert not waiting.done()
    client.put('{"type":"a"}')
    assert await asyncio.wait_for(waiting, 1) == '{"seq":2,"type":"a"}'


async def test_too_many_messages_end_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_MESSAGES", 3)
    client = console()
    for _ in range(3):
        client.put('{"type":"a"}')
    assert not client.ended.done()
    client.put('{"type":"a"}')
    assert client.ended.result().code == TOO_SLOW


async def test_too_much_text_ends_it_but_one_large_snapshot_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_CHARACTERS", 100)
    client = console()
    client.restart('{"x":"' + "y" * 500 + '"}', set())
    assert not client.ended.done()
    client.put('{"type":"a"}')
    assert client.ended.result().code == TOO_SLOW


async def test_what_was_taken_no_longer_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_CHARACTERS", 60)
    client = console()
    for _ in range(50):
        client.put('{"type":"abc"}')
        await client.next()
    assert not client.ended.done()


async def test_the_first_reason_to_end_stays() -> None:
    client = console()
    client.end(4401, "over")
    client.end(TOO_SLOW, "slow")
    assert (client.ended.result().code, client.ended.result().why) == (4401, "over")
