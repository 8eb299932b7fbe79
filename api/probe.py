"""What the probe last reported, as the figures and the page of the system show it. Pure; nothing in a report is taken on trust."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from store.health import WorkerRow

LANE = "probe"
_MOST = 60


@dataclass(frozen=True, slots=True)
class Try:
    """One press: when, how long it took to a websocket (None: it did not come out), and where it was last seen then."""

    at: datetime
    ms: float | None
    stage: str


@dataclass(frozen=True, slots=True)
class Told:
    """`success_at` and `ms` of the last press that came out; `tries` the newest last."""

    device: str
    at: datetime
    success_at: datetime | None
    ms: float | None
    tries: tuple[Try, ...]


def latest(workers: Iterable[WorkerRow]) -> Told | None:
    """The newest report of a probe; None when none has reported."""
    reports = [worker for worker in workers if worker.lane == LANE]
    if not reports:
        return None
    row = max(reports, key=lambda worker: worker.at)
    history = row.stats.get("history")
    tries = [found for one in (history if isinstance(history, list) else [])[-_MOST:] if (found := _try(one)) is not None]
    return Told(row.worker, row.at, _moment(row.stats, "success_at"), _number(row.stats.get("ms")), tuple(tries))


def _try(one: object) -> Try | None:
    if not isinstance(one, list) or len(one) != 3:
        return None
    at, stage = _number(one[0]), one[2]
    try:
        return Try(datetime.fromtimestamp(at / 1000, UTC), _number(one[1]), str(stage)) if at is not None else None
    except (OverflowError, ValueError, OSError):
        return None


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _moment(stats: Mapping[str, Any], name: str) -> datetime | None:
    value = stats.get(name)
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None
