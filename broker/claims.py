"""The letters between the NATS server and the callout: JSON web tokens signed with nkeys, read and written without a library."""

import base64
import hashlib
import json
from dataclasses import dataclass
from typing import Any

import nkeys

from broker.admission import Client, Grant
from broker.config import CARE

_HEADER = {"typ": "JWT", "alg": "ed25519-nkey"}
_SUBSCRIPTIONS = 32  # one topic is granted; this bounds how many ways a device may spell it, each a consumer on disk


@dataclass(frozen=True, slots=True)
class Question:
    """The server asks: may this client connect?"""

    server_id: str
    user_nkey: str
    username: str
    password: str
    client: Client


class BadQuestion(ValueError):
    """A request that is not what the server sends; `reason` says where."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"authorization request: {reason}")
        self.reason = reason


class Signer:
    """Signs as the account that the server trusts."""

    def __init__(self, seed: str) -> None:
        self._pair = nkeys.from_seed(bytearray(seed, "ascii"))
        self.issuer = str(self._pair.public_key.decode())

    def sign(self, claims: dict[str, Any]) -> str:
        """A token; its id is the hash of what it claims."""
        claims = {**claims, "iss": self.issuer}
        claims["jti"] = base64.b32encode(hashlib.sha256(_json(claims)).digest()).decode().rstrip("=")
        body = f"{_b64(_json(_HEADER))}.{_b64(_json(claims))}"
        return f"{body}.{_b64(self._pair.sign(body.encode()))}"


def read_question(token: bytes) -> Question:
    """Take a request apart. Raises BadQuestion. Its signature is not checked: in the callout's account only the server can ask."""
    try:
        claims = payload(token.decode())
        nats = claims["nats"]
        options, info = nats["connect_opts"], nats["client_info"]
        return Question(
            server_id=str(nats["server_id"]["id"]),
            user_nkey=str(nats["user_nkey"]),
            username=str(options.get("user", "")),
            password=str(options.get("pass", "")),
            client=Client(protocol=str(info.get("type", "")), mqtt_id=str(info.get("mqtt_id", ""))),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadQuestion(f"{type(error).__name__}: {error}") from error


def payload(token: str) -> Any:
    """The claims of a token. Raises ValueError."""
    parts = token.split(".")
    if len(parts) != 3:
        raise ValueError(f"expected three parts, got {len(parts)}")
    return json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))


def admitted(signer: Signer, question: Question, grant: Grant, issued_at: int) -> bytes:
    """Lets a device in, with its own topics only. It does not expire: while every callout is down, who is in stays in."""
    user = signer.sign(
        {
            "aud": CARE,
            "sub": question.user_nkey,
            "name": f"{grant.code} {grant.fingerprint}",  # all of it that the server reports back; see broker.warden
            "iat": issued_at,
            "nats": {
                "pub": {"allow": list(grant.publish)},
                "sub": {"allow": list(grant.subscribe)},
                "subs": _SUBSCRIPTIONS,
                "data": -1,
                "payload": -1,
                "allowed_connection_types": ["MQTT"],
                "type": "user",
                "version": 2,
            },
        }
    )
    return _response(signer, question, {"jwt": user}, issued_at)


def refused(signer: Signer, question: Question, reason: str, issued_at: int) -> bytes:
    """Keeps a client out; the server logs the reason, the client hears only that it is not authorised."""
    return _response(signer, question, {"error": reason}, issued_at)


def _response(signer: Signer, question: Question, verdict: dict[str, str], issued_at: int) -> bytes:
    nats = {**verdict, "type": "authorization_response", "version": 2}
    return signer.sign({"aud": question.server_id, "sub": question.user_nkey, "iat": issued_at, "nats": nats}).encode()


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
