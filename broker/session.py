"""A session that never drops: it reconnects for as long as it lives, and acknowledges only what its owner has told it to.

A delivery carries the generation of the connection it came by. An acknowledgement of an earlier generation does nothing, since the
broker hands that message over again; whoever takes deliveries therefore recognises repeats by key.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import TracebackType

from broker.connection import Connection, PublishFailed, Refused
from broker.deliveries import Arrived
from broker.transport import Address

__all__ = ["Arrived", "NotConnected", "PublishFailed", "Refused", "Session"]

log = logging.getLogger(__name__)

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 3.0


class NotConnected(TimeoutError):
    """No connection with all its subscriptions in time; `last` is what the latest attempt ended with."""

    def __init__(self, client_id: str, last: str) -> None:
        super().__init__(f"session {client_id}: not connected: {last or 'no answer yet'}")
        self.last = last


class Session:
    """A standing MQTT session. `on_message` runs on the loop and must not block; what it raises leaves the message unacknowledged.

    `on_link` hears True once connected and subscribed, False when that ends. With the default keepalive a silent broker is noticed
    within 20 s; a listener that must know within 5 s asks for `keepalive=2`.
    """

    def __init__(
        self,
        *,
        host: str,
        port: int,
        client_id: str,
        username: str,
        password: str,
        filters: Sequence[str],
        qos: int = 1,
        clean: bool = False,
        on_message: Callable[[Arrived], None],
        on_link: Callable[[bool], None] | None = None,
        tls_ca: Path | None = None,
        keepalive: int = 10,
    ) -> None:
        self._address = Address(host, port, client_id, username, password, clean, tls_ca, keepalive)
        self._filters = tuple(filters)
        self._qos = qos
        self._on_message = on_message
        self._on_link = on_link
        self._connection: Connection | None = None
        self._generation = 0
        self._last = ""
        self._leaving = False
        self._up = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def link(self) -> bool:
        """Connected, with every subscription granted."""
        return self._up.is_set()

    async def __aenter__(self) -> "Session":
        self._task = asyncio.create_task(self._run(), name=f"mqtt session {self._address.client_id}")
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.disconnect()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def connected(self, timeout: float) -> None:
        """Wait for CONNACK and the SUBACK of all filters. Raises NotConnected."""
        try:
            async with asyncio.timeout(timeout):
                await self._up.wait()
        except TimeoutError:
            raise NotConnected(self._address.client_id, self._last) from None

    def acknowledge(self, arrived: Arrived) -> None:
        """Tell the broker that this delivery is safe. Does nothing for one of an earlier connection."""
        self.acknowledge_all((arrived,))

    def acknowledge_all(self, arrived: Iterable[Arrived]) -> None:
        """The same for many at once."""
        if self._connection is not None:
            self._connection.acknowledge([one.mid for one in arrived if one.generation == self._generation and one.qos])

    async def disconnect(self) -> None:
        """Leave for good: acknowledgements are flushed, the backlog stays with the broker."""
        self._leaving = True
        if self._connection is not None:
            await self._connection.close()
        self._link_is(False)

    async def publish(self, topic: str, payload: bytes, qos: int = 1, retain: bool = False, timeout: float = 5.0) -> None:
        """Publish and wait for PUBACK. Raises PublishFailed; nothing is kept to be sent later."""
        if self._connection is None or not self.link:
            raise PublishFailed(topic, "the link is down")
        try:
            async with asyncio.timeout(timeout):
                await self._connection.publish(topic, payload, qos, retain)
        except TimeoutError:
            raise PublishFailed(topic, f"no PUBACK within {timeout:g} s") from None
        except (OSError, ValueError) as error:
            raise PublishFailed(topic, str(error)) from error

    async def _run(self) -> None:
        """Serve until we leave: nothing else ends it, since presses come this way."""
        failures = 0
        while not self._leaving:
            try:
                served = await self._serve_once()
            except Exception as error:
                served, self._last = False, f"{type(error).__name__}: {error}"
                if not failures:
                    log.exception("session %s: failed; connecting again until it succeeds", self._address.client_id)
            failures = 0 if served else failures + 1
            if not self._leaving:
                await asyncio.sleep(_pause_s(failures))

    async def _serve_once(self) -> bool:
        """One connection from open to end. True when it came up."""
        self._generation += 1
        connection = Connection(self._address, self._generation, self._on_message)
        self._connection = connection
        served, before = False, self._last
        try:
            await connection.open()
            if self._filters:
                await connection.subscribe(self._filters, self._qos)
            served = True
            self._link_is(True)
            self._last = await connection.ended
        except (OSError, TimeoutError) as error:
            self._last = str(error) or "timed out"
        finally:
            self._connection = None
            await connection.close()
            self._link_is(False)
        if not self._leaving:
            level = logging.WARNING if served or self._last != before else logging.DEBUG
            log.log(level, "session %s: link down: %s", self._address.client_id, self._last)
        return served

    def _link_is(self, up: bool) -> None:
        if up == self._up.is_set():
            return
        if up:
            self._up.set()
        else:
            self._up.clear()
        if self._on_link is not None:
            try:
                self._on_link(up)
            except Exception:
                log.exception("session %s: the listener to its link failed", self._address.client_id)


def _pause_s(failures: int) -> float:
    """Doubling, with jitter, so that workers that fell together do not return together."""
    longest = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0 ** min(failures, 10))
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, guards nothing
