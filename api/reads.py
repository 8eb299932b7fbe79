"""How much one session may ask of the database at once, so that whoever asks much keeps nobody else waiting.

A page that opens asks about ten things together: they wait for their turn. What comes beyond that is no page of ours.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

from api.database import WORK_S, Database, Lane, StoreUnavailable, Work

T = TypeVar("T")

AT_ONCE = 2
MAY_WAIT = 14
LONGEST_S = 2 * WORK_S


class TooManyReads(Exception):
    """One session asks too much at once; `retry_after` is how long to wait."""

    def __init__(self) -> None:
        super().__init__(f"questions of this session: expected at most {AT_ONCE} at once and {MAY_WAIT} waiting; ask again in 1 s")
        self.retry_after = timedelta(0)


@dataclass(slots=True)
class _Line:
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    asked: int = 0


class Reads:
    """The questions of every session; a session that asks nothing costs nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lines: dict[bytes, _Line] = {}

    async def run(self, session: bytes, work: Work[T]) -> T:
        """One question, in its turn. Raises TooManyReads at once, StoreUnavailable, or what the work raises."""
        line = self._lines.setdefault(session, _Line())
        if line.asked >= AT_ONCE + MAY_WAIT:
            raise TooManyReads
        line.asked += 1
        try:
            async with asyncio.timeout(LONGEST_S), line.turns:
                return await self._database.run(work, lane=Lane.READS)
        except TimeoutError:
            raise StoreUnavailable("the database is too slow for all that this session asks; nothing was done") from None
        finally:
            line.asked -= 1
            if not line.asked:
                del self._lines[session]
