"""The server's configuration: what goes in comes out, what cannot go in is refused, and rights are as small as they should be."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.config import SERVICES, WINDOW, BadConfig, BrokerConfig, render
from broker.lanes import event_lane, telemetry_lane
from broker.secrets import USERS, BrokerSecrets, new_account_seed, new_password

SECRETS = BrokerSecrets({user: new_password() for user in USERS}, new_account_seed())
CONFIG = BrokerConfig(data=Path("/var/lib/vigil"), secrets=SECRETS, nats_port=4222, mqtt_port=1883, monitor_port=8222)
WRITABLE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="".join(map(chr, range(32)))), min_size=1)


def read(config: BrokerConfig) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(render(config))
    return document


def users(config: BrokerConfig) -> dict[str, tuple[str, dict[str, Any]]]:
    accounts = read(config)["accounts"]
    return {user["user"]: (account, user) for account, held in accounts.items() for user in held["users"]}


@given(WRITABLE, WRITABLE, WRITABLE)
def test_text_comes_out_as_it_went_in(password: str, name: str, directory: str) -> None:
    secrets = replace(SECRETS, passwords={**SECRETS.passwords, "ingest": password})
    config = replace(CONFIG, data=Path("/data") / directory, secrets=secrets, server_name=name)
    document = read(config)
    assert document["server_name"] == name
    assert document["jetstream"]["store_dir"] == str(Path("/data") / directory)
    assert users(config)["ingest"][1]["password"] == password


@given(WRITABLE)
def test_nothing_is_written_that_the_server_cannot_unescape(password: str) -> None:
    """It knows backslash before a quote, a backslash, and n, r, t; never backslash-u."""
    text = render(replace(CONFIG, secrets=replace(SECRETS, passwords={**SECRETS.passwords, "api": password})))
    quoted = json.dumps(password, ensure_ascii=False)
    assert f'"password": {quoted}' in text
    assert set(quoted[1:-1].replace("\\\\", "").replace('\\"', "")) <= set(password)


@pytest.mark.parametrize("text", ["", "a\nb", "a\x00", "\x1b", "tab\t", "\ud800"])
def test_what_cannot_be_written_is_refused(text: str) -> None:
    with pytest.raises(BadConfig, match="without control characters"):
        render(replace(CONFIG, server_name=text))


def test_a_refusal_names_the_field_and_not_the_secret() -> None:
    secrets = replace(SECRETS, passwords={**SECRETS.passwords, "api": "half\nsecret"})
    with pytest.raises(BadConfig) as refused:
        render(replace(CONFIG, secrets=secrets))
    assert refused.value.field == "config.accounts.CARE.users[1].password"
    assert "secret" not in str(refused.value).replace("password", "")


def test_the_server_asks_nobody_about_services_and_the_callout_about_all_others() -> None:
    callout = read(CONFIG)["authorization"]["auth_callout"]
    assert callout == {"issuer": SECRETS.issuer, "account": "AUTH", "auth_users": list(SERVICES)}
    assert set(SERVICES) == set(USERS) == set(users(CONFIG))


def test_every_service_has_bounds_on_both_sides() -> None:
    for name, (_, user) in users(CONFIG).items():
        for side in ("publish", "subscribe"):
            rights = user["permissions"][side]
            assert rights.get("allow") or rights == {"deny": [">"]}, name
            assert ">" not in rights.get("allow", []), name


def test_devices_and_the_callout_share_no_account() -> None:
    accounts = {name: account for name, (account, _) in users(CONFIG).items()}
    assert [name for name, account in accounts.items() if account == "AUTH"] == ["callout"]
    assert [name for name, account in accounts.items() if account == "SYS"] == ["warden"]


def test_a_lane_fits_into_a_session() -> None:
    """65,535 packet ids over all subscriptions of a session; a filter ending in `#` is two of them."""
    for spec in (event_lane(), telemetry_lane("120105001")):
        subscriptions = sum(2 if one.endswith("#") else 1 for one in spec.filters)
        assert subscriptions * WINDOW <= 65_535
    assert read(CONFIG)["mqtt"]["max_ack_pending"] == WINDOW


def test_durability_is_spelled_out() -> None:
    document = read(CONFIG)
    assert document["jetstream"]["sync_interval"] == "100ms"
    assert document["mqtt"]["ack_wait"] == "2s"
    assert document["server_name"]


def test_what_is_kept_has_a_limit_and_a_fleet_has_room() -> None:
    document = read(replace(CONFIG, store_bytes=5_000_000))
    assert document["jetstream"]["max_file_store"] == 5_000_000
    assert read(CONFIG)["jetstream"]["max_file_store"] == 10 * 1024**3
    assert document["jetstream"]["limits"]["default_max_consumers"] > 50_000


def test_the_largest_payload_of_the_contract_fits() -> None:
    assert 256 * 1024 < read(CONFIG)["max_payload"] <= 512 * 1024


def test_services_and_devices_may_be_bound_apart() -> None:
    document = read(replace(CONFIG, mqtt_host="0.0.0.0"))
    assert (document["host"], document["http"], document["mqtt"]["host"]) == ("127.0.0.1", "127.0.0.1:8222", "0.0.0.0")


def test_tls_is_whole_or_not_there() -> None:
    assert "tls" not in read(CONFIG)["mqtt"]
    both = replace(CONFIG, tls_cert=Path("/c.pem"), tls_key=Path("/k.pem"))
    assert read(both)["mqtt"]["tls"] == {"cert_file": "/c.pem", "key_file": "/k.pem"}
    for half in (replace(both, tls_key=None), replace(both, tls_cert=None)):
        with pytest.raises(BadConfig, match="tls"):
            render(half)
