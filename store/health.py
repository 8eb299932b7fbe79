"""What was last heard, of devices and of our own workers, and what could not be understood."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from msgspec import Struct
from psycopg.types.json import Jsonb

from store.columns import int4s, reals, times
from store.connect import Connection
from store.rows import all_rows, as_json
from store.statements import statements

_SQL = statements("health")


@dataclass(frozen=True, slots=True)
class HealthRow:
    """What one message tells about its device's health. None: it says nothing about that.

    `seen_at` is None where the device itself was not heard: a last will is the broker's. `online_at`: since when the link is as
    told; without it, since `seen_at`.
    """

    device_id: int
    seen_at: datetime | None
    online: bool | None = None
    telemetry_at: datetime | None = None
    event_at: datetime | None = None
    test_at: datetime | None = None
    battery: float | None = None
    signal: float | None = None
    firmware: str | None = None
    clock_wrong_at: datetime | None = None
    online_at: datetime | None = None


class Heard(Struct, gc=False):
    """What all readings of one device in a batch tell about its health, folded as they come: the newer wins, nothing moves back."""

    device_id: int
    seen_at: datetime
    telemetry_at: datetime
    battery: float | None = None
    battery_at: datetime | None = None
    signal: float | None = None
    signal_at: datetime | None = None

    def fold(self, seen_at: datetime, telemetry_at: datetime, battery: float | None, signal: float | None) -> None:
        """One more reading."""
        if telemetry_at > self.telemetry_at:
            self.telemetry_at = telemetry_at
        if seen_at > self.seen_at:
            self.seen_at = seen_at
        if battery is not None and (self.battery_at is None or seen_at >= self.battery_at):
            self.battery, self.battery_at = battery, seen_at
        if signal is not None and (self.signal_at is None or seen_at >= self.signal_at):
            self.signal, self.signal_at = signal, seen_at


@dataclass(frozen=True, slots=True)
class WorkerRow:
    """How a worker said it is doing, and when."""

    worker: str
    lane: str
    started_at: datetime
    at: datetime
    stats: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ProbeRow:
    """A probe of the register and what it said last; None where it has said nothing yet."""

    code: str
    started_at: datetime | None
    at: datetime | None
    stats: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class RejectedMessage:
    """What could not be understood, how often, and when."""

    lane: str
    topic: str
    area: str
    reason: str
    payload: bytes
    first_at: datetime
    last_at: datetime
    times: int


async def touch_health(conn: Connection, rows: Sequence[HealthRow]) -> None:
    """Merge what messages told: the newer wins field by field, nothing moves back."""
    await conn.execute(_SQL["touch_health"], {"rows": as_json(rows)})


async def touch_readings(conn: Connection, heard: Collection[Heard]) -> None:
    """The same for what readings alone told, each device once."""
    arguments = {
        "device_id": int4s([one.device_id for one in heard]),
        "seen_at": times([one.seen_at for one in heard]),
        "telemetry_at": times([one.telemetry_at for one in heard]),
        "battery": reals([one.battery for one in heard]),
        "battery_at": times([one.battery_at for one in heard]),
        "signal": reals([one.signal for one in heard]),
        "signal_at": times([one.signal_at for one in heard]),
    }
    await conn.execute(_SQL["touch_readings"], arguments)


async def last_seen(conn: Connection, area: str | None = None) -> dict[str, datetime | None]:
    """When each device (of an area) that is not revoked was last heard; None when never."""
    return dict(await (await conn.execute(_SQL["last_seen"], {"area": area})).fetchall())


async def rejected(conn: Connection, scope: str | None, limit: int) -> list[RejectedMessage]:
    """What could not be understood in a scope (without one, everywhere), newest first."""
    return await all_rows(conn, RejectedMessage, _SQL["rejected"], {"scope": scope, "limit": limit})


async def worker_alive(
    conn: Connection, worker: str, lane: str, started_at: datetime, at: datetime, stats: Mapping[str, Any]
) -> None:
    """A worker says that it lives, and how it is doing."""
    arguments = {"worker": worker, "lane": lane, "started_at": started_at, "at": at, "stats": Jsonb(dict(stats))}
    await conn.execute(_SQL["worker_alive"], arguments)


async def workers(conn: Connection) -> list[WorkerRow]:
    """What every worker said last, by name."""
    return await all_rows(conn, WorkerRow, _SQL["workers"])


async def probes(conn: Connection) -> list[ProbeRow]:
    """Every probe of the register, by code."""
    return await all_rows(conn, ProbeRow, _SQL["probes"])
