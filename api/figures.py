"""The figures at the top and foot of the page, by scope, every five seconds; what is not known now is None, never last-known."""

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import ceil

from api.context import Context
from api.database import Lane, StoreUnavailable
from api.hub import UNKNOWN
from api.probe import latest
from api.protection import heard_of, unprotected_among
from api.roads import circle, free
from api.shapes import Figures
from api.unending import Ongoing
from care.places import within
from dispatch.alarm import PROBE
from store import administration, devices, health, incidents
from store.connect import Connection
from store.devices import DeviceHealth, RegisteredDevice
from store.health import WorkerRow
from store.register import SeniorRow

log = logging.getLogger(__name__)

EVERY_S = 5.0
_CIRCLE_EVERY = timedelta(seconds=60)
_SHIFT = timedelta(hours=8)
_LOAD = timedelta(minutes=10)
_WORKER_LIVES = timedelta(seconds=20)


@dataclass(frozen=True, slots=True)
class Facts:
    """What one reading of the database gave."""

    health: list[DeviceHealth]
    workers: list[WorkerRow]
    answers: dict[str, list[float]]
    load: dict[str, int]
    listening: datetime | None


@dataclass(slots=True)
class FiguresTask:
    """Computes and tells; `circle` remembers the share by scope and when it was found."""

    here: Context
    circle: dict[str, tuple[datetime, float]] = field(default_factory=dict)

    async def run(self, ongoing: Ongoing) -> None:
        """For ever; a new scope is served within half a second."""
        known: set[str] = set()
        due = datetime.now(UTC)
        while True:
            now = datetime.now(UTC)
            scopes = self.here.hub.scopes()
            if now >= due or scopes - known:
                await self.tell(scopes, now)
                ongoing.well()
                known, due = scopes, now + timedelta(seconds=EVERY_S)
            await asyncio.sleep(0.5)

    async def tell(self, scopes: set[str], now: datetime) -> None:
        """One round."""
        try:
            facts = await self.here.database.run(lambda conn: _facts(conn, scopes, now), lane=Lane.OWN)
        except Exception as error:
            self.circle.clear()
            self.here.hub.figures_are({scope: self._unknown(scope) for scope in scopes}, now)
            if isinstance(error, StoreUnavailable):
                return
            raise
        await self._circles(scopes, now)
        registered = list(self.here.register.devices.values())
        residents = list(self.here.register.seniors.values())
        shares = {scope: share for scope, (_, share) in self.circle.items()}
        found = await asyncio.to_thread(lambda: {s: figures(s, facts, registered, shares.get(s), now, residents) for s in scopes})
        self.here.hub.figures_are(found, now)

    def _unknown(self, scope: str) -> Figures:
        return UNKNOWN.model_copy(update={"devices": len(_in_service(scope, self.here.register.devices.values()))})

    async def _circles(self, scopes: set[str], now: datetime) -> None:
        register = self.here.register
        posts = free(self.here.hub.everyone())
        for scope in scopes:
            found = self.circle.get(scope)
            if register.graph is None or (found and now - found[0] < _CIRCLE_EVERY):
                continue
            with contextlib.suppress(KeyError, ValueError):
                covered = await circle(self.here.roads, register.graph, register.homes_in(scope), posts)
                self.circle[scope] = (now, covered.share)


def figures(
    scope: str,
    facts: Facts,
    registered: Sequence[RegisteredDevice],
    share: float | None,
    now: datetime,
    residents: Sequence[SeniorRow] = (),
) -> Figures:
    """The figures of one scope. `online`: heard within its limit, link not reported down; `silent`: not, though there was time."""
    mine = [row for row in facts.health if within(scope, row.area, row.site) and row.profile != PROBE]
    states = Counter(heard_of(row, now, facts.listening) for row in mine)
    probe = latest(facts.workers)
    own = [device for device in registered if within(scope, device.area, device.site)]
    people = [(one.code, one.site) for one in residents if within(scope, one.area, one.site)]
    answers = facts.answers.get(scope, [])
    alive = [worker for worker in facts.workers if now - worker.at <= _WORKER_LIVES]
    rates = [
        float(worker.stats["messages_per_s"]) for worker in alive if isinstance(worker.stats.get("messages_per_s"), int | float)
    ]
    slowest = [
        float(worker.stats["commit_ms_p99"]) for worker in alive if isinstance(worker.stats.get("commit_ms_p99"), int | float)
    ]
    return Figures(
        devices=len(mine),
        online=states["fine"] + states["battery_low"],
        silent=states["silent"],
        unprotected=sum(
            one.counts for one in unprotected_among(own, {row.code: row for row in mine}, now, facts.listening, people)
        ),
        circle_share=share,
        answer_p90_s=percentile(answers, 0.9),
        answer_n=len(answers),
        alarms_10min=facts.load.get(scope, 0),
        ingest_per_s=sum(rates) if rates else None,
        ingest_p99_ms=max(slowest) if slowest else None,
        probe_at=probe.success_at if probe else None,
        probe_ms=probe.ms if probe else None,
    )


def percentile(samples: Sequence[float], share: float) -> float | None:
    """The nearest-rank percentile of samples: a time that someone really waited; None of none."""
    ordered = sorted(samples)
    return ordered[max(0, ceil(share * len(ordered)) - 1)] if ordered else None


async def _facts(conn: Connection, scopes: Iterable[str], now: datetime) -> Facts:
    answers, load = {}, {}
    for scope in scopes:
        answers[scope] = await incidents.answer_times(conn, scope, now - _SHIFT)
        load[scope] = await incidents.alarm_load(conn, scope, now - _LOAD)
    listening = await administration.listening_since(conn, now)
    return Facts(await devices.health(conn), await health.workers(conn), answers, load, listening)


def _in_service(scope: str, registered: Iterable[RegisteredDevice]) -> list[RegisteredDevice]:
    return [one for one in registered if one.revoked_at is None and one.profile != PROBE and within(scope, one.area, one.site)]
