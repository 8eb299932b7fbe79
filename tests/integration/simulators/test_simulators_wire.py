"""A device's line against the real broker and callout: let in or not, heard once, harmed wires, commands, keepalive, last will."""

import asyncio
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from simulators import packets
from simulators import wire as wires
from simulators.messages import Message, deliver, say
from simulators.wire import Endpoint, Refused, line

if TYPE_CHECKING:
    from tests.integration.simulators.conftest import Stand, Wire

pytestmark = pytest.mark.integration

Body = Callable[..., dict[str, Any]]
DUP, QOS_1 = 0x08, 0x02


@pytest.fixture
def sos(stand: "Stand") -> str:
    """A button in somebody's home."""
    return next(one.code for one in stand.district.devices if one.profile == "sos_button")


async def test_said_is_acknowledged_and_heard_once(stand: "Stand", sos: str, body: Body) -> None:
    topic = stand.topic(sos, "event")
    async with line(stand.where, sos, stand.token(sos)) as own:
        for n in range(1, 4):
            await own.publish(topic, json.dumps(body(n, e="sos")).encode())
    await stand.until(lambda: len(stand.said(sos)) == 3)
    assert [json.loads(one.payload)["n"] for one in stand.said(sos)] == [1, 2, 3]
    assert {one.topic for one in stand.said(sos)} == {topic}


async def test_who_cannot_prove_itself_is_refused(stand: "Stand", sos: str, body: Body) -> None:
    other = next(code for code in stand.devices if code != sos)
    message = Message(stand.topic(sos, "event"), body(e="sos"))
    for code, token in ((sos, "0" * 64), (sos, stand.token(other)), ("nobody", stand.token(sos))):
        with pytest.raises(Refused, match=r"connect: (bad user name or password|not authorised)"):
            await say(stand.where, code, token, message, patience_s=0.3)
    assert not message.sent
    assert stand.heard == []


async def test_nobody_there_is_an_error_of_the_line(sos: str, stand: "Stand", body: Body) -> None:
    await stand.kill()
    with pytest.raises(OSError, match="Connect call failed"):
        async with line(stand.where, sos, stand.token(sos)):
            pytest.fail("there is no broker")
    with pytest.raises(TimeoutError):
        await say(stand.where, sos, stand.token(sos), Message(stand.topic(sos, "event"), body()), patience_s=0.5)


async def test_a_host_that_never_answers_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wires, "_ANSWER_S", 0.2)

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    async with server:
        with pytest.raises(TimeoutError):
            async with line(Endpoint("127.0.0.1", server.sockets[0].getsockname()[1]), "sos-1", "token"):
                pytest.fail("nobody answered")


async def test_bytes_that_are_no_mqtt_break_the_line() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\x20\xff\xff\xff\xff\xff")
        await writer.drain()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        with pytest.raises(ConnectionError, match="at most four bytes"):
            async with line(Endpoint("127.0.0.1", server.sockets[0].getsockname()[1]), "sos-1", "token"):
                pytest.fail("that was no welcome")


async def test_a_press_waits_until_the_broker_is_back(stand: "Stand", sos: str, body: Body) -> None:
    await stand.kill()
    message = Message(stand.topic(sos, "event"), body(e="sos"))
    saying = asyncio.create_task(say(stand.where, sos, stand.token(sos), message))
    await asyncio.sleep(0.5)
    assert not saying.done()
    await stand.broker.start()
    await asyncio.wait_for(saying, 15)
    await stand.until(lambda: len(stand.said(sos)) == 1)


@pytest.mark.parametrize("harm", ["the line is cut", "the broker is killed"])
async def test_an_unanswered_message_is_said_again_as_a_repeat(
    stand: "Stand", wire: "Wire", sos: str, body: Body, harm: str
) -> None:
    """The broker had it, the answer was lost: it is said again under the same key, so nothing happens twice."""
    message = Message(stand.topic(sos, "event"), body(e="sos"))
    async with line(wire.where, sos, stand.token(sos)) as own:
        wire.deaf = True
        saying = asyncio.create_task(deliver(own, message))
        await stand.until(lambda: len(stand.said(sos)) == 1)
        if harm == "the broker is killed":
            await stand.kill()
        wire.cut()
        with pytest.raises(ConnectionError):
            await saying
    if harm == "the broker is killed":
        await stand.broker.start()
    wire.deaf, wire.heard = False, bytearray()
    await asyncio.wait_for(say(wire.where, sos, stand.token(sos), message), 15)
    await stand.until(lambda: len(stand.said(sos)) >= 2)
    assert {one.payload for one in stand.said(sos)} == {message.payload}
    assert [packet.flags for packet in sent(wire) if packet.kind == packets.PUBLISH] == [DUP | QOS_1]


