"""Publishes telemetry for a whole fleet at QoS 1 over a few raw MQTT connections: a process of its own, a process of its own.

`python -m bench.publisher` takes an order as one line of JSON, says `{"connected": …}`, publishes, and answers with `{"sent": …}`
when the broker has acknowledged everything. SIGTERM ends it early with the same answer.
"""

import itertools
import json
import random
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FrameType

from bench.fleet import SHAPES, Fleet, talkers, topic
from simulators import packets

_CHUNK = 64
_IDS = 65_535
_PATIENCE_S = 30.0
_KEEPALIVE_S = 600
_VARIANTS = 16


def _now() -> int:
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class Order:
    """`count` messages (0: until stopped), at `rate` a second (0: as fast as the broker takes them), from `first` on.

    Each payload is filled with white space up to `payload` bytes. `window` messages a connection may be unacknowledged.
    """

    host: str
    port: int
    username: str
    password: str
    devices: int
    areas: int
    count: int
    rate: float
    first: int = 0
    payload: int = 165
    window: int = 2_000
    connections: int = 4


class Line:
    """One connection; what was sent and what was acknowledged are only counted, the broker answers in order."""

    def __init__(self, order: Order, name: str) -> None:
        self._socket = socket.create_connection((order.host, order.port), timeout=_PATIENCE_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = bytearray()
        self._window = order.window
        self.sent = self.acknowledged = 0
        self._socket.sendall(packets.connect(name, order.username, order.password, _KEEPALIVE_S))
        first = None
        while first is None:
            self._receive()
            first = packets.take(self._buffer)
        if first.kind != packets.CONNACK or first.body[1]:
            raise ConnectionRefusedError(f"{name}: the broker answered {first}")

    def publish(self, messages: list[tuple[str, bytes]]) -> None:
        """Send them, waiting for acknowledgements while too many are missing."""
        start = self.sent
        self._socket.sendall(
            b"".join(
                packets.publish(where, payload, (start + number) % _IDS + 1) for number, (where, payload) in enumerate(messages)
            )
        )
        self.sent += len(messages)
        while self.sent - self.acknowledged > self._window:
            self._take()

    def settle(self) -> None:
        """Wait until everything is acknowledged. Raises TimeoutError after a time of silence."""
        while self.acknowledged < self.sent:
            self._take()
        self._socket.sendall(packets.GOODBYE)
        self._socket.close()

    def _take(self) -> None:
        self._receive()
        whole = len(self._buffer) // 4 * 4  # a PUBACK is four bytes, and nothing else comes
        kinds = self._buffer[:whole:4]
        if kinds != bytes([packets.PUBACK << 4]) * len(kinds):
            raise packets.BadPacket("expected PUBACK only")
        self.acknowledged += len(kinds)
        del self._buffer[:whole]

    def _receive(self) -> None:
        more = self._socket.recv(65_536)
        if not more:
            raise ConnectionResetError("the broker closed the connection")
        self._buffer += more


def messages(order: Order, clock: Callable[[], int] = _now) -> Iterator[tuple[str, bytes]]:
    """Topic and payload of each message in turn: device after device, numbered from `first`, dated (ms) when it is made."""
    fleet = Fleet(order.devices, order.areas)
    rng = random.Random(7)
    heads = [(topic(one, "telemetry"), _tails(one.profile, rng)) for one in talkers(fleet)]
    for number in itertools.count(order.first):
        where, tails = heads[number % len(heads)]
        text = b'{"t":%d,"b":"bench","n":%d,"v":%b}' % (clock(), number, tails[number % _VARIANTS])
        yield where, text.ljust(order.payload)


def run(order: Order) -> dict[str, float]:
    """Publish what is ordered; what was sent and acknowledged, and how long that took."""
    lines = [Line(order, f"bench-{number}") for number in range(order.connections)]
    print(json.dumps({"connected": len(lines)}), flush=True)
    stop = _stopped()
    began = time.monotonic()
    sent = 0
    source = messages(order)
    for line in itertools.cycle(lines):
        size = _due(order, sent, time.monotonic() - began)
        if size:
            line.publish(list(itertools.islice(source, size)))
            sent += size
        if stop or (order.count and sent >= order.count):
            break
        if order.rate and not size:
            time.sleep(0.002)
    for line in lines:
        line.settle()
    acknowledged = sum(line.acknowledged for line in lines)
    return {"sent": sent, "acknowledged": acknowledged, "seconds": round(time.monotonic() - began, 3)}


def _due(order: Order, sent: int, elapsed: float) -> int:
    """How many to send now."""
    wanted = min(_CHUNK, int(order.rate * elapsed) - sent) if order.rate else _CHUNK
    return max(0, min(wanted, order.count - sent) if order.count else wanted)


def _stopped() -> list[int]:
    """A list that SIGTERM puts something into."""
    seen: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        seen.append(number)

    signal.signal(signal.SIGTERM, note)
    return seen


def _tails(profile: str, rng: random.Random) -> list[bytes]:
    return [
        json.dumps({name: round(rng.uniform(low, high), 3) for name, low, high in SHAPES[profile]}, separators=(",", ":")).encode()
        for _ in range(_VARIANTS)
    ]


if __name__ == "__main__":
    print(json.dumps(run(Order(**json.loads(sys.stdin.readline())))), flush=True)
