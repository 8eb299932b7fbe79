"""What is usual for residents, in memory: read again whenever the register is, between trials, which so never see it change."""

from datetime import datetime, timedelta
from typing import Any

from analytics.catalogue import learned_lane
from analytics.routine import POPULATION, Routine
from analytics.step import Detector
from store import routines
from store.connect import Connection

LOOK_BACK = timedelta(hours=36)  # longer than anybody may be still unnoticed


class Usual:
    """Rows of residents who have one; the population's for all others."""

    def __init__(self) -> None:
        self._rows: dict[str, Routine] = {}
        self._loads = -1

    def routine(self, senior: str) -> Routine:
        """What is usual for this resident."""
        return self._rows.get(senior, POPULATION)

    async def refresh(self, conn: Connection, loads: int) -> None:
        """Read them if the register was loaded since: whoever writes one says that the register changed."""
        if loads != self._loads:
            self._rows = await routines.routines(conn)
            self._loads = loads

    async def detectors(self, conn: Connection, area: str, now: datetime) -> tuple[Detector[Any], ...]:
        """The detectors that know it, beginning with the last movement of everybody in this area."""
        last = await routines.last_motion(conn, area, now - LOOK_BACK)
        return learned_lane(self.routine, last.get)
