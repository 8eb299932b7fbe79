"""What could not be done is tried again: each piece by itself, after growing pauses and after what has not failed. Pure.

So one order, clock or row that fails every time keeps none of the others from being done.
"""

from collections.abc import Collection, Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)

FIRST_PAUSE = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(seconds=8)  # what has got well again waits no longer than this


@dataclass(frozen=True, slots=True)
class _Failed:
    times: int
    again_at: datetime


class Retries(Generic[K]):
    """What fails at present, by what it is called; false while nothing does."""

    def __init__(self) -> None:
        self._failed: dict[K, _Failed] = {}

    def __len__(self) -> int:
        return len(self._failed)

    def to_try(self, wanted: Collection[K], now: datetime) -> list[K]:
        """Of what is to be done, what is tried now: what has failed least first, else as given. Everything else is forgotten."""
        self._failed = {key: self._failed[key] for key in wanted if key in self._failed}
        ready = [key for key in wanted if key not in self._failed or now >= self._failed[key].again_at]
        return sorted(ready, key=lambda key: self._failed[key].times if key in self._failed else 0)

    def failed(self, key: K, now: datetime) -> None:
        """It could not be done: the pause before it is tried again is twice the one before, from 1 s to 8 s."""
        before = self._failed.get(key)
        times = before.times if before else 0
        self._failed[key] = _Failed(times + 1, now + pause(times))

    def done(self, key: K) -> None:
        """It was done, or need not be any more."""
        self._failed.pop(key, None)


def pause(before: int) -> timedelta:
    """How long to wait after a failure that so many went before, without an end to them."""
    return min(FIRST_PAUSE * (1 << min(before, 8)), LONGEST_PAUSE)
