"""The desk watches the probe: where its presses do not come out, a technical incident rings; where they do again, it says so.

It is the desk that raises, from the probe's reports, because a probe that is dead cannot.
"""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dispatch import probe
from dispatch.alarm import PROBE_LOST
from dispatch.probe import Lost, Report
from store import alarms, devices, health
from store.connect import Connection
from store.devices import RegisteredDevice
from store.health import ProbeRow
from store.new_alarm import NewAlarm, of_device

log = logging.getLogger("vigil.desk")

_RULE = "probe_lost/1"


async def watch(conn: Connection, watching: datetime, now: datetime) -> int:
    """Raise or clear for every probe of the register, each by itself; how many do not come out.

    `watching`: since when reports could be read.
    """
    lost = 0
    for row in await health.probes(conn):
        try:
            async with conn.transaction():
                lost += await _judged(conn, row, watching, now)
        except Exception as error:
            if conn.closed:
                raise
            log.error("probe %s: not judged: %s: %s", row.code, type(error).__name__, str(error).partition("\n")[0])
    return lost


async def _judged(conn: Connection, row: ProbeRow, watching: datetime, now: datetime) -> bool:
    found = probe.judge(report(row), watching, now)
    if found is None:
        await alarms.clear_alarm(conn, row.code, PROBE_LOST, False, now, now)
        return False
    raised = await alarms.raise_alarm(conn, new_alarm(found, await devices.one(conn, row.code), now), now)
    if raised.created_alarm:
        log.error("probe %s: presses do not come out: %s", row.code, found.rule)
    return True


def report(row: ProbeRow) -> Report | None:
    """What the probe said last; what cannot be read counts as not said."""
    if row.at is None or row.stats is None:
        return None
    stage = row.stats.get("stage")
    return Report(
        row.at, _moment(row.stats, "success_at"), _moment(row.stats, "failed_at"), stage if stage in probe.STAGES else "not_shown"
    )


def new_alarm(lost: Lost, device: RegisteredDevice, now: datetime) -> NewAlarm:
    """The alarm about a probe whose presses do not come out."""
    quiet_s = (now - lost.since).total_seconds()
    reason = {"rule": lost.rule, "value": quiet_s, "limit": probe.PATIENCE.total_seconds(), "unit": "s", "source": "ours"}
    return of_device(device, PROBE_LOST, lost.key, now, _RULE, [reason])


def _moment(stats: Mapping[str, Any], name: str) -> datetime | None:
    value = stats.get(name)
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None
