"""What the store says afterwards: each acknowledged message stored how often and when, each press's alarm, incident and trail."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from store.connect import connect
from tests.faults.load import Sent

_STORED = """
SELECT devices.code AS device, kept.n, count(*)::int AS times, min(kept.stored_at) AS stored_at FROM {table} AS kept
JOIN devices USING (device_id) WHERE kept.b = %(boot)s GROUP BY devices.code, kept.n
"""
_INCIDENTS = """
SELECT sites.code AS site, incidents.incident_id::text AS incident, incidents.rings, incidents.level,
    (SELECT count(*) FROM alarms WHERE alarms.incident_id = incidents.incident_id)::int AS alarms,
    (SELECT count(*) FROM trail WHERE trail.incident_id = incidents.incident_id AND trail.kind = 'rang_again')::int AS rang_again,
    (SELECT array_agg(at ORDER BY at) FROM trail WHERE trail.incident_id = incidents.incident_id AND trail.kind = 'escalated')
        AS escalated
FROM incidents JOIN sites USING (site_id) WHERE sites.code = ANY(%(sites)s)
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """A message in the store."""

    device: str
    n: int
    times: int
    stored_at: datetime


@dataclass(frozen=True, slots=True)
class Case:
    """An incident in the store; `escalated`: when."""

    site: str
    incident: str
    rings: int
    level: int
    alarms: int
    rang_again: int
    escalated: list[datetime] | None

    @property
    def rang_once(self) -> bool:
        """Nothing but the clock has made it ring again."""
        return self.rang_again == 0 and self.rings == 1 + len(self.escalated or ())


@dataclass(frozen=True, slots=True)
class Tally:
    """Sent against stored: `lost` were acknowledged but are not there, `twice` are there more than once; the longest ways in s."""

    acknowledged: int
    lost: int
    twice: int
    longest_s: float
    last_late_at: float


async def kept(dsn: str, table: str, boot: str) -> dict[int, Kept]:
    """Every message of this boot in a table, by its number. Raises what the database raises."""
    async with (
        await connect(dsn, autocommit=True, application="faults") as conn,
        conn.cursor(row_factory=class_row(Kept)) as cursor,
    ):
        await cursor.execute(_STORED.format(table=table).encode(), {"boot": boot})
        return {one.n: one async for one in cursor}


async def cases(dsn: str, sites: Sequence[str]) -> list[Case]:
    """Every incident of these homes."""
    async with (
        await connect(dsn, autocommit=True, application="faults") as conn,
        conn.cursor(row_factory=class_row(Case)) as cursor,
    ):
        await cursor.execute(_INCIDENTS.encode(), {"sites": list(sites)})
        return await cursor.fetchall()


async def make_due(dsn: str, incident: str, in_s: float) -> None:
    """Turn an incident's clock forward, so that the desk has to escalate it `in_s` seconds from now (after a minute unanswered)."""
    async with await connect(dsn, autocommit=True, application="faults") as conn:
        await conn.execute(
            "UPDATE incidents SET state_at = now() - make_interval(secs => %s) WHERE incident_id = %s", (60 - in_s, incident)
        )


def tally(said: Sequence[Sent], found: dict[int, Kept], late_after_s: float = 1.0) -> Tally:
    """Hold what was said against what is stored."""
    counts: Counter[str] = Counter()
    longest = last_late = 0.0
    for sent in said:
        counts["acknowledged"] += sent.acknowledged_at is not None
        row = found.get(sent.n)
        if row is None or row.device != sent.device.code:
            counts["lost"] += sent.acknowledged_at is not None
            continue
        counts["twice"] += row.times > 1
        took = row.stored_at.timestamp() - sent.said_at
        longest = max(longest, took)
        if took > late_after_s:
            last_late = max(last_late, row.stored_at.timestamp())
    return Tally(counts["acknowledged"], counts["lost"], counts["twice"], longest, last_late)
