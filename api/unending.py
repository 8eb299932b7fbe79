"""What runs behind the api never ends before the api does: whatever fails is written down, said, and begun again.

Work is handed over as what makes it, since a coroutine that failed cannot be begun again; when it begins again it takes nothing of
what it knew for granted.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable

log = logging.getLogger(__name__)

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 5.0
_SAID_FOR_S = 600.0


class Ended(Exception):
    """Work that has no end has ended all the same."""


class Ongoing:
    """How one piece of such work goes. `tell` hears True when it begins to fail, False when it is well again."""

    def __init__(self, name: str, tell: Callable[[bool], None] = lambda failing: None) -> None:
        self.name = name
        self._tell = tell
        self._failures = 0
        self._written: dict[type[BaseException], float] = {}

    def well(self) -> None:
        """It has done what it is for: whatever had failed is over."""
        if self._failures:
            log.info("%s: goes on after %d failures", self.name, self._failures)
            self._failures = 0
            self._tell(False)

    def failed(self, error: BaseException) -> None:
        """It could not do what it is for. Each kind of error is written down once in ten minutes, with where it came from."""
        now, kind = time.monotonic(), type(error)
        if now - self._written.get(kind, -_SAID_FOR_S) >= _SAID_FOR_S:
            self._written[kind] = now
            log.error("%s: failed; tried again until it succeeds", self.name, exc_info=error)
        self._failures += 1
        if self._failures == 1:
            self._tell(True)


async def unending(ongoing: Ongoing, work: Callable[[Ongoing], Awaitable[None]], stop: asyncio.Event) -> None:
    """Do the work until `stop`, again after every end but our own cancelling; pauses grow from one second to five."""
    wait = 0.0
    while not stop.is_set():
        began = time.monotonic()
        try:
            await work(ongoing)
            if stop.is_set():
                return
            raise Ended
        except (Exception, asyncio.CancelledError) as error:
            if isinstance(error, asyncio.CancelledError) and _told_to_end():
                raise
            ongoing.failed(error)
        wait = pause(wait, time.monotonic() - began)
        await _paused(stop, wait)


def pause(before: float, ran_s: float) -> float:
    """How long to wait after work that ran so long; `before` is the pause that went before it, 0 where none did."""
    return min(2 * before, LONGEST_WAIT_S) if before and ran_s < LONGEST_WAIT_S else FIRST_WAIT_S


def _told_to_end() -> bool:
    """Whether it is us whom somebody cancels; else it was something that we waited for, and that is a failure like others."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


async def _paused(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
