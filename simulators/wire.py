"""A device's own line to the broker: MQTT over asyncio, QoS 1."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from simulators import packets

_ANSWER_S = 10.0
_GOODBYE_S = 2.0
_MOST_IDS, _REFUSED_FILTER = 0xFFFF, b"\x80"
_REFUSALS = {1: "protocol", 2: "client id", 3: "server unavailable", 4: "bad user name or password", 5: "not authorised"}

Will = tuple[str, bytes]
OnCommand = Callable[[bytes], None]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the broker's MQTT listener is; with a `ca` it speaks TLS and is checked against that."""

    host: str
    port: int
    ca: Path | None = None


class Refused(ConnectionError):
    """The broker did not let this device in, or not listen to that topic."""


class Line(asyncio.Protocol):
    """One TCP connection. `publish` returns once the broker has the message; a broken line raises ConnectionError.

    A line with nothing to say pings, and is broken when that is not answered. `closed` is done when the connection is gone.
    """

    def __init__(self, on_command: OnCommand | None = None) -> None:
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self._loop = asyncio.get_running_loop()
        self._welcome: asyncio.Future[None] = self._loop.create_future()
        self._waiting: dict[int, asyncio.Future[None]] = {}
        self._last_id = 0
        self._on_command = on_command
        self._silence_s = 0.0
        self._said_at = 0.0
        self._alarm: asyncio.TimerHandle | None = None
        self.closed: asyncio.Future[None] = self._loop.create_future()

    async def greet(self, client_id: str, code: str, token: str, keepalive_s: int, will: Will | None) -> None:
        """CONNECT and wait for the answer. Raises Refused, ConnectionError, TimeoutError."""
        self._send(packets.connect(client_id, code, token, keepalive_s, will))
        async with asyncio.timeout(_ANSWER_S):  # wait_for can swallow a cancellation, and a device would outlive the stop
            await self._welcome
        if keepalive_s:  # 0 means that the broker waits for ever
            self._silence_s = keepalive_s * 0.75
            self._watch(self._silence_s)

    async def publish(self, topic: str, payload: bytes, *, retain: bool = False, dup: bool = False) -> None:
        """Send with QoS 1 and wait for PUBACK. Raises ConnectionError, TimeoutError."""
        await self._answered(lambda number: packets.publish(topic, payload, number, retain=retain, dup=dup))

    async def listen(self, topic: str) -> None:
        """Subscribe to the device's commands. Raises Refused, ConnectionError, TimeoutError."""
        await self._answered(lambda number: packets.subscribe(topic, number))

    def close(self) -> None:
        """Say goodbye: no last will."""
        if self._transport and not self._transport.is_closing():
            self._transport.write(packets.GOODBYE)
            self._transport.close()

    def abort(self) -> None:
        """Break the line without a word, as a pulled plug does; the broker publishes the last will."""
        if self._transport:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what create_connection gives
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        try:
            while packet := packets.take(self._buffer):
                self._handle(packet)
        except (packets.BadPacket, ConnectionError) as bad:
            self._fail(ConnectionError(str(bad)))

    def connection_lost(self, error: Exception | None) -> None:
        self._fail(ConnectionError(str(error) if error else "closed by the broker"))
        if not self.closed.done():
            self.closed.set_result(None)

    async def _answered(self, packet: Callable[[int], bytes]) -> None:
        """Send a packet that carries an identifier of its own and wait for what acknowledges that one."""
        number, answer = self._free_id(), self._loop.create_future()
        self._waiting[number] = answer
        try:
            self._send(packet(number))
            async with asyncio.timeout(_ANSWER_S):
                await answer
        finally:
            del self._waiting[number]

    def _free_id(self) -> int:
        """The next identifier that nothing in flight has. Raises ConnectionError when all are taken."""
        if len(self._waiting) >= _MOST_IDS:
            raise ConnectionError(f"{_MOST_IDS} messages wait for an answer")
        while True:
            self._last_id = self._last_id % _MOST_IDS + 1
            if self._last_id not in self._waiting:
                return self._last_id

    def _send(self, data: bytes) -> None:
        if self._transport is None or self._transport.is_closing():
            raise ConnectionError("the line is closed")
        self._said_at = self._loop.time()
        self._transport.write(data)

    def _watch(self, after_s: float) -> None:
        self._alarm = self._loop.call_later(after_s, self._keep_alive)

    def _keep_alive(self) -> None:
        """The broker hangs up after the keepalive without a packet, or half of it later; a line must not fall silent before."""
        quiet_s = self._loop.time() - self._said_at
        if quiet_s < self._silence_s * 0.99:
            self._watch(self._silence_s - quiet_s)
        elif self._transport and not self._transport.is_closing():
            self._send(packets.PING)
            self._alarm = self._loop.call_later(_ANSWER_S, self._fail, ConnectionError("ping: not answered"))

    def _handle(self, packet: packets.Packet) -> None:
        match packet.kind:
            case packets.CONNACK:
                _settle(self._welcome, self._refusal(packet))
            case packets.PUBACK:
                _settle(self._waiting.get(packet.packet_id))
            case packets.SUBACK:
                refused = Refused("subscribe: refused") if packet.body[2:3] == _REFUSED_FILTER else None
                _settle(self._waiting.get(packet.packet_id), refused)
            case packets.PINGRESP:
                self._quiet()
                self._watch(self._silence_s)
            case packets.PUBLISH:
                self._command(packet)

    def _refusal(self, packet: packets.Packet) -> Refused | None:
        code = packet.body[1] if len(packet.body) == 2 else -1
        return Refused(f"connect: {_REFUSALS.get(code, code)}") if code else None

    def _command(self, packet: packets.Packet) -> None:
        size = int.from_bytes(packet.body[:2], "big")
        rest = packet.body[2 + size :]
        if packet.flags & 0x06:
            self._send(packets.puback(int.from_bytes(rest[:2], "big")))
            rest = rest[2:]
        if self._on_command:
            self._on_command(rest)

    def _fail(self, error: Exception) -> None:
        self._quiet()
        for waiting in (self._welcome, *self._waiting.values()):
            _settle(waiting, error)
        if self._transport and not self._transport.is_closing():
            self._transport.abort()

    def _quiet(self) -> None:
        if self._alarm:
            self._alarm.cancel()
            self._alarm = None


