"""How much one session, and one person, may ask of the database at once, so that whoever asks much keeps nobody else waiting.

A page that opens asks about ten things together: they wait for their turn. What comes beyond that is no page of ours. An account
may be at work on several screens: each has turns of its own, of which the account takes a few at once, one after another.
"""

import asyncio
import contextlib
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Generic, TypeVar

from api.database import WORK_S, Database, Lane, StoreUnavailable, Work

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)

AT_ONCE = 2
MAY_WAIT = 14
PERSON_AT_ONCE = 3  # of the four connections there are: one is always left to others
PERSON_MAY_WAIT = 8 * (AT_ONCE + MAY_WAIT) - PERSON_AT_ONCE  # eight screens that all ask as much as they may
LONGEST_S = 2 * WORK_S


class TooManyReads(Exception):
    """One session, or one person, asks too much at once; `retry_after` is how long to wait."""

    def __init__(self, whose: str = "this session", at_once: int = AT_ONCE, may_wait: int = MAY_WAIT) -> None:
        super().__init__(f"questions of {whose}: expected at most {at_once} at once and {may_wait} waiting; ask again in 1 s")
        self.retry_after = timedelta(0)


@dataclass(slots=True)
class _Line:
    turns: asyncio.Semaphore
    asked: int = 0


@dataclass(slots=True)
class _Lines(Generic[K]):
    """Who asks just now; whoever asks nothing costs nothing."""

    whose: str
    at_once: int
    may_wait: int
    lines: dict[K, _Line] = field(default_factory=dict)

    def demand(self, who: K) -> None:
        """Raises TooManyReads."""
        line = self.lines.get(who)
        if line is not None and line.asked >= self.at_once + self.may_wait:
            raise TooManyReads(self.whose, self.at_once, self.may_wait)

    @contextlib.contextmanager
    def standing(self, who: K) -> Iterator[asyncio.Semaphore]:
        """A place in the line; its turns."""
        line = self.lines.setdefault(who, _Line(asyncio.Semaphore(self.at_once)))
        line.asked += 1
        try:
            yield line.turns
        finally:
            line.asked -= 1
            if not line.asked:
                del self.lines[who]


class Reads:
    """The questions of every session and every account."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sessions = _Lines[bytes]("this session", AT_ONCE, MAY_WAIT)
        self._people = _Lines[int]("this account", PERSON_AT_ONCE, PERSON_MAY_WAIT)

    async def run(self, session: bytes, account: int, work: Work[T]) -> T:
        """One question, in its turn. Raises TooManyReads at once, StoreUnavailable, or what the work raises."""
        self._sessions.demand(session)
        self._people.demand(account)
        with self._sessions.standing(session) as own, self._people.standing(account) as shared:
            try:
                # the session's turn first: a screen that asks much is before the others of its account with two questions, not all
                async with asyncio.timeout(LONGEST_S), own, shared:
                    return await self._database.run(work, lane=Lane.READS)
            except TimeoutError:
                raise StoreUnavailable("the database is too slow for all that this session asks; nothing was done") from None
