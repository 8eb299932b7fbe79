"""What a device may do, tried with a foreign client against the real server: its own topics, and nothing else."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.broker.conftest import Field

pytestmark = pytest.mark.integration

Eventually = Callable[[Callable[[], bool]], Awaitable[None]]
EVENTS = ("care/v1/+/+/+/event", "care/v1/+/+/+/ack", "care/v1/+/+/+/foreign/#")


async def test_a_device_reaches_us_on_its_own_topics(field: "Field", eventually: Eventually) -> None:
    await field.judging()
    heard = await field.hears("care/v1/+/+/+/+")
    device = await field.connected("sos-1")
    topics = [
        f"care/v1/{place}/sos-1/{ch}" for place in ("a/s", "b/t") for ch in ("telemetry", "event", "waveform", "status", "ack")
    ]
    for topic in topics:
        assert await device.publish(topic, b"{}")
    await eventually(lambda: len(heard) == len(topics))
    assert [one.topic for one in heard] == topics


async def test_a_forged_publish_is_swallowed(field: "Field", eventually: Eventually) -> None:
    """The server acknowledges what it drops (MQTT 3.1.1 has no refusal), so only what arrives tells."""
    await field.judging()
    heard = await field.hears("care/v1/+/+/+/+")
    victim = await field.connected("sos-2")
    assert await victim.subscribe("care/v1/+/+/sos-2/cmd")
    device = await field.connected("sos-1")
    for topic in (
        "care/v1/a/s/sos-2/event",
        "care/v1/a/s/sos-2/cmd",
        "care/v1/a/s/sos-1/cmd",
        "care/v1/a/s/sos-1/foreign/zigbee2mqtt/x",
        "care/v1/a/s/*/event",
        "vigil/probe/x",
        "$MQTT/msgs/care/v1/a/s/sos-2/event",
        "$JS/API/STREAM/DELETE/$MQTT_msgs",
        "$SYS/REQ/USER/AUTH",
    ):
        await device.publish(topic, b"forged")
    assert await device.publish("care/v1/a/s/sos-1/event", b"own")
    await eventually(lambda: len(heard) > 0)
    await asyncio.sleep(0.2)
    assert [one.payload for one in heard] == [b"own"]
    assert victim.heard == []


async def test_a_forged_status_is_not_retained(field: "Field") -> None:
    await field.judging()
    device = await field.connected("sos-1")
    await device.publish("care/v1/a/s/sos-2/status", b"forged", retain=True)
    await device.publish("care/v1/a/s/sos-1/status", b"own", retain=True)
    heard = await field.hears("care/v1/+/+/+/status", client_id="vigil-late")
    await asyncio.sleep(0.3)
    assert [(one.payload, one.retained) for one in heard] == [(b"own", True)]


async def test_a_last_will_speaks_for_its_own_device_only(field: "Field", eventually: Eventually) -> None:
    await field.judging()
    heard = await field.hears("care/v1/+/+/+/status")
    (await field.connected("sos-1", will="care/v1/a/s/sos-2/status")).vanish()
    (await field.connected("sos-2", will="care/v1/a/s/sos-2/status")).vanish()
    await eventually(lambda: len(heard) > 0)
    await asyncio.sleep(0.3)
    assert [(one.topic, one.payload) for one in heard] == [("care/v1/a/s/sos-2/status", b"gone")]


async def test_a_device_hears_its_own_commands_only(field: "Field", eventually: Eventually) -> None:
    await field.judging()
    device = await field.connected("sos-1")
    granted = {}
    for topic in (
        "care/v1/+/+/sos-1/cmd",
        "care/v1/+/+/sos-2/cmd",
        "care/v1/+/+/+/cmd",
        "care/v1/+/+/sos-1/event",
        "care/v1/#",
        "#",
        "+/+/+/+/+/+",
        "$MQTT/sub/#",
        "$MQTT/msgs/#",
        "$MQTT/#",
        "$SYS/#",
        "$JS/#",
        "_INBOX/#",
    ):
        granted[topic] = [await device.subscribe(topic, qos) for qos in (0, 1)]
    assert {topic for topic, answers in granted.items() if any(answers)} == {"care/v1/+/+/sos-1/cmd"}
    async with field.session("vigil-api", (), lambda _: None, user="api") as api:
        await api.connected(5)
        await api.publish("care/v1/a/s/sos-2/cmd", b"not yours")
        await api.publish("care/v1/a/s/sos-1/cmd", b"siren")
    await eventually(lambda: len(device.heard) > 0)
    assert {payload for _, payload in device.heard} == {b"siren"}


async def test_a_gateway_also_carries_foreign_payloads(field: "Field", eventually: Eventually) -> None:
    await field.judging()
    heard = await field.hears(*EVENTS)
    gateway = await field.connected("gw-1")
    await gateway.publish("care/v1/a/s/gw-1/foreign/zigbee2mqtt/kitchen/smoke", b"{}")
    await gateway.publish("care/v1/a/s/sos-1/foreign/zigbee2mqtt/x", b"forged")
    await gateway.publish("care/v1/a/s/gw-1/event", b"own")
    await eventually(lambda: len(heard) == 2)
    assert {one.topic for one in heard} == {"care/v1/a/s/gw-1/foreign/zigbee2mqtt/kitchen/smoke", "care/v1/a/s/gw-1/event"}


async def test_who_is_refused(field: "Field") -> None:
    callout = await field.judging()
    assert not await field.device("sos-1", "wrong").connect()
    assert not await field.device("sos-9").connect()
    assert not await field.device("sos-1", client_id="vigil-event").connect()
    assert not await field.device("sos-1", client_id="sos-2").connect()
    assert not await field.device("sos-1", client_id="sos-2/spare").connect()
    assert not await field.device("ingest", "wrong").connect()  # judged by the server itself
    assert not await field.device("sos-1", v5=True).connect()  # NATS speaks MQTT 3.1.1 only, and says so
    assert callout.counts.refused == {"wrong_token": 1, "unknown_device": 1, "reserved_client_id": 1, "client_id_of_another": 2}


async def test_a_client_may_choose_its_own_id(field: "Field") -> None:
    await field.judging()
    for client_id in ("sos-1", "mosq-4f2a", "ESP_123456", "sos-1/spare"):
        await field.connected("sos-1", client_id=client_id)


async def test_a_device_may_not_speak_nats(field: "Field") -> None:
    callout = await field.judging()
    host, _, port = field.broker.endpoint.nats_url.removeprefix("nats://").rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    login = {"user": "sos-1", "pass": field.tokens["sos-1"], "verbose": False}
    writer.write(b"CONNECT " + json.dumps(login).encode() + b"\r\nPING\r\n")
    said = await reader.read(65536) + await reader.read(65536)
    writer.close()
    await writer.wait_closed()
    assert b"Authorization Violation" in said
    assert callout.counts.refused == {"not_mqtt": 1}


async def test_services_have_the_least_rights(field: "Field", eventually: Eventually) -> None:
    await field.judging()
    heard = await field.hears(*EVENTS)
    for user in ("api", "desk", "ingest"):
        service = field.device(user, field.broker.secrets.passwords[user], client_id=f"vigil-try-{user}")
        assert await service.connect()
        await service.publish("care/v1/a/s/sos-1/event", b"forged")
        assert not await service.subscribe("#")
        assert await service.subscribe("care/v1/+/+/+/ack")
        assert await service.subscribe("care/v1/+/+/+/event", 0) == (user != "desk")
        assert not await service.subscribe("vigil/probe/x")
    probe = field.device("probe", field.broker.secrets.passwords["probe"], client_id="vigil-probe")
    assert await probe.connect()
    assert not await probe.subscribe("care/v1/#")
    assert await probe.subscribe("vigil/probe/echo")
    assert await probe.publish("vigil/probe/echo", b"there?")
    await eventually(lambda: probe.heard == [("vigil/probe/echo", b"there?")])
    assert heard == []
