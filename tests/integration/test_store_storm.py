"""A gateway dies: fifty silences by the real detector, one technical incident that rings once; and a press inside it rings."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from analytics.catalogue import TELEMETRY_LANE
from analytics.runtime import Runtime
from ingest.alarms import new_alarm as alarm_of
from ingest.said import known as of
from store import devices
from store.alarms import in_lock_order, raise_alarm
from store.board import CardRow, board
from store.connect import Connection
from store.new_alarm import NewAlarm

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("loaded")]

MANY = 50
SOS = "sos-9"


async def _silences(conn: Connection, gateway: str, now: datetime) -> list[NewAlarm]:
    """Fifty smoke detectors are heard, then not; what the telemetry lane's detectors say of it."""
    for number in range(MANY):
        site = "inst-1" if gateway else "home-1"
        await devices.enrol(conn, f"storm-{number:02}", "smoke_detector", site, "", "", gateway, None, now)
    known = {code: one for code, one in of(await devices.register(conn)).items() if code.startswith("storm-")}
    trial = (runtime := Runtime(TELEMETRY_LANE)).trial()
    trial.adopt()
    for one in known.values():
        runtime.listen(one.origin, now, now)
    later = now + timedelta(minutes=4)
    return in_lock_order([alarm_of(finding, known[finding.source], later) for finding in runtime.trial().tick(later)])


async def _raised(conn: Connection, alarms: list[NewAlarm], now: datetime) -> list[CardRow]:
    for alarm in alarms:
        async with conn.transaction():
            await raise_alarm(conn, alarm, now)
    return await board(conn, None, None)


@pytest.mark.parametrize(("gateway", "subject"), [("gw-9", "gw-9"), ("", "home-1")], ids=["by gateway", "by site"])
async def test_fifty_silences_are_one_incident_that_rings_once(conn: Connection, now: datetime, gateway: str, subject: str) -> None:
    alarms = await _silences(conn, gateway, now)
    assert len(alarms) == MANY
    [card] = await _raised(conn, alarms, now + timedelta(minutes=4))
    assert (card.hazard, card.subject, card.alarms, card.active_alarms, card.rings) == ("technical", subject, MANY, MANY, 1)


async def test_a_press_inside_the_storm_rings_by_itself(
    conn: Connection, now: datetime, new_alarm: Callable[..., NewAlarm]
) -> None:
    alarms = await _silences(conn, "gw-9", now)
    press = new_alarm(SOS, "sos")
    cards = await _raised(conn, [*alarms[:25], press, *alarms[25:]], now + timedelta(minutes=4))
    by_hazard = {card.hazard: card for card in cards}
    assert set(by_hazard) == {"technical", "person"}
    assert (by_hazard["person"].priority, by_hazard["person"].alarms, by_hazard["person"].rings) == (1, 1, 1)
    assert (by_hazard["technical"].alarms, by_hazard["technical"].rings) == (MANY, 1)
    assert cards[0].hazard == "person" or by_hazard["technical"].priority > 1, "the press comes first"