async def test_packets_torn_to_pieces_are_put_together(stand: "Stand", wire: "Wire", sos: str, body: Body) -> None:
    """One byte a segment, both ways, and a packet whose length takes two bytes."""
    wire.chop = 1
    topic = stand.topic(sos, "event")
    async with line(wire.where, sos, stand.token(sos)) as own:
        await own.publish(topic, json.dumps(body(1, e="sos", v={f"value_{i}": i for i in range(12)})).encode())
        await asyncio.gather(*[own.publish(topic, json.dumps(body(n, e="sos")).encode()) for n in (2, 3)])
    await stand.until(lambda: len(stand.said(sos)) == 3)
    assert sorted(json.loads(one.payload)["n"] for one in stand.said(sos)) == [1, 2, 3]


@pytest.mark.parametrize("goodbye", [True, False])
async def test_the_last_will_is_for_lines_that_break(stand: "Stand", wire: "Wire", sos: str, goodbye: bool) -> None:
    will = (stand.topic(sos, "status"), b'{"online":false}')
    async with line(wire.where, sos, stand.token(sos), will=will) as own:
        await own.publish(will[0], b'{"online":true}', retain=True)
        await stand.until(lambda: len(stand.said(sos)) == 1)
        if not goodbye:
            own.abort()
    async with line(stand.where, sos, stand.token(sos)) as later:  # whatever the broker had to say of the first line comes before
        await asyncio.sleep(0.3)
        await later.publish(stand.topic(sos, "event"), b"{}")
    await stand.until(lambda: len(stand.said(sos, "event")) == 1)
    expected = [b'{"online":true}'] if goodbye else [b'{"online":true}', b'{"online":false}']
    assert [one.payload for one in stand.said(sos, "status")] == expected


async def test_commands_arrive_and_only_ones_own(stand: "Stand", sos: str) -> None:
    heard: list[bytes] = []
    other = next(code for code in stand.devices if code != sos)
    async with line(stand.where, sos, stand.token(sos), on_command=heard.append) as own:
        await own.listen(stand.topic(sos, "cmd"))
        with pytest.raises(Refused, match="subscribe"):
            await own.listen(stand.topic(other, "cmd"))
        await stand.command(stand.topic(other, "cmd"), b"not for you")
        await stand.command(stand.topic(sos, "cmd"), b'{"id":"c1","do":"test"}')
        await stand.until(lambda: bool(heard))
        await own.publish(stand.topic(sos, "ack"), b'{"id":"c1","done":"test"}')
    assert heard == [b'{"id":"c1","do":"test"}']
    await stand.until(lambda: len(stand.said(sos, "ack")) == 1)


async def test_a_line_with_nothing_to_say_stays_open(stand: "Stand", wire: "Wire", sos: str) -> None:
    """The broker hangs up after a second or two without a packet."""
    async with line(wire.where, sos, stand.token(sos), keepalive_s=1) as own:
        await asyncio.sleep(2.6)
        assert not own.closed.done()
        await own.publish(stand.topic(sos, "event"), b"{}")
    pings = [packet for packet in sent(wire) if packet.kind == packets.PINGREQ]
    assert 2 <= len(pings) <= 3  # every three quarters of a second


async def test_a_broker_that_hangs_is_noticed(stand: "Stand", wire: "Wire", sos: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wires, "_ANSWER_S", 0.5)
    async with line(wire.where, sos, stand.token(sos), keepalive_s=1) as own:
        wire.deaf = True
        await asyncio.wait_for(own.closed, 5)
        with pytest.raises(ConnectionError, match="the line is closed"):
            await own.publish(stand.topic(sos, "event"), b"{}")


async def test_a_second_saying_does_not_end_the_first_nor_the_line(stand: "Stand", sos: str, body: Body) -> None:
    topic = stand.topic(sos, "event")
    async with line(stand.where, sos, stand.token(sos)) as own:
        saying = [say(stand.where, sos, stand.token(sos), Message(topic, body(n, e="sos"))) for n in range(5)]
        await asyncio.gather(*saying)
        assert not own.closed.done()
    await stand.until(lambda: len(stand.said(sos)) == 5)


def sent(wire: "Wire") -> list[packets.Packet]:
    """What devices have sent over the wire, packet by packet."""
    rest, found = bytearray(wire.heard), []
    while packet := packets.take(rest):
        found.append(packet)
    return found
