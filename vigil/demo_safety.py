"""The demo's past for the fire-safety index: papers, tests, alarms long closed, exits that stood blocked, the index of thirty days.

The days are made by the index's own rules from the papers as they were on each of them, with every device taken as heard; they are
kept as invented.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from care.district import District
from care.safety_facts import SafetyFacts
from care.safety_index import assess
from devices.keys import milliseconds
from devices.profiles import PROFILES
from dispatch.incident import IncidentEvent
from simulators.district import safety as papers
from simulators.district.safety import Alarmed
from store import alarms, devices, health, incidents, messages, people, safety
from store.connect import Connection
from store.devices import RegisteredDevice
from store.health import HealthRow
from store.messages import ReadingRow
from store.new_alarm import of_device
from store.trail import Actor

_DAYS, _SEED = 30, 7
_DESK = "duty"
_DAY, _MINUTE = timedelta(days=1), timedelta(minutes=1)


async def load(conn: Connection, district: District, now: datetime) -> None:
    """Write it all; the register of the district is there already."""
    known = await devices.register(conn)
    await safety.enter(conn, papers.checks(district, now.date(), _SEED))
    tried = papers.tests(district, now, _SEED)
    await health.touch_health(conn, [HealthRow(known[code].device_id, None, test_at=at) for code, at in tried.items()])
    rows = [
        row for code, ago, minutes in papers.blocked(district, _SEED) for row in _blocked(known[code].device_id, now, ago, minutes)
    ]
    await messages.insert_readings(conn, rows)
    desk = next(one for one in await people.list_accounts(conn) if one.login == _DESK)
    for alarm in sorted(papers.alarms(district, _SEED), key=lambda one: -one.ago):
        await _alarmed(conn, known[alarm.device], alarm, Actor(desk.login, desk.account_id, desk.role, desk.scope), now)
    for one in await safety.facts(conn, now):  # house by house: a transaction may not stand idle for long
        await safety.keep_days(conn, [assess(_as_of(one, ago)) for ago in range(_DAYS, 0, -1)], demo=True)


async def _alarmed(conn: Connection, device: RegisteredDevice, alarm: Alarmed, desk: Actor, now: datetime) -> None:
    """An alarm that was raised, answered, resolved and closed."""
    at = now - alarm.ago * _DAY
    raised = await alarms.raise_alarm(conn, of_device(device, alarm.kind, f"demo {milliseconds(at)}", at, "demo/1"), at)
    for event, after_s, cause in (
        (IncidentEvent.ACKNOWLEDGE, alarm.answered_s, None),
        (IncidentEvent.RESOLVE, alarm.resolved_s, None),
        (IncidentEvent.CLOSE, alarm.resolved_s + 120, alarm.cause),
    ):
        await incidents.act(conn, raised.incident_id, event, desk, at + timedelta(seconds=after_s), cause=cause)


def _blocked(device: int, now: datetime, ago: float, minutes: int) -> Iterator[ReadingRow]:
    version = PROFILES["exit_monitor"].version
    for minute in range(minutes):
        at = now - ago * _DAY + minute * _MINUTE
        yield ReadingRow(device, at, "demo", minute, at, version, [1.0, 0.0, None])


def _as_of(facts: SafetyFacts, ago: int) -> SafetyFacts:
    """The facility so many days ago."""
    now, today = facts.now - ago * _DAY, facts.today - ago * _DAY
    heard = tuple(
        replace(one, seen_at=now, online=True, enrolled_at=now - 366 * _DAY, value=0.0 if one.profile == "exit_monitor" else 0.2,
                test_at=one.test_at if one.test_at and one.test_at <= now else None, worst=None, blocked_s=0.0)
        for one in facts.devices
    )  # fmt: skip
    papers_then = tuple(one for one in facts.checks if one.done_on <= today)
    cases = tuple(one for one in facts.incidents if one.began_at <= now)
    return replace(facts, now=now, today=today, listening=now - _DAY, devices=heard, checks=papers_then, incidents=cases)
