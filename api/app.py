"""Serves the app until told to stop: uvicorn in our own loop, our own socket, no signal handlers, consoles told before it ends."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

from api.assembly import create_app
from api.live import ABORT
from api.settings import ApiSettings

__all__ = ["ApiSettings", "create_app", "serve"]

log = logging.getLogger(__name__)

_LARGEST_MESSAGE = 64 * 1024
_GRACE_S = 5
_SEND_BUFFER = 128 * 1024  # each console inherits it; the kernel would hide megabytes of what a slow one has not taken


class Wire(WebSocketsSansIOProtocol):
    """Lets the app drop a console that takes nothing any more, not even the close frame."""

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        scope: Any = getattr(self, "scope", None)
        if scope is not None:
            scope["extensions"][ABORT] = {"transport": self.transport}


class Server(uvicorn.Server):
    """Signals belong to the composition root."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(settings: ApiSettings, stop: asyncio.Event, *, started: Callable[[int], None] | None = None) -> None:
    """Serve until `stop`; `started` hears the port once it answers. Raises OSError when the port is taken."""
    config = uvicorn.Config(
        create_app(settings),
        ws=Wire,
        ws_max_size=_LARGEST_MESSAGE,
        ws_per_message_deflate=False,  # each card is written once for everybody, not compressed for each
        ws_ping_interval=10.0,
        ws_ping_timeout=10.0,
        access_log=False,
        proxy_headers=settings.secure_cookies,  # with no proxy in front, anyone could claim an address for each password he tries
        log_config=None,
        server_header=False,
        lifespan="on",
        timeout_graceful_shutdown=_GRACE_S,
    )
    with contextlib.closing(_bound(settings.host, settings.port)) as listener:
        server = Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listener]), name="uvicorn")
        announcing = asyncio.create_task(_announced(server, listener, started))
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            server.should_exit = True
            announcing.cancel()
            stopping.cancel()
            await serving


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener


async def _announced(server: Server, listener: socket.socket, started: Callable[[int], None] | None) -> None:
    while not server.started:  # noqa: ASYNC110 - uvicorn tells nobody
        await asyncio.sleep(0.02)
    port = int(listener.getsockname()[1])
    log.info("api answers on port %d", port)
    if started is not None:
        started(port)
