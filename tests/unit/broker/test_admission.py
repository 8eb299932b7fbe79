"""The judgement of a CONNECT: who is let in, as what, and why not."""

import dataclasses
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.admission import LONGEST_ID, Client, Credential, Grant, Reason, Refusal, fingerprint, judge, token_digest
from devices import topics

NAMES = st.from_regex(r"[a-z0-9-]{1,40}", fullmatch=True)
MQTT = Client("mqtt", "any")
CHANNELS = [*topics.CHANNELS, "anything"]


def credential(code: str = "sos-1", token: str = "t" * 64, profile: str = "sos_button") -> Credential:
    return Credential(code, token_digest(token), "120105001", "home-1", profile)


REGISTER = {one.code: one for one in (credential(), credential("sos-2", "u" * 64), credential("gw-1", "g" * 64, "gateway"))}


def matches(pattern: str, topic: str) -> bool:
    """Whether a NATS permission lets a topic pass; written from the NATS documentation, not from ours."""
    wanted, got = pattern.split("."), topic.split("/")
    if wanted[-1] == ">":
        return len(got) >= len(wanted) and all(w in {"*", g} for w, g in zip(wanted[:-1], got, strict=False))
    return len(wanted) == len(got) and all(w in {"*", g} for w, g in zip(wanted, got, strict=True))


def may_publish(grant: Grant, topic: str) -> bool:
    return any(matches(pattern, topic) for pattern in grant.publish)


@pytest.mark.parametrize(
    ("username", "password", "client", "reason"),
    [
        ("sos-9", "t" * 64, MQTT, Reason.UNKNOWN_DEVICE),
        ("", "", MQTT, Reason.UNKNOWN_DEVICE),
        ("SOS-1", "t" * 64, MQTT, Reason.UNKNOWN_DEVICE),
        ("sos-1", "u" * 64, MQTT, Reason.WRONG_TOKEN),
        ("sos-1", "", MQTT, Reason.WRONG_TOKEN),
        ("sos-1", "t" * 63, MQTT, Reason.WRONG_TOKEN),
        ("sos-1", "t" * 64 + " ", MQTT, Reason.WRONG_TOKEN),
        ("sos-1", "t" * 64, Client("nats", ""), Reason.NOT_MQTT),
        ("sos-1", "t" * 64, Client("websocket", ""), Reason.NOT_MQTT),
        ("sos-1", "t" * 64, Client("mqtt", "vigil-event"), Reason.RESERVED_CLIENT_ID),
        ("sos-1", "t" * 64, Client("mqtt", "vigil-telemetry-120105001"), Reason.RESERVED_CLIENT_ID),
        ("sos-1", "t" * 64, Client("mqtt", "sos-2"), Reason.CLIENT_ID_OF_ANOTHER),
        ("sos-1", "t" * 64, Client("mqtt", "sos-2/spare"), Reason.CLIENT_ID_OF_ANOTHER),
        ("sos-1", "t" * 64, Client("mqtt", "gw-1_2"), Reason.CLIENT_ID_OF_ANOTHER),
        ("sos-1", "t" * 64, Client("mqtt", "dev-sos-2"), Reason.CLIENT_ID_OF_ANOTHER),
        ("sos-1", "t" * 64, Client("mqtt", "ESP_sos-2"), Reason.CLIENT_ID_OF_ANOTHER),
        ("sos-1", "t" * 64, Client("mqtt", "say-sos-2-7fa2"), Reason.CLIENT_ID_OF_ANOTHER),
        ("sos-1", "t" * 64, Client("mqtt", "sos-1/sos-2"), Reason.CLIENT_ID_OF_ANOTHER),
    ],
)
def test_refused(username: str, password: str, client: Client, reason: Reason) -> None:
    assert judge(REGISTER, username, password, client) == Refusal(reason)


@pytest.mark.parametrize("client", [Client("nats", ""), Client("mqtt", "vigil-event"), Client("mqtt", "sos-2")])
def test_a_stranger_learns_nothing_but_that_it_is_one(client: Client) -> None:
    assert judge(REGISTER, "sos-1", "wrong", client) == Refusal(Reason.WRONG_TOKEN)


@pytest.mark.parametrize(
    "mqtt_id", ["", "sos-1", "sos-1/2", "sos-11", "sos-22", "ESP_123", "mosq-7fa2", "vigil", "Vigil-event", "守望"]
)
def test_a_client_chooses_any_other_id(mqtt_id: str) -> None:
    assert isinstance(judge(REGISTER, "sos-1", "t" * 64, Client("mqtt", mqtt_id)), Grant)


