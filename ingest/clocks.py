"""When a message happened, decided once: what the first delivery decided holds for every later one. Pure.

A clock that is wrong today may look right at the next delivery, so every key is looked up, not only those that look wrong now. Of a
reading whose clock looks right the statement that stores it does so.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from msgspec.structs import replace

from analytics.step import Event, Reading, Waveform
from devices.keys import Key
from ingest.foreign import REPEATS_MERGE_WITHIN
from ingest.said import CLOCK_FIXED, LATE, Ack, Said, Status

StoredKey = tuple[int, str, int, int]
Decided = Mapping[StoredKey, datetime]
_Keyed = Reading | Event | Waveform | Ack


@dataclass(frozen=True, slots=True)
class Settled:
    """Everything with its final time and key, and what has to be remembered about it. `said` keeps its order."""

    said: tuple[Said, ...]
    fixes: Mapping[StoredKey, datetime]


def stored_key(said: Said, key: Key) -> StoredKey:
    """A message key as the tables have it."""
    return (said.known.device_id, key.b, key.n, key.t)


def keys(said: Iterable[Said]) -> list[StoredKey]:
    """Every key under which something may have been decided before, and that nobody else looks up."""
    return [
        stored_key(one, key)
        for one in said
        if not isinstance(one.item, Status) and not _looked_up_later(one)
        for key in (one.item.key, one.earlier)
        if key is not None
    ]


def settle(said: Sequence[Said], decided: Decided) -> Settled:
    """Apply what was decided before; decide what was not."""
    known, fixes, settled = dict(decided), {}, []
    for one in said:
        if isinstance(one.item, Status):
            settled.append(one)
            continue
        key = _key(one, one.item.key, one.item.now, known)
        place = stored_key(one, key)
        at = known.get(place)
        if at is None and one.pinned:
            at = known[place] = fixes[place] = one.item.at
        settled.append(one if at is None else _at(one, one.item, key, at))
    return Settled(tuple(settled), fixes)


def at_fixed_time(said: Said, item: Reading, at: datetime) -> tuple[Said, Reading]:
    """A reading whose time turned out to be decided."""
    moved = replace(item, at=at)
    flags = tuple(flag for flag in said.flags if flag not in (LATE, CLOCK_FIXED))
    return replace(said, item=moved, flags=(CLOCK_FIXED, *flags)), moved


def _looked_up_later(said: Said) -> bool:
    return isinstance(said.item, Reading) and not said.pinned and said.earlier is None


def _key(said: Said, key: Key, now: datetime, known: Decided) -> Key:
    """The message's own key, or that under which the same words came less than a minute ago."""
    if said.earlier is None or stored_key(said, key) in known:
        return key
    before = known.get(stored_key(said, said.earlier))
    return key if before is None or now - before >= REPEATS_MERGE_WITHIN else said.earlier


def _at(said: Said, item: _Keyed, key: Key, at: datetime) -> Said:
    if (item.at, item.key) == (at, key) and said.pinned:
        return said
    flags = tuple(flag for flag in said.flags if flag not in (LATE, CLOCK_FIXED))
    fixed = () if said.earlier is not None else (CLOCK_FIXED,)
    return replace(said, item=replace(item, at=at, key=key), flags=(*fixed, *flags))
