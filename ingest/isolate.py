"""A poison message is found and set aside, so that it stops only itself: a failing batch is halved until one stands alone."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from ingest.blame import Blame, blame

T = TypeVar("T")
_LONGEST = 500


async def isolate(
    batch: Sequence[T], store: Callable[[Sequence[T]], Awaitable[None]], refuse: Callable[[T, str], Awaitable[None]]
) -> None:
    """Store all of the batch, in as few transactions as its bad messages allow; those are refused with what went wrong.

    Whatever is the database's fault is raised at once: nobody is refused for that. Parts that were stored before stay stored.
    """
    try:
        await store(batch)
    except Exception as error:
        if blame(error) is Blame.DATABASE:
            raise
        if len(batch) == 1:
            await refuse(batch[0], reason(error))
            return
        middle = len(batch) // 2
        await isolate(batch[:middle], store, refuse)
        await isolate(batch[middle:], store, refuse)


def reason(error: Exception) -> str:
    """What staff read in the list of rejected messages: one line, no control characters."""
    words = " ".join(str(error).replace("\x00", "\\0").split())
    return f"could not be stored: {type(error).__name__}: {words}"[:_LONGEST]
