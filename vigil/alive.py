"""What a part and its supervisor say to each other: SIGTERM to end, and signs of life, a byte a second down an inherited pipe.

The event loop writes them, so they prove that it turns.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping

from vigil import heap

BEAT_S = 1.0
VARIABLE = "VIGIL_ALIVE_FD"


def beat(environ: Mapping[str, str]) -> None:
    """From now on, for as long as the running loop turns; nothing where no supervisor listens."""
    text = environ.get(VARIABLE, "")
    if not text.isdigit():
        return
    descriptor = int(text)
    with contextlib.suppress(OSError):  # the variable may have been inherited further than the pipe
        os.set_blocking(descriptor, False)
        os.set_inheritable(descriptor, False)
        _beat(asyncio.get_running_loop(), descriptor)


def told_to_stop() -> asyncio.Event:
    """An event that SIGTERM sets; from here on the part gives signs of life, and what it has loaded stays."""
    heap.settle()
    beat(os.environ)
    return stop_on_signals()


def stop_on_signals() -> asyncio.Event:
    """An event that SIGINT and SIGTERM set."""
    stop = asyncio.Event()
    for one in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(one, stop.set)
    return stop


def _beat(loop: asyncio.AbstractEventLoop, descriptor: int) -> None:
    with contextlib.suppress(BlockingIOError):  # a supervisor that is busy reads later
        try:
            os.write(descriptor, b".")
        except BrokenPipeError:
            return
    loop.call_later(BEAT_S, _beat, loop, descriptor)
