"""From an order to a siren: publish what waits until the device answers, another order follows or this one has run out, and write
down what came of it.

Orders and answers are rows, so nothing hangs on this process: whichever api looks next goes on where another stopped. To send one
twice does no harm, since a device does each id once; while one is being sent nobody orders another, so that they leave in order.
"""

import asyncio
import contextlib
import logging
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
from dispatch.siren import ANSWER_WITHIN, Act, unanswered
from store import commands
from store.commands import PendingRow
from store.connect import Connection

log = logging.getLogger(__name__)
T = TypeVar("T")

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
                ongoing.well()
            except StoreUnavailable:
                waiting = False

    async def turn(self) -> bool:
        """One look; whether an answer may still come."""
        now = datetime.now(UTC)
        for answer in await self._do(lambda conn: commands.answers(conn, now)):
            await self._do(partial(commands.answered, answer=answer, now=now))
        pending = await self._do(lambda conn: commands.pending(conn, now))
        self._said = {one.id: self._said[one.id] for one in pending if one.id in self._said}
        for command in pending:
            if now < command.expires_at and now - self._said.get(command.id, command.at - _AGAIN) >= _AGAIN:
                await self._do(partial(self._send, command))
            if command.unanswered_at is None and unanswered(command.command, now):
                await self._do(partial(commands.unanswered, command=command, now=now))
        return any(now < one.expires_at + ANSWER_WITHIN for one in pending)

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
        self._said[command.id] = now
        log.info("siren %s: %s sent", command.device, command.act)
        await commands.sent(conn, command.id, now)
