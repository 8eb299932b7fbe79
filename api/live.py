"""The websocket: subscribe, snapshot, deltas. What a console says back is little and checked; a slow one is measured and cut."""

import asyncio
import hmac
import logging
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from pydantic import TypeAdapter, ValidationError

from api.access import PROBE, Action, Viewer, may
from api.cards import thing_of
from api.client import BAD_MESSAGE, NOT_LOGGED_IN, TOO_SLOW, Client, Ending
from api.context import Context, session
from api.guard import same_origin
from api.hub import Hub
from api.problems import NotLoggedIn
from api.sessions import LASTS, Session, digest
from api.shapes import ClientMessage, PingMessage, ShownMessage

log = logging.getLogger(__name__)
router = APIRouter()

SLOWEST_S = 10.0
_CLOSE_S = 1.0
_client_message: TypeAdapter[ShownMessage | PingMessage] = TypeAdapter(ClientMessage)
ABORT = "vigil.abort"


@router.websocket("/api/live")
async def live(socket: WebSocket) -> None:
    """One console, until either side ends it."""
    here: Context = socket.app.state.context
    if not same_origin(socket.headers, here.settings.allowed_origins):
        await socket.close()
        return
    try:
        found = probe_session(socket.headers, here.settings.probe_key) or await session(socket, here)
    except NotLoggedIn:
        await socket.accept()
        await socket.close(NOT_LOGGED_IN, "log in first")
        return
    await socket.accept()
    client = here.hub.join(found.viewer, found.digest)
    try:
        await _serve(socket, client, here)
    finally:
        here.hub.leave(client)


def probe_session(headers: Mapping[str, str], key: str) -> Session | None:
    """The probe's own console, opened by its key: no account, and nothing to be seen by it but the probe's press."""
    kind, _, given = headers.get("authorization", "").partition(" ")
    if not key or kind.lower() != "bearer" or not hmac.compare_digest(given.encode(), key.encode()):
        return None
    now = datetime.now(UTC)
    return Session(digest(given), Viewer(PROBE, "", 0, PROBE, "", None), now + LASTS, now)


async def _serve(socket: WebSocket, client: Client, here: Context) -> None:
    tasks: set[asyncio.Future[Any]] = {
        asyncio.create_task(_send(socket, client, here)),
        asyncio.create_task(_receive(socket, client, here)),
    }
    try:
        await asyncio.wait({client.ended, *tasks}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        for ended in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(ended, Exception):
                log.error("console of %s failed", client.viewer.login, exc_info=ended)
    if client.ended.done():
        ending = client.ended.result()
        here.meters.cut.inc(ending.code == TOO_SLOW)
        await _let_go(socket, ending, client.viewer.login)


async def _send(socket: WebSocket, client: Client, here: Context) -> None:
    while True:
        message = await client.next()
        try:
            async with asyncio.timeout(SLOWEST_S):
                await socket.send_text(message)
            if client.noticed is not None:
                here.meters.live.observe(time.monotonic() - client.noticed)
        except TimeoutError:
            client.end(TOO_SLOW, f"nothing taken for {SLOWEST_S:g} s")
            return
        except (WebSocketDisconnect, RuntimeError):
            return


async def _receive(socket: WebSocket, client: Client, here: Context) -> None:
    while True:
        try:
            text = await socket.receive_text()
            message = _client_message.validate_json(text)
        except (WebSocketDisconnect, RuntimeError):
            return
        except (ValidationError, KeyError):
            client.end(BAD_MESSAGE, "expected shown or ping")
            return
        if isinstance(message, PingMessage):
            client.put(_pong(message.number, datetime.now(UTC)))
        else:
            now = datetime.now(UTC)
            here.meters.first_shown(
                [here.hub.board.rows[one] for one in here.shown.rendered(shown(here.hub, client, message), client.viewer, now)], now
            )


def shown(hub: Hub, client: Client, message: ShownMessage) -> set[UUID]:
    """Which of these incidents this console may stamp as shown: on the board, in its sight, not stamped before."""
    rows = (hub.board.rows.get(item.id) for item in message.incidents)
    return {row.id for row in rows if row and row.shown_at is None and may(client.viewer, Action.MARK_SHOWN, thing_of(row))}


def _pong(number: int, now: datetime) -> str:
    return f'{{"type":"pong","number":{number},"server_time":"{now.isoformat()}"}}'


async def _let_go(socket: WebSocket, ending: Ending, login: str) -> None:
    """Say why; a console that does not even take that is dropped."""
    log.info("console of %s let go: %d %s", login, ending.code, ending.why)
    try:
        async with asyncio.timeout(_CLOSE_S):
            await socket.close(ending.code, ending.why)
    except TimeoutError:
        abort: Any = socket.scope.get("extensions", {}).get(ABORT)
        if abort is not None:
            abort["transport"].abort()
    except (WebSocketDisconnect, RuntimeError):
        pass
