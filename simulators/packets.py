"""MQTT 3.1.1 packets, as much of them as a device needs (OASIS standard, section 3): bytes out, packets in. Pure.

A codec of the simulators' own, so that a fault of the platform's client library cannot hide itself.
"""

import struct
from dataclasses import dataclass

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK, PINGREQ, PINGRESP, DISCONNECT = 1, 2, 3, 4, 8, 9, 12, 13, 14

PING = bytes([PINGREQ << 4, 0])
GOODBYE = bytes([DISCONNECT << 4, 0])
_LONGEST = 268_435_455


class BadPacket(ValueError):
    """Bytes that are no MQTT packet."""


@dataclass(frozen=True, slots=True)
class Packet:
    """A packet as it arrived: `kind` is the number of section 2.2.1, `flags` the low four bits, `body` all after the length."""

    kind: int
    flags: int
    body: bytes

    @property
    def packet_id(self) -> int:
        """The identifier of PUBACK, SUBACK. Raises BadPacket."""
        if len(self.body) < 2:
            raise BadPacket(f"packet {self.kind}: expected an identifier, got {len(self.body)} bytes")
        return int.from_bytes(self.body[:2], "big")


def length(value: int) -> bytes:
    """The variable-length form of a length. Raises BadPacket."""
    if not 0 <= value <= _LONGEST:
        raise BadPacket(f"length: expected 0 to {_LONGEST}, got {value}")
    out = bytearray()
    while True:
        value, digit = divmod(value, 128)
        out.append(digit | 0x80 if value else digit)
        if not value:
            return bytes(out)


def connect(client_id: str, username: str, password: str, keepalive_s: int, will: tuple[str, bytes] | None = None) -> bytes:
    """CONNECT with a clean session; the will is retained and QoS 1."""
    flags = 0xC2 | (0x2C if will else 0)
    body = _text("MQTT") + bytes([4, flags]) + struct.pack("!H", keepalive_s) + _text(client_id)
    if will:
        body += _text(will[0]) + _data(will[1])
    return _packet(CONNECT, 0, body + _text(username) + _text(password))


def publish(topic: str, payload: bytes, packet_id: int, *, retain: bool = False, dup: bool = False) -> bytes:
    """PUBLISH with QoS 1."""
    return _packet(
        PUBLISH, 0x02 | (0x08 if dup else 0) | (0x01 if retain else 0), _text(topic) + struct.pack("!H", packet_id) + payload
    )


def subscribe(topic: str, packet_id: int) -> bytes:
    """SUBSCRIBE to one filter with QoS 1."""
    return _packet(SUBSCRIBE, 0x02, struct.pack("!H", packet_id) + _text(topic) + b"\x01")


def puback(packet_id: int) -> bytes:
    """PUBACK."""
    return _packet(PUBACK, 0, struct.pack("!H", packet_id))


def take(buffer: bytearray) -> Packet | None:
    """The first whole packet, removed from the buffer; None while it is not all there. Raises BadPacket."""
    size, shift, place = 0, 0, 1
    while True:
        if place >= len(buffer):
            return None
        digit = buffer[place]
        size |= (digit & 0x7F) << shift
        place += 1
        if not digit & 0x80:
            break
        shift += 7
        if shift > 21:
            raise BadPacket("length: expected at most four bytes")
    if len(buffer) < place + size:
        return None
    packet = Packet(buffer[0] >> 4, buffer[0] & 0x0F, bytes(buffer[place : place + size]))
    del buffer[: place + size]
    return packet


def _packet(kind: int, flags: int, body: bytes) -> bytes:
    return bytes([kind << 4 | flags]) + length(len(body)) + body


def _text(value: str) -> bytes:
    return _data(value.encode())


def _data(value: bytes) -> bytes:
    if len(value) > 0xFFFF:
        raise BadPacket(f"field: expected at most 65535 bytes, got {len(value)}")
    return struct.pack("!H", len(value)) + value
