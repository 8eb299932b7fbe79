"""The embedded server: what it promises survives kill -9, its files are ours alone, and it says why it cannot start."""

import asyncio
import base64
import json
import shutil
import signal
import socket
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import nats
import pytest

from broker.lanes import covers, ensure, event_lane, record_subject, telemetry_lane
from broker.secrets import BrokerSecrets, load_or_create
from broker.server import BrokerFailed, EmbeddedBroker, free_ports, healthy, prepare, wait_ready
from broker.session import PublishFailed, Session

if TYPE_CHECKING:
    from tests.integration.broker.conftest import Field

pytestmark = pytest.mark.integration

Eventually = Callable[..., Awaitable[None]]


async def test_kill_under_load_loses_nothing_acknowledged(field: "Field", eventually: Eventually) -> None:
    """Several presses are in flight at any moment; whatever was PUBACKed before the kill arrives after it."""
    await field.judging()
    device = await field.connected("sos-1")
    acked: set[bytes] = set()

    async def press(start: int) -> None:
        for number in range(start, start + 2000):
            if not await device.publish("care/v1/a/s/sos-1/event", b"%d" % number):
                return
            acked.add(b"%d" % number)

    presses = [asyncio.create_task(press(start)) for start in range(0, 10_000, 2000)]
    await eventually(lambda: len(acked) > 500)
    assert field.broker.process is not None
    field.broker.process.send_signal(signal.SIGKILL)
    await asyncio.gather(*presses)
    assert len(acked) < 10_000
    await field.broker.start()
    heard = await field.hears(*event_lane().filters, client_id=event_lane().client_id)
    await eventually(lambda: acked <= {one.payload for one in heard}, 15)


async def test_it_keeps_its_ports_and_sessions_over_a_restart(field: "Field", eventually: Eventually) -> None:
    api = await field.speaker()
    async with field.session("vigil-t", ("care/v1/+/+/+/cmd",), lambda _: None) as session:
        await session.connected(5)
    before = field.broker.endpoint
    await field.broker.stop()
    assert not await healthy(before)
    await field.broker.start()
    assert field.broker.endpoint == before
    await api.connected(10)
    await api.publish("care/v1/a/s/d/cmd", b"kept")
    heard = await field.hears("care/v1/+/+/+/cmd", client_id="vigil-t")
    await eventually(lambda: [one.payload for one in heard] == [b"kept"])


async def test_a_taken_port_is_said_with_the_log(tmp_path: Path) -> None:
    broker = EmbeddedBroker(tmp_path)
    with socket.create_server(("127.0.0.1", broker.config.mqtt_port)), pytest.raises(BrokerFailed) as failed:
        await broker.start()
    assert "ended at once" in failed.value.why
    assert "address already in use" in failed.value.log
    assert broker.process is None
    await broker.stop()


async def test_not_ready_in_time_is_said_and_nothing_stays(tmp_path: Path) -> None:
    broker = EmbeddedBroker(tmp_path)
    with pytest.raises(BrokerFailed, match="not ready after 0 s"):
        await broker.start(timeout=0)
    assert not await healthy(broker.endpoint)


async def test_a_supervisor_can_run_it(tmp_path: Path) -> None:
    broker = EmbeddedBroker(tmp_path)
    process = await asyncio.create_subprocess_exec(*prepare(broker.config), stderr=asyncio.subprocess.DEVNULL)
    try:
        await wait_ready(broker.endpoint, 10)
        assert await healthy(broker.endpoint)
    finally:
        process.terminate()
        await process.wait()
    with pytest.raises(TimeoutError):
        await wait_ready(broker.endpoint, 0.2)


async def test_what_holds_passwords_is_ours_alone(broker: EmbeddedBroker) -> None:
    secrets = broker.directory / "secrets"
    files = [broker.config.data / "nats.conf", *secrets.iterdir()]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert secrets.stat().st_mode & 0o777 == 0o700
    assert len(files) == 1 + 6 + 1


