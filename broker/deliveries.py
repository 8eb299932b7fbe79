"""What the broker hands over, cut out of the bytes of a connection (MQTT 3.1.1, section 3.3). Pure.

Only PUBLISH is understood here, because there are thousands of them a second; every other packet is left for paho.
"""

from datetime import datetime
from typing import NamedTuple

_PUBLISH, _QOS_2 = 0x30, 0x04
_LONGEST_HEAD = 5


class Arrived(NamedTuple):
    """One delivery. `at` is when it reached us; `generation` names the connection it came by.

    A tuple, since making a frozen dataclass of eight fields takes longer than everything else that is done to receive it.
    """

    topic: str
    payload: bytes
    retained: bool
    dup: bool
    qos: int
    mid: int
    generation: int
    at: datetime


class BadPacket(ConnectionError):
    """Bytes that are no MQTT packet."""


class Cut(NamedTuple):
    """`used` bytes were whole packets: deliveries, and `others` as they came."""

    arrived: list[Arrived]
    others: bytes
    used: int


def cut(data: bytes, generation: int, at: datetime) -> Cut:
    """The packets that are whole. Raises BadPacket. A topic that is no UTF-8 is read as well as can be."""
    arrived: list[Arrived] = []
    others: list[bytes] = []
    start, size = 0, len(data)
    while size - start >= 2:
        length, body = data[start + 1], start + 2
        if length & 0x80:
            length, body = _length(data, start)
        end = body + length
        if end > size or body > size:
            break
        head = data[start]
        if head & 0xF0 == _PUBLISH and not head & _QOS_2:
            arrived.append(_delivery(data, head, body, end, generation, at))
        else:
            others.append(data[start:end])
        start = end
    return Cut(arrived, b"".join(others), start)


def _delivery(data: bytes, head: int, body: int, end: int, generation: int, at: datetime) -> Arrived:
    topic = body + 2
    payload = topic + int.from_bytes(data[body:topic], "big")
    name, qos, mid = data[topic:payload].decode(errors="replace"), head >> 1 & 3, 0
    if qos:
        mid = int.from_bytes(data[payload : payload + 2], "big")
        payload += 2
    if payload > end:
        raise BadPacket(f"a PUBLISH of {end - body} bytes whose topic ends beyond it")
    return Arrived(name, data[payload:end], head & 1 == 1, head & 8 == 8, qos, mid, generation, at)


def _length(data: bytes, start: int) -> tuple[int, int]:
    """The length that is written at `start` + 1, and where it ends; beyond all data while not all of it is there."""
    length = 0
    for place in range(1, _LONGEST_HEAD):
        if start + place >= len(data):
            return 0, len(data) + 1
        digit = data[start + place]
        length |= (digit & 0x7F) << 7 * (place - 1)
        if not digit & 0x80:
            return length, start + place + 1
    raise BadPacket("a length of more than four bytes")
