"""MQTT packets of the simulators: known bytes of the standard, every length, every way of being torn apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators import packets
from simulators.packets import BadPacket, Packet

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=60)


def take_all(data: bytes) -> list[Packet]:
    buffer, found = bytearray(data), []
    while packet := packets.take(buffer):
        found.append(packet)
    assert not buffer
    return found


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, "00"),
        (127, "7f"),
        (128, "8001"),
        (16_383, "ff7f"),
        (16_384, "808001"),
        (2_097_151, "ffff7f"),
        (2_097_152, "80808001"),
        (268_435_455, "ffffff7f"),
    ],
)
def test_lengths_of_the_standard(value: int, expected: str) -> None:
    """Table 2.4 of MQTT 3.1.1."""
    assert packets.length(value).hex() == expected


@pytest.mark.parametrize("value", [-1, 268_435_456])
def test_a_length_that_cannot_be_written(value: int) -> None:
    with pytest.raises(BadPacket, match="expected 0 to 268435455"):
        packets.length(value)


def test_connect_says_who_and_leaves_a_will() -> None:
    (packet,) = take_all(packets.connect("dev-a", "a", "secret", 60, ("care/status", b"gone")))
    body = packet.body
    assert (packet.kind, packet.flags) == (packets.CONNECT, 0)
    assert body[:7] == b"\x00\x04MQTT\x04"
    assert body[7] == 0b1110_1110  # name, password, will retained, will QoS 1, will, clean
    assert body[8:10] == b"\x00\x3c"
    assert body[10:] == b"\x00\x05dev-a\x00\x0bcare/status\x00\x04gone\x00\x01a\x00\x06secret"


def test_connect_without_a_will() -> None:
    (packet,) = take_all(packets.connect("c", "u", "p", 0))
    assert packet.body[7] == 0b1100_0010
    assert packet.body[10:] == b"\x00\x01c\x00\x01u\x00\x01p"


@given(TEXT, st.binary(max_size=400), st.integers(1, 65_535), st.booleans(), st.booleans())
def test_publish_carries_all_of_it(topic: str, payload: bytes, number: int, retain: bool, dup: bool) -> None:
    (packet,) = take_all(packets.publish(topic, payload, number, retain=retain, dup=dup))
    assert (packet.kind, packet.flags) == (packets.PUBLISH, 2 | 8 * dup | retain)
    name = topic.encode()
    assert packet.body == len(name).to_bytes(2, "big") + name + number.to_bytes(2, "big") + payload


@given(st.lists(st.tuples(TEXT, st.binary(max_size=200)), min_size=1, max_size=5), st.data())
def test_however_a_stream_is_torn_the_packets_are_the_same(said: list[tuple[str, bytes]], data: st.DataObject) -> None:
    stream = b"".join(packets.publish(topic, payload, 7) for topic, payload in said) + packets.PING + packets.puback(9)
    whole = take_all(stream)
    cuts = sorted(data.draw(st.sets(st.integers(1, len(stream) - 1), max_size=20)))
    buffer, found = bytearray(), []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        buffer += stream[start:end]
        while packet := packets.take(buffer):
            found.append(packet)
    assert found == whole
    assert len(found) == len(said) + 2


@given(st.binary(max_size=60))
def test_any_bytes_are_packets_or_more_is_needed_or_bad(data: bytes) -> None:
    buffer = bytearray(data)
    try:
        while packets.take(buffer):
            pass
    except BadPacket:
        return
    assert data.endswith(bytes(buffer))


def test_a_length_without_an_end_is_bad() -> None:
    with pytest.raises(BadPacket, match="at most four bytes"):
        packets.take(bytearray(b"\x30\xff\xff\xff\xff\x01"))


def test_identifiers() -> None:
    assert take_all(packets.puback(513)) == [Packet(packets.PUBACK, 0, b"\x02\x01")]
    assert take_all(packets.puback(513))[0].packet_id == 513
    (asked,) = take_all(packets.subscribe("a/cmd", 3))
    assert (asked.kind, asked.flags, asked.body) == (packets.SUBSCRIBE, 2, b"\x00\x03\x00\x05a/cmd\x01")
    with pytest.raises(BadPacket, match="expected an identifier, got 1 bytes"):
        _ = Packet(packets.PUBACK, 0, b"\x01").packet_id


def test_a_field_too_long_to_be_said() -> None:
    with pytest.raises(BadPacket, match="at most 65535 bytes, got 65536"):
        packets.publish("x" * 65_536, b"", 1)
