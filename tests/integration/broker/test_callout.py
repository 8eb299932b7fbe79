"""The callout under faults: itself gone, one of two killed, its register unreachable, a device revoked, the broker emptied."""

import asyncio
import json
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
from broker.secrets import new_password

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


async def test_nobody_comes_in_without_a_register(field: "Field", eventually: Eventually) -> None:
    """No load and no snapshot: it does not answer, so that another callout that knows may."""
    recovered = False

    async def load() -> Mapping[str, Credential]:
        return dict(field.register) if recovered else await broken()

    (field.directory / "snapshot.json").write_text("{ torn")
    async with field.callout(load=load) as callout:
        await eventually(lambda: callout.counts.failed_loads > 1)
        assert not callout.counts.listening
        recovered = True
        await callout.listens()
        await field.connected("sos-1")


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
