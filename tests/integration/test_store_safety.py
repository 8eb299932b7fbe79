"""Facts of the fire-safety index from a real database, on both engines; the register only grows; a day is written once."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from care.district import District
from care.safety_facts import SafetyCheck, SafetyDevice, SafetyFacts
from care.safety_index import assess
from desk.safety import daily, due
from dispatch.incident import IncidentEvent
from store import alarms, devices, health, history, incidents, messages, safety
from store.connect import Connection, connect
from store.corrections import correct_cause
from store.health import HealthRow
from store.incidents import Actor
from store.new_alarm import NewAlarm
from store.server import Database

pytestmark = pytest.mark.integration

NOW = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)  # 10:30 there
TODAY = date(2026, 11, 24)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
Make = Callable[..., NewAlarm]


def check(kind: str = "inspection", done_on: date = TODAY, **more: Any) -> SafetyCheck:
    found = SafetyCheck("inst-1", uuid4(), kind, done_on, "passed", 0, None, None, "孙主任", "", "duty-inst", NOW, False)
    return replace(found, **more)


@pytest.fixture
async def desk(database: Database) -> AsyncIterator[Connection]:
    """The desk's own connection."""
    async with await connect(database.dsn("vigil_worker"), autocommit=True) as connection:
        yield connection


@pytest.fixture
async def people(database: Database) -> AsyncIterator[Connection]:
    """What people do goes through here."""
    async with await connect(database.dsn("vigil_api"), autocommit=True) as connection:
        yield connection


async def of(conn: Connection, now: datetime = NOW) -> SafetyFacts:
    [found] = await safety.facts(conn, now)
    return found


def named(facts: SafetyFacts, code: str) -> SafetyDevice:
    return next(one for one in facts.devices if one.code == code)


async def test_institutions_of_a_scope_and_nothing_else(people: Connection, loaded: District) -> None:
    scopes = {None: 1, "tst": 1, "tst002": 1, "tst001": 0, "site:inst-1": 1, "site:home-1": 0, "": 0}
    for scope, many in scopes.items():
        assert len(await safety.facts(people, NOW, scope)) == many, scope
    assert await safety.facts(people, NOW, "tst", "home-1") == []
    found = await of(people)
    assert (found.site, found.today, found.beds, found.listening) == ("inst-1", TODAY, 4, None)
    assert {one.profile for one in found.devices} == set(safety.PROFILES_OF_FIRE)
    assert {one.code for one in found.zones} == {one.code for one in loaded.zones if one.site == "inst-1"}


async def test_what_was_heard_of_a_device_and_what_is_the_matter_with_it(
    desk: Connection, loaded: District, new_alarm: Make
) -> None:
    known = await devices.register(desk)
    smoke = HealthRow(known["smoke-9"].device_id, NOW - HOUR, online=True, battery=12.0, test_at=NOW - 9 * DAY)
    await health.touch_health(desk, [smoke])
    for device, kind in (("smoke-9", "sensor_fault"), ("elec-9", "residual_current"), ("heat-9", "heat")):
        async with desk.transaction():
            await alarms.raise_alarm(desk, new_alarm(device, kind, at=NOW - HOUR), NOW)
    found = await of(desk)
    told = named(found, "smoke-9")
    assert (told.zone, told.seen_at, told.online, told.battery) == ("inst-1-r101", NOW - HOUR, True, 12.0)
    assert (told.test_at, told.faulty_since, told.warning_since) == (NOW - 9 * DAY, NOW - HOUR, None)
    assert named(found, "elec-9").warning_since == NOW - HOUR
    assert named(found, "heat-9").faulty_since is None
    await desk.execute("UPDATE alarms SET ended_at = now() WHERE kind = 'residual_current'")
    assert named(await of(desk), "elec-9").warning_since is None


