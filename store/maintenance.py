"""What became of what a device raised, and the maintenance tasks that followed from it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from analytics.nuisance_history import WITHIN, Outcome
from store.connect import Connection
from store.rows import all_rows
from store.statements import statements

_SQL = statements("maintenance")


@dataclass(frozen=True, slots=True)
class Task:
    """A device that somebody is to look at, since `at`."""

    device: str
    incident: UUID
    at: datetime


async def outcomes(conn: Connection, now: datetime, *, untold: bool) -> list[Outcome]:
    """How incidents of the last thirty days were closed, a row a device; `untold`: only those that no task has followed yet."""
    rows = await conn.execute(_SQL["outcomes"], {"since": now - WITHIN, "now": now, "untold": untold})
    return [Outcome(device, at, cause) for device, at, cause, _ in await rows.fetchall()]


async def open_tasks(conn: Connection) -> dict[str, Task]:
    """Tasks that stand, by device."""
    return {row.device: row for row in await all_rows(conn, Task, _SQL["open_tasks"])}
