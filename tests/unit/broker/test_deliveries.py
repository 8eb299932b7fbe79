"""Every delivery is cut out as it was sent, wherever the stream is torn; nothing else is touched, and no bytes bring it down."""

import contextlib
import struct
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.deliveries import Arrived, BadPacket, cut
from simulators import packets

AT = datetime(2026, 1, 1, tzinfo=UTC)
PONG = bytes([packets.PINGRESP << 4, 0])

sent = st.builds(
    Arrived,
    topic=st.text(st.characters(codec="utf-8"), max_size=40),
    payload=st.one_of(st.binary(max_size=300), st.binary(min_size=16_400, max_size=16_400)),
    retained=st.booleans(),
    dup=st.booleans(),
    qos=st.just(1),
    mid=st.integers(1, 65_535),
    generation=st.just(3),
    at=st.just(AT),
)


def packet(one: Arrived) -> bytes:
    return packets.publish(one.topic, one.payload, one.mid, retain=one.retained, dup=one.dup)


@given(st.lists(st.one_of(sent, st.just(PONG)), max_size=6), st.lists(st.integers(0, 2_000), max_size=6))
def test_wherever_it_is_torn(said: list[Arrived | bytes], tears: list[int]) -> None:
    stream = b"".join(one if isinstance(one, bytes) else packet(one) for one in said)
    heard, others, rest = list[Arrived](), b"", b""
    for tear in [*tears, len(stream)]:
        piece, stream = stream[:tear], stream[tear:]
        found = cut(rest + piece, 3, AT)
        heard, others, rest = heard + found.arrived, others + found.others, (rest + piece)[found.used :]
    assert rest == b""
    assert heard == [one for one in said if isinstance(one, Arrived)]
    assert others == PONG * said.count(PONG)


def test_quality_of_service_zero_has_no_identifier() -> None:
    body = struct.pack("!H", 1) + b"t" + b"payload"
    (one,) = cut(bytes([0x30, len(body)]) + body, 1, AT).arrived
    assert (one.topic, one.payload, one.qos, one.mid) == ("t", b"payload", 0, 0)


def test_a_topic_that_is_no_text_is_still_a_delivery() -> None:
    body = struct.pack("!H", 2) + b"\xff/" + struct.pack("!H", 9) + b"payload"
    (one,) = cut(bytes([0x32, len(body)]) + body, 1, AT).arrived
    assert (one.topic, one.payload, one.mid) == ("\N{REPLACEMENT CHARACTER}/", b"payload", 9)


@pytest.mark.parametrize(
    "wrong", [b"\x32\x04\x00\x09ab", b"\x32\x03\x00\x01a", b"\x30\x01\x00" + PONG, b"\x30\x80\x80\x80\x80\x01"]
)
def test_what_is_no_packet_is_said(wrong: bytes) -> None:
    with pytest.raises(BadPacket):
        cut(wrong, 1, AT)


@given(st.binary(max_size=200))
def test_no_bytes_bring_it_down(noise: bytes) -> None:
    with contextlib.suppress(BadPacket):
        found = cut(noise, 1, AT)
        assert 0 <= found.used <= len(noise)
