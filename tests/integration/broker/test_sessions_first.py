"""Every persistent session exists before a device may connect, whatever started in which order and whatever was lost."""

import asyncio
import itertools
import json
import shutil
import urllib.request
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import pytest

from broker import lanes
from broker.config import MESSAGES, WINDOW
from broker.lanes import TELEMETRY_WINDOW, ensure, event_lane, telemetry_lane
from broker.session import Arrived

if TYPE_CHECKING:
    from tests.integration.broker.conftest import Field

pytestmark = pytest.mark.integration

Eventually = Callable[..., Awaitable[None]]


async def test_sessions_exist_before_the_first_device(field: "Field", eventually: Eventually) -> None:
    """What devices send while no worker has ever run is there when the first one comes."""
    async with field.callout() as callout:
        await callout.listens()
        device = await field.connected("sos-1")
        await device.publish("care/v1/120105001/s/sos-1/event", b"pressed")
        await device.publish("care/v1/120105001/s/sos-1/telemetry", b"reading")
        field.enrol("new-1", area="120105007")
        callout.changed.set()
        await field.admits("new-1")
        await (await field.connected("new-1")).publish("care/v1/120105007/s/new-1/telemetry", b"new area")
    for spec, expected in (
        (event_lane(), b"pressed"),
        (telemetry_lane("120105001"), b"reading"),
        (telemetry_lane("120105007"), b"new area"),
    ):
        heard = await field.hears(*spec.filters, client_id=spec.client_id)
        await eventually(lambda heard=heard, expected=expected: expected in [one.payload for one in heard])


async def test_a_session_in_use_is_left_alone(field: "Field") -> None:
    """A callout that starts again must not push the event lane off its session."""
    lane, links = event_lane(), list[bool]()
    async with field.session(lane.client_id, lane.filters, lambda _: None, on_link=links.append) as session:
        await session.connected(5)
        at = field.broker.endpoint
        await ensure(
            [lane],
            host=at.host,
            port=at.mqtt_port,
            username="ingest",
            password=field.broker.secrets.passwords["ingest"],
            nats_url=at.nats_url,
        )
        await asyncio.sleep(0.3)
        assert links == [True]


async def test_the_windows_of_telemetry_are_small_and_stay_so(field: "Field") -> None:
    """Whatever becomes of the session and the server; presses have the largest there is."""
    expected = {"*": WINDOW, "120105001": TELEMETRY_WINDOW}
    await field.judging()
    await field.admits("sos-1")
    assert await asyncio.to_thread(_windows, field.broker.endpoint.monitor_url) == expected
    await field.broker.stop()
    await field.broker.start()
    lane = telemetry_lane("120105001")
    async with field.session(lane.client_id, lane.filters, lambda _: None) as session:
        await session.connected(5)
        assert await asyncio.to_thread(_windows, field.broker.endpoint.monitor_url) == expected


def _windows(monitor: str) -> dict[str, int]:
    """How much may be in flight, by the area that a session listens to; it is the same for all its filters."""
    with urllib.request.urlopen(f"{monitor}/jsz?accounts=1&consumers=1&config=1", timeout=5) as answer:
        (account,) = json.load(answer)["account_details"]
    (messages,) = (one for one in account["stream_detail"] if one["name"] == MESSAGES)
    windows: dict[str, set[int]] = {}
    for one in messages["consumer_detail"]:
        area = one["config"]["filter_subject"].split(".")[4]
        windows.setdefault(area, set()).add(one["config"]["max_ack_pending"])
    assert all(len(found) == 1 for found in windows.values())
    return {area: found.pop() for area, found in windows.items()}


async def test_retained_junk_has_a_bound(field: "Field", monkeypatch: pytest.MonkeyPatch) -> None:
    """One device that has anything retained fills no store; what was said last is still retained."""
    monkeypatch.setattr(lanes, "RETAINED_BYTES", 1_000_000)
    await field.judging()
    gateway = await field.connected("gw-1")
    for number in range(30):
        assert await gateway.publish(f"care/v1/120105001/s/gw-1/foreign/x/junk-{number}", bytes(100_000), retain=True)
    assert await gateway.publish("care/v1/120105001/s/gw-1/status", b"last", retain=True)
    kept = await asyncio.to_thread(_retained, field.broker.endpoint.monitor_url)
    assert (kept["config"]["max_bytes"], kept["state"]["bytes"] <= 1_000_000) == (1_000_000, True)
    assert 1 < kept["state"]["messages"] <= 10
    await field.broker.stop()
    await field.broker.start()
    async with asyncio.timeout(20):
        attempts = itertools.count()
        while not await _still_retained(field, b"last", f"vigil-hears-{next(attempts)}"):
            pass  # a server that has just started may answer a subscription before it has read what it retains


async def _still_retained(field: "Field", payload: bytes, client_id: str) -> bool:
    heard = await field.hears("care/v1/+/+/+/status", client_id=client_id)
    await asyncio.sleep(0.5)
    return payload in [one.payload for one in heard]


def _retained(monitor: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{monitor}/jsz?accounts=1&streams=1&config=1", timeout=5) as answer:
        (account,) = json.load(answer)["account_details"]
    found: dict[str, Any] = next(one for one in account["stream_detail"] if one["name"] == "$MQTT_rmsgs")
    return found


async def test_sessions_are_made_again_when_the_broker_lost_them(field: "Field", eventually: Eventually) -> None:
    """A broker that returns empty lets nobody in before the sessions are back."""
    await field.judging()
    await field.broker.stop()
    shutil.rmtree(field.broker.config.data)
    await field.broker.start()
    await field.admits("sos-1")
    await (await field.connected("sos-1")).publish("care/v1/a/s/sos-1/event", b"pressed")
    heard: list[Arrived] = await field.hears(*event_lane().filters, client_id=event_lane().client_id)
    await eventually(lambda: [one.payload for one in heard] == [b"pressed"])
