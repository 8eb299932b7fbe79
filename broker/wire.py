"""The socket under a connection: it reads in large pieces, writes at once what was gathered, and is closed only when the other side
has read everything.

A socket that is closed while something unread is in it forgets what the other side has not read yet. So who leaves says that
nothing more comes, goes on reading, and closes when the other side does.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable

_PIECE = 256 * 1024


class Wire:
    """A connected, non-blocking socket on the running loop. `on_input` is called when there is something to `read`, or it is over.

    paho takes it for a socket: what it sends is gathered, and it receives what it is fed.
    """

    def __init__(self, sock: socket.socket, on_input: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._sock = sock
        self._on_input = on_input
        self._out = bytearray()
        self._flushing = self._closing = self.leaving = False
        self._fed = bytearray()
        self.over = False
        self.gone: asyncio.Future[None] = self._loop.create_future()
        self._loop.add_reader(sock, self._readable)

    def read(self) -> bytes:
        """What has come, a piece of it; nothing when nothing has, or it is `over`."""
        try:
            piece = self._sock.recv(_PIECE)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return b""
        except OSError:
            piece = b""
        if not piece:
            self._fail()
        elif isinstance(self._sock, ssl.SSLSocket) and self._sock.pending():
            self._loop.call_soon(self._readable)  # decrypted already: no reader will be woken for it
        return piece

    def feed(self, packet: bytes) -> None:
        """A whole packet, for paho to receive."""
        self._fed += packet

    @property
    def fed(self) -> bool:
        """Whether there is anything that paho has not received."""
        return bool(self._fed)

    def send(self, data: bytes | bytearray) -> int:
        """Take it all, to be written with whatever else is sent before the loop goes round."""
        self._out += data
        if not self._flushing:
            self._flushing = True
            self._loop.call_soon(self._flush)
        return len(data)

    def recv(self, size: int) -> bytes:
        """For paho: of what it was fed. Raises BlockingIOError when that is used up; empty when it is over."""
        if not self._fed and not self.over:
            raise BlockingIOError
        data = bytes(self._fed[:size])
        del self._fed[:size]
        return data

    def leave(self) -> None:
        """From now on `close` waits for the other side; `gone` tells when it has closed."""
        self.leaving = True

    def close(self) -> None:
        """At once; after `leave`, and unless it is over, when everything is written and read."""
        if not self.leaving or self.over:
            self.drop()
        elif not self._closing:
            self._closing = True
            self._loop.remove_reader(self._sock)
            if not self._flushing:
                self._nothing_more()

    def drop(self) -> None:
        """At once."""
        if not self.gone.done():
            self._loop.remove_reader(self._sock)
            self._loop.remove_writer(self._sock)
            self._sock.close()
            self.over = True
            self.gone.set_result(None)

    def fileno(self) -> int:
        """The descriptor, -1 when closed."""
        return self._sock.fileno()

    def setblocking(self, flag: bool) -> None:
        """For paho, which wants what is so: it never blocks."""

    def _readable(self) -> None:
        if not self.gone.done():
            self._on_input()

    def _flush(self) -> None:
        """Write until all is written or the system takes no more."""
        try:
            while self._out and not self.gone.done():
                del self._out[: self._sock.send(self._out)]
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            self._loop.add_writer(self._sock, self._flush)
            return
        except OSError:
            self._fail()
            self._readable()
        self._flushing = False
        if not self.gone.done():
            self._loop.remove_writer(self._sock)
            if self._closing:
                self._nothing_more()

    def _nothing_more(self) -> None:
        """All is written: say so, and wait until the other side has read it and closes."""
        try:
            self._sock.shutdown(socket.SHUT_WR)
        except OSError:
            self.drop()
        else:
            self._loop.add_reader(self._sock, self._discard)

    def _discard(self) -> None:
        try:
            while self._sock.recv(_PIECE):
                pass
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return
        except OSError:
            pass
        self.drop()

    def _fail(self) -> None:
        self.over = True
        if not self.gone.done():
            self._loop.remove_reader(self._sock)
