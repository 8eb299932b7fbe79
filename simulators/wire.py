"""A device's own line to the broker: MQTT over asyncio, QoS 1. What was not acknowledged is kept and sent again."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from simulators import packets

_ANSWER_S = 10.0
_REFUSALS = {1: "protocol", 2: "client id", 3: "server unavailable", 4: "bad user name or password", 5: "not authorised"}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the broker's MQTT listener is."""

    host: str
    port: int


class Refused(ConnectionError):
    """The broker did not let this device in."""


class Line(asyncio.Protocol):
    """One TCP connection. `publish` returns once the broker has the message; a broken line raises ConnectionError."""

    def __init__(self, on_command: Callable[[bytes], None] | None = None) -> None:
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self._loop = asyncio.get_running_loop()
        self._welcome: asyncio.Future[None] = self._loop.create_future()
        self._waiting: dict[int, asyncio.Future[None]] = {}
        self._last_id = 0
        self._on_command = on_command
        self.closed: asyncio.Future[None] = self._loop.create_future()

    async def greet(self, client_id: str, code: str, token: str, keepalive_s: int, will: tuple[str, bytes] | None) -> None:
        """CONNECT and wait for the answer. Raises Refused, ConnectionError, TimeoutError."""
        self._send(packets.connect(client_id, code, token, keepalive_s, will))
        await asyncio.wait_for(self._welcome, _ANSWER_S)

    async def publish(self, topic: str, payload: bytes, *, retain: bool = False, dup: bool = False) -> None:
        """Send with QoS 1 and wait for PUBACK. Raises ConnectionError, TimeoutError."""
        self._last_id = self._last_id % 0xFFFF + 1
        number, answer = self._last_id, self._loop.create_future()
        self._waiting[number] = answer
        try:
            self._send(packets.publish(topic, payload, number, retain=retain, dup=dup))
            await asyncio.wait_for(answer, _ANSWER_S)
        finally:
            self._waiting.pop(number, None)

    def listen(self, topic: str) -> None:
        """Subscribe to the device's commands."""
        self._send(packets.subscribe(topic, 0xFFFF))

    def ping(self) -> None:
        """Keep the line alive."""
        self._send(packets.PING)

    def close(self) -> None:
        """Say goodbye: no last will."""
        if self._transport and not self._transport.is_closing():
            self._transport.write(packets.GOODBYE)
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what create_connection gives
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        try:
            while packet := packets.take(self._buffer):
                self._handle(packet)
        except packets.BadPacket as bad:
            self._fail(ConnectionError(str(bad)))

    def connection_lost(self, error: Exception | None) -> None:
        self._fail(ConnectionError(str(error) if error else "closed by the broker"))
        if not self.closed.done():
            self.closed.set_result(None)

    def _send(self, data: bytes) -> None:
        if self._transport is None or self._transport.is_closing():
            raise ConnectionError("the line is closed")
        self._transport.write(data)

    def _handle(self, packet: packets.Packet) -> None:
        if packet.kind == packets.CONNACK and not self._welcome.done():
            code = packet.body[1] if len(packet.body) == 2 else -1
            if code == 0:
                self._welcome.set_result(None)
            else:
                self._welcome.set_exception(Refused(f"connect: {_REFUSALS.get(code, code)}"))
        elif packet.kind == packets.PUBACK:
            answer = self._waiting.get(packet.packet_id)
            if answer and not answer.done():
                answer.set_result(None)
        elif packet.kind == packets.PUBLISH:
            self._command(packet)

    def _command(self, packet: packets.Packet) -> None:
        size = int.from_bytes(packet.body[:2], "big")
        rest = packet.body[2 + size :]
        if packet.flags & 0x06:
            self._send(packets.puback(int.from_bytes(rest[:2], "big")))
            rest = rest[2:]
        if self._on_command:
            self._on_command(rest)

    def _fail(self, error: Exception) -> None:
        for waiting in (self._welcome, *self._waiting.values()):
            if not waiting.done():
                waiting.set_exception(error)
                waiting.exception()  # whoever waits is told; nobody waiting is no fault
        if self._transport and not self._transport.is_closing():
            self._transport.close()


@dataclass(slots=True)
class Message:
    """Something a device says, kept until the broker has it."""

    topic: str
    body: Mapping[str, object]
    retain: bool = False
    sent: bool = field(default=False)

    @property
    def payload(self) -> bytes:
        return json.dumps(self.body, separators=(",", ":")).encode()


@asynccontextmanager
async def line(
    where: Endpoint,
    code: str,
    token: str,
    *,
    keepalive_s: int = 60,
    will: tuple[str, bytes] | None = None,
    on_command: Callable[[bytes], None] | None = None,
    client_id: str = "",
) -> AsyncIterator[Line]:
    """A line of one device, greeted and later closed. Raises Refused, OSError, TimeoutError."""
    async with asyncio.timeout(_ANSWER_S):
        _, own = await asyncio.get_running_loop().create_connection(lambda: Line(on_command), where.host, where.port)
    try:
        await own.greet(client_id or f"dev-{code}", code, token, keepalive_s, will)
        yield own
    finally:
        own.close()


async def say(where: Endpoint, code: str, token: str, message: Message, patience_s: float = 120.0) -> None:
    """Connect, say it, leave; again with growing pauses until the broker has it. Raises Refused at once, TimeoutError."""
    pause = 0.2
    async with asyncio.timeout(patience_s):
        while True:
            try:
                async with line(where, code, token, client_id=f"say-{code}") as own:  # beside the line it may keep
                    dup, message.sent = message.sent, True
                    await own.publish(message.topic, message.payload, retain=message.retain, dup=dup)
                    return
            except Refused:
                raise
            except OSError:  # ConnectionError and TimeoutError among them
                pass
            await asyncio.sleep(pause)
            pause = min(pause * 2, 5.0)