async def test_incidents_of_fire_with_their_answers_and_no_drill(
    desk: Connection, people: Connection, loaded: District, new_alarm: Make, accounts: dict[str, Actor]
) -> None:
    async with desk.transaction():
        fire = await alarms.raise_alarm(desk, new_alarm("smoke-9", "smoke", at=NOW - HOUR, received_at=NOW - HOUR), NOW - HOUR)
        await alarms.raise_alarm(desk, new_alarm("heat-9", "heat", at=NOW - HOUR, drill=True), NOW)
        await alarms.raise_alarm(desk, new_alarm("cord-9", "pull_cord", at=NOW - HOUR), NOW)
    for event in (IncidentEvent.ACKNOWLEDGE, IncidentEvent.RESOLVE, IncidentEvent.CLOSE):
        cause = "cooking_steam" if event is IncidentEvent.CLOSE else None
        async with people.transaction():
            await incidents.act(people, fire.incident_id, event, accounts["duty"], NOW - HOUR + timedelta(seconds=30), cause=cause)
    [told] = (await of(people)).incidents
    assert (told.id, told.kind, told.priority, told.cause) == (fire.incident_id, "smoke", 1, "cooking_steam")
    assert (told.began_at, told.acknowledged_at, told.arrived_at) == (NOW - HOUR, NOW - HOUR + timedelta(seconds=30), None)
    assert told.emergency_at == NOW - HOUR
    assert (await of(people, NOW + 91 * DAY)).incidents == ()


async def test_what_a_house_corrects_about_itself_counts_as_before_until_somebody_else_says_it(
    desk: Connection, people: Connection, loaded: District, new_alarm: Make, accounts: dict[str, Actor]
) -> None:
    async with desk.transaction():
        fire = (await alarms.raise_alarm(desk, new_alarm("smoke-9", "smoke", at=NOW, received_at=NOW), NOW)).incident_id
    for event in (IncidentEvent.ACKNOWLEDGE, IncidentEvent.RESOLVE, IncidentEvent.CLOSE):
        cause = "real_fire" if event is IncidentEvent.CLOSE else None
        async with people.transaction():
            await incidents.act(people, fire, event, accounts["duty"], NOW, cause=cause)

    async def corrected(who: str, cause: str) -> tuple[str | None, str | None]:
        async with people.transaction():
            await correct_cause(people, fire, cause, accounts[who], NOW)
        [told] = (await of(desk)).incidents  # the desk keeps the days, and knows no accounts
        return told.cause, told.stood

    assert await corrected("duty-inst", "false_press") == ("false_press", "real_fire")
    assert await corrected("duty-inst", "cooking_steam") == ("cooking_steam", "real_fire")
    assert await corrected("duty-inst", "cooking_steam") == ("cooking_steam", "real_fire"), "saying it twice confirms nothing"
    assert await corrected("duty", "cooking_steam") == ("cooking_steam", None), "the district's desk has said the same"
    assert await corrected("duty-inst", "test") == ("test", "cooking_steam")
    assert await corrected("duty", "device_fault") == ("device_fault", None)


async def test_a_look_that_became_an_alarm_and_one_that_was_called_off(
    desk: Connection, people: Connection, loaded: District, new_alarm: Make, accounts: dict[str, Actor]
) -> None:
    later, called_off = NOW + HOUR, NOW + timedelta(seconds=40)
    for device, kind, at in (("smoke-9", "fire_look", NOW), ("smoke-9", "smoke", later), ("gas-9", "gas_co_look", NOW)):
        async with desk.transaction():
            raised = await alarms.raise_alarm(desk, new_alarm(device, kind, at=at, received_at=at), at)
    async with people.transaction():
        await incidents.act(people, raised.incident_id, IncidentEvent.CANCEL, accounts["duty"], called_off, cause="cooking_steam")
    fire, gas = sorted((await of(people, later)).incidents, key=lambda one: one.priority)
    assert (fire.kind, fire.priority, fire.began_at, fire.emergency_at, fire.resolved_at) == ("smoke", 1, NOW, later, None)
    assert (gas.priority, gas.emergency_at, gas.acknowledged_at, gas.resolved_at) == (2, None, called_off, called_off)
    # what nobody has ended is there after the window too; what is over is not
    assert [one.id for one in (await of(people, NOW + 200 * DAY)).incidents] == [fire.id]


async def readings(conn: Connection, device: int, rows: list[tuple[timedelta, float | None]]) -> None:
    told = [
        messages.ReadingRow(device, NOW - ago, "b", n, NOW - ago, 1, [value, None, None]) for n, (ago, value) in enumerate(rows)
    ]
    await messages.insert_readings(conn, told)


