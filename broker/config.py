"""The configuration of the NATS server, as a pure function of a value.

It is written as JSON, which the server's own syntax contains, so that quoting is JSON's and nothing of ours. Three accounts: CARE
carries the devices and the services that listen to them, AUTH holds the callout alone, SYS the warden
that disconnects what was revoked.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from broker.secrets import BrokerSecrets

CARE, AUTH, SYSTEM = "CARE", "AUTH", "SYS"

# How much may be unacknowledged, each filter. A session may have 65,535 over all its subscriptions; a filter ending in `#` counts
# twice (`foreign/#` also means `foreign`), and the telemetry lane has five. With a larger window the server refuses the last one.
WINDOW = 65535 // 6

_NONE = {"deny": [">"]}
_INBOX = "_INBOX.>"
SESSION_RECORDS = "$JS.API.STREAM.MSG.GET.$MQTT_sess"
MESSAGES = "$MQTT_msgs"
CONSUMER_UPDATE = f"$JS.API.CONSUMER.DURABLE.CREATE.{MESSAGES}"  # and the consumer's name
RETAINED_INFO, RETAINED_UPDATE = "$JS.API.STREAM.INFO.$MQTT_rmsgs", "$JS.API.STREAM.UPDATE.$MQTT_rmsgs"


@dataclass(frozen=True, slots=True)
class Rights:
    """What a service user may say and hear, as NATS subjects; all else is denied. The server adds what MQTT itself needs."""

    account: str
    publish: tuple[str, ...] = ()
    subscribe: tuple[str, ...] = ()


# Static users, so that they work while every callout is down.
SERVICES: Mapping[str, Rights] = {
    # ingest stores everything; to make sessions first it may look up whether one exists, bound what is retained and what is in
    # flight (broker.lanes)
    "ingest": Rights(
        CARE,
        publish=(SESSION_RECORDS, RETAINED_INFO, RETAINED_UPDATE, f"{CONSUMER_UPDATE}.*"),
        subscribe=("care.v1.>", _INBOX),
    ),
    # api animates the console and sends commands; a waveform is for detectors alone
    "api": Rights(
        CARE,
        publish=("care.v1.*.*.*.cmd",),
        subscribe=tuple(f"care.v1.*.*.*.{channel}" for channel in ("event", "ack", "telemetry", "status")),
    ),
    "desk": Rights(CARE, publish=("care.v1.*.*.*.cmd",), subscribe=("care.v1.*.*.*.ack",)),
    # the probe asks the broker whether it still carries messages, and hears nothing of anybody
    "probe": Rights(CARE, publish=("vigil.probe.>",), subscribe=("vigil.probe.>",)),
    # the server asks as $SYS in this account; a reply goes to a one-off inbox
    "callout": Rights(AUTH, publish=("$SYS._INBOX.>", _INBOX), subscribe=("$SYS.REQ.USER.AUTH", _INBOX)),
    "warden": Rights(
        SYSTEM, publish=("$SYS.REQ.SERVER.PING.CONNZ", "$SYS.REQ.SERVER.*.CONNZ", "$SYS.REQ.SERVER.*.KICK"), subscribe=(_INBOX,)
    ),
}


class BadConfig(ValueError):
    """A value that the server's configuration cannot carry; `field` names it."""

    def __init__(self, field: str, expected: str) -> None:
        super().__init__(f"{field}: expected {expected}")
        self.field = field


@dataclass(frozen=True, slots=True)
class BrokerConfig:
    """Where the server listens, where it keeps its data and whom it trusts. `host` is for services, `mqtt_host` for devices.

    `store_bytes`: how much it may keep; when that is full it acknowledges nothing more, so devices keep what they have to say.
    `log`: a file that the server writes and renames by itself when it is full; without one it writes to standard error.
    """

    data: Path
    secrets: BrokerSecrets
    nats_port: int
    mqtt_port: int
    monitor_port: int
    host: str = "127.0.0.1"
    mqtt_host: str = "127.0.0.1"
    server_name: str = "vigil"
    tls_cert: Path | None = None
    tls_key: Path | None = None
    log: Path | None = None
    store_bytes: int = 10 * 1024**3


