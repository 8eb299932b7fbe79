"""What is usual for residents, in memory: read again whenever the register is, between trials, which so never see it change."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from analytics.catalogue import learned_lane
from analytics.routine import POPULATION, Routine
from analytics.step import Detector
from store import register, routines
from store.connect import Connection

LOOK_BACK = timedelta(hours=36)  # longer than anybody may be still unnoticed


class Usual:
    """Rows of residents who have one; the population's for all others, on the clock of the cell."""

    def __init__(self) -> None:
        self._rows: dict[str, Routine] = {}
        self._unknown = POPULATION
        self._loads = -1

    def routine(self, senior: str) -> Routine:
        """What is usual for this resident."""
        return self._rows.get(senior, self._unknown)

    async def refresh(self, conn: Connection, loads: int, now: datetime) -> None:
        """Read them if the register was loaded since: whoever writes one says that the register changed."""
        if loads != self._loads:
            cell = await register.cell(conn)
            if cell is not None:
                self._unknown = replace(POPULATION, offset_min=offset_min(cell.timezone, now))
            self._rows = {senior: self._here(row) for senior, row in (await routines.routines(conn)).items()}
            self._loads = loads

    def _here(self, row: Routine) -> Routine:
        """A row that only says when somebody is away is the population's."""
        return replace(self._unknown, away=row.away) if row.version == POPULATION.version else row

    async def detectors(self, conn: Connection, area: str, now: datetime) -> tuple[Detector[Any], ...]:
        """The detectors that know it, beginning with the last movement of everybody in this area."""
        last = await routines.last_motion(conn, area, now - LOOK_BACK)
        return learned_lane(self.routine, last.get)


def offset_min(zone: str, at: datetime) -> int:
    """By how many minutes the clock of an IANA time zone is ahead of UTC at a moment."""
    offset = at.astimezone(ZoneInfo(zone)).utcoffset() or timedelta(0)
    return round(offset.total_seconds() / 60)
