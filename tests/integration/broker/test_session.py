"""The session against the real server: its link, what it may and may not, and what was published while nobody listened."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import pytest

from broker.session import Arrived, NotConnected, PublishFailed, Session

if TYPE_CHECKING:
    from tests.integration.broker.conftest import Field

pytestmark = pytest.mark.integration

Eventually = Callable[..., Awaitable[None]]

COMMANDS = ("care/v1/+/+/+/cmd",)


async def test_what_is_published_while_nobody_listens_arrives_later(field: "Field", eventually: Eventually) -> None:
    api = await field.speaker()
    async with field.session("vigil-t", COMMANDS, lambda _: None) as session:
        await session.connected(5)
    await api.publish("care/v1/a/s/d/cmd", b"meanwhile")
    heard = await field.hears(*COMMANDS, client_id="vigil-t")
    await eventually(lambda: [one.payload for one in heard] == [b"meanwhile"])


async def test_a_session_outlives_the_broker(field: "Field", eventually: Eventually) -> None:
    """kill -9 of the server: the link is seen to go at once, and comes back by itself with all subscriptions."""
    links: list[bool] = []
    seen: list[Arrived] = []
    api = await field.speaker()
    async with field.session("vigil-t", COMMANDS, seen.append, on_link=links.append) as session:
        await session.connected(5)
        assert field.broker.process is not None
        field.broker.process.kill()
        await eventually(lambda: links == [True, False], 2)
        with pytest.raises(PublishFailed):
            await api.publish("care/v1/a/s/d/cmd", b"into the void")
        await field.broker.start()
        await session.connected(10)
        await api.connected(10)
        await api.publish("care/v1/a/s/d/cmd", b"back")
        await eventually(lambda: b"back" in [one.payload for one in seen])


async def test_retained_and_large(field: "Field", eventually: Eventually) -> None:
    api = await field.speaker()
    large = bytes(range(256)) * 1024
    await api.publish("care/v1/a/s/d/cmd", large, retain=True)
    heard = await field.hears(*COMMANDS, client_id="vigil-late")
    await eventually(lambda: len(heard) == 1)
    assert heard[0].payload == large
    assert heard[0].retained
    assert heard[0].at.utcoffset() is not None


async def test_quality_of_service_zero(field: "Field", eventually: Eventually) -> None:
    """api.feeds hears presses itself, at QoS 0 and in a clean session: nothing to acknowledge, nothing kept."""
    await field.judging()
    seen: list[Arrived] = []
    at = field.broker.endpoint
    session = Session(
        host=at.host,
        port=at.mqtt_port,
        client_id="vigil-feeds",
        username="api",
        password=field.broker.secrets.passwords["api"],
        filters=("care/v1/+/+/+/event",),
        qos=0,
        clean=True,
        on_message=seen.append,
        keepalive=2,
    )
    async with session:
        await session.connected(5)
        device = await field.connected("sos-1")
        await device.publish("care/v1/a/s/sos-1/event", b"pressed")
        await eventually(lambda: len(seen) == 1)
        session.acknowledge(seen[0])
        await asyncio.sleep(4.5)  # the keepalive passes twice
        assert session.link


async def test_why_there_is_no_connection(field: "Field") -> None:
    at = field.broker.endpoint
    wrong = {"host": at.host, "port": at.mqtt_port, "client_id": "vigil-t", "username": "api"}
    right = field.broker.secrets.passwords["api"]
    for changed, reason in (
        ({"password": "wrong", "filters": ()}, "Not authorized"),
        ({"password": right, "filters": ("care/v1/+/+/+/waveform",)}, "waveform"),
        ({"password": right, "filters": (), "port": 1}, "Connect call failed"),
    ):
        async with Session(**{**wrong, **changed}, on_message=lambda _: None) as session:  # type: ignore[arg-type]
            with pytest.raises(NotConnected, match=reason):
                await session.connected(1)
            assert not session.link
            with pytest.raises(PublishFailed):
                await session.publish("care/v1/a/s/d/cmd", b"")


async def test_a_publish_that_cannot_be_is_said(field: "Field") -> None:
    api = await field.speaker()
    with pytest.raises(PublishFailed):
        await api.publish("care/v1/+/s/d/cmd", b"a wildcard is no topic")
    async with field.frozen():
        with pytest.raises(PublishFailed, match="no PUBACK"):
            await api.publish("care/v1/a/s/d/cmd", b"", timeout=0.3)


async def test_a_silent_broker_is_noticed(field: "Field", eventually: Eventually) -> None:
    """It is stopped, not gone: no packet says so, only the keepalive."""
    links: list[bool] = []
    at = field.broker.endpoint
    session = Session(
        host=at.host,
        port=at.mqtt_port,
        client_id="vigil-t",
        username="api",
        password=field.broker.secrets.passwords["api"],
        filters=(),
        on_message=lambda _: None,
        on_link=links.append,
        keepalive=2,
    )
    async with session:
        await session.connected(5)
        async with field.frozen():
            await eventually(lambda: links == [True, False], 6)  # 4.5 s, and a busy machine
        await session.connected(10)