async def folded(conn: Connection) -> None:
    for _ in range(2):  # what is stored before a call is folded by the next
        while await history.fold(conn, datetime.now(UTC)):
            pass


async def test_gauges_now_and_by_the_hour(desk: Connection, loaded: District) -> None:
    known = await devices.register(desk)
    minute = timedelta(minutes=1)
    blocked = [(2 * DAY + n * minute / 4, 1.0) for n in range(60)]  # four readings a minute make no more than a minute
    blocked[0] = (2 * DAY - timedelta(seconds=1), 0.0)
    await readings(desk, known["exit-9"].device_id, [*blocked, (minute, 0.0)])
    await readings(desk, known["water-9"].device_id, [(8 * DAY, 0.01), (DAY, 0.05), (minute, 0.21), (timedelta(0), None)])
    await folded(desk)
    found = await of(desk)
    exit_, water = named(found, "exit-9"), named(found, "water-9")
    assert (exit_.value, exit_.value_at, exit_.blocked_s) == (0.0, NOW - minute, 900.0)
    assert exit_.worst_at is not None
    assert NOW - 3 * DAY < exit_.worst_at <= NOW - 2 * DAY
    assert water.value_at == NOW - minute
    assert [water.value, water.worst] == [pytest.approx(0.21), pytest.approx(0.05)]
    assert water.worst_at is not None
    assert NOW - DAY - HOUR < water.worst_at <= NOW - DAY


async def test_the_register_takes_a_check_once_and_forgets_nothing(people: Connection, loaded: District) -> None:
    found = check("authority", TODAY - 40 * DAY, result="defects", defects=2, rectify_by=TODAY - DAY)
    again = check("recheck", follows=found.id)
    assert set(await safety.enter(people, [again, found])) == {found.id, again.id}
    assert await safety.enter(people, [replace(found, note="again")]) == []
    assert {one.id for one in (await of(people)).checks} == {found.id, again.id}
    assert [one.note for one in (await of(people)).checks] == ["", ""]
    await safety.withdraw(people, again.id, "another house", "regulator", NOW)
    await safety.withdraw(people, again.id, "twice", "admin", NOW)
    facts = await of(people)
    assert [one.id for one in facts.checks] == [found.id]
    [gone] = facts.withdrawn
    assert (gone.id, gone.withdrawn_at, gone.withdrawn_by, gone.withdrawn_why) == (again.id, NOW, "regulator", "another house")
    with pytest.raises(safety.UnknownCheck):
        await safety.check(people, again.id)
    assert (await safety.check(people, found.id)).area == "tst002"
    rows = await (await people.execute("SELECT why, withdrawn_by FROM safety_withdrawals")).fetchall()
    assert rows == [("another house", "regulator")]


async def test_of_the_register_is_read_what_the_index_needs(people: Connection, loaded: District) -> None:
    old, older = TODAY - 500 * DAY, TODAY - 700 * DAY
    last, before = check("drill", old), check("drill", older)
    waits, mended = (check("inspection", older, result="defects", defects=1) for _ in range(2))
    undone = check("recheck", old, follows=waits.id)
    recheck, recent = check("recheck", old, follows=mended.id), check("inspection", TODAY - 365 * DAY)
    later = check("recheck", TODAY, result="defects", defects=1, follows=waits.id)
    await safety.enter(people, [last, before, waits, mended, undone, recheck, recent, later])
    await safety.withdraw(people, undone.id, "another house", "regulator", NOW)
    assert {one.id for one in (await of(people)).checks} == {last.id, waits.id, recent.id, later.id}
    assert (await of(people)).withdrawn == ()


