"""NOTIFY carries ids of transitions, never readings; a listener that may have missed some says so, and a snapshot must follow."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from uuid import UUID

import psycopg
from psycopg.sql import SQL, Identifier

from store.connect import Connection, connect, cut
from store.statements import statements

INCIDENT = "vigil_incident"
REGISTER = "vigil_register"
RESPONDER = "vigil_responder"
SESSION = "vigil_session"  # for the api alone
CHANNELS = (INCIDENT, REGISTER, RESPONDER)

_SQL = statements("notify")
_QUIET_S = 1.0
_PING_S = 1.5
_FIRST_WAIT_S = 0.1
_LONGEST_WAIT_S = 5.0


async def incident(conn: Connection, incident_id: UUID, version: int) -> None:
    """A transition of an incident, its alarms or dispatches; heard after the commit."""
    await _notify(conn, INCIDENT, f"{incident_id} {version}")


async def register(conn: Connection, code: str) -> None:
    """A device was enrolled, revoked or given a token; "" when more than one thing changed."""
    await _notify(conn, REGISTER, code)


async def responder(conn: Connection, code: str) -> None:
    """A responder's position or availability changed."""
    await _notify(conn, RESPONDER, code)


async def session(conn: Connection, token_sha256: bytes) -> None:
    """A session was ended from elsewhere."""
    await _notify(conn, SESSION, token_sha256.hex())


async def listen(
    dsn: str,
    channels: Iterable[str],
    on_notice: Callable[[str, str], None],
    on_lost: Callable[[], None],
    stop: asyncio.Event,
) -> None:
    """Call `on_notice(channel, payload)` for every notice until `stop`, over as many connections as it takes.

    `on_lost` is called whenever listening has begun, the first time too: notices may have been missed before, and none is missed
    after what is read then. A server that died without a word is noticed within three seconds.
    """
    names = list(channels)
    wait = _FIRST_WAIT_S
    while not stop.is_set():
        with contextlib.suppress(psycopg.Error, OSError, TimeoutError):
            async with await connect(dsn, autocommit=True, application="vigil-listen") as conn:
                for name in names:
                    await conn.execute(SQL("LISTEN {}").format(Identifier(name)))
                on_lost()
                wait = _FIRST_WAIT_S
                await _hear(conn, on_notice, stop)
        if not stop.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), wait)
            wait = min(2 * wait, _LONGEST_WAIT_S)


async def _hear(conn: Connection, on_notice: Callable[[str, str], None], stop: asyncio.Event) -> None:
    """Until `stop`, or until the connection fails; a silent one is asked whether it still lives."""
    stopped = asyncio.ensure_future(stop.wait())
    try:
        while not stop.is_set():
            heard = asyncio.ensure_future(_some(conn, on_notice))
            done, _ = await asyncio.wait({heard, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if heard not in done:
                heard.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await heard
            elif not heard.result():
                await _ask(conn)
    finally:
        stopped.cancel()


async def _ask(conn: Connection) -> None:
    """Raises OperationalError when no answer comes. A frozen server hears no cancel either: the wire is cut under the question."""
    asked = asyncio.ensure_future(conn.execute(_SQL["ping"]))
    answered, _ = await asyncio.wait({asked}, timeout=_PING_S)
    if not answered:
        cut(conn)
    await asked


async def _some(conn: Connection, on_notice: Callable[[str, str], None]) -> int:
    count = 0
    async for notice in conn.notifies(timeout=_QUIET_S):
        on_notice(notice.channel, notice.payload)
        count += 1
    return count


async def _notify(conn: Connection, channel: str, payload: str) -> None:
    await conn.execute(_SQL["notify"], {"channel": channel, "payload": payload})
