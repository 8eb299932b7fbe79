"""A month of readings of many devices, in the order in which they would have come, and their roll-ups, at the speed of COPY.

A device says one reading a minute; one more says one a second in the last twelve hours, as in a fire. numpy makes the rows as COPY
BINARY reads them. Tables stay as the schema made them, logged and indexed; only the indexes of `readings` are built at the end.
"""

import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt

from store.connect import Connection

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DAYS = 30
PER_DEVICE = DAYS * 24 * 60  # at the least: the hour that is not over comes on top
LEFT = timedelta(hours=6)  # whole hours before the last full one, for the desk's own fold
DENSE = timedelta(hours=12)
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)  # that PostgreSQL counts from
_UNIX = 946_684_800
_SECOND = 1_000_000
_EVERY_S = 10.0
_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TAIL = b"\xff\xff"
_FLOAT4 = 700
COLUMNS = "device_id, at, b, n, received_at, stored_at, profile_version, values"

# one tuple of COPY BINARY: how many columns, then of each its length and itself, the most significant byte first
_ROW = np.dtype([
    ("columns", ">i2"),
    ("device_id_", ">i4"), ("device_id", ">i4"),
    ("at_", ">i4"), ("at", ">i8"),
    ("b_", ">i4"), ("b", "S4"),
    ("n_", ">i4"), ("n", ">i8"),
    ("received_at_", ">i4"), ("received_at", ">i8"),
    ("stored_at_", ">i4"), ("stored_at", ">i8"),
    ("profile_version_", ">i4"), ("profile_version", ">i2"),
    ("values_", ">i4"), ("dimensions", ">i4"), ("nulls", ">i4"), ("type", ">i4"), ("size", ">i4"), ("first", ">i4"),
    ("v0_", ">i4"), ("v0", ">f4"), ("v1_", ">i4"), ("v1", ">f4"), ("v2_", ">i4"), ("v2", ">f4"),
])  # fmt: skip
_FIXED = {
    "columns": 8, "device_id_": 4, "at_": 8, "b_": 4, "n_": 8, "received_at_": 8, "stored_at_": 8, "profile_version_": 2,
    "profile_version": 1, "values_": 44, "dimensions": 1, "nulls": 0, "type": _FLOAT4, "size": 3, "first": 1,
    "v0_": 4, "v1_": 4, "v2_": 4,
}  # fmt: skip
_HOURS = """
INSERT INTO folded_hours (device_id, bucket, position, n, total, low, high)
SELECT device_id, local_bucket('hour', at, timezone), m.position, count(*), sum(m.value::float8), min(m.value), max(m.value)
FROM roll_up_state, readings CROSS JOIN LATERAL unnest(values) WITH ORDINALITY AS m (value, position)
WHERE at >= %(since)s AND at < %(until)s GROUP BY 1, 2, 3 ORDER BY 2, 1, 3
"""
_DAYS = """
INSERT INTO folded_days (device_id, bucket, position, n, total, low, high)
SELECT device_id, local_bucket('day', bucket, timezone), position, sum(n), sum(total), min(low), max(high)
FROM folded_hours, roll_up_state WHERE bucket < local_bucket('day', %(until)s, timezone) GROUP BY 1, 2, 3 ORDER BY 2, 1, 3
"""
_TAILS = """
UPDATE roll_up_state SET marked_to = %(folded)s, hour_tail = %(folded)s, day_tail = local_bucket('day', %(folded)s, timezone),
    asked_at = %(until)s, asked_xid = pg_snapshot_xmin(pg_current_snapshot())
"""
_INDEXES = """
SELECT format('ALTER TABLE readings ADD CONSTRAINT %I %s', conname, pg_get_constraintdef(oid)),
    format('ALTER TABLE readings DROP CONSTRAINT %I', conname)
FROM pg_constraint WHERE conrelid = 'readings'::regclass AND contype = 'p'
UNION ALL
SELECT pg_get_indexdef(indexrelid), format('DROP INDEX %s', indexrelid::regclass)
FROM pg_index WHERE indrelid = 'readings'::regclass AND NOT indisprimary
ORDER BY 1 DESC
"""


@dataclass(frozen=True, slots=True)
class Month:
    """Device ids 1 to `devices` say one a minute, `devices` + 1 says one a second at the end; `until` is a full minute."""

    devices: int
    until: datetime

    @property
    def since(self) -> datetime:
        """A full hour, thirty days before `until` and more."""
        return self.last_hour - timedelta(days=DAYS)

    @property
    def last_hour(self) -> datetime:
        """The full hour that is not over yet."""
        return self.until.replace(minute=0)

    @property
    def folded(self) -> datetime:
        """Up to where the roll-ups are made here."""
        return self.last_hour - LEFT

    @property
    def minutes(self) -> int:
        """How long it is."""
        return int((self.until - self.since).total_seconds()) // 60

    def hours(self) -> Iterator[tuple[datetime, datetime]]:
        """From when to when, hour by hour, the last one shorter."""
        at = self.since
        while at < self.until:
            yield at, min(at + HOUR, self.until)
            at += HOUR


