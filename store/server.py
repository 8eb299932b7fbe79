"""The embedded database: PostgreSQL from a wheel on the loopback, its data kept, started and stopped as a child process.

What is committed is on disk (fsync and synchronous_commit are on), so kill -9 loses nothing that was acknowledged. `prepare`,
`argv` and `wait_ready` let a supervisor run it; `async with EmbeddedDatabase(...)` runs it here.
"""

import asyncio
import contextlib
import signal
import socket
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import psycopg
from psycopg.conninfo import make_conninfo

from store import cluster
from store.cluster import DatabaseFailed
from store.connect import Role, connect

HOST = "127.0.0.1"
STOP_SIGNAL = signal.SIGINT  # "fast": SIGTERM would wait until every client has left

_READY_S = 60.0
_STOP_S = 20.0
_LOG_LINES = 15
_SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "100",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "128MB",
    "jit": "off",
    "log_line_prefix": "%m [%p] %a ",
    "cluster_name": "vigil",
}


@dataclass(frozen=True, slots=True)
class Database:
    """One database of a running server, and how each role connects to it."""

    server: "EmbeddedDatabase"
    name: str

    def dsn(self, role: Role) -> str:
        """How this role connects; it holds the password."""
        return self.server.dsn(role, self.name)


class EmbeddedDatabase:
    """A database of our own under `data_dir`. Without a port it takes the one of last time if that is free, else any free one, and
    keeps it over stop and start, so that clients find it again."""

    def __init__(self, data_dir: Path, port: int = 0) -> None:
        self.home = data_dir.absolute()
        self.port = port
        self.process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> "EmbeddedDatabase":
        await self.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.stop()

    def dsn(self, role: Role, database: str = cluster.DATABASE) -> str:
        """How this role connects; it holds the password. Settles the port."""
        password = cluster.password(self.home, role)
        return make_conninfo(host=HOST, port=self._settled_port(), dbname=database, user=role, password=password, sslmode="disable")

    def prepare(self) -> None:
        """Make the data directory if there is none (a second), and see that nobody serves it. Raises DatabaseFailed."""
        cluster.ensure(self.home)
        self._settled_port()

    def argv(self) -> list[str]:
        """The command of the server, after `prepare`. It stops fast on STOP_SIGNAL and when whoever started it dies."""
        data = self.home / "pg"
        settings = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
        server = [cluster.program("postgres"), "-D", str(data.resolve()), "-p", str(self._settled_port()), *settings]
        return cluster.as_account(data, server, dies_with_parent=True)

    async def wait_ready(self, timeout: float = _READY_S) -> None:
        """Wait until it accepts, recovery included. Raises TimeoutError."""
        async with asyncio.timeout(timeout):
            while not await self.healthy():  # noqa: ASYNC110 - another process gets ready; there is nothing to be told by
                await asyncio.sleep(0.05)

    async def healthy(self) -> bool:
        """Whether the owner can connect now."""
        try:
            conn = await connect(self.dsn("vigil_owner"), application="vigil-probe")
        except psycopg.Error:
            return False
        await conn.close()
        return True

    async def start(self, timeout: float = _READY_S) -> None:
        """Start the server and wait until it accepts. Raises DatabaseFailed."""
        await asyncio.to_thread(self.prepare)
        with self._log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *self.argv(), stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        try:
            await self._first_of_ready_and_exit(self.process, timeout)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """End every session, write everything down, leave. Does nothing when it has ended."""
        process, self.process = self.process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(STOP_SIGNAL)
        try:
            await asyncio.wait_for(process.wait(), _STOP_S)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGQUIT)
            await process.wait()

    @property
    def _log(self) -> Path:
        return self.home / "postgres.log"

    def _settled_port(self) -> int:
        if not self.port:
            file = self.home / "port"
            self.port = _first_free(int(file.read_text()) if file.exists() else 0)
            self.home.mkdir(mode=0o711, parents=True, exist_ok=True)
            file.write_text(f"{self.port}\n")
        return self.port

    async def _first_of_ready_and_exit(self, process: asyncio.subprocess.Process, timeout: float) -> None:
        ready, ended = asyncio.ensure_future(self.wait_ready(timeout)), asyncio.ensure_future(process.wait())
        try:
            done, _ = await asyncio.wait({ready, ended}, return_when=asyncio.FIRST_COMPLETED)
            if ended in done:
                raise DatabaseFailed(f"it ended at once with status {process.returncode}", self._last_lines())
            if ready.exception() is not None:
                raise DatabaseFailed(f"not ready after {timeout:g} s", self._last_lines())
        finally:
            ready.cancel()
            ended.cancel()
            await asyncio.gather(ready, ended, return_exceptions=True)

    def _last_lines(self) -> str:
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-_LOG_LINES:])


def _first_free(wanted: int) -> int:
    """`wanted` if nobody listens there, else what the system gives."""
    for port in (wanted, 0):
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind((HOST, port))
            except OSError:
                continue
            return int(listener.getsockname()[1])
    raise DatabaseFailed("no free port")