async def test_the_whole_register_is_read_page_by_page_whatever_is_entered_meanwhile(people: Connection, loaded: District) -> None:
    """Days, and moments of entering, that several lines share; withdrawn lines have their place too."""
    lines = [
        check(done_on=TODAY - (number // 3) * 200 * DAY, entered_at=NOW - (number % 2) * HOUR, note=f"{number}")
        for number in range(11)
    ]
    await safety.enter(people, lines)
    await safety.withdraw(people, lines[4].id, "another house", "regulator", NOW)
    expected = sorted(lines, key=lambda one: (-one.done_on.toordinal(), -one.entered_at.timestamp(), one.id))
    found: list[SafetyCheck] = []
    while page := await safety.older(people, "inst-1", found[-1].id if found else None, 2):
        found += page
        if len(found) == 4:
            await safety.enter(people, [check(done_on=TODAY)])
    assert [one.id for one in found] == [one.id for one in expected]
    assert [one.note for one in found if one.withdrawn_at] == ["4"]
    for day in (TODAY, TODAY - 200 * DAY, TODAY - 201 * DAY, date.min):
        before = await safety.older(people, "inst-1", day, 99)
        assert [one.id for one in before] == [one.id for one in expected if one.done_on < day], day
    assert {one.id for one in found if one.done_on >= safety.whole_since(NOW)} < {
        one.id for one in (*(await of(people)).checks, *(await of(people)).withdrawn)
    }, "what is there without pages"
    for site, line in (("inst-1", uuid4()), ("home-1", lines[0].id)):
        with pytest.raises(safety.UnknownCheck):
            await safety.older(people, site, line, 2)


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "party"},
        {"result": "defects"},
        {"defects": 1},
        {"rectify_by": TODAY},
        {"follows": UUID(int=1)},
        {"kind": "recheck"},
        {"result": "defects", "defects": 1, "rectify_by": TODAY - DAY},
    ],
)
async def test_the_database_refuses_what_makes_no_sense(people: Connection, loaded: District, wrong: dict[str, Any]) -> None:
    with pytest.raises(psycopg.errors.IntegrityError):
        await safety.enter(people, [check(**wrong)])


