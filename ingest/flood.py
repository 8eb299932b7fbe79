"""A device that floods is limited, whatever its neighbours say; a backlog is not a flood. Pure.

Two buckets a device. The first counts on the device's own clock: however fast a backlog is handed over after an outage, its
readings lie as far apart as they were measured, so it passes. A clock can lie, so the second counts on arrival, and lets pass what
any honest device may have kept. Only readings and waveforms are limited: never events, which are the event lane's, nor a status.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from analytics.step import Reading, Waveform
from ingest.said import Said

REASON = "flood: expected at most 10 readings a second on the device's clock (600 at once), got more"


@dataclass(frozen=True, slots=True)
class Limit:
    """So many a second in the long run, and so many at once."""

    per_s: float
    at_once: float


MEASURED = Limit(per_s=10.0, at_once=600.0)
ARRIVED = Limit(per_s=100.0, at_once=100_000.0)


def taken(left: float, seconds: float, limit: Limit) -> tuple[float, bool]:
    """What is left of a bucket when one more is taken so many seconds later, and whether there was anything in it."""
    left += seconds * limit.per_s
    if left > limit.at_once:
        left = limit.at_once
    return (left - 1.0, True) if left >= 1.0 else (left, False)


Pair = tuple[float, float, float, float]
"""Two buckets, each with what is left at a moment in seconds. What is buffered comes in any order, so time fills both ways."""
_PAIR = struct.Struct("<4d")  # as it is kept between batches: a third of the room
_LIMITED = (Reading, Waveform)


@dataclass(frozen=True, slots=True)
class Sifted:
    """`kept` are the places of what passes; `limited` counts the rest by device; `buckets` are to be adopted after the commit."""

    kept: tuple[int, ...]
    limited: Mapping[str, int]
    buckets: Mapping[str, Pair]

    @property
    def count(self) -> int:
        """How much does not pass."""
        return sum(self.limited.values())


class Flood:
    """The buckets of every device that has spoken. A transaction that fails has taken nothing out of them."""

    def __init__(self, measured: Limit = MEASURED, arrived: Limit = ARRIVED) -> None:
        self._measured, self._arrived = measured, arrived
        self._buckets: dict[str, bytes] = {}

    def sift(self, said: Sequence[Said]) -> Sifted:
        """What of a batch passes, in the order in which it came."""
        kept: list[int] = []
        limited: dict[str, int] = {}
        changed: dict[str, Pair] = {}
        heard: datetime | None = None  # what arrived in one piece has one time
        heard_s = 0.0
        for place, one in enumerate(said):
            item, device = one.item, one.known.code
            if not isinstance(item, _LIMITED):
                kept.append(place)
                continue
            pair = changed.get(device)
            if pair is None and (packed := self._buckets.get(device)) is not None:
                pair = _PAIR.unpack(packed)
            if item.now is not heard:
                heard, heard_s = item.now, item.now.timestamp()
            changed[device], passes = self._take(pair, item.at.timestamp(), heard_s)
            if passes:
                kept.append(place)
            else:
                limited[device] = limited.get(device, 0) + 1
        return Sifted(tuple(kept), MappingProxyType(limited), MappingProxyType(changed))

    def adopt(self, sifted: Sifted) -> None:
        """The commit holds."""
        for device, pair in sifted.buckets.items():
            self._buckets[device] = _PAIR.pack(*pair)

    def _take(self, pair: Pair | None, at: float, now: float) -> tuple[Pair, bool]:
        if pair is None:
            pair = self._measured.at_once, at, self._arrived.at_once, now
        measured, last_at, arrived, last_now = pair
        arrived, fits = taken(arrived, abs(now - last_now), self._arrived)
        if not fits:
            return (measured, last_at, arrived, now), False
        measured, passes = taken(measured, abs(at - last_at), self._measured)
        return (measured, at, arrived, now), passes
