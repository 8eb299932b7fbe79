"""Who has no row of their own is judged by the population's, on the clock of the cell."""

from datetime import UTC, datetime

import pytest

from analytics.routine import OFFSET_MIN, Absence
from care.district import District
from ingest.usual import Usual, offset_min
from store import routines
from store.connect import Connection

pytestmark = pytest.mark.integration
SUMMER, WINTER = datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)


async def test_the_clock_is_the_cells(conn: Connection, worker_conn: Connection, loaded: District) -> None:
    usual = Usual()
    await usual.refresh(worker_conn, 1, WINTER)
    assert usual.routine("nobody").offset_min == offset_min(loaded.timezone, WINTER) == OFFSET_MIN
    await worker_conn.rollback()
    await routines.add_absence(conn, "s-1", WINTER, SUMMER.replace(year=2027), Absence.AWAY, "test")
    await conn.execute("UPDATE cell SET timezone = 'Europe/London'")
    await conn.commit()
    await usual.refresh(worker_conn, 2, SUMMER)
    assert usual.routine("nobody").offset_min == usual.routine("s-1").offset_min == 60
    assert len(usual.routine("s-1").away) == 1
    await usual.refresh(worker_conn, 3, WINTER)
    assert usual.routine("nobody").offset_min == 0