@asynccontextmanager
async def line(
    where: Endpoint,
    code: str,
    token: str,
    *,
    keepalive_s: int = 60,
    will: Will | None = None,
    on_command: OnCommand | None = None,
    client_id: str = "",
) -> AsyncIterator[Line]:
    """A line of one device, greeted and later closed. Raises Refused, OSError, TimeoutError."""
    async with asyncio.timeout(_ANSWER_S):
        secured = _secured(where.ca) if where.ca else None
        _, own = await asyncio.get_running_loop().create_connection(lambda: Line(on_command), where.host, where.port, ssl=secured)
    try:
        await own.greet(client_id or f"dev-{code}", code, token, keepalive_s, will)
        yield own
    finally:
        own.close()
        await asyncio.wait([own.closed], timeout=_GOODBYE_S)
        own.abort()  # a broker that hangs takes no goodbye


@cache
def _secured(ca: Path) -> ssl.SSLContext:
    """Made once for thousands of lines. The simulator's broker is on this machine, so a certificate need not name the address."""
    context = ssl.create_default_context(cafile=ca)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.check_hostname = False
    return context


def _settle(waiting: "asyncio.Future[None] | None", error: Exception | None = None) -> None:
    """Tell whoever waits, once; nobody waiting is no fault."""
    if waiting is None or waiting.done():
        return
    if error is None:
        waiting.set_result(None)
    else:
        waiting.set_exception(error)
        waiting.exception()
