"""A device that called for nothing again and again becomes a task: a technical incident of its site, of the lowest priority.

Once a device and period: the task's key is the newest nuisance that led to it, and what was counted once is not counted again. So
two desks make the same alarm, which the database keeps once.
"""

import logging
from dataclasses import replace
from datetime import datetime

import psycopg

from analytics.nuisance_history import TASK_AT, History, maintenance_due
from dispatch.alarm import MAINTENANCE_DUE
from store import alarms, devices, maintenance
from store.connect import Connection
from store.devices import RegisteredDevice
from store.errors import StoreError
from store.new_alarm import NewAlarm, of_device

log = logging.getLogger("vigil.desk")

_RULE = "maintenance_due/1"


async def watch(conn: Connection, now: datetime) -> int:
    """Raise the tasks that are due, each by itself; how many are new. Survives what it cannot do."""
    try:
        return await _watch(conn, now)
    except (psycopg.Error, StoreError) as error:
        if conn.closed:
            raise
        log.error("maintenance: not judged: %s", str(error).partition("\n")[0])
        return 0


async def _watch(conn: Connection, now: datetime) -> int:
    new = 0
    for due in maintenance_due(await maintenance.outcomes(conn, now, untold=True), now):
        try:
            async with conn.transaction():
                raised = await alarms.raise_alarm(conn, new_alarm(due, await devices.one(conn, due.device), now), now)
            new += raised.created_alarm
        except Exception as error:
            if conn.closed:
                raise
            log.error("maintenance of %s: not raised: %s: %s", due.device, type(error).__name__, str(error).partition("\n")[0])
    return new


def new_alarm(due: History, device: RegisteredDevice, now: datetime) -> NewAlarm:
    """The alarm about a device to be looked at. It stands at its site, so that no link that comes back puts it away."""
    reasons = [
        {"rule": "nuisances", "value": float(due.nuisances), "limit": float(TASK_AT), "unit": "", "source": "ours"},
        {"rule": "real_calls", "value": float(due.real), "limit": None, "unit": "", "source": "ours"},
    ]
    found = of_device(
        device, MAINTENANCE_DUE, due.last.isoformat(), now, _RULE, reasons, {"nuisances": due.nuisances, "real": due.real}
    )
    return replace(found, senior_id=None, senior="", gateway="")
