"""Passwords: right, wrong, absent, and as slow for nobody as for somebody."""

import time

from argon2 import PasswordHasher

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
    passwords = Passwords()
    stored = await passwords.hashed("x")

    async def took(of: str | None) -> float:
        began = time.perf_counter()
        await passwords.right(of, "wrong")
        return time.perf_counter() - began

    await took(None)
    known, unknown = min([await took(stored) for _ in range(4)]), min([await took(None) for _ in range(4)])
    passwords.close()
    assert 0.5 < unknown / known < 2
