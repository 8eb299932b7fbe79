"""What is not acknowledged comes again: on a live connection, to a successor, after another connection took its place."""

import asyncio
import json
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from broker.session import Arrived

if TYPE_CHECKING:
    from tests.integration.broker.conftest import Field

pytestmark = pytest.mark.integration

Eventually = Callable[..., Awaitable[None]]

COMMANDS = ("care/v1/+/+/+/cmd",)

# A worker that takes messages, tells of each, acknowledges none, and is killed.
WORKER = """
import asyncio, json, sys
from broker.session import Session

async def main():
    told = json.loads(sys.argv[1])
    async with Session(**told, on_message=lambda one: print(one.payload.decode(), flush=True)) as session:
        await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_the_unacknowledged_comes_again_on_a_live_connection(field: "Field", eventually: Eventually) -> None:
    seen: list[Arrived] = []
    api = await field.speaker()
    async with field.session("vigil-t", COMMANDS, seen.append) as session:
        await session.connected(5)
        await api.publish("care/v1/a/s/d/cmd", b"1")
        await eventually(lambda: len(seen) == 3)
        assert [(one.payload, one.dup) for one in seen] == [(b"1", False), (b"1", True), (b"1", True)]
        assert len({one.generation for one in seen}) == 1
        session.acknowledge(seen[-1])
        await asyncio.sleep(2.6)
        assert len(seen) == 3


async def test_a_killed_worker_leaves_its_messages_to_the_next(field: "Field", eventually: Eventually) -> None:
    at = field.broker.endpoint
    told = {
        "host": at.host,
        "port": at.mqtt_port,
        "client_id": "vigil-t",
        "username": "ingest",
        "password": field.broker.secrets.passwords["ingest"],
        "filters": COMMANDS,
    }
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WORKER, json.dumps(told), stdout=asyncio.subprocess.PIPE, cwd=Path.cwd()
    )
    assert worker.stdout is not None
    api = await field.speaker()
    try:
        async with asyncio.timeout(10):
            while True:
                await api.publish("care/v1/a/s/d/cmd", b"is it there?")
                if await _line(worker.stdout):
                    break
        await asyncio.gather(*(api.publish("care/v1/a/s/d/cmd", b"%d" % number) for number in range(100)))
    finally:
        worker.send_signal(signal.SIGKILL)
        await worker.communicate()
    heard = await field.hears(*COMMANDS, client_id="vigil-t")
    expected = {b"%d" % number for number in range(100)}
    await eventually(lambda: expected <= {one.payload for one in heard}, 6)


async def _line(stream: asyncio.StreamReader) -> bytes:
    try:
        return await asyncio.wait_for(stream.readline(), 0.3)
    except TimeoutError:
        return b""


async def test_an_acknowledgement_of_an_earlier_connection_is_not_one_of_now(field: "Field", eventually: Eventually) -> None:
    seen: list[Arrived] = []
    links: list[bool] = []
    api = await field.speaker()
    async with field.session("vigil-t", COMMANDS, seen.append, on_link=links.append) as session:
        await session.connected(5)
        await api.publish("care/v1/a/s/d/cmd", b"1")
        await eventually(lambda: len(seen) == 1)
        await field.takes_over("vigil-t")
        await eventually(lambda: links == [True, False, True])
        await api.publish("care/v1/a/s/d/cmd", b"2")
        session.acknowledge(seen[0])
        # New ones come at once, those handed over again when their time is up: order is not kept.
        await eventually(lambda: {one.payload for one in seen[1:]} == {b"1", b"2"})
        assert all(one.generation > seen[0].generation for one in seen[1:])
        session.acknowledge_all(seen)
        settled = len(seen)
        await asyncio.sleep(2.5)
        assert len(seen) == settled


async def test_acknowledgements_are_flushed_on_leaving(field: "Field", eventually: Eventually) -> None:
    api = await field.speaker()
    seen: list[Arrived] = []
    async with field.session("vigil-t", COMMANDS, seen.append) as session:
        await session.connected(5)
        await asyncio.gather(*(api.publish("care/v1/a/s/d/cmd", b"%d" % number) for number in range(500)))
        await eventually(lambda: len(seen) == 500)
        for one in seen:
            session.acknowledge(one)
    again = await field.hears(*COMMANDS, client_id="vigil-t")
    await asyncio.sleep(2.5)
    assert again == []


async def test_acknowledgements_outlive_what_was_left_unread(field: "Field", eventually: Eventually) -> None:
    """TCP forgets what the other side has not read yet when a socket is closed that still holds something unread."""
    api = await field.speaker()
    seen: list[Arrived] = []
    async with field.session("vigil-t", COMMANDS, seen.append) as session:
        await session.connected(5)
        await asyncio.gather(*(api.publish("care/v1/a/s/d/cmd", b"%d" % number) for number in range(500)))
        await eventually(lambda: len(seen) == 500)
        flood = await field.foreign("api")
        acknowledged = tuple(seen)
        for said in [flood.client.publish("care/v1/a/s/d/cmd", bytes(2_000), 1) for _ in range(300)]:
            said.wait_for_publish(10)  # blocks the loop, so that nobody reads what is sent to the session
        broker = field.halt()
        for one in acknowledged:
            session.acknowledge(one)
        asyncio.get_running_loop().call_later(0.2, broker.resume)
        await session.disconnect()
    again = await field.hears(*COMMANDS, client_id="vigil-t")
    await eventually(lambda: len({one.mid for one in again}) == 300, 20)
    assert {len(one.payload) for one in again} == {2_000}


async def test_a_handler_that_fails_does_not_lose_the_message(field: "Field", eventually: Eventually) -> None:
    seen: list[Arrived] = []

    def take(arrived: Arrived) -> None:
        seen.append(arrived)
        if len(seen) == 1:
            raise ValueError("not this time")

    api = await field.speaker()
    async with field.session("vigil-t", COMMANDS, take) as session:
        await session.connected(5)
        await api.publish("care/v1/a/s/d/cmd", b"1")
        await eventually(lambda: len(seen) == 2)
        assert seen[0].payload == seen[1].payload
        assert session.link
