"""A connected, non-blocking socket for MQTT, with TLS on it when a certificate authority is given. Nothing here blocks the loop."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Nobody can stand between us and loopback, and a certificate for the outside does not name it; its chain is still checked.
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True)
class Address:
    """Where and as whom to connect. `keepalive` in seconds: a dead peer is noticed after at most twice that."""

    host: str
    port: int
    client_id: str
    username: str
    password: str
    clean: bool = False
    tls_ca: Path | None = None
    keepalive: int = 10


async def reach(address: Address) -> socket.socket:
    """Connect to the first of the host's addresses that answers. Raises OSError, ssl.SSLError among them."""
    loop = asyncio.get_running_loop()
    failure: OSError = OSError(f"{address.host} has no address")
    for family, kind, protocol, _, where in await loop.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM):
        sock = socket.socket(family, kind, protocol)
        try:
            sock.setblocking(False)
            await loop.sock_connect(sock, where)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return await _secured(sock, address) if address.tls_ca else sock
        except OSError as error:
            sock.close()
            failure = error
        except BaseException:
            sock.close()
            raise
    raise failure


async def _secured(sock: socket.socket, address: Address) -> ssl.SSLSocket:
    loop = asyncio.get_running_loop()
    context = ssl.create_default_context(cafile=address.tls_ca)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # the broker's own certificate may be given instead of a CA
    context.check_hostname = address.host not in _LOOPBACK
    wrapped = context.wrap_socket(sock, server_hostname=address.host, do_handshake_on_connect=False)
    try:
        while True:
            try:
                wrapped.do_handshake()
            except ssl.SSLWantReadError:
                await _able(loop.add_reader, loop.remove_reader, wrapped)
            except ssl.SSLWantWriteError:
                await _able(loop.add_writer, loop.remove_writer, wrapped)
            else:
                return wrapped
    except BaseException:
        wrapped.close()
        raise


async def _able(add: Callable[..., None], remove: Callable[[Any], Any], sock: socket.socket) -> None:
    ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def done() -> None:
        remove(sock)
        ready.set_result(None)

    add(sock, done)
    try:
        await ready
    finally:
        remove(sock)
