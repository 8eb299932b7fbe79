"""What a device says: kept until the broker has acknowledged it, and said again, marked as a repeat, until then."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from secrets import token_hex

from simulators.wire import Endpoint, Line, Refused, line

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 5.0


@dataclass(slots=True, eq=False)
class Message:
    """Something a device says, kept until the broker has it. `sent` once it went out: from then on it may be there already."""

    topic: str
    body: Mapping[str, object]
    retain: bool = False
    sent: bool = False

    @property
    def payload(self) -> bytes:
        return json.dumps(self.body, separators=(",", ":")).encode()


async def deliver(own: Line, message: Message) -> None:
    """Say it on this line; said again it is marked as a repeat. Raises ConnectionError, TimeoutError."""
    dup, message.sent = message.sent, True
    await own.publish(message.topic, message.payload, retain=message.retain, dup=dup)


async def say(where: Endpoint, code: str, token: str, message: Message, patience_s: float = 120.0) -> None:
    """Connect, say it, leave; again with growing pauses until the broker has it. Raises TimeoutError, Refused.

    A refusal is tried again too: a broker that has just started refuses everybody until a callout answers it.
    """
    pause, refusal = _FIRST_PAUSE_S, None
    beside = f"say-{code}-{token_hex(4)}"  # takes over neither the line it may keep nor another saying
    try:
        async with asyncio.timeout(patience_s):
            while True:
                try:
                    async with line(where, code, token, client_id=beside) as own:
                        await deliver(own, message)
                        return
                except OSError as error:  # ConnectionError, Refused and TimeoutError among them
                    refusal = error if isinstance(error, Refused) else None
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE_S)
    except TimeoutError:
        raise refusal or TimeoutError(f"{code}: not said within {patience_s:g} s") from None
