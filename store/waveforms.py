"""Windows of raw samples, each stored once. They are few and large, so that rows are staged by COPY."""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain

from store.connect import Connection
from store.messages import ReadingKey
from store.rows import all_rows
from store.statements import statements

_SQL = statements("waveforms")
_TYPES = ("int4", "timestamptz", "text", "int8", "timestamptz", "float4", "text", "bytea")


@dataclass(frozen=True, slots=True)
class WaveformRow:
    """A window of raw samples in `unit` at `fs` Hz, the first at `at`."""

    device_id: int
    at: datetime
    b: str
    n: int
    received_at: datetime
    fs: float
    unit: str
    xyz: Sequence[Sequence[float]]


@dataclass(frozen=True, slots=True)
class StoredWaveform:
    """A window as it is stored."""

    device: str
    at: datetime
    received_at: datetime
    b: str
    n: int
    fs: float
    unit: str
    xyz: bytes

    @property
    def samples(self) -> tuple[tuple[float, float, float], ...]:
        """As they were said."""
        return tuple(struct.iter_unpack("<3f", self.xyz))


async def replay(
    conn: Connection, areas: Sequence[str], now: datetime, within: timedelta, stretch: timedelta
) -> list[StoredWaveform]:
    """Of each device of these areas that was heard `within` so long of the last of them: its last `stretch`, in (time, device, n)
    order. What claims to come after `now` does not count as the last."""
    arguments = {"areas": list(areas), "now": now, "within": within, "stretch": stretch}
    return await all_rows(conn, StoredWaveform, _SQL["replay"], arguments)


async def insert_waveforms(conn: Connection, rows: Iterable[WaveformRow]) -> set[ReadingKey]:
    """Store windows of samples; the keys (device_id, at, b, n) of those that were new."""
    # The staging table is made once a connection and emptied by every commit (ON COMMIT DELETE ROWS), so that a batch leaves no
    # trace in the catalogue; a second batch inside one transaction empties it itself.
    await conn.execute(_SQL["stage"])
    async with conn.cursor() as cursor:
        async with cursor.copy(_SQL["copy"]) as copy:
            copy.set_types(_TYPES)
            for r in rows:
                await copy.write_row((r.device_id, r.at, r.b, r.n, r.received_at, r.fs, r.unit, _packed(r.xyz)))
        new = set(await (await cursor.execute(_SQL["insert"])).fetchall())
        await cursor.execute(_SQL["empty"])
    return new


def _packed(xyz: Sequence[Sequence[float]]) -> bytes:
    flat = list(chain.from_iterable(xyz))
    return struct.pack(f"<{len(flat)}f", *flat)
