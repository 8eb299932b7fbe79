"""A district's worth of connections: all are judged, a report of many pages is read whole, and only who is revoked goes."""

import asyncio
import contextlib
import struct
from typing import TYPE_CHECKING

import pytest

from broker.lanes import ensure, event_lane
from broker.session import NotConnected

if TYPE_CHECKING:
    from tests.integration.broker.conftest import Field

pytestmark = pytest.mark.integration

MANY = 1_100  # more than two pages of the servers' report

Wire = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def connect_packet(code: str, token: str) -> bytes:
    """CONNECT of MQTT 3.1.1 with a clean session, written by hand: a thousand paho threads would be another test."""
    fields = b"".join(struct.pack("!H", len(text)) + text.encode() for text in (code, code, token))
    body = struct.pack("!H", 4) + b"MQTT" + bytes([4, 0b1100_0010]) + struct.pack("!H", 60) + fields
    return bytes([0x10, len(body) % 128 | 128, len(body) // 128]) + body if len(body) > 127 else bytes([0x10, len(body)]) + body


async def come_in(field: "Field", code: str) -> Wire:
    """Until it is let in: on a busy machine so many at once outlast the server's patience, and devices try again."""
    while True:
        reader, writer = await asyncio.open_connection(field.broker.endpoint.host, field.broker.endpoint.mqtt_port)
        writer.write(connect_packet(code, field.tokens[code]))
        with contextlib.suppress(ConnectionError):
            if await reader.read(4) == b"\x20\x02\x00\x00":
                return reader, writer
        writer.close()


async def leave(wires: dict[str, Wire]) -> None:
    for _, writer in wires.values():
        writer.close()
    await asyncio.gather(*(writer.wait_closed() for _, writer in wires.values()), return_exceptions=True)


async def test_one_of_many_is_revoked(field: "Field") -> None:
    codes = [f"many-{number:05}" for number in range(MANY)]
    for code in codes:
        field.enrol(code)
    callout = await field.judging()
    async with asyncio.timeout(60):
        wires = dict(zip(codes, await asyncio.gather(*(come_in(field, code) for code in codes)), strict=True))
    try:
        revoked = (codes[0], codes[MANY // 2], codes[-1])
        for code in revoked:
            del field.register[code]
        callout.changed.set()
        ends = {code: asyncio.create_task(reader.read(1)) for code, (reader, _) in wires.items()}
        async with asyncio.timeout(10):
            await asyncio.gather(*(ends[code] for code in revoked))
        await asyncio.sleep(1)
        assert {code for code, end in ends.items() if end.done()} == set(revoked)
        assert callout.counts.disconnected == len(revoked)
        for end in ends.values():
            end.cancel()
        await asyncio.gather(*ends.values(), return_exceptions=True)
    finally:
        await leave(wires)


async def test_sessions_that_cannot_be_made_are_said(field: "Field") -> None:
    at = field.broker.endpoint
    with pytest.raises(NotConnected, match="vigil-event"):
        await ensure([event_lane()], host=at.host, port=at.mqtt_port, username="ingest", password="wrong", timeout=0.5)
    with pytest.raises(NotConnected, match="subscription refused"):
        api = field.broker.secrets.passwords["api"]
        await ensure([event_lane()], host=at.host, port=at.mqtt_port, username="api", password=api, timeout=0.5)
