"""What is usual for each resident, and when their signs of life mean nothing: learned rows and away times.

Workers read them; only the owner's commands write. Whoever writes tells the workers, who read again between two batches.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

import msgspec
from psycopg.types.json import Jsonb

from analytics.routine import POPULATION, Absence, Away, Routine
from analytics.signs import LEVELS, SAID, Sign
from devices.profiles import WEARABLES
from store import notify
from store.connect import Connection
from store.errors import NotFound, StoreError
from store.rows import all_rows, one_value, values_of
from store.statements import statements

STILL = ("no_movement", "not_up", "fall", "fall_motion", "long_lie", "on_floor")  # while one of these stands nobody rests by habit
NOTHING = ("false_press", "dropped_device", "sat_down_hard", "cooking_steam", "other")  # causes that say: it was as usual
EYES = tuple(name for name in LEVELS if name not in WEARABLES)  # which never leave the home
_SQL = statements("routines")


class BadAbsence(StoreError):
    """An away time that could never hold."""

    def __init__(self, since: datetime, until: datetime) -> None:
        super().__init__(f"absence: expected an end after {since.isoformat()}, got {until.isoformat()}")
        self.since = since
        self.until = until


@dataclass(frozen=True, slots=True)
class AbsenceRow:
    """An away time and who entered it."""

    senior: str
    since: datetime
    until: datetime
    why: str
    by: str


@dataclass(frozen=True, slots=True)
class SaidReading:
    """A stored reading of a device of a resident; `values` in the profile's order."""

    device: str
    profile: str
    zone: str
    at: datetime
    values: list[float | None]


@dataclass(frozen=True, slots=True)
class SaidEvent:
    """A stored event of a device of a resident."""

    device: str
    profile: str
    zone: str
    at: datetime
    kind: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A time that teaches nothing of what is usual for a resident."""

    senior: str
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class _Stored:
    senior: str
    row: dict[str, Any] | None
    away: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _Moved:
    senior: str
    place: str
    at: datetime


async def routines(conn: Connection) -> dict[str, Routine]:
    """Rows by resident, with the away times in them; who only has away times has the population's row."""
    found = await all_rows(conn, _Stored, _SQL["routines"])
    return {one.senior: _routine(one) for one in found}


def _routine(one: _Stored) -> Routine:
    row = POPULATION if one.row is None else msgspec.convert(one.row, Routine)
    return replace(row, away=tuple(msgspec.convert(time, Away) for time in one.away))


async def keep(conn: Connection, senior: str, row: Routine, learned_at: datetime) -> None:
    """Keep what was learned in place of what was known. Away times are not part of it. Raises NotFound."""
    fields = {name: value for name, value in asdict(row).items() if name != "away"}
    arguments = {"senior": senior, "version": row.version, "learned_at": learned_at, "days": row.days, "row": Jsonb(fields)}
    if await one_value(conn, _SQL["keep_routine"], arguments) is None:
        raise NotFound("senior", senior)
    await notify.register(conn, "")


async def add_absence(conn: Connection, senior: str, since: datetime, until: datetime, why: Absence, by: str) -> None:
    """From `since` to `until` this resident is away or has visitors (analytics.routine.Away). Raises BadAbsence, NotFound."""
    if since >= until:
        raise BadAbsence(since, until)
    arguments = {"senior": senior, "since": since, "until": until, "why": why.value, "by": by}
    if await one_value(conn, _SQL["add_absence"], arguments) is None:
        raise NotFound("senior", senior)
    await notify.register(conn, "")


async def end_absences(conn: Connection, senior: str, at: datetime) -> int:
    """The resident is back, whatever was entered; how many away times that ended."""
    ended = int(await one_value(conn, _SQL["end_absences"], {"senior": senior, "at": at}))
    await notify.register(conn, "")
    return ended


async def absences(conn: Connection, senior: str | None = None) -> list[AbsenceRow]:
    """Away times of one resident or of all, earliest first."""
    return await all_rows(conn, AbsenceRow, _SQL["absences"], {"senior": senior})


async def last_motion(conn: Connection, area: str, since: datetime) -> dict[str, Sign]:
    """The newest movement that a motion sensor saw since then, by resident of an area."""
    found = await all_rows(conn, _Moved, _SQL["last_motion"], {"area": area, "since": since})
    return {one.senior: Sign(one.at, one.place, False) for one in found}


async def learnable(conn: Connection, senior: str | None = None) -> list[str]:
    """Residents with a device that can show that they move."""
    return await values_of(conn, _SQL["learnable"], {"profiles": list(LEVELS), "senior": senior})


async def said(conn: Connection, senior: str, since: datetime) -> tuple[Sequence[SaidReading], Sequence[SaidEvent]]:
    """What can show a resident's life since then, oldest first."""
    readings = await all_rows(
        conn, SaidReading, _SQL["said_readings"], {"senior": senior, "since": since, "profiles": list(LEVELS)}
    )
    events = await all_rows(conn, SaidEvent, _SQL["said_events"], {"senior": senior, "since": since, "kinds": sorted(SAID)})
    return readings, events


async def left_out(conn: Connection, since: datetime, senior: str | None = None) -> list[LeftOut]:
    """When incidents of one resident or of all stood that were more than nothing, or a device that shows life was silent."""
    arguments = {"senior": senior, "since": since, "kinds": list(STILL), "nothing": list(NOTHING), "eyes": list(EYES)}
    return await all_rows(conn, LeftOut, _SQL["left_out"], arguments)
