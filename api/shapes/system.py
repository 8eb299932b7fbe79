"""Figures, health, and how the parts are doing."""

from datetime import datetime
from typing import Literal

from api.shapes.shape import Shape
from store.refusing import Refusal


class Figures(Shape):
    """The five figures that a duty officer is answerable for, and the foot of the page. None is unknown."""

    devices: int
    online: int | None
    silent: int | None
    unprotected: int | None
    circle_share: float | None
    answer_p90_s: float | None
    answer_n: int
    alarms_10min: int
    ingest_per_s: float | None
    ingest_p99_ms: float | None
    probe_at: datetime | None
    probe_ms: float | None


Failing = Literal["board", "figures", "notices", "presses", "sessions", "shown", "sirens"]


class Health(Shape):
    """What works now, as this api sees it; `…_since` when that began. `database_refuses`: why one that is there stores nothing.

    `failing`: what this api fails to do though it keeps trying; with `board` among it, what consoles show is not current.
    """

    broker: bool
    broker_since: datetime
    database: bool
    database_since: datetime
    database_refuses: Refusal | None
    failing: list[Failing]
    failing_since: datetime


PartState = Literal["working", "standing_by", "stopped", "silent"]


class PartShape(Shape):
    """A part of the platform, as it last reported at `at`; `state` is ours to say, since the dead report nothing."""

    name: str
    lane: str
    started_at: datetime
    at: datetime
    state: PartState


class LaneShape(Shape):
    """One ingest worker. Rates of a part that is not working are None: unknown. Counts are since it started."""

    name: str
    lane: str
    messages_per_s: float | None
    batch_size: float | None
    commit_p50_ms: float | None
    commit_p99_ms: float | None
    lag_s: float | None
    in_flight: int | None
    messages: int | None
    rejected: int | None
    failures: int | None
    limited: int | None


class CalloutShape(Shape):
    """What one judge of connecting devices has done since it started; `refused` by reason (i18n key refused.<reason>)."""

    name: str
    devices: int | None
    granted: int | None
    disconnected: int | None
    refused: dict[str, int] | None


class ProbeTry(Shape):
    """One press of the probe; without `ms` it did not come out, and `stage` says how far it came."""

    at: datetime
    ms: float | None
    stage: str


class ProbeShape(Shape):
    """The probe's last hour, oldest first; `lost` (i18n key reason.<lost>) where its presses do not come out now."""

    device: str
    at: datetime
    success_at: datetime | None
    ms: float | None
    lost: str | None
    tries: list[ProbeTry]


class SystemShape(Shape):
    """The page of the system. A list that is None could not be read: the database is away."""

    at: datetime
    health: Health
    parts: list[PartShape] | None
    lanes: list[LaneShape] | None
    callouts: list[CalloutShape] | None
    probe: ProbeShape | None