async def fill(owner: Connection, month: Month) -> tuple[int, float]:
    """Store and roll up all of it; how many readings, and how many a second (their indexes and roll-ups not counted).

    One transaction, so that the rows are frozen as those of a table that has been vacuumed.
    """
    async with owner.transaction():
        await owner.execute("SET LOCAL maintenance_work_mem = '1GB'; SET LOCAL work_mem = '256MB'; TRUNCATE readings")
        indexes = await (await owner.execute(_INDEXES.encode())).fetchall()
        for _, drop in indexes:
            await owner.execute(drop.encode())
        told(f"storing {month.devices * month.minutes:,} readings")
        began = time.perf_counter()
        stored = await copy(owner, "readings", _month(month), frozen=True)
        a_second = stored / (time.perf_counter() - began)
        for create, _ in indexes:  # the key comes last: until then a day is searched by its time
            if "PRIMARY KEY" in create:
                await _rolled_up(owner, month)
            told(create)
            await owner.execute(create.encode())
    told("VACUUM")
    await owner.execute("VACUUM (ANALYZE) readings, folded_hours, folded_days")
    return stored, a_second


async def copy(owner: Connection, table: str, parts: Iterable[npt.NDArray[np.void]], frozen: bool = False) -> int:
    """Rows into a table of the shape of `readings`, how many."""
    statement, count = f"COPY {table} ({COLUMNS}) FROM STDIN WITH (FORMAT binary{', FREEZE' if frozen else ''})", 0
    async with owner.cursor() as cursor, cursor.copy(statement.encode()) as into:
        await into.write(_HEAD)
        for made in parts:
            await into.write(made.tobytes())
            count += len(made)
        await into.write(_TAIL)
    return count


def rows(month: Month, since: datetime, until: datetime, chance: np.random.Generator) -> npt.NDArray[np.void]:
    """What everyone says in [since, until), in time order: a slow wave with noise to a tenth, a state, a signal in whole dBm."""
    minutes = np.arange(_seconds(since), _seconds(until), 60)
    device = np.tile(np.arange(1, month.devices + 1), len(minutes))
    second = np.repeat(minutes, month.devices) + device % 60
    if until > month.until - DENSE:
        dense = np.arange(_seconds(since), _seconds(until))
        device, second = np.append(device, np.full(len(dense), month.devices + 1)), np.append(second, dense)
    order = np.argsort(second, kind="stable")
    device, second = device[order], second[order]
    made = np.zeros(len(device), _ROW)
    for name, value in _FIXED.items():
        made[name] = value
    made["device_id"], made["n"] = device, second + _UNIX
    made["at"] = made["received_at"] = made["stored_at"] = second * _SECOND
    made["b"] = np.array([f"{number & 0xFFFF:04x}".encode() for number in range(month.devices + 2)])[device]
    made["v0"] = np.round(20 + 5 * np.sin(second / 13_751 + device) + chance.random(len(device)), 1)
    made["v1"] = chance.random(len(device)) < 0.2
    made["v2"] = -60 - chance.integers(0, 6, len(device))
    return made


def told(what: str) -> None:
    """Progress, for whoever waits."""
    print(f"history: {what}", file=sys.stderr, flush=True)


def _month(month: Month) -> Iterator[npt.NDArray[np.void]]:
    chance, began = np.random.default_rng(1), time.monotonic()
    stored, said = 0, began
    for since, until in month.hours():
        yield rows(month, since, until, chance)
        stored += month.devices * int((until - since).total_seconds()) // 60
        if (now := time.monotonic()) - said > _EVERY_S:
            said = now
            told(f"{stored:,} of {month.devices * month.minutes:,} readings, {stored / (now - began):,.0f} a second")


async def _rolled_up(owner: Connection, month: Month) -> None:
    day = month.since
    while day < month.folded:
        told(f"rolling up {day:%d %B}")
        await owner.execute(_HOURS.encode(), {"since": day, "until": min(day + DAY, month.folded)})
        day += DAY
    await owner.execute(_DAYS.encode(), {"until": month.folded})
    await owner.execute(_TAILS.encode(), {"folded": month.folded, "until": month.until + timedelta(seconds=1)})


def _seconds(at: datetime) -> int:
    return int((at - _EPOCH).total_seconds())