def render(config: BrokerConfig) -> str:
    """The text of the server's configuration file. It holds passwords. Raises BadConfig."""
    document = {
        "server_name": config.server_name,  # JetStream with MQTT refuses to start without one
        "host": config.host,
        "port": config.nats_port,
        "http": f"{config.host}:{config.monitor_port}",
        "max_payload": LARGEST_PAYLOAD,
        "jetstream": {
            "store_dir": str(config.data),
            "max_file_store": config.store_bytes,
            "limits": {"default_max_consumers": _MOST_CONSUMERS},
            "sync_interval": "100ms",  # the power-cut window behind a PUBACK; kill -9 loses nothing at any setting
        },
        "mqtt": _mqtt(config),
        "accounts": _accounts(config.secrets.passwords),
        "system_account": SYSTEM,
        "authorization": {
            "timeout": _PATIENCE_S,
            "auth_callout": {"issuer": config.secrets.issuer, "account": AUTH, "auth_users": list(SERVICES)},
        },
    }
    document |= {"logtime_utc": True}  # broker.violations reads it
    if config.log is not None:
        document |= {"log_file": str(config.log), "logfile_size_limit": _LOG_BYTES, "logfile_max_num": _LOGS}
    _check(document, "config")
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


# How long a CONNECT may wait for the callout. 2,500 devices that return at once are judged in three seconds; what comes before a
# callout is back waits for all of it; and a server that is asked to stop waits for the CONNECTs it has open.
_PATIENCE_S = 3

# The contract's largest payload is half of it. Whoever sends more is disconnected.
LARGEST_PAYLOAD = 512 * 1024

# One a subscription of a persistent session, of all devices together. The server's own default of 1,000 would shut out a fleet.
_MOST_CONSUMERS = 100_000

# A device that is refused something thousands of times a second fills a log, not the disk.
_LOG_BYTES, _LOGS = 8 * 1024 * 1024, 4


def _mqtt(config: BrokerConfig) -> dict[str, Any]:
    mqtt: dict[str, Any] = {
        "host": config.mqtt_host,
        "port": config.mqtt_port,
        "ack_wait": "2s",  # a dead worker's messages reach its successor in seconds (default: 30 s)
        "max_ack_pending": WINDOW,
        "authorization": {"timeout": _PATIENCE_S},
    }
    if (config.tls_cert is None) != (config.tls_key is None):
        raise BadConfig("tls", "a certificate and its key, or neither")
    if config.tls_cert and config.tls_key:
        mqtt["tls"] = {"cert_file": str(config.tls_cert), "key_file": str(config.tls_key)}
    return mqtt


def _accounts(passwords: Mapping[str, str]) -> dict[str, Any]:
    accounts: dict[str, Any] = {CARE: {"jetstream": "enabled", "users": []}, AUTH: {"users": []}, SYSTEM: {"users": []}}
    for user, rights in SERVICES.items():
        permissions = {"publish": _only(rights.publish), "subscribe": _only(rights.subscribe)}
        accounts[rights.account]["users"].append({"user": user, "password": passwords[user], "permissions": permissions})
    return accounts


def _only(subjects: tuple[str, ...]) -> dict[str, list[str]]:
    return {"allow": list(subjects)} if subjects else _NONE


def _check(value: object, path: str) -> None:
    """The server reads JSON's strings but not its backslash-u escapes, so a character that needs one cannot be written."""
    if isinstance(value, dict):
        for key, inner in value.items():
            _check(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _check(inner, f"{path}[{index}]")
    elif isinstance(value, str) and (any(ord(c) < 32 or 0xD800 <= ord(c) < 0xE000 for c in value) or not value):
        raise BadConfig(path, "text without control characters")
