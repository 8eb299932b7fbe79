"""What the broker refused, by kind, device and hour: logins, and what devices tried to say or hear under another's name."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from store.connect import Connection
from store.rows import all_rows, as_json, one_row
from store.statements import statements

_SQL = statements("refusals")


@dataclass(frozen=True, slots=True)
class Refused:
    """Something refused `times` at about one time. `kind`: publish, subscribe, or the reason of a refused login."""

    kind: str
    device: str
    subject: str
    at: datetime
    times: int = 1


@dataclass(frozen=True, slots=True)
class RefusalRow:
    """An hour's refusals of one kind and device ("": names that are in no register), with the latest subject tried."""

    hour: datetime
    kind: str
    device: str
    site: str
    area: str
    subject: str
    first_at: datetime
    last_at: datetime
    times: int


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a log file has been read; a file is known by its inode, since logs are renamed when they are full."""

    inode: int
    place: int


async def count(conn: Connection, refused: Sequence[Refused]) -> None:
    """Add these to what is counted."""
    if refused:
        await conn.execute(_SQL["count"], {"rows": as_json(refused)})


async def mark(conn: Connection, name: str) -> Mark | None:
    """How far the log of this name has been read; None: never."""
    return await one_row(conn, Mark, _SQL["mark"], {"name": name})


async def set_mark(conn: Connection, name: str, reached: Mark) -> None:
    """It has been read this far. Belongs into the transaction that counts what was read."""
    await conn.execute(_SQL["set_mark"], {"name": name, "inode": reached.inode, "place": reached.place})


async def listed(conn: Connection, scope: str, since: datetime, limit: int) -> list[RefusalRow]:
    """Refusals of a scope, the newest first; those of unknown names belong to every scope."""
    return await all_rows(conn, RefusalRow, _SQL["listed"], {"scope": scope, "since": since, "limit": limit})


async def totals(conn: Connection) -> dict[str, int]:
    """How often each kind of refusal happened, ever."""
    return {kind: int(times) for kind, times in await (await conn.execute(_SQL["totals"])).fetchall()}
