"""The limit to password attempts."""

from datetime import UTC, datetime, timedelta

import pytest

from api import attempts
from api.attempts import ADDRESS_WINDOW, MOST, MOST_OF_ADDRESS, MOST_OF_THIS_MACHINE, WINDOW, Attempts, TooManyAttempts

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def exhausted() -> Attempts:
    found = Attempts()
    for second in range(MOST):
        found.take("zhao", "10.0.0.1", NOON + timedelta(seconds=second))
    return found


def test_five_attempts_then_a_wait_that_is_said() -> None:
    with pytest.raises(TooManyAttempts) as refused:
        exhausted().take("zhao", "10.0.0.1", NOON + timedelta(seconds=10))
    assert refused.value.retry_after == WINDOW - timedelta(seconds=10)
    assert "291 s" in str(refused.value)


def test_a_refused_attempt_does_not_lengthen_the_wait() -> None:
    found = exhausted()
    for _ in range(100):
        with pytest.raises(TooManyAttempts):
            found.take("zhao", "10.0.0.1", NOON + timedelta(minutes=4))
    found.take("zhao", "10.0.0.1", NOON + WINDOW)


def test_another_login_and_another_address_are_not_held_up() -> None:
    found = exhausted()
    found.take("qian", "10.0.0.1", NOON + timedelta(seconds=10))
    found.take("zhao", "10.0.0.2", NOON + timedelta(seconds=10))


def test_the_right_password_clears_the_count() -> None:
    found = exhausted()
    found.succeeded("zhao", "10.0.0.1")
    found.take("zhao", "10.0.0.1", NOON + timedelta(seconds=10))


def test_success_of_someone_unknown_is_nothing() -> None:
    Attempts().succeeded("nobody", "")


def test_memory_is_bounded_and_forgets_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "_REMEMBERED", 3)
    found = exhausted()
    for login in ("a", "b", "c"):
        found.take(login, "10.0.0.9", NOON)
    found.take("zhao", "10.0.0.1", NOON + timedelta(seconds=10))


@pytest.mark.parametrize(
    ("address", "most"),
    [
        ("10.0.0.1", MOST_OF_ADDRESS),
        ("::ffff:10.0.0.1", MOST_OF_ADDRESS),
        ("2001:db8::1", MOST_OF_ADDRESS),
        ("a proxy", MOST_OF_ADDRESS),
        ("127.0.0.1", MOST_OF_THIS_MACHINE),
        ("::1", MOST_OF_THIS_MACHINE),
        ("::ffff:127.0.0.1", MOST_OF_THIS_MACHINE),
    ],
)
def test_an_address_that_tries_many_logins_waits(address: str, most: int) -> None:
    found = Attempts()
    for number in range(most):
        found.take(f"random-{number}", address, NOON)
    with pytest.raises(TooManyAttempts) as refused:
        found.take("zhao", address, NOON + timedelta(seconds=20))
    assert refused.value.retry_after == timedelta(seconds=40)
    found.take("zhao", "10.0.0.2", NOON + timedelta(seconds=20))
    found.take("zhao", address, NOON + ADDRESS_WINDOW)


def test_an_ipv6_network_is_one_address() -> None:
    found = Attempts()
    for number in range(MOST_OF_ADDRESS):
        found.take(f"random-{number}", f"2001:db8::{number:x}", NOON)
    with pytest.raises(TooManyAttempts):
        found.take("zhao", "2001:db8::ffff:1", NOON)
    found.take("zhao", "2001:db8:0:1::1", NOON)


def test_those_who_log_in_cost_their_address_nothing() -> None:
    found = Attempts()
    for number in range(3 * MOST_OF_ADDRESS):
        found.take(f"officer-{number}", "10.0.0.1", NOON)
        found.succeeded(f"officer-{number}", "10.0.0.1")


def test_what_was_not_looked_at_is_no_attempt() -> None:
    found = Attempts()
    for _ in range(3 * MOST_OF_ADDRESS):
        found.take("zhao", "10.0.0.1", NOON)
        found.unheard("zhao", "10.0.0.1")
    found.unheard("nobody", "10.0.0.7")
