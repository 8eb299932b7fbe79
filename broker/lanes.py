"""The persistent sessions Vigil listens with, and the promise that they exist before any device may connect.

A message that no session subscribes to is PUBACKed and gone. So whoever lets devices in calls `ensure` first: the callout does, for
the event lane and every area of the register, before it answers its first question and before it lets in a device of a new area.
"""

import base64
import hashlib
import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import nats
import nats.errors
from nats.aio.client import Client as NatsClient

from broker.admission import RESERVED
from broker.config import CONSUMER_UPDATE, MESSAGES, RETAINED_INFO, RETAINED_UPDATE, SESSION_RECORDS, WINDOW
from broker.session import Arrived, Session
from devices.topics import EVENT_LANE
from devices.topics import telemetry_lane as telemetry_filters

log = logging.getLogger(__name__)

EVENT_SESSION = "vigil-event"

# How much of an area's telemetry may be unacknowledged, each filter: what a worker with several areas stores in a second or so.
# What takes longer than the two seconds of `ack_wait` is handed over again, and whoever gets everything twice is slower still.
TELEMETRY_WINDOW = 1_000

# Of everything that devices have the broker retain; beyond it the oldest is forgotten, so that one device's junk does not fill the
# store that presses go through. A status is some hundred bytes: room for half a million devices.
RETAINED_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class SessionSpec:
    """A persistent session: its fixed client id and what it subscribes to; `window` of each filter may be unacknowledged."""

    client_id: str
    filters: tuple[str, ...]
    qos: int = 1
    window: int = WINDOW


def event_lane() -> SessionSpec:
    """The one unpartitioned session for events, acks and foreign payloads."""
    return SessionSpec(EVENT_SESSION, EVENT_LANE)


def telemetry_lane(area: str) -> SessionSpec:
    """The session for telemetry, status and waveforms of one area."""
    return SessionSpec(f"{RESERVED}telemetry-{area}", telemetry_filters(area), window=TELEMETRY_WINDOW)


async def ensure(
    specs: Iterable[SessionSpec],
    *,
    host: str,
    port: int,
    username: str,
    password: str,
    nats_url: str | None = None,
    tls_ca: Path | None = None,
    timeout: float = 30.0,
) -> None:
    """Make every session that does not exist: connect, subscribe, wait for SUBACK, leave. Raises NotConnected, OSError.

    With `nats_url` a session that exists is left alone; without it, a worker that uses one is pushed off it for a moment, and
    windows are what the server gives.
    """
    wanted = tuple(specs)
    existing = await _existing(wanted, nats_url, username, password) if nats_url else frozenset()
    for spec in wanted:
        if spec.client_id in existing:
            continue
        async with Session(
            host=host,
            port=port,
            client_id=spec.client_id,
            username=username,
            password=password,
            filters=spec.filters,
            qos=spec.qos,
            on_message=_leave,
            tls_ca=tls_ca,
        ) as session:
            await session.connected(timeout)
        log.info("session %s exists now", spec.client_id)
    if nats_url:
        await _bound(wanted, nats_url, username, password)


def record_subject(client_id: str) -> str:
    """Where the server keeps the record of a session: its client id hashed as the server does it (tested against the real one)."""
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    digest = hashlib.sha256(client_id.encode()).digest()[:8]
    return "$MQTT.sess." + "".join(digits[byte % 62] for byte in digest)


def covers(record: Mapping[str, object], spec: SessionSpec) -> bool:
    """Whether a session record is the one that is wanted. Anything not understood is not."""
    subs = record.get("subs")
    if record.get("id") != spec.client_id or record.get("clean") or not isinstance(subs, dict):
        return False
    return all(subs.get(_subject(one)) == spec.qos for one in spec.filters)


def _subject(topic_filter: str) -> str:
    """An MQTT filter of the contract as a NATS subject."""
    return topic_filter.replace("/", ".").replace("+", "*").replace("#", ">")


def _leave(arrived: Arrived) -> None:
    """Not acknowledged, so it stays for the worker whose session this is."""


async def _existing(specs: Iterable[SessionSpec], url: str, user: str, password: str) -> frozenset[str]:
    client = await nats.connect(url, user=user, password=password, allow_reconnect=False, connect_timeout=5)
    try:
        records = [(spec, await _record(client, spec.client_id)) for spec in specs]
    finally:
        await client.close()
    return frozenset(spec.client_id for spec, record in records if covers(record, spec))


async def _bound(specs: Iterable[SessionSpec], url: str, user: str, password: str) -> None:
    """Bound what is in flight and what is retained. Where the server refuses, that is said: devices are let in all the same."""
    client = await nats.connect(url, user=user, password=password, allow_reconnect=False, connect_timeout=5)
    try:
        for spec in specs:
            if spec.window != WINDOW:
                await _narrow(client, spec)
        await _bound_retained(client)
    except (nats.errors.Error, KeyError, ValueError) as error:
        log.warning("what is in flight or retained has no bound: %r", error)
    finally:
        await client.close()


async def _narrow(client: NatsClient, spec: SessionSpec) -> None:
    """The server has one window for all sessions; that of a session's own consumers can be changed, and stays."""
    consumers = (await _record(client, spec.client_id)).get("cons")
    for consumer in consumers.values() if isinstance(consumers, dict) else ():
        config = {**consumer, "max_ack_pending": spec.window}
        wanted = json.dumps({"stream_name": MESSAGES, "config": config, "action": "update"}).encode()
        answer = await client.request(f"{CONSUMER_UPDATE}.{consumer['durable_name']}", wanted, timeout=5)
        if "error" in json.loads(answer.data):
            log.warning("session %s: its window stays as it is: %s", spec.client_id, answer.data.decode())


async def _bound_retained(client: NatsClient) -> None:
    config = json.loads((await client.request(RETAINED_INFO, b"", timeout=5)).data)["config"]
    if config["max_bytes"] != RETAINED_BYTES:
        wanted = json.dumps({**config, "max_bytes": RETAINED_BYTES}).encode()
        answer = json.loads((await client.request(RETAINED_UPDATE, wanted, timeout=5)).data)
        log.info("at most %d bytes are retained", answer["config"]["max_bytes"])


async def _record(client: NatsClient, client_id: str) -> Mapping[str, object]:
    """The session's record, empty when there is none."""
    question = json.dumps({"last_by_subj": record_subject(client_id)}).encode()
    try:
        answer = json.loads((await client.request(SESSION_RECORDS, question, timeout=5)).data)
        return dict(json.loads(base64.b64decode(answer["message"]["data"])))
    except (nats.errors.Error, KeyError, ValueError):
        return {}
