"""Questions of the server are read or refused whole; answers are signed, so that only who holds the seed can have written them."""

import base64
import json
from typing import Any

import nacl.signing
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.admission import Client, Grant
from broker.claims import BadQuestion, Question, Signer, admitted, payload, read_question, refused
from broker.secrets import new_account_seed

SIGNER = Signer(new_account_seed())
QUESTION = Question("NSERVER", "UUSER", "sos-1", "token", Client("mqtt", "sos-1"))
GRANT = Grant("sos-1", ("care.v1.*.*.sos-1.event",), ("care.v1.*.*.sos-1.cmd",), "f" * 24)


def token_of(claims: object) -> bytes:
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in ({"typ": "JWT"}, claims)]
    return b".".join([*parts, b"signature"])


def request(**options: Any) -> dict[str, Any]:
    return {
        "nats": {
            "server_id": {"id": "NSERVER"},
            "user_nkey": "UUSER",
            "connect_opts": {"user": "sos-1", "pass": "token", **options},
            "client_info": {"type": "mqtt", "mqtt_id": "sos-1"},
        }
    }


def verified(token: str, issuer: str) -> Any:
    """The claims, once the signature has been checked against the public key, as the server does."""
    body, _, signature = token.rpartition(".")
    raw = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
    _verify_key(issuer).verify(body.encode(), raw)
    return payload(token)


def _verify_key(issuer: str) -> nacl.signing.VerifyKey:
    decoded = base64.b32decode(issuer + "=" * (-len(issuer) % 8))
    return nacl.signing.VerifyKey(decoded[1:33])


def test_a_question_is_read() -> None:
    assert read_question(token_of(request())) == QUESTION


def test_a_client_without_credentials_has_empty_ones() -> None:
    bare = request()
    bare["nats"]["connect_opts"] = {}
    bare["nats"]["client_info"] = {}
    assert read_question(token_of(bare)) == Question("NSERVER", "UUSER", "", "", Client("", ""))


@pytest.mark.parametrize("missing", ["server_id", "user_nkey", "connect_opts", "client_info"])
def test_half_a_question_is_none(missing: str) -> None:
    half = request()
    del half["nats"][missing]
    with pytest.raises(BadQuestion, match=missing):
        read_question(token_of(half))


@pytest.mark.parametrize(
    "token", [b"", b"a.b", b"a.b.c", b"a.b.c.d", b"\xff.\xff.\xff", token_of([]), token_of({"nats": None}), token_of({"nats": []})]
)
def test_nonsense_is_refused(token: bytes) -> None:
    with pytest.raises(BadQuestion):
        read_question(token)


@given(st.binary())
def test_reading_is_total(token: bytes) -> None:
    with pytest.raises(BadQuestion):
        read_question(token)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_reading_any_claims_is_total(claims: object) -> None:
    with pytest.raises(BadQuestion):
        read_question(token_of({"nats": claims}))


def test_an_admission_grants_these_topics_to_this_connection() -> None:
    answer = verified(admitted(SIGNER, QUESTION, GRANT, 1_790_000_000).decode(), SIGNER.issuer)
    assert answer["aud"] == "NSERVER"
    assert answer["sub"] == "UUSER"
    assert answer["nats"]["type"] == "authorization_response"
    assert "error" not in answer["nats"]
    user = verified(answer["nats"]["jwt"], SIGNER.issuer)
    assert user["sub"] == "UUSER"
    assert user["aud"] == "CARE"
    assert user["name"] == f"sos-1 {GRANT.fingerprint}"
    assert user["iat"] == 1_790_000_000
    assert "exp" not in user
    assert user["nats"]["pub"] == {"allow": list(GRANT.publish)}
    assert user["nats"]["sub"] == {"allow": list(GRANT.subscribe)}
    assert user["nats"]["allowed_connection_types"] == ["MQTT"]


def test_a_refusal_carries_no_grant() -> None:
    answer = verified(refused(SIGNER, QUESTION, "wrong_token", 1_790_000_000).decode(), SIGNER.issuer)
    assert answer["nats"] == {"error": "wrong_token", "type": "authorization_response", "version": 2}


def test_another_seed_signs_otherwise() -> None:
    other = Signer(new_account_seed())
    answer = admitted(other, QUESTION, GRANT, 0).decode()
    assert verified(answer, other.issuer)
    with pytest.raises(Exception, match="forged"):
        verified(answer, SIGNER.issuer)


def test_the_same_claims_have_the_same_id() -> None:
    first, second = (payload(refused(SIGNER, QUESTION, reason, 7).decode())["jti"] for reason in ("a", "a"))
    third = payload(refused(SIGNER, QUESTION, "b", 7).decode())["jti"]
    assert first == second != third