def test_a_code_that_holds_another_may_name_itself() -> None:
    register = {one.code: one for one in (credential("bed-1"), credential("bed-1-2", "v" * 64))}
    assert isinstance(judge(register, "bed-1-2", "v" * 64, Client("mqtt", "dev-bed-1-2")), Grant)
    assert judge(register, "bed-1", "t" * 64, Client("mqtt", "dev-bed-1-2")) == Refusal(Reason.CLIENT_ID_OF_ANOTHER)


@given(NAMES, NAMES, st.sampled_from(["", "dev-", "X", "a/"]), st.sampled_from(["", "-7f", "_", "/b"]))
def test_an_id_made_of_a_code_is_its_owners_alone(own: str, other: str, before: str, after: str) -> None:
    """Whoever may use the id of another could keep it off the broker for ever."""
    if other in own:
        return
    register = {own: credential(own), other: credential(other, "u" * 64)}
    mqtt_id = f"{before}{other}{after}"
    assert isinstance(judge(register, own, "t" * 64, Client("mqtt", mqtt_id)), Refusal)


@pytest.mark.parametrize(("length", "let_in"), [(LONGEST_ID, True), (LONGEST_ID + 1, False), (65_535, False)])
def test_a_long_id_costs_the_callout_nothing(length: int, let_in: bool) -> None:
    began = time.process_time()  # work, not the clock: the machine may be busy with something else
    verdict = judge(REGISTER, "sos-1", "t" * 64, Client("mqtt", ("a-" * length)[:length]))
    assert isinstance(verdict, Grant) if let_in else verdict == Refusal(Reason.CLIENT_ID_TOO_LONG)
    assert time.process_time() - began < 0.5


@given(st.text(), st.text(), st.text(), st.text())
def test_nobody_comes_in_without_the_token(username: str, password: str, protocol: str, mqtt_id: str) -> None:
    verdict = judge(REGISTER, username, password, Client(protocol, mqtt_id))
    proven = username in REGISTER and REGISTER[username].token_sha256 == token_digest(password)
    assert proven or isinstance(verdict, Refusal)


@given(NAMES, st.text(min_size=1), st.sampled_from(["sos_button", "gateway"]))
def test_the_right_token_is_always_let_in(code: str, token: str, profile: str) -> None:
    one = credential(code, token, profile)
    assert isinstance(judge({code: one}, code, token, MQTT), Grant)


def test_a_digest_of_nothing_is_no_password() -> None:
    """A row whose digest was never set must not be opened by the empty token, nor by any."""
    blank = Credential("sos-1", b"", "a", "s", "sos_button")
    assert judge({"sos-1": blank}, "sos-1", "", MQTT) == Refusal(Reason.WRONG_TOKEN)


@given(NAMES, NAMES, NAMES, NAMES, st.sampled_from(CHANNELS))
def test_a_grant_reaches_its_own_topics_only(own: str, named: str, area: str, site: str, channel: str) -> None:
    """Area and site are the register's business, so any is let through; the device is not."""
    grant = judge({own: credential(own)}, own, "t" * 64, MQTT)
    assert isinstance(grant, Grant)
    speaks = channel in {"telemetry", "event", "waveform", "status", "ack"}
    assert may_publish(grant, f"care/v1/{area}/{site}/{own}/{channel}") == speaks
    assert may_publish(grant, f"care/v1/{area}/{site}/{named}/{channel}") == (speaks and named == own)
    assert grant.subscribe == (f"care.v1.*.*.{own}.cmd",)


@given(NAMES, NAMES)
def test_only_a_gateway_carries_foreign_payloads(code: str, other: str) -> None:
    for profile in ("sos_button", "gateway"):
        grant = judge({code: credential(code, profile=profile)}, code, "t" * 64, MQTT)
        assert isinstance(grant, Grant)
        assert may_publish(grant, f"care/v1/a/s/{code}/foreign/zigbee2mqtt/x") == (profile == "gateway")
        assert may_publish(grant, f"care/v1/a/s/{other}/foreign/zigbee2mqtt/x") == (profile == "gateway" and other == code)
        assert not may_publish(grant, f"care/v1/a/s/{code}/foreign")


def test_a_fingerprint_names_what_the_grant_rests_on() -> None:
    one = credential()
    same = [dataclasses.replace(one, area="b"), dataclasses.replace(one, site="t"), dataclasses.replace(one, profile="fall_radar")]
    other = [
        dataclasses.replace(one, code="sos-2"),
        dataclasses.replace(one, token_sha256=token_digest("new")),
        dataclasses.replace(one, profile="gateway"),
    ]
    assert {fingerprint(two) for two in same} == {fingerprint(one)}
    assert len({fingerprint(two) for two in [one, *other]}) == 4


@given(st.text())
def test_a_token_digest_is_total(token: str) -> None:
    assert len(token_digest(token)) == 32
