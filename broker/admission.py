"""Who may connect, and as what: the judgement of one CONNECT, as a pure function of the register.

The register decides where a device is, so a device may name any area and site in its topics but never another device.
"""

import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

RESERVED = "vigil-"  # client ids of the platform begin so
LONGEST_ID = 200  # characters of a client id; reading one takes the callout time that other devices wait for

_CHANNELS = ("telemetry", "event", "waveform", "status", "ack")
_GATEWAY = "gateway"
_NO_DIGEST = bytes(32)
_LONGEST_CODE = 40
_NAMES = re.compile(r"[a-z0-9-]+")


@dataclass(frozen=True, slots=True)
class Credential:
    """What the register knows of one device that may connect. The token itself is kept nowhere; it is 256 random bits."""

    code: str
    token_sha256: bytes
    area: str
    site: str
    profile: str


@dataclass(frozen=True, slots=True)
class Client:
    """What the server tells of a connection: its protocol and its MQTT client id."""

    protocol: str
    mqtt_id: str


class Reason(StrEnum):
    """Why a connection is refused. A revoked device is not in the register, so it is unknown."""

    UNKNOWN_DEVICE = "unknown_device"
    WRONG_TOKEN = "wrong_token"  # noqa: S105 - names a refusal
    NOT_MQTT = "not_mqtt"
    RESERVED_CLIENT_ID = "reserved_client_id"
    CLIENT_ID_OF_ANOTHER = "client_id_of_another"
    CLIENT_ID_TOO_LONG = "client_id_too_long"


@dataclass(frozen=True, slots=True)
class Grant:
    """A device admitted, with the NATS subjects it may publish and subscribe."""

    code: str
    publish: tuple[str, ...]
    subscribe: tuple[str, ...]
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Refusal:
    reason: Reason


def judge(credentials: Mapping[str, Credential], username: str, password: str, client: Client) -> Grant | Refusal:
    """Username is the device's code, password its token. What is wrong with the client is said only to who has proven itself."""
    credential = credentials.get(username)
    known = credential.token_sha256 if credential else _NO_DIGEST
    proven = hmac.compare_digest(token_digest(password), known)
    if credential is None:
        return Refusal(Reason.UNKNOWN_DEVICE)
    if not proven:
        return Refusal(Reason.WRONG_TOKEN)
    if client.protocol != "mqtt":
        return Refusal(Reason.NOT_MQTT)
    # A second client with the same id takes over the session of the first, so no device may name one that is not its own.
    if client.mqtt_id.startswith(RESERVED):
        return Refusal(Reason.RESERVED_CLIENT_ID)
    if len(client.mqtt_id) > LONGEST_ID:
        return Refusal(Reason.CLIENT_ID_TOO_LONG)
    if _names_another(credentials, credential.code, client.mqtt_id):
        return Refusal(Reason.CLIENT_ID_OF_ANOTHER)
    return _grant(credential)


def token_digest(token: str) -> bytes:
    """What the register keeps of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def fingerprint(credential: Credential) -> str:
    """Names what a grant rests on. A connection granted on another fingerprint than the register's is to be ended."""
    ground = f"{credential.code}\n{credential.token_sha256.hex()}\n{credential.profile == _GATEWAY}"
    return hashlib.sha256(ground.encode()).hexdigest()[:24]


def _grant(credential: Credential) -> Grant:
    own = f"care.v1.*.*.{credential.code}"
    foreign = (f"{own}.foreign.>",) if credential.profile == _GATEWAY else ()
    return Grant(
        code=credential.code,
        publish=(*(f"{own}.{channel}" for channel in _CHANNELS), *foreign),
        subscribe=(f"{own}.cmd",),
        fingerprint=fingerprint(credential),
    )


def _names_another(credentials: Mapping[str, Credential], code: str, mqtt_id: str) -> bool:
    """Clients are free to choose an id (many invent one), except one that names another device, as `dev-sos-2` or `sos-2/spare` do.

    A code inside one's own is no other: `bed-1-2` may call itself `dev-bed-1-2` though there is a `bed-1`.
    """
    named = [one for run in _NAMES.findall(mqtt_id) for one in _parts(run) if one in credentials]
    return any(one != code and one not in code for one in named)


def _parts(run: str) -> Iterator[str]:
    """Every way to read a code between the hyphens of an id. Codes have at most 40 characters."""
    starts = [0, *(at + 1 for at, character in enumerate(run) if character == "-")]
    ends = [*(at - 1 for at in starts[1:]), len(run)]
    for place, begin in enumerate(starts):
        for end in ends[place:]:
            if end - begin > _LONGEST_CODE:
                break
            yield run[begin:end]
