"""What the desk concludes from the probe's reports: whether presses come out, and if not, where the path ends. Pure.

The probe presses itself every EVERY; a press that is not on a websocket within PATIENCE did not come out. A probe that does not
report is as bad as one that fails: nobody knows then.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

EVERY = timedelta(seconds=60)
PATIENCE = timedelta(seconds=10)
DEAD_AFTER = timedelta(seconds=30)
KEPT = timedelta(hours=1)  # how long one incident takes the probe's presses before the next one is opened
_AGAIN = timedelta(hours=1)
_STUCK_AFTER = EVERY + 3 * PATIENCE

# Where a press was last seen: no console to look at, not taken by the broker, taken but not shown, shown but not stored.
STAGES = ("no_feed", "not_accepted", "not_shown", "not_stored")


@dataclass(frozen=True, slots=True)
class Report:
    """What the probe said last: when, the last press that came out, the last one that did not and the stage (STAGES) it reached."""

    at: datetime
    success_at: datetime | None = None
    failed_at: datetime | None = None
    stage: str = ""


@dataclass(frozen=True, slots=True)
class Lost:
    """Presses do not come out: why (reason.<rule>), since when, and the key of the alarm, another one every hour that it lasts."""

    rule: str
    since: datetime
    key: str


def judge(report: Report | None, watching: datetime, now: datetime) -> Lost | None:
    """What is wrong at `now`; `watching` is since when the desk has been able to read reports at all."""
    heard = max(report.at, watching) if report else watching
    success = report.success_at if report else None
    began = success or watching
    if now - heard > DEAD_AFTER:
        return _lost("probe_dead", began, now)
    if report and report.failed_at and (success is None or report.failed_at > success):
        return _lost(f"probe_{report.stage}", began, now)
    return _lost("probe_dead", began, now) if now - max(began, watching) > _STUCK_AFTER else None


def _lost(rule: str, since: datetime, now: datetime) -> Lost:
    hours = max(timedelta(0), now - since) // _AGAIN
    return Lost(rule, since, f"{int(since.timestamp() * 1000)}/{hours}")
