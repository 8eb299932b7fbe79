"""People's passwords: argon2id, in threads of their own, and an unknown login takes as long as a known one."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

# Each verification takes 64 MiB; more at once than this would only make everyone wait longer.
_AT_ONCE = 2


class Passwords:
    """Verifies and hashes off the loop; `close` ends its threads."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher()
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="argon2")
        self._nobody = self._threads.submit(self._hasher.hash, "nobody has this password")

    async def right(self, stored: str | None, password: str) -> bool:
        """Whether the password is the stored one's; always False, as slowly, where nothing is stored."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._verify, stored, password)

    async def hashed(self, password: str) -> str:
        """What to store for a password."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._hasher.hash, password)

    def outdated(self, stored: str) -> bool:
        """Whether a stored hash was made with weaker parameters than today's."""
        return self._hasher.check_needs_rehash(stored)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _verify(self, stored: str | None, password: str) -> bool:
        try:
            return self._hasher.verify(stored or self._nobody.result(), password) and stored is not None
        except (VerificationError, InvalidHashError):
            return False
