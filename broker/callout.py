"""The auth callout: judges every device that connects, from memory, so that the database may be down.

It answers nobody until the register is there (loaded, or the snapshot of last time) and the persistent sessions exist.
Several of it share the questions as one queue group; any one suffices.
"""

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import nats
import nats.errors
from nats.aio.client import Client as NatsClient
from nats.aio.msg import Msg

from broker.admission import Credential, Refusal, judge
from broker.claims import BadQuestion, Question, Signer, admitted, read_question, refused
from broker.lanes import SessionSpec, ensure
from broker.register import Load, Register
from broker.secrets import BrokerSecrets
from broker.warden import sweep

__all__ = ["CalloutSettings", "Counts", "Load", "connection", "serve"]

log = logging.getLogger(__name__)

Told = Callable[[], Awaitable[None]]

_QUESTIONS = "$SYS.REQ.USER.AUTH"
_QUEUE = "vigil-callout"
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 5.0
_ENSURE_S = 10.0
_DRAIN_S = 2.0
_RETURN_S = 0.05  # a CONNECT that comes before a callout is back waits for all of the server's patience
_SAY_AGAIN_S = 5.0
_MOST_NAMES, _LONGEST_NAME = 1_000, 40


@dataclass(frozen=True, slots=True)
class CalloutSettings:
    """Where the broker is, whom we are there, and where the snapshot is kept. `reload_s`: how long a lost `changed` may matter."""

    nats_url: str
    mqtt_host: str
    mqtt_port: int
    secrets: BrokerSecrets
    snapshot_path: Path
    reload_s: float = 60.0
    tls_ca: Path | None = None


@dataclass(slots=True)
class Counts:
    """What a callout has done since it started, and whether it is at work: `listening` for the devices it knows."""

    listening: bool = False
    devices: int = 0
    granted: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    untold: Counter[tuple[str, str]] = field(default_factory=Counter)  # (reason, device), until somebody takes and keeps them
    disconnected: int = 0
    failed_loads: int = 0

    def refuse(self, reason: str, name: str) -> None:
        """Count a refused login. Anybody may invent names: past a limit they count together."""
        self.refused[reason] += 1
        known = len(self.untold) < _MOST_NAMES or (reason, name) in self.untold
        self.untold[(reason, name[:_LONGEST_NAME] if known else "")] += 1


