"""The callout's answers and what it counts, without a broker: the decision is a function of the register and the question."""

import json
from collections.abc import Mapping
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from broker.admission import Client, Credential, token_digest
from broker.callout import Counts, _Clerk
from broker.claims import Question, Signer, payload
from broker.lanes import SessionSpec
from broker.register import Register
from broker.secrets import new_account_seed

SIGNER = Signer(new_account_seed())
ONE = Credential("sos-1", token_digest("t"), "a", "s", "sos_button")


def clerk(granted: Mapping[str, Credential]) -> tuple[_Clerk, Counts]:
    async def load() -> Mapping[str, Credential]:
        return granted

    async def ensure(specs: tuple[SessionSpec, ...]) -> None:
        """No broker here."""

    register, counts = Register(Path("/nowhere"), load, ensure), Counts()
    register.granted = granted
    return _Clerk(register, SIGNER, counts), counts


def question(username: str = "sos-1", password: str = "t", mqtt_id: str = "sos-1") -> Question:
    return Question("NSERVER", "UUSER", username, password, Client("mqtt", mqtt_id))


def test_an_admission_is_counted_and_names_the_connection() -> None:
    judge, counts = clerk({"sos-1": ONE})
    answer = payload(judge.decide(question(), 7).decode())
    assert payload(answer["nats"]["jwt"])["sub"] == "UUSER"
    assert (counts.granted, counts.refused) == (1, {})


def test_refusals_are_counted_by_reason() -> None:
    judge, counts = clerk({"sos-1": ONE})
    for asked in (question(password="x"), question(username="sos-2"), question(username="sos-3"), question(mqtt_id="vigil-event")):
        answer = payload(judge.decide(asked, 7).decode())
        assert "jwt" not in answer["nats"]
    assert counts.granted == 0
    assert counts.refused == {"wrong_token": 1, "unknown_device": 2, "reserved_client_id": 1}


def test_the_register_of_this_moment_decides() -> None:
    judge, counts = clerk({"sos-1": ONE})
    judge._register.granted = {}
    judge.decide(question(), 7)
    assert counts.refused == {"unknown_device": 1}


@given(st.text(), st.text(), st.text())
def test_every_question_has_an_answer_and_no_answer_has_the_password(username: str, password: str, mqtt_id: str) -> None:
    judge, counts = clerk({"sos-1": ONE})
    answer = judge.decide(question(username, f"secret{password}", mqtt_id), 7).decode()
    assert payload(answer)["aud"] == "NSERVER"
    assert "secret" not in json.dumps(payload(answer))
    assert counts.granted + sum(counts.refused.values()) == 1
