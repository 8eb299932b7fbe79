"""Passwords: right, wrong, absent, and as slow for nobody as for somebody."""

import asyncio
import time

import pytest
from argon2 import PasswordHasher

from api.attempts import TooManyAttempts
from api.passwords import Passwords

WEAK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


async def test_right_and_wrong() -> None:
    passwords = Passwords()
    stored = await passwords.hashed("守望 123")
    assert stored.startswith("$argon2id$")
    assert await passwords.right(stored, "守望 123")
    assert not await passwords.right(stored, "守望 124")
    assert not passwords.outdated(stored)
    passwords.close()


async def test_nobody_has_a_password_not_even_the_dummys() -> None:
    passwords = Passwords()
    assert not await passwords.right(None, "")
    assert not await passwords.right(None, "nobody has this password")
    assert not await passwords.right("no hash at all", "x")
    passwords.close()


async def test_a_hash_of_weaker_parameters_is_outdated_but_right() -> None:
    passwords = Passwords()
    assert await passwords.right(WEAK.hash("x"), "x")
    assert passwords.outdated(WEAK.hash("x"))
    passwords.close()


async def test_an_unknown_login_takes_as_long_as_a_known_one() -> None:
    """Counted in work, not on the clock: what else the machine does is not ours to tell."""
    passwords = Passwords()
    stored = await passwords.hashed("x")

    async def took(of: str | None) -> float:
        began = time.process_time()
        await passwords.right(of, "wrong")
        return time.process_time() - began

    await took(None)
    known, unknown = (min(both) for both in zip(*[(await took(stored), await took(None)) for _ in range(3)], strict=True))
    passwords.close()
    assert 0.5 < unknown / known < 2


async def test_beyond_those_that_may_wait_the_answer_is_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.passwords.PasswordHasher", lambda: WEAK)
    passwords = Passwords()
    answers = await asyncio.gather(*(passwords.right(None, "x") for _ in range(30)), return_exceptions=True)
    refused = [one for one in answers if isinstance(one, TooManyAttempts)]
    assert (answers.count(False), len(refused)) == (18, 12)
    assert 0 < refused[0].retry_after.total_seconds() < 10
    assert await passwords.right(WEAK.hash("x"), "x")  # once they are through, the next is heard
    passwords.close()


async def test_one_who_gave_up_waiting_frees_a_place_only_when_the_thread_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.passwords._MOST_WAITING", 0)
    passwords = Passwords()
    gone = [asyncio.create_task(passwords.right(None, "x")) for _ in range(2)]
    await asyncio.sleep(0)
    for task in gone:
        task.cancel()
    await asyncio.gather(*gone, return_exceptions=True)
    with pytest.raises(TooManyAttempts):
        await passwords.right(None, "x")
    await asyncio.to_thread(passwords._threads.shutdown)
    passwords.close()
