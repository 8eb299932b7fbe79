"""One console on the line: its own sequence numbers, a queue that cannot grow without end, and what it holds.

Numbers are given when a message leaves, so a snapshot may throw away what it supersedes without making a gap. A console that cannot
keep up is cut with a code that says so; it comes back and gets a snapshot, which is cheaper than what it missed.
"""

import asyncio
from collections import deque
from dataclasses import dataclass
from uuid import UUID

from api.access import Mask, Viewer, mask_of

NOT_LOGGED_IN = 4401
BAD_MESSAGE = 4400
TOO_SLOW = 4408
GOING_AWAY = 1012

MOST_MESSAGES = 512
MOST_CHARACTERS = 4_000_000


@dataclass(frozen=True, slots=True)
class Ending:
    """Why a console is let go: a websocket close code and a word for the log."""

    code: int
    why: str


class Client:
    """`session` is the digest of the session it came by; `hello` goes out before everything else."""

    def __init__(self, viewer: Viewer, session: bytes, hello: str) -> None:
        self.viewer = viewer
        self.session = session
        self.mask: Mask = mask_of(viewer.role)
        self.holds: set[UUID] = set()
        self.ended: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
        self._hello = hello
        self.noticed: float | None = None  # when the news of the last message handed out was noticed (monotonic)
        self._queue: deque[tuple[str, float | None]] = deque()
        self._characters = 0
        self._seq = 0
        self._waiting = asyncio.Event()

    def put(self, body: str, noticed: float | None = None) -> None:
        """Queue a message: a JSON object without its seq."""
        if self._queue and (len(self._queue) >= MOST_MESSAGES or self._characters + len(body) > MOST_CHARACTERS):
            self.end(TOO_SLOW, f"{len(self._queue)} messages waiting")
            return
        self._queue.append((body, noticed))
        self._characters += len(body)
        self._waiting.set()

    def restart(self, snapshot: str, holds: set[UUID]) -> None:
        """Queue a snapshot in place of everything that waits, since it replaces what the console held."""
        self._queue.clear()
        self._characters = 0
        self.holds = holds
        self.put(snapshot)

    def end(self, code: int, why: str) -> None:
        """Let the console go; the first reason stays."""
        if not self.ended.done():
            self.ended.set_result(Ending(code, why))

    async def next(self) -> str:
        """The next message with its number."""
        body = self._hello if self._seq == 0 else await self._queued()
        self._seq += 1
        return f'{{"seq":{self._seq},{body[1:]}'

    async def _queued(self) -> str:
        while not self._queue:
            self._waiting.clear()
            await self._waiting.wait()
        body, self.noticed = self._queue.popleft()
        self._characters -= len(body)
        return body