@pytest.mark.parametrize("change", ["UPDATE {} SET note = ''", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
async def test_not_even_the_owner_changes_the_register(conn: Connection, loaded: District, change: str) -> None:
    await safety.enter(conn, [check()])
    with pytest.raises(psycopg.errors.RaiseException):
        await conn.execute(change.format("safety_checks").encode())


@pytest.mark.parametrize(
    ("hour", "listened_h", "expected"), [(7, 9, False), (8, 2, False), (8, 3, True), (19, 0, False), (20, 0, True)]
)
def test_the_hour_of_the_index(hour: int, listened_h: int, expected: bool) -> None:
    assert due(datetime(2026, 11, 24, hour), listened_h * HOUR) is expected  # noqa: DTZ001 - a time on the wall


async def test_a_day_is_written_once_by_whichever_desk_comes_first(database: Database, desk: Connection, loaded: District) -> None:
    evening = datetime(2026, 11, 24, 12, 5, tzinfo=UTC)
    assert not await daily(desk, evening - 2 * HOUR)
    async with await connect(database.dsn("vigil_worker"), autocommit=True) as other:
        await asyncio.gather(daily(desk, evening), daily(other, evening + timedelta(seconds=1)))
        assert [await daily(one, evening + HOUR) for one in (desk, other)] == [False, False]
    [day] = (await safety.days(desk, ["inst-1"], TODAY))["inst-1"]
    assert (day.day, day.score, day.demo) == (TODAY, None, False)
    assert day.proven + day.lost + day.unknown == pytest.approx(100)
    assert await daily(desk, evening + DAY)
    assert len((await safety.days(desk, ["inst-1"], TODAY))["inst-1"]) == 2


async def test_an_institution_whose_index_cannot_be_written_keeps_no_other_from_having_one(
    conn: Connection,
    desk: Connection,
    loaded: District,
    poisoned: Callable[[str, str, object], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    columns = "kind, name_zh, name_en, area, address, lon, lat, beds, phone, demo"
    another = f"INSERT INTO sites (code, {columns}) SELECT 'inst-0', {columns} FROM sites WHERE code = 'inst-1' RETURNING site_id"
    [[site]] = await (await conn.execute(another.encode())).fetchall()
    await conn.commit()
    poisoned("safety_days", "site_id", site)
    evening = datetime(2026, 11, 24, 12, 5, tzinfo=UTC)
    assert [await daily(desk, evening + number * HOUR) for number in range(2)] == [True, False]
    assert list(await safety.days(desk, ["inst-0", "inst-1"], TODAY)) == ["inst-1"]
    assert "fire-safety index of inst-0: not written: RaiseException: poisoned" in caplog.text


async def test_what_moved_between_the_first_and_the_last_day(database: Database, desk: Connection, loaded: District) -> None:
    facts = replace(await of(desk), zones=(), devices=())
    drilled = (check("drill", TODAY - 9 * DAY),)
    for ago, drills in ((3, ()), (2, drilled), (1, drilled)):
        then = replace(facts, today=TODAY - ago * DAY, checks=(*drills, check("authority", TODAY - 9 * DAY)))
        await safety.keep_days(desk, [assess(then)])
    assert await safety.moved(desk, "inst-1", TODAY - 3 * DAY) == {}, "too little was known for a score"
    async with await connect(database.dsn("vigil_owner"), autocommit=True) as owner:
        await owner.execute("UPDATE safety_days SET score = proven")
        moved = await safety.moved(desk, "inst-1", TODAY - 3 * DAY)
        assert {key: points for key, points in moved.items() if points} == {"drills": 5}
        assert await safety.moved(desk, "inst-1", TODAY - DAY) == {}
        await owner.execute("UPDATE safety_days SET rules = rules - 1 WHERE day = %s", [TODAY - 3 * DAY])
    assert not any((await safety.moved(desk, "inst-1", TODAY - 3 * DAY)).values())
    assert len((await safety.days(desk, ["inst-1"], TODAY - 3 * DAY))["inst-1"]) == 2


_PLACE = """
INSERT INTO areas (code, name_zh, name_en, parent, level, outline, demo) VALUES ('saf', '', '', '', 'district', '{}', true);
INSERT INTO sites (code, kind, name_zh, name_en, area, address, lon, lat, beds, phone, demo)
VALUES ('safe-1', 'institution', '', '', 'saf', '', 117, 39, 9, '', true);
INSERT INTO zones (code, site_id, parent, kind, name_zh, name_en, floor, beds)
SELECT 'safe-1-r', site_id, '', 'room', '', '', 1, 2 FROM sites WHERE code = 'safe-1';
INSERT INTO devices (code, profile, profile_version, site_id, area, zone_id, firmware, enrolled_at)
SELECT d.code, d.profile, 1, site_id, 'saf', zone_id, '', '2026-11-01Z'
FROM sites JOIN zones USING (site_id), (VALUES ('safe-exit', 'exit_monitor'), ('safe-water', 'water_pressure')) AS d (code, profile)
WHERE sites.code = 'safe-1';
INSERT INTO readings (device_id, at, b, n, received_at, profile_version, values)
SELECT device_id, '2026-11-24 02:00Z'::timestamptz - n * interval '20 minutes', 'b', n, '2026-11-24 02:00Z', 1,
    ARRAY[CASE profile WHEN 'exit_monitor' THEN n % 2 ELSE 0.2 - n * 0.01 END]::real[]
FROM devices, generate_series(0, 9) AS n WHERE code LIKE 'safe-%'
"""


async def test_both_engines_find_the_same(database: Database, timescale: str) -> None:
    """Readings of a time to come: what other tests have rolled up ends before them, and nothing of them stays."""
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + 3 * DAY
    found = []
    for dsn in (database.dsn("vigil_owner"), timescale):
        async with await connect(dsn, autocommit=True) as conn:
            conn.prepare_threshold = None  # every connection is the same session there
            await conn.execute(_PLACE.replace("2026-11-24 02:00Z", hour.isoformat()).encode())
            await safety.enter(conn, [check(site="safe-1", id=UUID(int=7))])
            [facts] = await safety.facts(conn, hour + HOUR / 2, "saf", "safe-1")
            await safety.keep_days(conn, [assess(facts)])
            assert len((await safety.days(conn, ["safe-1"], TODAY))["safe-1"]) == 1
            await conn.execute("DELETE FROM readings")
            await conn.execute("DELETE FROM devices")
            found.append(facts)
    plain, real = found
    assert replace(real, listening=None) == replace(plain, listening=None)
    exit_, water = plain.devices
    assert (exit_.value, exit_.worst, exit_.blocked_s) == (0.0, 1.0, 300.0)
    assert [water.value, water.worst, water.blocked_s] == [pytest.approx(0.2), pytest.approx(0.11), 0.0]
