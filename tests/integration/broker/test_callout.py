"""The callout under faults: itself gone, one of two killed, its register unreachable, a device revoked, the broker emptied."""

import asyncio
import json
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from broker import snapshot
from broker.admission import Credential
from broker.lanes import ensure, event_lane, telemetry_lane
from broker.secrets import new_password
from broker.session import Arrived

if TYPE_CHECKING:
    from tests.integration.broker.conftest import Field

pytestmark = pytest.mark.integration

Eventually = Callable[..., Awaitable[None]]

# A callout in a process of its own, as the product runs it: told where the broker is, serving from its snapshot alone.
PROGRAM = """
import asyncio, json, sys
from pathlib import Path
from broker.callout import CalloutSettings, serve
from broker.secrets import load_or_create

async def load():
    raise ConnectionError("no database here")

url, host, port, secrets, snapshot = json.loads(sys.argv[1])
settings = CalloutSettings(url, host, port, load_or_create(Path(secrets)), Path(snapshot))
asyncio.run(serve(settings, load, asyncio.Event(), asyncio.Event()))
"""


@asynccontextmanager
async def callout_process(field: "Field") -> AsyncIterator[asyncio.subprocess.Process]:
    at = field.broker.endpoint
    told = [at.nats_url, at.host, at.mqtt_port, str(field.broker.directory / "secrets"), str(field.directory / "snapshot.json")]
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", PROGRAM, json.dumps(told), cwd=Path.cwd())
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def broken() -> Mapping[str, Credential]:
    raise ConnectionError("the database is down")


async def test_without_a_callout_services_work_and_devices_wait(field: "Field") -> None:
    """Nobody judges, so no device comes in; who tries again does, once a callout is back. Who was in stays in."""
    async with field.callout() as callout:
        await callout.listens()
        inside = await field.connected("sos-1")
        assert callout.counts.granted > 0
    waiting = asyncio.create_task(field.device("sos-2").connect(timeout=8))
    heard = await field.hears("care/v1/+/+/+/event")
    assert await inside.publish("care/v1/a/s/sos-1/event", b"pressed")
    assert not await waiting
    async with field.callout() as callout:
        await callout.listens()
        await field.connected("sos-2")
    assert [one.payload for one in heard] == [b"pressed"]


async def test_two_callouts_one_killed(field: "Field") -> None:
    snapshot.save(field.directory / "snapshot.json", field.register)
    async with callout_process(field) as first, callout_process(field) as second:
        await field.admits("sos-1")
        await asyncio.sleep(1)  # both have joined the queue
        first.send_signal(signal.SIGKILL)
        await first.wait()
        for number in range(10):
            await field.connected("sos-2", client_id=f"sos-2/{number}")
        assert second.returncode is None


async def test_devices_come_in_from_the_snapshot(field: "Field") -> None:
    async with field.callout() as callout:
        await callout.listens()
    file = field.directory / "snapshot.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert field.tokens["sos-1"] not in file.read_text()
    async with field.callout(load=broken) as callout:
        await callout.listens()
        await field.connected("sos-1")
        assert not await field.device("sos-2", "wrong").connect()
        assert callout.counts.failed_loads > 0


async def test_nobody_comes_in_without_a_register(field: "Field") -> None:
    """No load and no snapshot: it does not answer, so that another callout that knows may."""
    recovered = False

    async def load() -> Mapping[str, Credential]:
        return dict(field.register) if recovered else await broken()

    (field.directory / "snapshot.json").write_text("{ torn")
    async with field.callout(load=load) as callout:
        await asyncio.sleep(0.5)
        assert not callout.counts.listening
        assert callout.counts.failed_loads > 0
        recovered = True
        await callout.listens()
        await field.connected("sos-1")


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


async def test_a_callout_waits_for_a_broker_that_is_not_there_yet(field: "Field") -> None:
    await field.broker.stop()
    async with field.callout() as callout:
        await asyncio.sleep(0.5)
        assert not callout.counts.listening
        await field.broker.start()
        await callout.listens()
        await field.connected("sos-1")


async def test_a_callout_with_a_wrong_password_ends_when_told(field: "Field") -> None:
    callout = field.callout()
    secrets = field.broker.secrets
    callout.settings = replace(
        callout.settings, secrets=replace(secrets, passwords={**secrets.passwords, "callout": new_password()})
    )
    async with callout:
        await asyncio.sleep(0.5)
        assert not callout.counts.listening