async def serve(
    settings: CalloutSettings, load: Load, changed: asyncio.Event, stop: asyncio.Event, counts: Counts | None = None
) -> None:
    """Judge until `stop`. Set `changed` when the register changed: it is loaded anew; whom it grants no more is disconnected."""
    work = asyncio.ensure_future(_run(settings, load, changed, counts or Counts()))
    stopped = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({work, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            await work
    finally:
        stopped.cancel()
        await _end(work)


async def _end(task: asyncio.Future[None]) -> None:
    """Cancel until it has ended: a cancellation that meets an answer inside the client library is lost (Python 3.11's wait_for)."""
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=_DRAIN_S + 1)
    if not task.cancelled() and (error := task.exception()):
        log.warning("callout: while ending: %s: %s", type(error).__name__, error)


async def _run(settings: CalloutSettings, load: Load, changed: asyncio.Event, counts: Counts) -> None:
    register = Register(settings.snapshot_path, load, lambda specs: _ensure(settings, specs))

    async def lost() -> None:
        register.forget_sessions()

    async def returned() -> None:
        changed.set()

    async with connection(settings, "callout", lost, returned) as judging, connection(settings, "warden") as warden:
        clerk = _Clerk(register, Signer(settings.secrets.callout_seed), counts)
        pause_s = _FIRST_PAUSE_S
        while True:
            changed.clear()
            fine = await register.refresh()
            counts.failed_loads, counts.devices = register.failed_loads, len(register.granted)
            if register.ready.is_set():
                if not counts.listening:
                    await judging.subscribe(_QUESTIONS, queue=_QUEUE, cb=clerk.answer)
                    await judging.flush()
                    counts.listening = True
                    log.info("callout: judging for %d devices", counts.devices)
                fine = await _sweep(warden, register.granted, counts) and fine
            pause_s = _FIRST_PAUSE_S if fine else min(pause_s * 2, _LONGEST_PAUSE_S)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(settings.reload_s if fine else pause_s):
                    await changed.wait()


class _Clerk:
    """Answers the server's questions, one after the other, from memory."""

    def __init__(self, register: Register, signer: Signer, counts: Counts) -> None:
        self._register = register
        self._signer = signer
        self._counts = counts

    async def answer(self, message: Msg) -> None:
        try:
            question = read_question(message.data)
        except BadQuestion as error:
            log.error("%s", error)
            return
        await self._register.ready.wait()  # after a restart of the broker the sessions come first
        await message.respond(self.decide(question, int(time.time())))

    def decide(self, question: Question, now: int) -> bytes:
        verdict = judge(self._register.granted, question.username, question.password, question.client)
        if isinstance(verdict, Refusal):
            self._counts.refuse(verdict.reason, question.username)
            log.info("device %.40r refused: %s", question.username, verdict.reason)
            return refused(self._signer, question, verdict.reason, now)
        self._counts.granted += 1
        return admitted(self._signer, question, verdict, now)


async def _sweep(warden: NatsClient, granted: Mapping[str, Credential], counts: Counts) -> bool:
    try:
        counts.disconnected += await sweep(warden, granted)
    except (nats.errors.Error, TimeoutError, ValueError, KeyError) as error:
        log.warning("callout: could not look for revoked connections: %s: %s", type(error).__name__, error)
        return False
    return True


async def _ensure(settings: CalloutSettings, specs: tuple[SessionSpec, ...]) -> None:
    await ensure(
        specs,
        host=settings.mqtt_host,
        port=settings.mqtt_port,
        username="ingest",
        password=settings.secrets.passwords["ingest"],
        nats_url=settings.nats_url,
        tls_ca=settings.tls_ca,
        timeout=_ENSURE_S,
    )


@contextlib.asynccontextmanager
async def connection(
    settings: CalloutSettings, user: str, lost: Told | None = None, returned: Told | None = None
) -> AsyncIterator[NatsClient]:
    """A connection to the broker that waits for it to come and, once made, returns by itself for ever."""
    pause_s = _FIRST_PAUSE_S
    while True:
        try:
            client = await _dial(settings.nats_url, user, settings.secrets.passwords[user], lost, returned)
            break
        except (nats.errors.Error, OSError, TimeoutError) as error:
            log.warning("callout: no broker yet as %s: %s", user, error or type(error).__name__)
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
    try:
        yield client
    finally:
        try:
            with contextlib.suppress(nats.errors.Error, TimeoutError):
                async with asyncio.timeout(_DRAIN_S):
                    await client.drain()  # a question that was taken is answered; others of the queue get the next
        finally:
            await client.close()


async def _dial(url: str, user: str, password: str, lost: Told | None, returned: Told | None) -> NatsClient:
    client = NatsClient()
    try:
        await client.connect(
            url,
            user=user,
            password=password,
            name=f"vigil-{user}",
            max_reconnect_attempts=-1,
            reconnect_time_wait=_RETURN_S,  # type: ignore[arg-type] # it is slept for, whole or not
            connect_timeout=5,
            ping_interval=5,
            error_cb=_Grumble().hear,
            disconnected_cb=lost,
            reconnected_cb=returned,
        )
    except BaseException:
        await client.close()
        raise
    return client


class _Grumble:
    """Says what is wrong with the line, the same not again for five seconds: a lost broker is dialled twenty times a second."""

    def __init__(self) -> None:
        self._last, self._at = "", 0.0

    async def hear(self, error: Exception) -> None:
        what, now = str(error) or type(error).__name__, time.monotonic()
        if what != self._last or now - self._at >= _SAY_AGAIN_S:
            self._last, self._at = what, now
            log.warning("callout: broker: %s", what)
