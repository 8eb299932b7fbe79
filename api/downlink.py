"""From an order to a siren: publish what waits until the device answers, another order follows or this one has run out, and write
down what came of it.

Orders and answers are rows, so nothing hangs on this process: whichever api looks next goes on where another stopped. To send one
twice does no harm, since a device does each id once; while one is being sent nobody orders another, so that they leave in order.

Each is done by itself, orders first: one that fails every time keeps no other from being sent or written down. It is tried again
after growing pauses, and the consoles are told meanwhile.
"""

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Protocol, TypeVar
from uuid import UUID

from api.database import Database, Lane, StoreUnavailable, Work
from api.unending import Ongoing
from broker.session import PublishFailed
from devices.commands import CommandMessage, encode
from devices.keys import milliseconds
from devices.topics import Topic
from dispatch.retry import Retries
from dispatch.siren import ANSWER_WITHIN, Act, unanswered
from store import commands
from store.commands import AnswerRow, PendingRow
from store.connect import Connection

log = logging.getLogger(__name__)
T = TypeVar("T")
Key = tuple[str, UUID]  # what is done about a command, and which

_BUSY_S, _IDLE_S = 0.25, 5.0
_AGAIN = timedelta(seconds=3)
_PUBLISH_S = 2.0


class Publisher(Protocol):
    """What carries a message to the broker."""

    async def publish(self, topic: str, payload: bytes, qos: int = 1, retain: bool = False, timeout: float = 5.0) -> None:
        """Raises PublishFailed."""


def payload(command: PendingRow) -> bytes:
    """An order as the device reads it."""
    on = command.act == Act.ON
    values = {"on": float(on), "seconds": float(command.seconds)} if on else {"on": 0.0}
    return encode(CommandMessage(str(command.id), "siren", milliseconds(command.at), milliseconds(command.expires_at), values))


class Downlink:
    """`ordered` wakes it: somebody has just pressed."""

    def __init__(self, database: Database, publisher: Publisher, ordered: asyncio.Event) -> None:
        self._database = database
        self._publisher = publisher
        self._ordered = ordered
        self._said: dict[UUID, datetime] = {}
        self._retries = Retries[Key]()
        self._errors: list[Exception] = []

    async def run(self, ongoing: Ongoing) -> None:
        """Look, send, write down, for ever; looks at once, since what was ordered while it did not run was not sent."""
        self._ordered.set()
        waiting = False
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_BUSY_S if waiting else _IDLE_S):
                    await self._ordered.wait()
            self._ordered.clear()
            try:
                waiting = await self.turn()
            except StoreUnavailable:
                waiting = False
                continue
            for error in self._errors:
                ongoing.failed(error)
            if not self._retries:
                ongoing.well()

    async def turn(self) -> bool:
        """One look; whether an answer may still come. Raises StoreUnavailable while the database is away."""
        now = datetime.now(UTC)
        answers = await self._do(lambda conn: commands.answers(conn, now))
        answered = {one.id for one in answers}
        pending = [one for one in await self._do(lambda conn: commands.pending(conn, now)) if one.id not in answered]
        self._said = {one.id: self._said[one.id] for one in pending if one.id in self._said}
        await self._each(self._works(pending, answers, now))
        return any(now < one.expires_at + ANSWER_WITHIN for one in pending)

    def _works(self, pending: list[PendingRow], answers: list[AnswerRow], now: datetime) -> dict[Key, Work[object]]:
        works: dict[Key, Work[object]] = {}
        for command in pending:
            due = now - self._said.get(command.id, command.at - _AGAIN) >= _AGAIN
            if due and now < command.expires_at and not command.given_up:
                works["send", command.id] = partial(self._send, command)
        for answer in answers:
            works["write the answer of", answer.id] = partial(commands.answered, answer=answer, now=now)
        for command in pending:
            if command.unanswered_at is None and (command.given_up or unanswered(command.command, now)):
                works["write the silence of", command.id] = partial(commands.unanswered, command=command, now=now)
        return works

    async def _each(self, works: Mapping[Key, Work[object]]) -> None:
        self._errors = []
        for key in self._retries.to_try(works, datetime.now(UTC)):
            try:
                await self._do(works[key])
            except Exception as error:
                if isinstance(error, StoreUnavailable) and not self._database.up:
                    raise
                log.error("sirens: could not %s %s, tried again: %s: %s", *key, type(error).__name__, error)
                self._retries.failed(key, datetime.now(UTC))
                self._errors.append(error)
            else:
                self._retries.done(key)

    async def _do(self, work: Work[T]) -> T:
        return await self._database.run(work, lane=Lane.OWN)

    async def _send(self, command: PendingRow, conn: Connection) -> None:
        """Never retained: what a device finds later is no order any more. Nor is what another order has followed meanwhile."""
        now, topic = datetime.now(UTC), str(Topic(command.area, command.site, command.device, "cmd"))
        if not await commands.sending(conn, command, now):
            return
        try:
            await self._publisher.publish(topic, payload(command), retain=False, timeout=_PUBLISH_S)
        except PublishFailed as why:
            log.warning("siren %s: %s not sent: %s", command.device, command.act, why)
            return
        log.info("siren %s: %s sent", command.device, command.act)
        await commands.sent(conn, command.id, now)
        self._said[command.id] = now
