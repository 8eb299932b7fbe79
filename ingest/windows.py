"""The windows of motion that were judged: kept with the alarm that they raised, and a sample of those that were passed over."""

from base64 import b64decode
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from ingest.alarms import Found
from store import labels
from store.connect import Connection


async def keep(conn: Connection, one: Found, incident: UUID | None, now: datetime) -> None:
    """Keep what a finding was judged by, if it was judged by samples; `incident` is where its alarm stands, None for a sample."""
    kept, about = one.finding.kept, one.alarm
    if not kept or about.device_id is None:
        return
    window = labels.NewWindow(
        window_id=about.alarm_id,
        incident_id=incident,
        device_id=about.device_id,
        senior_id=about.senior_id,
        at=one.finding.at,
        model=kept["model"],
        probability=one.finding.evidence.get("probability", 1.0),
        first_cell=int(kept["cells_first"]),
        cells=b64decode(kept["cells"]),
    )
    await labels.keep(conn, window, now)


async def without_samples(conn: Connection, findings: Sequence[Found], now: datetime) -> list[Found]:
    """Keep what was only passed over; the conditions that are left."""
    for one in findings:
        if one.finding.sample:
            await keep(conn, one, None, now)
    return [one for one in findings if not one.finding.sample]
