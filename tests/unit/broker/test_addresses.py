"""Where the server is reached, and how long a session waits before it tries again."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.config import BrokerConfig
from broker.secrets import USERS, BrokerSecrets, new_account_seed
from broker.server import endpoint
from broker.session import _pause_s

SECRETS = BrokerSecrets(dict.fromkeys(USERS, "x"), new_account_seed())


@pytest.mark.parametrize(
    ("bound", "reached"), [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("10.0.0.7", "10.0.0.7"), ("nats", "nats")]
)
def test_an_address_that_is_bound_is_one_that_can_be_reached(bound: str, reached: str) -> None:
    at = endpoint(BrokerConfig(Path("/d"), SECRETS, 4222, 1883, 8222, host=bound, mqtt_host=bound))
    assert (at.host, at.mqtt_port) == (reached, 1883)
    assert at.nats_url == f"nats://{reached}:4222"
    assert at.monitor_url == f"http://{reached}:8222"


def test_devices_may_be_let_in_where_services_are_not() -> None:
    at = endpoint(BrokerConfig(Path("/d"), SECRETS, 4222, 1883, 8222, mqtt_host="10.0.0.7"))
    assert (at.host, at.nats_url) == ("10.0.0.7", "nats://127.0.0.1:4222")


@given(st.integers(0, 10**6))
def test_a_pause_grows_to_a_bound_and_is_never_nothing(failures: int) -> None:
    """An event lane that waits longer than a few seconds is a press that waits."""
    assert 0.05 <= _pause_s(failures) <= 3.0


def test_a_pause_doubles_and_is_spread() -> None:
    assert max(_pause_s(0) for _ in range(50)) <= 0.1
    assert min(_pause_s(4) for _ in range(50)) >= 0.8
    assert len({_pause_s(4) for _ in range(10)}) > 1
