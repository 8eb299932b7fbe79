"""The fire-safety index in the database: the facts that it is judged by, the register of checks, and its value of each day.

A question is one round trip for all institutions of a scope, whatever their number. The same statements answer on both engines.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, Protocol, TypeVar
from uuid import UUID

from care.safety import RULES
from care.safety_evidence import BLOCKED_WITHIN, WINDOW
from care.safety_facts import SafetyCheck, SafetyDevice, SafetyFacts, SafetyIncident, SafetyZone
from care.safety_index import Assessment
from care.safety_records import CHECKS_WITHIN
from devices.profiles import PROFILES
from store import administration
from store.connect import Connection
from store.errors import NotFound, StoreError
from store.rows import all_rows, as_json, one_row, one_value, values_of
from store.statements import statements

_SQL = statements("safety")
# What bears on fire: its sensors and what it hangs on.
PROFILES_OF_FIRE = tuple(name for name, one in PROFILES.items() if one.hazard in ("fire", "gas_co") or name == "gateway")
GAUGES = ("exit_monitor", "water_pressure")
# Before whatever was entered that day: nothing of a day comes after this place.
_BEFORE_ALL = {"entered_at": datetime.min.replace(tzinfo=UTC), "id": UUID(int=2**128 - 1)}


class UnknownCheck(NotFound):
    """There is no such check, or it was withdrawn, or not for you."""


class NotPossible(StoreError):
    """A check that cannot have been, and why."""


@dataclass(frozen=True, slots=True)
class SafetyDay:
    """The index of an institution on one day. `score` None: too little was known. `demo`: invented."""

    site: str
    day: date
    score: float | None
    proven: float
    lost: float
    unknown: float
    demo: bool


@dataclass(frozen=True, slots=True)
class CheckPlace:
    """Where a check belongs, and what it is."""

    site: str
    area: str
    id: UUID
    kind: str
    result: str
    entered_by: str
    withdrawn: bool


@dataclass(frozen=True, slots=True)
class _Site:
    site: str
    area: str
    name_zh: str
    name_en: str
    beds: int
    today: date


@dataclass(frozen=True, slots=True)
class _Gauge:
    code: str
    value: float | None
    value_at: datetime | None
    worst: float | None
    worst_at: datetime | None
    blocked_minutes: int


@dataclass(frozen=True, slots=True)
class _Moved:
    key: str
    points: float | None


class _Placed(Protocol):
    @property
    def site(self) -> str: ...


Placed = TypeVar("Placed", bound=_Placed)


async def facts(conn: Connection, now: datetime, scope: str | None = None, site: str | None = None) -> list[SafetyFacts]:
    """Everything that is known of each institution of a scope (without one, everywhere), or of one of them, by code."""
    sites = await all_rows(conn, _Site, _SQL["sites"], {"scope": scope, "site": site, "now": now})
    codes = {"sites": [one.site for one in sites]}
    zones = _by_site(await all_rows(conn, SafetyZone, _SQL["zones"], codes))
    devices = _by_site(await _devices(conn, codes, now))
    incidents = _by_site(await all_rows(conn, SafetyIncident, _SQL["incidents"], {**codes, "since": now - WINDOW}))
    checks = _by_site(await all_rows(conn, SafetyCheck, _SQL["checks"], {**codes, "since": whole_since(now)}))
    listening = await administration.listening_since(conn, now)
    return [
        SafetyFacts(
            site=one.site,
            area=one.area,
            name_zh=one.name_zh,
            name_en=one.name_en,
            beds=one.beds,
            now=now,
            today=one.today,
            listening=listening,
            zones=zones[one.site],
            devices=devices[one.site],
            incidents=incidents[one.site],
            checks=tuple(line for line in checks[one.site] if line.withdrawn_at is None),
            withdrawn=tuple(line for line in checks[one.site] if line.withdrawn_at is not None),
        )
        for one in sites
    ]


def whole_since(now: datetime) -> date:
    """From which day on `facts` have the whole register; of what is older they have what bears on the index."""
    return (now - CHECKS_WITHIN).date()


async def older(conn: Connection, site: str, before: UUID | date | None, most: int) -> list[SafetyCheck]:
    """The newest lines of an institution's register, withdrawn ones too: those after a line, of days before this one, or of all.

    Raises UnknownCheck when there is no such line.
    """
    if isinstance(before, UUID):
        place = await (await conn.execute(_SQL["place_of"], {"site": site, "id": before})).fetchone()
        if place is None:
            raise UnknownCheck("check", str(before))
        after = dict(zip(("done_on", "entered_at", "id"), place, strict=True))
    else:
        after = {"done_on": before or date.max, **_BEFORE_ALL}
    return await all_rows(conn, SafetyCheck, _SQL["older"], {"site": site, "most": most, **after})


async def days(conn: Connection, sites: Iterable[str], since: date) -> dict[str, tuple[SafetyDay, ...]]:
    """The index of each of these institutions, day by day; days without a desk are missing, and days of other rules."""
    return _by_site(await all_rows(conn, SafetyDay, _SQL["days"], {"sites": list(sites), "since": since, "rules": RULES}))


async def moved(conn: Connection, site: str, since: date) -> dict[str, float]:
    """By how much each criterion has proven more on the last of these days with a score than on the first; nothing without two."""
    rows = await all_rows(conn, _Moved, _SQL["moved"], {"site": site, "since": since, "rules": RULES})
    return {one.key: one.points for one in rows if one.points is not None}


async def has_day(conn: Connection, day: date) -> bool:
    """Whether the index of this day is kept."""
    return bool(await one_value(conn, _SQL["has_day"], {"day": day}))


async def keep_days(conn: Connection, assessed: Iterable[Assessment], *, demo: bool = False) -> None:
    """Keep what these are as the index of their day; a day that is kept stays as it is."""
    rows = [
        {
            "site": one.facts.site,
            "day": one.facts.today,
            "score": one.score.score,
            "proven": one.score.proven,
            "lost": one.score.lost,
            "unknown": one.score.unknown,
            "criteria": {
                key: [round(value, 3) for value in (part.weight, part.proven, part.lost, part.unknown)]
                for key, part in one.score.points.items()
            },
            "at": one.facts.now,
            "demo": demo,
        }
        for one in assessed
    ]
    await conn.execute(_SQL["keep_days"], {"rows": as_json(rows), "rules": RULES})


async def enter(conn: Connection, checks: Sequence[SafetyCheck]) -> list[UUID]:
    """Add checks to the register; which were new. What is there already stays as it is."""
    return await values_of(conn, _SQL["enter"], {"rows": as_json(checks)})


async def check(conn: Connection, id: UUID) -> CheckPlace:
    """A check that stands in the register. Raises UnknownCheck."""
    found = await one_row(conn, CheckPlace, _SQL["check"], {"id": id})
    if found is None or found.withdrawn:
        raise UnknownCheck("check", str(id))
    return found


async def withdraw(conn: Connection, id: UUID, why: str, by: str, now: datetime) -> None:
    """Take a check out of what counts; it stays on record, with who, when and why. Twice is once."""
    await conn.execute(_SQL["withdraw"], {"id": id, "why": why, "by": by, "at": now})


async def _devices(conn: Connection, codes: Mapping[str, Any], now: datetime) -> list[SafetyDevice]:
    asked = {**codes, "profiles": list(GAUGES), "oldest": now - WINDOW, "since": now - BLOCKED_WITHIN, "now": now}
    gauges = {one.code: one for one in await all_rows(conn, _Gauge, _SQL["gauges"], asked)}
    silent_after = [PROFILES[name].silent_after for name in PROFILES_OF_FIRE]
    kinds = {**codes, "profiles": list(PROFILES_OF_FIRE), "silent_after": silent_after}
    return [_read(one, gauges.get(one.code)) for one in await all_rows(conn, SafetyDevice, _SQL["devices"], kinds)]


def _read(device: SafetyDevice, gauge: _Gauge | None) -> SafetyDevice:
    """With what its gauge shows. A minute counts once, however often it was said to be blocked."""
    if gauge is None:
        return device
    blocked_s = 60.0 * gauge.blocked_minutes
    return replace(
        device, value=gauge.value, value_at=gauge.value_at, worst=gauge.worst, worst_at=gauge.worst_at, blocked_s=blocked_s
    )


def _by_site(rows: Iterable[Placed]) -> dict[str, tuple[Placed, ...]]:
    found: dict[str, list[Placed]] = defaultdict(list)
    for row in rows:
        found[row.site].append(row)
    return defaultdict(tuple, {site: tuple(of) for site, of in found.items()})
