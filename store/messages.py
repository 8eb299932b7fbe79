"""What devices said, each message once: whatever is delivered again changes nothing, and only what was new is returned."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from types import MappingProxyType
from typing import Any

from msgspec import Struct

from store.columns import int4s, int8s, reals, texts, times
from store.connect import Connection
from store.health import HealthRow as HealthRow
from store.health import RejectedMessage as RejectedMessage
from store.health import WorkerRow as WorkerRow
from store.health import last_seen as last_seen
from store.health import rejected as rejected
from store.health import touch_health as touch_health
from store.health import worker_alive as worker_alive
from store.health import workers as workers
from store.rows import all_rows, as_json
from store.statements import statements

MessageKey = tuple[int, str, int, int]
ReadingKey = tuple[int, datetime, str, int]

_SQL = statements("messages")
_KEPT_PAYLOAD = 4096


class ReadingRow(Struct, frozen=True, gc=False):
    """Values of one device at one moment, in its profile's order.

    `t` is the device time as sent, under which another `at` may have been decided; without it `at` is final.
    """

    device_id: int
    at: datetime
    b: str
    n: int
    received_at: datetime
    profile_version: int
    values: list[float | None]
    t: int = -1


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of rows, by their places: `old` were stored before; `fixed` have the time that was decided for them before."""

    old: frozenset[int]
    fixed: Mapping[int, datetime]


@dataclass(frozen=True, slots=True)
class EventRow:
    """Something a device said once. `flags`: late, clock_fixed, wrong_place, foreign."""

    device_id: int
    b: str
    n: int
    t: int
    area: str
    site_id: int
    kind: str
    at: datetime
    received_at: datetime
    values: dict[str, float]
    drill: bool
    flags: list[str]


@dataclass(frozen=True, slots=True)
class AckRow:
    """A device's answer to a command."""

    device_id: int
    b: str
    n: int
    t: int
    command: str
    done: str
    at: datetime
    received_at: datetime


@dataclass(frozen=True, slots=True)
class ClockFixRow:
    """A message whose clock was wrong, and the time it is given."""

    device_id: int
    b: str
    n: int
    t: int
    at: datetime


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """What could not be understood, and why; `times` of it. `area` as the topic claims, "" where it has none."""

    lane: str
    topic: str
    payload: bytes
    reason: str
    area: str
    at: datetime
    times: int = 1


@dataclass(frozen=True, slots=True)
class ReplayRow:
    """A stored reading with what is needed to feed it to a detector again; `t` is the device time as sent."""

    device_id: int
    device: str
    at: datetime
    received_at: datetime
    b: str
    n: int
    t: int
    profile_version: int
    values: list[float | None]


_ALL_NEW = Stored(frozenset(), MappingProxyType({}))


async def insert_readings(conn: Connection, rows: Sequence[ReadingRow]) -> Stored:
    """Store readings, no two of them with the same (device_id, at, b, n). Everything that is not an exception is new."""
    last = list(accumulate(len(row.values) for row in rows))
    arguments = {
        "device_id": int4s([row.device_id for row in rows]),
        "at": times([row.at for row in rows]),
        "b": texts([row.b for row in rows]),
        "n": int8s([row.n for row in rows]),
        "t": int8s([row.t for row in rows]),
        "received_at": times([row.received_at for row in rows]),
        "profile_version": int4s([row.profile_version for row in rows]),
        "first": int4s([1, *(end + 1 for end in last[:-1])] if last else []),
        "last": int4s(last),
        "values": reals([value for row in rows for value in row.values]),
    }
    exceptions = await (await conn.execute(_SQL["insert_readings"], arguments, binary=True)).fetchall()
    if not exceptions:
        return _ALL_NEW
    return Stored(
        frozenset(place - 1 for place, _, new in exceptions if not new),
        {place - 1: at for place, at, _ in exceptions if at is not None},
    )


async def insert_events(conn: Connection, rows: Sequence[EventRow]) -> set[MessageKey]:
    """Store events; the keys (device_id, b, n, t) of those that were new."""
    return set(await (await conn.execute(_SQL["insert_events"], {"rows": as_json(rows)})).fetchall())


async def insert_acks(conn: Connection, rows: Sequence[AckRow]) -> set[MessageKey]:
    """Store answers; the keys (device_id, b, n, t) of those that were new."""
    return set(await (await conn.execute(_SQL["insert_acks"], {"rows": as_json(rows)})).fetchall())


async def stored_events(conn: Connection, keys: Iterable[MessageKey]) -> set[MessageKey]:
    """Which of these events are stored."""
    return set(await (await conn.execute(_SQL["stored_events"], {"rows": as_json(_keys(keys))})).fetchall())


async def clock_fixes(conn: Connection, keys: Iterable[MessageKey]) -> dict[MessageKey, datetime]:
    """The times that were given to messages whose clock was wrong, for those keys that have one."""
    found = await (await conn.execute(_SQL["clock_fixes"], {"rows": as_json(_keys(keys))})).fetchall()
    return {(device_id, b, n, t): at for device_id, b, n, t, at in found}


async def insert_clock_fixes(conn: Connection, rows: Sequence[ClockFixRow]) -> dict[MessageKey, datetime]:
    """Decide the times of messages whose clock was wrong. What was decided first stays and is what is returned."""
    await conn.execute(_SQL["insert_clock_fixes"], {"rows": as_json(rows)})
    return await clock_fixes(conn, [(row.device_id, row.b, row.n, row.t) for row in rows])


async def reject(conn: Connection, rows: Iterable[RejectedRow]) -> None:
    """Keep what could not be understood; the same payload on the same topic within one hour is one row that counts."""
    await conn.execute(_SQL["reject"], {"rows": as_json([_rejection(row) for row in rows])})


async def replay(conn: Connection, areas: Sequence[str], since: datetime) -> list[ReplayRow]:
    """Stored readings of these areas in (time, device, n) order, to rebuild what detectors remember."""
    return await all_rows(conn, ReplayRow, _SQL["replay"], {"areas": list(areas), "since": since})


async def series(
    conn: Connection, device_id: int, metric_index: int, since: datetime, until: datetime, limit: int
) -> list[tuple[datetime, float]]:
    """One metric (its place in the profile's order, from 0) in time order; of more than `limit` values the newest."""
    arguments = {"device_id": device_id, "position": metric_index + 1, "since": since, "until": until, "limit": limit}
    cursor = await conn.execute(_SQL["series"], arguments, binary=True)
    return [(at, value) for at, value in await cursor.fetchall()]


def _keys(keys: Iterable[MessageKey]) -> list[dict[str, Any]]:
    return [{"device_id": device_id, "b": b, "n": n, "t": t} for device_id, b, n, t in keys]


def _rejection(row: RejectedRow) -> dict[str, Any]:
    text = {name: getattr(row, name).encode("utf-8", "replace").decode() for name in ("lane", "topic", "reason", "area")}
    return {
        **text,
        "digest": hashlib.sha256(row.payload).hexdigest(),
        "payload": row.payload[:_KEPT_PAYLOAD],
        "at": row.at,
        "times": row.times,
    }