async def test_odd_paths_and_passwords_reach_the_server_as_they_are(tmp_path: Path) -> None:
    directory = tmp_path / 'a "quoted" $HOME {dir} # 守望 \\n'
    plain = load_or_create(tmp_path / "secrets")
    odd = "p\"a\\s$s {w}#o,r;d: '守望' \\x41 $2a$11$"
    secrets = BrokerSecrets({user: odd + user for user in plain.passwords}, plain.callout_seed)
    nats, mqtt, monitor = free_ports(3)
    config = replace(
        EmbeddedBroker(tmp_path).config, data=directory, secrets=secrets, nats_port=nats, mqtt_port=mqtt, monitor_port=monitor
    )
    async with EmbeddedBroker(tmp_path, config) as broker:
        at = broker.endpoint
        async with Session(
            host=at.host,
            port=at.mqtt_port,
            client_id="vigil-t",
            username="api",
            password=odd + "api",
            filters=("care/v1/+/+/+/event",),
            on_message=lambda _: None,
        ) as session:
            await session.connected(5)
    assert (directory / "jetstream").is_dir()


async def test_devices_may_speak_tls(tmp_path: Path) -> None:
    if not shutil.which("openssl"):
        pytest.skip("openssl is missing: TLS is not tested")
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    make = f"req -x509 -newkey rsa:2048 -nodes -subj /CN=vigil -addext subjectAltName=IP:127.0.0.1 -keyout {key} -out {certificate}"
    process = await asyncio.create_subprocess_exec("openssl", *make.split(), stderr=asyncio.subprocess.DEVNULL)
    assert await process.wait() == 0
    config = replace(EmbeddedBroker(tmp_path).config, tls_cert=certificate, tls_key=key)
    async with EmbeddedBroker(tmp_path, config) as broker:
        at, password = broker.endpoint, broker.secrets.passwords
        heard: list[bytes] = []
        async with (
            Session(
                host=at.host,
                port=at.mqtt_port,
                client_id="vigil-hears",
                username="ingest",
                password=password["ingest"],
                filters=("care/v1/+/+/+/cmd",),
                on_message=lambda one: heard.append(one.payload),
                tls_ca=certificate,
            ) as ingest,
            Session(
                host=at.host,
                port=at.mqtt_port,
                client_id="vigil-speaks",
                username="api",
                password=password["api"],
                filters=(),
                on_message=lambda _: None,
                tls_ca=certificate,
            ) as api,
        ):
            await asyncio.gather(ingest.connected(5), api.connected(5))
            await api.publish("care/v1/a/s/d/cmd", bytes(200_000))
            await asyncio.gather(*(api.publish("care/v1/a/s/d/cmd", b"%d" % number) for number in range(300)))
            async with asyncio.timeout(5):
                while len(set(heard)) < 301:  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
        plain = Session(
            host=at.host,
            port=at.mqtt_port,
            client_id="vigil-plain",
            username="api",
            password=password["api"],
            filters=(),
            on_message=lambda _: None,
        )
        async with plain:
            with pytest.raises(TimeoutError):
                await plain.connected(1)


async def test_a_session_is_known_by_its_record(field: "Field") -> None:
    """The record's place and form are the server's own business, so this holds them to the version that is installed."""
    at = field.broker.endpoint
    password = field.broker.secrets.passwords["ingest"]
    specs = (event_lane(), telemetry_lane("120105001"))
    await ensure(specs, host=at.host, port=at.mqtt_port, username="ingest", password=password)
    client = await nats.connect(at.nats_url, user="ingest", password=password)
    try:
        for spec in specs:
            question = json.dumps({"last_by_subj": record_subject(spec.client_id)}).encode()
            answer = json.loads((await client.request("$JS.API.STREAM.MSG.GET.$MQTT_sess", question)).data)
            record = json.loads(base64.b64decode(answer["message"]["data"]))
            assert covers(record, spec)
            assert not covers(record, replace(spec, filters=(*spec.filters, "care/v1/+/+/+/cmd")))
    finally:
        await client.close()


async def test_publishing_fails_when_the_broker_is_gone(field: "Field") -> None:
    api = await field.speaker()
    await field.broker.stop()
    with pytest.raises(PublishFailed):
        await api.publish("care/v1/a/s/d/cmd", b"")
