"""A line over a transport that only remembers what was written: identifiers, and answers that come in any order or never."""

import asyncio

import pytest

from simulators import packets
from simulators import wire as wires
from simulators.messages import Message, deliver
from simulators.wire import Line


class Written(asyncio.Transport):
    """What a line has sent."""

    def __init__(self) -> None:
        super().__init__()
        self.buffer = bytearray()
        self.gone = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.buffer += data

    def is_closing(self) -> bool:
        return self.gone

    def close(self) -> None:
        self.gone = True

    def abort(self) -> None:
        self.gone = True

    def sent(self) -> list[packets.Packet]:
        """The packets since the last look."""
        found = []
        while packet := packets.take(self.buffer):
            found.append(packet)
        return found


@pytest.fixture
def transport() -> Written:
    return Written()


@pytest.fixture
async def own(transport: Written) -> Line:
    line = Line()
    line.connection_made(transport)
    return line


def number_of(packet: packets.Packet) -> int:
    topic = int.from_bytes(packet.body[:2], "big")
    return int.from_bytes(packet.body[2 + topic : 4 + topic], "big")


async def started(own: Line, count: int) -> "list[asyncio.Task[None]]":
    tasks = [asyncio.create_task(own.publish("t", b"x")) for _ in range(count)]
    await asyncio.sleep(0)
    return tasks


async def test_no_identifier_is_used_twice_in_flight(own: Line, transport: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    """One message is never answered while all the others come and go: its identifier stays its own."""
    monkeypatch.setattr(wires, "_MOST_IDS", 5)
    (stuck,) = await started(own, 1)
    assert [number_of(one) for one in transport.sent()] == [1]
    for expected in [2, 3, 4, 5, 2, 3, 4, 5, 2]:
        (task,) = await started(own, 1)
        assert [number_of(one) for one in transport.sent()] == [expected]
        own.data_received(packets.puback(expected))
        await task
    own.data_received(packets.puback(1))
    await stuck


async def test_more_in_flight_than_identifiers_is_an_error_of_the_line(own: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wires, "_MOST_IDS", 5)
    tasks = await started(own, 5)
    with pytest.raises(ConnectionError, match="5 messages wait for an answer"):
        await own.publish("t", b"x")
    own.data_received(packets.puback(3))
    await tasks[2]
    (after,) = await started(own, 1)
    own.data_received(packets.puback(3))
    await after
    own.connection_lost(None)
    assert [isinstance(error, ConnectionError) for error in await asyncio.gather(*tasks, return_exceptions=True)].count(True) == 4


async def test_answers_in_any_order_reach_the_right_message(own: Line, transport: Written) -> None:
    first, second, third = await started(own, 3)
    own.data_received(packets.puback(2) + packets.puback(77))  # nobody waits for 77
    await second
    assert not first.done()
    own.data_received(packets.puback(1))
    own.data_received(packets.puback(1))
    own.data_received(packets.puback(3))
    await asyncio.gather(first, third)


async def test_no_answer_is_a_timeout_and_frees_the_identifier(own: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wires, "_ANSWER_S", 0.02)
    monkeypatch.setattr(wires, "_MOST_IDS", 1)
    for _ in range(2):
        with pytest.raises(TimeoutError):
            await own.publish("t", b"x")


async def test_only_what_went_out_before_is_marked_as_a_repeat(own: Line, transport: Written) -> None:
    message = Message("t", {"n": 1}, retain=True)
    delivering = asyncio.create_task(deliver(own, message))
    await asyncio.sleep(0)
    own.connection_lost(None)
    with pytest.raises(ConnectionError, match="closed by the broker"):
        await delivering
    again = Line()
    again.connection_made(transport)
    transport.gone = False
    delivering = asyncio.create_task(deliver(again, message))
    await asyncio.sleep(0)
    again.data_received(packets.puback(1))
    await delivering
    first, second = transport.sent()
    assert (first.flags, second.flags) == (0b0011, 0b1011)
    assert first.body == second.body


async def test_rubbish_ends_the_line_and_everyone_who_waits(own: Line, transport: Written) -> None:
    tasks = await started(own, 2)
    own.data_received(b"\x40\xff\xff\xff\xff\xff")
    for task in tasks:
        with pytest.raises(ConnectionError, match="at most four bytes"):
            await task
    assert transport.gone
    with pytest.raises(ConnectionError, match="the line is closed"):
        await own.publish("t", b"x")


async def test_a_command_is_acknowledged_and_handed_on(transport: Written) -> None:
    heard: list[bytes] = []
    own = Line(heard.append)
    own.connection_made(transport)
    own.data_received(packets.publish("care/cmd", b'{"id":"1"}', 513))
    assert heard == [b'{"id":"1"}']
    assert transport.sent() == [packets.Packet(packets.PUBACK, 0, b"\x02\x01")]
