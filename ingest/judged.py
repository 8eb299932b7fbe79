"""From deliveries to what a transaction will store: decoded, with those of unknown devices looked up again first."""

import asyncio
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field, replace

from broker.session import Arrived
from ingest.batch import Taken
from ingest.decode import decode
from ingest.flood import Sifted
from ingest.registry import Registry
from ingest.said import Rejected, Said
from store.connect import Connection

_PORTION = 50


@dataclass(slots=True)
class Judged:
    """One batch decoded. `owners` says by whose session each came; `refused` keeps the delivery beside the reason."""

    said: list[Said] = field(default_factory=list)
    owners: list[Hashable] = field(default_factory=list)
    refused: list[tuple[Arrived, Rejected]] = field(default_factory=list)
    refused_entries: set[Taken] = field(default_factory=set)

    @property
    def rejected(self) -> int:
        """How many the lane complains about."""
        return sum(one.reported for _, one in self.refused)

    def sifted(self, sifted: Sifted) -> "Judged":
        """Without what a flood had too much of."""
        if not sifted.limited:
            return self
        kept = sifted.kept
        return replace(self, said=[self.said[place] for place in kept], owners=[self.owners[place] for place in kept])


async def judged(conn: Connection, taken: Sequence[Taken], registry: Registry, lane: str) -> Judged:
    """Decode a batch by the newest register there is."""
    if registry.stale:
        await registry.load(conn)
    found = _decoded(taken, registry, lane)
    if await registry.outdated(conn, {one.unknown for _, one in found.refused}):
        await registry.load(conn)
        found = _decoded(taken, registry, lane)
    return found


async def look_ahead(entries: Sequence[Taken], registry: Registry, lane: str) -> None:
    """Decode what is not yet: while the database works, in portions, so that whoever waits for it gets on as soon as it answers."""
    for start in range(0, len(entries), _PORTION):
        await asyncio.sleep(0)
        for entry in entries[start : start + _PORTION]:
            if entry.decoded is None:
                entry.decoded = registry.loads, decode(entry.first, registry.known, lane)


def _decoded(taken: Sequence[Taken], registry: Registry, lane: str) -> Judged:
    found = Judged()
    for entry in taken:
        if entry.decoded is None or entry.decoded[0] != registry.loads:
            entry.decoded = registry.loads, decode(entry.first, registry.known, lane)
        for one in entry.decoded[1]:
            if isinstance(one, Said):
                found.said.append(one)
                found.owners.append(entry.owner)
            else:
                found.refused.append((entry.first, one))
                found.refused_entries.add(entry)
    return found
