"""The demo's past fits the index: every institution has papers and days, its alarms are closed, nothing is known of now."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from care.safety_index import assess
from simulators.district import demo_district
from store import incidents, safety
from store.connect import Connection
from vigil import demo

pytestmark = pytest.mark.integration

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


async def test_the_demo_has_a_past(conn: Connection, tmp_path: Path) -> None:
    district = demo_district(7)
    assert await demo.load(conn, district, tmp_path, NOW)
    found = await safety.facts(conn, NOW)
    assert len(found) == 24
    assert all(one.checks for one in found)
    assert all(check.done_on <= one.today for one in found for check in one.checks)
    assert sum(len(one.incidents) for one in found) > 15
    assert all(case.cause for one in found for case in one.incidents)
    assert await incidents.board(conn, "120105") == []
    days = await safety.days(conn, [one.site for one in found], date(2026, 1, 1))
    assert {len(days[one.site]) for one in found} == {30}
    assert all(day.demo and day.score is not None for site in days.values() for day in site)
    scores = {site: history[-1].score or 0 for site, history in days.items()}
    assert max(scores.values()) - min(scores.values()) > 5
    assert not await safety.has_day(conn, date(2026, 11, 23))
    fresh = assess(found[0])
    assert fresh.score.score is None, "nothing was heard of any device yet"
