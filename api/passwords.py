"""People's passwords: argon2id, in threads of their own, and an unknown login takes as long as a known one.

Only so many wait: beyond that the answer is at once to come again, so that a flood makes nobody wait for minutes.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from api.attempts import TooManyAttempts

T = TypeVar("T")

# Each verification takes 64 MiB; more at once than this would only make everyone wait longer.
_AT_ONCE = 2
_MOST_WAITING = 16
_COME_AGAIN = timedelta(seconds=1)


class Passwords:
    """Verifies and hashes off the loop; `close` ends its threads."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher()
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="argon2")
        self._busy = 0
        self._nobody = self._threads.submit(self._hasher.hash, "nobody has this password")

    async def right(self, stored: str | None, password: str) -> bool:
        """Whether the password is the stored one's; always False, as slowly, where nothing is stored.

        Raises TooManyAttempts when too many wait already.
        """
        if self._busy >= _AT_ONCE + _MOST_WAITING:
            raise TooManyAttempts(_COME_AGAIN)
        return await self._run(lambda: self._verify(stored, password))

    async def hashed(self, password: str) -> str:
        """What to store for a password."""
        return await self._run(lambda: self._hasher.hash(password))

    def outdated(self, stored: str) -> bool:
        """Whether a stored hash was made with weaker parameters than today's."""
        return self._hasher.check_needs_rehash(stored)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[[], T]) -> T:
        """Counted until the thread is done with it, even when the one who asked has gone."""
        self._busy += 1
        doing = asyncio.get_running_loop().run_in_executor(self._threads, work)
        doing.add_done_callback(self._done)
        return await asyncio.shield(doing)

    def _done(self, doing: "asyncio.Future[T]") -> None:
        self._busy -= 1

    def _verify(self, stored: str | None, password: str) -> bool:
        try:
            return self._hasher.verify(stored or self._nobody.result(), password) and stored is not None
        except (VerificationError, InvalidHashError):
            return False
