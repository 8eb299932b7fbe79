"""The simulators' own MQTT codec against the standard's examples and against any way the bytes may be cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators import packets


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        (0, b"\x00"),
        (127, b"\x7f"),
        (128, b"\x80\x01"),
        (16_383, b"\xff\x7f"),
        (16_384, b"\x80\x80\x01"),
        (268_435_455, b"\xff\xff\xff\x7f"),
    ],
)
def test_lengths_are_those_of_table_2_4(value: int, encoded: bytes) -> None:
    assert packets.length(value) == encoded


@pytest.mark.parametrize("value", [-1, 268_435_456])
def test_a_length_outside_four_bytes_is_refused(value: int) -> None:
    with pytest.raises(packets.BadPacket, match="expected 0 to 268435455"):
        packets.length(value)


def test_connect_is_3_1_1_clean_with_retained_will() -> None:
    whole = packets.connect("dev-a", "a", "secret", 60, ("t", b"gone"))
    packet = packets.take(bytearray(whole))
    assert packet is not None
    assert packet.kind == packets.CONNECT
    assert packet.body[:7] == b"\x00\x04MQTT\x04"
    assert packet.body[7] == 0b1110_1110  # user name, password, will retained at QoS 1, clean session
    assert packet.body[8:10] == b"\x00\x3c"
    assert packet.body[10:] == b"\x00\x05dev-a\x00\x01t\x00\x04gone\x00\x01a\x00\x06secret"


def test_without_a_will_its_bits_are_clear() -> None:
    packet = packets.take(bytearray(packets.connect("d", "a", "s", 10)))
    assert packet is not None
    assert packet.body[7] == 0b1100_0010


def test_publish_says_dup_and_retain_in_the_first_byte() -> None:
    packet = packets.take(bytearray(packets.publish("a/b", b"{}", 7, retain=True, dup=True)))
    assert packet == packets.Packet(packets.PUBLISH, 0b1011, b"\x00\x03a/b\x00\x07{}")


def test_a_field_too_long_is_refused() -> None:
    with pytest.raises(packets.BadPacket, match="expected at most 65535 bytes, got 65536"):
        packets.publish("t" * 65_536, b"", 1)


@given(st.lists(st.tuples(st.text(max_size=40), st.binary(max_size=600), st.integers(1, 65_535)), max_size=8), st.data())
def test_packets_come_out_whole_however_the_stream_is_cut(messages: list[tuple[str, bytes, int]], data: st.DataObject) -> None:
    stream = b"".join(packets.publish(*message) for message in messages)
    buffer, found = bytearray(), []
    while stream:
        cut = data.draw(st.integers(1, len(stream)))
        buffer += stream[:cut]
        stream = stream[cut:]
        while packet := packets.take(buffer):
            found.append(packet)
    assert not buffer
    assert [packet.body for packet in found] == [
        len(topic.encode()).to_bytes(2, "big") + topic.encode() + number.to_bytes(2, "big") + payload
        for topic, payload, number in messages
    ]


@given(st.binary(max_size=200))
def test_any_bytes_give_packets_a_wait_or_bad_packet(noise: bytes) -> None:
    buffer = bytearray(noise)
    try:
        while packets.take(buffer):
            pass
    except packets.BadPacket:
        pass
    assert len(buffer) <= len(noise)


def test_an_answer_without_identifier_is_bad() -> None:
    with pytest.raises(packets.BadPacket, match="expected an identifier"):
        _ = packets.Packet(packets.PUBACK, 0, b"\x01").packet_id
