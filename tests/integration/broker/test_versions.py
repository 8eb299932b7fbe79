"""MQTT 5 is refused in a way that a client understands, at once, and nobody else notices (docs/decisions/0011-mqtt-3.1.1.md)."""

import asyncio

import pytest

from broker.server import Endpoint
from simulators import packets
from tests.integration.broker.conftest import Field

pytestmark = pytest.mark.integration

_ACCEPTED, _UNACCEPTABLE_VERSION = 0, 1  # table 3.1 of MQTT 3.1.1


async def greeted(at: Endpoint, connect: bytes) -> bytes:
    """All that the broker says to a CONNECT until it closes the connection, or has said a CONNACK that accepts."""
    reader, writer = await asyncio.open_connection(at.host, at.mqtt_port)
    try:
        writer.write(connect)
        async with asyncio.timeout(10):
            said = await reader.readexactly(4)
            return said if said[3] == _ACCEPTED else said + await reader.read()
    finally:
        writer.close()


def of_level(field: Field, level: int) -> bytes:
    """CONNECT of a known button; level 5 has a length of properties more."""
    whole = packets.connect("sos-1/spare", "sos-1", field.tokens["sos-1"], 30)
    head = whole.index(b"MQTT") + 4
    body = bytearray(whole[head - 6 :])
    body[6] = level
    if level == 5:
        body[10:10] = b"\0"
    return bytes([packets.CONNECT << 4]) + packets.length(len(body)) + bytes(body)


@pytest.mark.parametrize(("level", "answer"), [(4, _ACCEPTED), (5, _UNACCEPTABLE_VERSION), (6, _UNACCEPTABLE_VERSION)])
async def test_the_broker_accepts_level_4_and_refuses_others_with_a_reason(field: Field, level: int, answer: int) -> None:
    callout = await field.judging()
    said = await greeted(field.broker.endpoint, of_level(field, level))
    assert said == bytes([packets.CONNACK << 4, 2, 0, answer]), "a CONNACK that says why, and the connection is closed"
    assert not callout.counts.refused, "it is a matter of the protocol, not of who asks"


async def test_those_on_the_line_do_not_notice(field: Field) -> None:
    await field.judging()
    device = await field.connected("sos-2")
    for _ in range(20):
        await greeted(field.broker.endpoint, of_level(field, 5))
    assert await device.publish("care/v1/a/s/sos-2/event", b"{}")
