"""How the platform itself is doing, for the page *system*: parts, lanes, admission, probe. Pure; unknown is None.

Parts report into one table, each with its own words; what is missing or no number in a report is unknown, never zero.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from api.probe import LANE as PROBE_LANE
from api.probe import latest
from api.shapes import CalloutShape, Health, LaneShape, PartShape, PartState, ProbeShape, ProbeTry, SystemShape
from dispatch.probe import Report, judge
from store.health import WorkerRow

SILENT_AFTER = timedelta(seconds=20)
FORGOTTEN_AFTER = timedelta(days=1)
_LANES = ("events", "telemetry")
_CALLOUT = "callout"


def system(workers: Iterable[WorkerRow] | None, health: Health, now: datetime) -> SystemShape:
    """The page as of `now`; without `workers` (the database is away) only what this process knows by itself."""
    if workers is None:
        return SystemShape(at=now, health=health, parts=None, lanes=None, callouts=None, probe=None)
    known = [row for row in workers if now - row.at <= FORGOTTEN_AFTER]
    return SystemShape(
        at=now,
        health=health,
        parts=[
            PartShape(name=row.worker, lane=row.lane, started_at=row.started_at, at=row.at, state=state(row, now)) for row in known
        ],
        lanes=[_lane(row, now) for row in known if row.lane in _LANES],
        callouts=[_callout(row) for row in known if row.lane == _CALLOUT],
        probe=probe(known, now),
    )


def state(row: WorkerRow, now: datetime) -> PartState:
    """What a part's last report says about it now."""
    if row.stats.get("stopped") is True:
        return "stopped"
    limit = SILENT_AFTER if row.lane != PROBE_LANE else 2 * SILENT_AFTER
    if now - row.at > limit:
        return "silent"
    return "standing_by" if row.stats.get("standing_by") is True else "working"


def probe(workers: Iterable[WorkerRow], now: datetime) -> ProbeShape | None:
    """The probe's last hour; None when none has reported."""
    told = latest(workers)
    if told is None:
        return None
    failed = [one for one in told.tries if one.ms is None]
    last = failed[-1] if failed else None
    report = Report(told.at, told.success_at, last.at if last else None, last.stage if last else "")
    lost = judge(report, told.at, now)
    return ProbeShape(
        device=told.device,
        at=told.at,
        success_at=told.success_at,
        ms=told.ms,
        lost=lost.rule if lost else None,
        tries=[ProbeTry(at=one.at, ms=one.ms, stage=one.stage) for one in told.tries],
    )


def _part(row: WorkerRow, now: datetime) -> PartShape:
    return PartShape(name=row.worker, lane=row.lane, started_at=row.started_at, at=row.at, state=state(row, now))


def _lane(row: WorkerRow, now: datetime) -> LaneShape:
    """Rates are of now: those of a part that is silent are unknown; counts stay what they were."""
    alive = state(row, now) == "working"
    stats = row.stats if alive else {}
    return LaneShape(
        name=row.worker,
        lane=row.lane,
        messages_per_s=_number(stats, "messages_per_s"),
        batch_size=_number(stats, "batch_size"),
        commit_p50_ms=_number(stats, "commit_ms_p50"),
        commit_p99_ms=_number(stats, "commit_ms_p99"),
        lag_s=_number(stats, "lag_s"),
        in_flight=_count(stats, "in_flight"),
        messages=_count(row.stats, "messages"),
        rejected=_count(row.stats, "rejected"),
        failures=_count(row.stats, "failures"),
        limited=_count(row.stats, "limited"),
    )


def _callout(row: WorkerRow) -> CalloutShape:
    refused = row.stats.get("refused")
    return CalloutShape(
        name=row.worker,
        devices=_count(row.stats, "devices"),
        granted=_count(row.stats, "granted"),
        disconnected=_count(row.stats, "disconnected"),
        refused={str(reason): times for reason, times in refused.items() if _whole(times)} if isinstance(refused, dict) else None,
    )


def _number(stats: Mapping[str, Any], name: str) -> float | None:
    value = stats.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _count(stats: Mapping[str, Any], name: str) -> int | None:
    value = stats.get(name)
    return value if _whole(value) else None


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
