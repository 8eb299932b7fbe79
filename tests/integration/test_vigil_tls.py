"""Certificates by the machine's openssl, and MQTT over them: our own services and simulated devices on one listener."""

import asyncio
import shutil
import ssl
from dataclasses import replace
from pathlib import Path

import pytest

from broker.server import EmbeddedBroker
from broker.session import Arrived, Session
from simulators.wire import Endpoint, line
from vigil.certificates import Certificate, own

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(shutil.which("openssl") is None, reason="NO OPENSSL on this machine: certificates are not tested"),
]


async def _handshake(at: Endpoint, ca: Path, name: str) -> None:
    """As a device does: the chain and the name are checked."""
    context = ssl.create_default_context(cafile=ca)
    _, writer = await asyncio.open_connection(at.host, at.port, ssl=context, server_hostname=name)
    writer.close()
    await writer.wait_closed()


async def test_it_is_made_once_and_stands_a_strict_clients_check(tmp_path: Path) -> None:
    names = ["127.0.0.1", "localhost", "vigil.example"]
    mine = await asyncio.to_thread(own, tmp_path / "tls", names)
    again = await asyncio.to_thread(own, tmp_path / "tls", names)
    assert again == mine
    for secret in ("ca.key", "server.key"):
        assert (tmp_path / "tls" / secret).stat().st_mode & 0o777 == 0o600
    config = replace(EmbeddedBroker(tmp_path).config, tls_cert=mine.cert, tls_key=mine.key)
    async with EmbeddedBroker(tmp_path, config) as broker:
        at = Endpoint(broker.endpoint.host, broker.endpoint.mqtt_port)
        for name in names:
            await _handshake(at, mine.ca, name)
        with pytest.raises(ssl.SSLCertVerificationError):
            await _handshake(at, mine.ca, "elsewhere.example")


async def test_a_new_certificate_keeps_the_ca_that_devices_have(tmp_path: Path) -> None:
    mine = await asyncio.to_thread(own, tmp_path, ["localhost"])
    before, ca = mine.cert.read_text(), mine.ca.read_text()
    mine.cert.unlink()
    renewed = await asyncio.to_thread(own, tmp_path, ["localhost", "new.example"])
    assert renewed.ca.read_text() == ca
    assert renewed.cert.read_text() != before


@pytest.mark.parametrize("proof", ["its CA", "itself"])
async def test_services_and_devices_meet_over_it(tmp_path: Path, proof: str) -> None:
    """A certificate for another name, as one that was given may be: on loopback its chain is what counts."""
    mine = await asyncio.to_thread(own, tmp_path / "tls", ["vigil.example"])
    shown = mine if proof == "its CA" else Certificate(mine.cert, mine.key, mine.cert)
    config = replace(EmbeddedBroker(tmp_path).config, tls_cert=shown.cert, tls_key=shown.key)
    async with EmbeddedBroker(tmp_path, config) as broker:
        at, password = broker.endpoint, broker.secrets.passwords
        heard: asyncio.Future[Arrived] = asyncio.get_running_loop().create_future()
        session = Session(
            host=at.host,
            port=at.mqtt_port,
            client_id="vigil-hears",
            username="ingest",
            password=password["ingest"],
            filters=("care/v1/+/+/+/cmd",),
            on_message=heard.set_result,
            tls_ca=shown.ca,
        )
        async with session:
            await session.connected(5)
            where = Endpoint(at.host, at.mqtt_port, shown.ca)
            async with line(where, "api", password["api"], client_id="vigil-as-device") as device:
                await device.publish("care/v1/a/s/d/cmd", b"over TLS")
            assert (await asyncio.wait_for(heard, 5)).payload == b"over TLS"


async def test_another_ca_is_not_believed(tmp_path: Path) -> None:
    mine, other = [await asyncio.to_thread(own, tmp_path / name, ["localhost"]) for name in ("mine", "other")]
    config = replace(EmbeddedBroker(tmp_path).config, tls_cert=mine.cert, tls_key=mine.key)
    async with EmbeddedBroker(tmp_path, config) as broker:
        where = Endpoint(broker.endpoint.host, broker.endpoint.mqtt_port, other.ca)
        with pytest.raises(ssl.SSLCertVerificationError):
            async with line(where, "api", broker.secrets.passwords["api"]):
                pass
