"""Ports: the wanted one where it is free, else the next one that is."""

import socket
from collections.abc import Iterator

import pytest

from vigil.ports import NoFreePort, is_free, next_free


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_taken_port_is_seen(taken: int) -> None:
    assert not is_free(taken)


def test_the_next_free_one_is_given(taken: int) -> None:
    given = next_free(taken)
    assert given > taken
    assert is_free(given)


def test_ports_promised_to_others_are_left_alone(taken: int) -> None:
    first = next_free(taken)
    assert next_free(taken, frozenset({first})) > first


def test_a_free_port_is_kept() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert next_free(port) == port


def test_none_left_says_the_range(taken: int) -> None:
    with pytest.raises(NoFreePort, match="expected a free one from 65535"):
        next_free(65535, frozenset({65535}))
