"""A database that accepts and never answers is noticed within seconds, and from then on it is simply away.

A frozen server must not be mistaken for a slow one, nor the other way round. So when something has been waited for for long, the
server is asked over another connection; only where that stays silent too is the wire cut, whereupon the wait ends with an error.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from psycopg.pq import TransactionStatus

from store.connect import Connection, connect, cut

log = logging.getLogger(__name__)

_LOOK_S = 0.25
_LONG_S, _ANSWER_S = 2.0, 2.0
_HOPELESS_S = 65.0  # longer than the server itself lets any statement run: this one session is frozen, though others live


class Watch:
    """Over one connection at a time; `beat` says that its owner got on."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._waited_s = 0.0

    def beat(self) -> None:
        """Something was answered."""
        self._waited_s = 0.0

    @asynccontextmanager
    async def over(self, conn: Connection) -> AsyncIterator[None]:
        """Watch it meanwhile."""
        self.beat()
        watching = asyncio.create_task(self._watch(conn), name="watch the database")
        try:
            yield
        finally:
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching

    async def _watch(self, conn: Connection) -> None:
        asked_s = 0.0
        while True:
            await asyncio.sleep(_LOOK_S)
            if conn.pgconn.transaction_status != TransactionStatus.ACTIVE:
                self.beat()
            self._waited_s += _LOOK_S
            if self._waited_s < _LONG_S:
                asked_s = 0.0
            elif self._waited_s >= asked_s + _LONG_S:
                asked_s = self._waited_s
                if self._waited_s >= _HOPELESS_S or not await self._answers():
                    log.warning("the database has not answered for %.0f s", self._waited_s + _ANSWER_S)
                    cut(conn)
                    return

    async def _answers(self) -> bool:
        """Whether the server says anything at all to a newcomer, be it no."""
        try:
            async with asyncio.timeout(_ANSWER_S):
                await (await connect(self._dsn, autocommit=True, application="vigil-watch")).close()
        except TimeoutError:
            return False
        except psycopg.Error:
            pass
        return True
