"""Who is to blame, and that a poison message stops only itself."""

import asyncio
from collections.abc import Sequence

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import errors

from ingest.blame import Blame, blame
from ingest.isolate import isolate, reason


@pytest.mark.parametrize(
    ("error", "whose"),
    [
        (errors.CheckViolation(), Blame.MESSAGE),
        (errors.UntranslatableCharacter(), Blame.MESSAGE),
        (errors.NumericValueOutOfRange(), Blame.MESSAGE),
        (errors.ProgramLimitExceeded(), Blame.MESSAGE),
        (errors.RaiseException(), Blame.MESSAGE),
        (psycopg.DataError("text with NUL"), Blame.MESSAGE),
        (ValueError("our own"), Blame.MESSAGE),
        (KeyError("x"), Blame.MESSAGE),
        (psycopg.OperationalError("server closed the connection"), Blame.DATABASE),
        (psycopg.InterfaceError("closed"), Blame.DATABASE),
        (errors.AdminShutdown(), Blame.DATABASE),
        (errors.DiskFull(), Blame.DATABASE),
        (errors.UndefinedTable(), Blame.DATABASE),
        (errors.InsufficientPrivilege(), Blame.DATABASE),
        (errors.ReadOnlySqlTransaction(), Blame.DATABASE),
        (errors.DeadlockDetected(), Blame.DATABASE),
        (errors.LockNotAvailable(), Blame.DATABASE),
        (errors.QueryCanceled(), Blame.DATABASE),
        (OSError(), Blame.DATABASE),
        (TimeoutError(), Blame.DATABASE),
    ],
)
def test_blame(error: Exception, whose: Blame) -> None:
    assert blame(error) is whose


@given(size=st.integers(1, 40), poison=st.sets(st.integers(0, 39)))
def test_every_good_message_is_stored_once_and_every_bad_one_refused_once(size: int, poison: set[int]) -> None:
    stored: list[int] = []
    refused: list[int] = []
    calls = 0

    async def store(batch: Sequence[int]) -> None:
        nonlocal calls
        calls += 1
        if poison & set(batch):
            raise errors.CheckViolation("no")
        stored.extend(batch)

    async def refuse(one: int, why: str) -> None:
        assert "CheckViolation" in why
        refused.append(one)

    asyncio.run(isolate(range(size), store, refuse))
    bad = poison & set(range(size))
    assert stored == [n for n in range(size) if n not in bad], "in their order"
    assert refused == sorted(bad)
    assert calls <= 1 + len(bad) * 2 * 6, "a few transactions for each bad one, not one for each message"


async def test_what_the_database_does_is_nobodys_fault() -> None:
    refused: list[int] = []

    async def store(batch: Sequence[int]) -> None:
        raise errors.AdminShutdown("bye")

    async def refuse(one: int, why: str) -> None:
        refused.append(one)

    with pytest.raises(errors.AdminShutdown):
        await isolate([1, 2, 3], store, refuse)
    assert refused == []


async def test_what_was_stored_before_the_database_went_stays_stored() -> None:
    stored: list[int] = []

    async def store(batch: Sequence[int]) -> None:
        if len(batch) > 1:
            raise ValueError("poison somewhere")
        if stored:
            raise psycopg.OperationalError("gone")
        stored.extend(batch)

    async def refuse(one: int, why: str) -> None:
        raise AssertionError("nobody")

    with pytest.raises(psycopg.OperationalError):
        await isolate([1, 2], store, refuse)
    assert stored == [1]


def test_reason_can_be_read_and_stored() -> None:
    told = reason(ValueError("a\x00b\nc" + "x" * 900))
    assert told.startswith("could not be stored: ValueError: a\\0b cx")
    assert len(told) == 500 and "\x00" not in told
