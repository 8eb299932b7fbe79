"""What teaches nothing of a routine: when something stood that was more than nothing, and when what shows life was silent."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from dispatch.incident import IncidentEvent as E
from store import alarms, incidents, routines
from store.connect import Connection
from store.incidents import Actor
from store.new_alarm import NewAlarm

pytestmark = pytest.mark.integration

Make = Callable[..., NewAlarm]
HOUR = timedelta(hours=1)


async def _left_out(conn: Connection, since: datetime, senior: str | None = None) -> list[tuple[str, datetime, bool]]:
    found = await routines.left_out(conn, since, senior)
    return [(one.senior, one.since, one.until > one.since + HOUR) for one in found]


async def test_what_stood_is_left_out_unless_it_was_nothing(
    conn: Connection, new_alarm: Make, accounts: dict[str, Actor], now: datetime
) -> None:
    at = now - 3 * HOUR
    fall = await alarms.raise_alarm(conn, new_alarm("wear-1", "fall", at=at), at)
    await alarms.raise_alarm(conn, new_alarm("wear-1", "sos", at=at), at)  # who presses moves
    await alarms.raise_alarm(conn, new_alarm("bed-9", "no_movement", source="s-3", device_id=None, at=at), at)
    await alarms.raise_alarm(conn, new_alarm("bed-9", "fall", at=at, drill=True), at)
    assert await _left_out(conn, at) == [("s-1", at, True), ("s-3", at, True)]
    assert await _left_out(conn, at, "s-3") == [("s-3", at, True)]
    for event in (E.ACKNOWLEDGE, E.RESOLVE):
        await incidents.act(conn, fall.incident_id, event, accounts["duty"], at + 2 * HOUR)
    assert await _left_out(conn, at, "s-1") == [("s-1", at, True)], "nobody has said that it was nothing"
    assert await _left_out(conn, at + 3 * HOUR, "s-1") == [], "it is over"
    await incidents.act(conn, fall.incident_id, E.CLOSE, accounts["duty"], now, cause="dropped_device")
    assert await _left_out(conn, at, "s-1") == []


async def test_a_silent_eye_is_left_out(conn: Connection, new_alarm: Make, now: datetime) -> None:
    at = now - 3 * HOUR
    for device in ("bed-9", "wear-1", "motion-9"):  # one that lies in a drawer is no eye, and that of a corridor is nobody's
        await alarms.raise_alarm(conn, new_alarm(device, "silence", at=at), at)
    assert await _left_out(conn, at) == [("s-3", at, True)]
    await alarms.clear_alarm(conn, "bed-9", "silence", False, at + 2 * HOUR, now)
    assert await _left_out(conn, at + 3 * HOUR) == []
