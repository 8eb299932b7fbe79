"""Who is revoked is disconnected at once and kept out; who is not stays; what a dead callout missed, the next one makes good."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.broker.conftest import Field

pytestmark = pytest.mark.integration

Eventually = Callable[..., Awaitable[None]]


async def test_a_revoked_device_is_thrown_out_and_kept_out(field: "Field", eventually: Eventually) -> None:
    callout = await field.judging()
    revoked, other = await field.connected("sos-1"), await field.connected("sos-2")
    del field.register["sos-1"]
    callout.changed.set()
    assert await revoked.thrown_out()
    assert not await field.device("sos-1").connect()
    assert await other.publish("care/v1/a/s/sos-2/event", b"still here")
    await eventually(lambda: callout.counts.disconnected == 1)
    assert callout.counts.refused == {"unknown_device": 1}


async def test_a_new_token_ends_the_connection_on_the_old_one(field: "Field") -> None:
    callout = await field.judging()
    device, old = await field.connected("sos-1"), field.tokens["sos-1"]
    field.enrol("sos-1")
    callout.changed.set()
    assert await device.thrown_out()
    assert not await field.device("sos-1", old).connect()
    await field.connected("sos-1")


async def test_a_device_moved_to_another_home_stays_connected(field: "Field") -> None:
    callout = await field.judging()
    device = await field.connected("sos-1")
    field.register["sos-1"] = replace(field.register["sos-1"], area="120105002", site="home-9")
    callout.changed.set()
    await asyncio.sleep(0.5)
    assert await device.publish("care/v1/a/s/sos-1/event", b"here")
    assert callout.counts.disconnected == 0


async def test_a_revocation_is_made_good_by_a_callout_that_starts_later(field: "Field") -> None:
    async with field.callout() as callout:
        await callout.listens()
        device = await field.connected("sos-1")
    del field.register["sos-1"]
    assert not device.ended.is_set()
    async with field.callout():
        assert await device.thrown_out()
