"""A siren of the demo: obeys once, never late, falls silent by itself, and answers whatever is a command."""

import json

import pytest

from devices import codec
from devices.commands import CommandMessage, encode
from simulators.sirens import Siren

T = 1_790_000_000_000


def order(one: str = "c-1", do: str = "siren", t: int = T, **v: float) -> bytes:
    return encode(CommandMessage(one, do, t, t + 30_000, v))


def test_it_sounds_when_told_and_falls_silent_by_itself() -> None:
    siren = Siren()
    assert siren.hear(order(on=1, seconds=60), T) == {"id": "c-1", "done": "siren"}
    assert siren.sounding(T + 59_999)
    assert not siren.sounding(T + 60_000)


def test_told_to_be_silent_it_is() -> None:
    siren = Siren()
    siren.hear(order(on=1, seconds=60), T)
    assert siren.hear(order("c-2", t=T + 1_000, on=0), T + 1_000) == {"id": "c-2", "done": "siren"}
    assert not siren.sounding(T + 1_000)


def test_a_repeat_is_answered_and_does_not_start_it_anew() -> None:
    siren = Siren()
    siren.hear(order(on=1, seconds=60), T)
    siren.hear(order("c-2", on=0), T + 5_000)
    assert siren.hear(order(on=1, seconds=60), T + 6_000) == {"id": "c-1", "done": "siren"}
    assert not siren.sounding(T + 6_000), "an order that is handed over again does not undo a later one"


def test_told_to_be_silent_it_does_not_start_when_an_older_order_reaches_it_for_the_first_time() -> None:
    siren = Siren()
    siren.hear(order("c-2", t=T + 1_000, on=0), T + 2_000)
    assert siren.hear(order(on=1, seconds=60), T + 3_000) == {"id": "c-1", "done": "expired"}
    assert not siren.sounding(T + 3_000)


def test_what_comes_late_is_answered_and_not_done() -> None:
    siren = Siren()
    assert siren.hear(order(on=1, seconds=60), T + 30_000) == {"id": "c-1", "done": "expired"}
    assert not siren.sounding(T + 30_000)


def test_it_never_sounds_for_longer_than_ten_minutes() -> None:
    siren = Siren()
    siren.hear(order(on=1, seconds=1e9), T)
    assert not siren.sounding(T + 600_000)


def test_a_test_makes_no_noise_and_what_it_cannot_do_it_says() -> None:
    siren = Siren()
    assert siren.hear(order(do="test"), T) == {"id": "c-1", "done": "test"}
    assert siren.hear(order("c-2", do="dance"), T) == {"id": "c-2", "done": "unknown"}
    assert not siren.sounding(T)


@pytest.mark.parametrize("noise", [b"", b"{}", b"siren!", b'{"id":"c"}', order()[:-1]])
def test_what_is_no_command_is_not_answered(noise: bytes) -> None:
    assert Siren().hear(noise, T) is None


def test_its_answer_is_what_the_platform_understands() -> None:
    answer = Siren().hear(order(on=1, seconds=60), T)
    assert answer is not None
    understood = codec.ack(json.dumps({"t": T, "n": 1, **answer}).encode())
    assert (understood.id, understood.done) == ("c-1", "siren")
