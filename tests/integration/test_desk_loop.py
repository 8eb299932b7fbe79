"""The desk on the real database: what the clock demands happens once, whoever else is at work, and goes on after every fault."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from care.district import District
from desk.loop import DeskSettings, run, sweep
from desk.meters import Meters
from desk.probe import watch
from dispatch.alarm import alarm_id
from dispatch.escalation import Action
from dispatch.incident import ACKNOWLEDGEMENT_LASTS, ESCALATE_AFTER, OFFER_LASTS, TARGETS, IncidentEvent, IncidentState
from dispatch.offer import DispatchEvent
from dispatch.retry import Retries
from store import alarms, devices, dispatches, health, incidents, messages, migrate, people
from store.connect import Connection, connect
from store.incidents import Actor, CardRow
from store.new_alarm import NewAlarm
from store.register import load_district
from store.server import Database, EmbeddedDatabase

pytestmark = pytest.mark.integration

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
E, D = IncidentEvent, DispatchEvent
Make = Callable[..., NewAlarm]
People = dict[str, Actor]


@pytest.fixture
async def desk(database: Database) -> AsyncIterator[Connection]:
    """The desk's own connection."""
    async with await connect(database.dsn("vigil_worker"), autocommit=True) as connection:
        yield connection


@pytest.fixture
async def api(database: Database) -> AsyncIterator[Connection]:
    """What people do goes through here."""
    async with await connect(database.dsn("vigil_api"), autocommit=True) as connection:
        yield connection


@pytest.fixture
async def press(desk: Connection, new_alarm: Make) -> UUID:
    """An open incident: s-1 has pressed at NOW."""
    return await ring(desk, new_alarm())


async def ring(conn: Connection, alarm: NewAlarm) -> UUID:
    async with conn.transaction():
        return (await alarms.raise_alarm(conn, alarm, NOW)).incident_id


async def card(conn: Connection, incident: UUID) -> CardRow:
    return (await incidents.board(conn, None, [incident]))[0]


async def lines(conn: Connection, incident: UUID, *kinds: str) -> list[tuple[str, datetime, str]]:
    trail = (await incidents.detail_rows(conn, incident)).trail
    return [(line.kind, line.at, line.actor) for line in trail if line.kind in kinds]


async def do(conn: Connection, incident: UUID, event: IncidentEvent, who: Actor, now: datetime, **more: Any) -> None:
    async with conn.transaction():
        await incidents.act(conn, incident, event, who, now, **more)


async def send(conn: Connection, incident: UUID, responder: str, who: Actor, now: datetime) -> UUID:
    terms: dict[str, Any] = {"travel_s": 120.0, "distance_m": 400.0, "route": [], "ranking": []}
    async with conn.transaction():
        return await dispatches.offer(conn, incident, responder, who, now, **terms, deadline=now + OFFER_LASTS)


async def errand(conn: Connection, dispatch: UUID, event: DispatchEvent, who: Actor, now: datetime) -> None:
    async with conn.transaction():
        await dispatches.act(conn, dispatch, event, who, now)


async def test_nobody_answers_and_it_escalates_every_minute(desk: Connection, api: Connection, press: UUID) -> None:
    """Two hundred looks, one a second: nothing before its time, nothing twice, and no level above the highest."""
    before = (await card(api, press)).rings
    taken = [second for second in range(200) if await sweep(desk, NOW + second * SECOND)]
    assert taken == [60, 120, 180]
    found = await card(api, press)
    assert (found.state, found.level, found.rings - before) == ("open", 2, 3)
    assert found.escalated_at == NOW + 180 * SECOND
    expected = [("escalated", NOW + at * SECOND, "system") for at in taken]
    assert await lines(api, press, "escalated") == expected
    levels = [line.data["level"] for line in (await incidents.detail_rows(api, press)).trail if line.kind == "escalated"]
    assert levels == [1, 2, 2]


async def test_a_desk_that_was_away_escalates_once_and_not_for_every_minute_missed(
    desk: Connection, api: Connection, press: UUID
) -> None:
    later = NOW + timedelta(hours=3)
    assert [await sweep(desk, later) for _ in range(3)] == [1, 0, 0]
    assert (await card(api, press)).level == 1
    assert await sweep(desk, later + ESCALATE_AFTER) == 1
    assert (await card(api, press)).level == 2


async def test_acknowledged_in_time_is_left_alone(desk: Connection, api: Connection, press: UUID, accounts: People) -> None:
    await do(api, press, E.ACKNOWLEDGE, accounts["duty"], NOW + 59 * SECOND)
    rings = (await card(api, press)).rings
    assert [await sweep(desk, NOW + at * SECOND) for at in (60, 120, 300)] == [0, 0, 0]
    found = await card(api, press)
    assert (found.state, found.level, found.rings) == ("acknowledged", 0, rings)


async def test_an_acknowledgement_that_nobody_follows_up_expires(
    desk: Connection, api: Connection, press: UUID, accounts: People
) -> None:
    taken = NOW + 30 * SECOND
    await do(api, press, E.ACKNOWLEDGE, accounts["duty"], taken)
    before = await card(api, press)
    assert await sweep(desk, taken + ACKNOWLEDGEMENT_LASTS - SECOND) == 0
    expired = taken + ACKNOWLEDGEMENT_LASTS
    assert [await sweep(desk, expired) for _ in range(2)] == [1, 0]
    found = await card(api, press)
    assert (found.state, found.acknowledged_by, found.rings) == ("open", None, before.rings + 1)
    assert await lines(api, press, "expired") == [("expired", expired, "system")]
    assert await sweep(desk, expired + ESCALATE_AFTER - SECOND) == 0
    assert await sweep(desk, expired + ESCALATE_AFTER) == 1
    assert (await card(api, press)).level == 1


async def test_a_dispatch_keeps_the_acknowledgement(desk: Connection, api: Connection, press: UUID, accounts: People) -> None:
    await do(api, press, E.ACKNOWLEDGE, accounts["duty"], NOW)
    dispatch = await send(api, press, "r-1", accounts["duty"], NOW + SECOND)
    await errand(api, dispatch, D.ACCEPT, accounts["resp-1"], NOW + 20 * SECOND)
    await errand(api, dispatch, D.DEPART, accounts["resp-1"], NOW + 40 * SECOND)
    assert [await sweep(desk, NOW + timedelta(minutes=minute)) for minute in (2, 6, 12)] == [0, 0, 0]
    assert (await card(api, press)).state == "dispatched"


async def test_an_offer_nobody_answers_times_out_and_rings(
    desk: Connection, api: Connection, press: UUID, accounts: People
) -> None:
    await do(api, press, E.ACKNOWLEDGE, accounts["duty"], NOW)
    await send(api, press, "r-1", accounts["duty"], NOW)
    rings = (await card(api, press)).rings
    assert await sweep(desk, NOW + OFFER_LASTS - SECOND) == 0
    ran_out = NOW + OFFER_LASTS
    assert [await sweep(desk, ran_out) for _ in range(2)] == [1, 0]
    found = await card(api, press)
    assert (found.state, found.rings) == ("acknowledged", rings + 1)
    assert [(one.state, one.ended_at) for one in found.dispatches] == [("timed_out", ran_out)]
    written = await lines(api, press, "timed_out", "no_dispatch_left")
    assert written == [("timed_out", ran_out, "system"), ("no_dispatch_left", ran_out, "system")]
    await send(api, press, "r-1", accounts["duty"], ran_out + SECOND)  # he may be asked again
    assert (await card(api, press)).state == "dispatched"


async def test_one_of_two_offers_timing_out_leaves_the_other_on_its_way(
    desk: Connection, api: Connection, press: UUID, accounts: People
) -> None:
    await do(api, press, E.ACKNOWLEDGE, accounts["duty"], NOW)
    first = await send(api, press, "r-1", accounts["duty"], NOW)
    await send(api, press, "r-3", accounts["duty"], NOW)
    await errand(api, first, D.ACCEPT, accounts["resp-1"], NOW + 5 * SECOND)
    assert await sweep(desk, NOW + OFFER_LASTS) == 1
    found = await card(api, press)
    assert found.state == "dispatched"
    assert {(one.responder, one.state) for one in found.dispatches} == {("r-1", "accepted"), ("r-3", "timed_out")}


async def test_two_desks_do_everything_once(
    database: Database, desk: Connection, api: Connection, new_alarm: Make, accounts: People
) -> None:
    """One incident escalates, one acknowledgement expires, one offer runs out: at one moment, before two desks."""
    late = [
        await ring(desk, new_alarm("sos-1")),
        await ring(desk, new_alarm("sos-2")),
        await ring(desk, new_alarm("smoke-9", "smoke")),
    ]
    for incident in late[1:]:
        await do(api, incident, E.ACKNOWLEDGE, accounts["duty"], NOW)
    moment = NOW + ACKNOWLEDGEMENT_LASTS
    await send(api, late[2], "r-1", accounts["duty"], moment - OFFER_LASTS)
    rings = [(await card(api, incident)).rings for incident in late]

    async def other() -> int:
        async with await connect(database.dsn("vigil_worker"), autocommit=True) as conn:
            return sum([await sweep(conn, moment) for _ in range(3)])

    assert sum(await asyncio.gather(other(), other(), other())) >= 3
    cards = [await card(api, incident) for incident in late]
    assert [one.state for one in cards] == ["open", "open", "acknowledged"]
    assert [one.rings - before for one, before in zip(cards, rings, strict=True)] == [1, 1, 1]
    for incident, kind in zip(late, ("escalated", "expired", "timed_out"), strict=True):
        assert len(await lines(api, incident, kind)) == 1


async def test_a_row_that_another_holds_does_not_keep_the_others_waiting_for_ever(
    database: Database, desk: Connection, api: Connection, new_alarm: Make
) -> None:
    """Somebody's transaction hangs on the first incident: the second escalates in the same sweep, the first in the next."""
    first, second = await ring(desk, new_alarm("sos-1")), await ring(desk, new_alarm("sos-2"))
    await desk.execute("SET lock_timeout = '300ms'")
    async with await connect(database.dsn("vigil_worker")) as hanging:
        await incidents.lock(hanging, min(first, second))
        assert await sweep(desk, NOW + ESCALATE_AFTER) == 1
        await hanging.rollback()
    assert await sweep(desk, NOW + ESCALATE_AFTER) == 1
    assert [(await card(api, one)).level for one in (first, second)] == [1, 1]


async def test_an_incident_that_cannot_be_escalated_is_tried_ever_more_rarely_and_the_others_are_in_time(
    desk: Connection, api: Connection, new_alarm: Make, poisoned: Callable[[str, str, object], None]
) -> None:
    first, second = sorted([await ring(desk, new_alarm("sos-1")), await ring(desk, new_alarm("sos-2"))])
    poisoned("incidents", "incident_id", first)
    meters, retries = Meters(), Retries[Action]()
    took = [at for at in range(181) if await sweep(desk, NOW + at * SECOND, meters, retries)]
    assert took == [60, 120, 180]
    assert [(await card(api, one)).level for one in (first, second)] == [0, 2]
    assert 5 <= meters.failures._value.get() <= 20, "of 121 looks"


async def test_a_person_is_faster(database: Database, desk: Connection, api: Connection, press: UUID, accounts: People) -> None:
    """The desk has seen the incident open; while it waits for the row, the person acknowledges."""
    async with await connect(database.dsn("vigil_api")) as person:
        await incidents.act(person, press, E.ACKNOWLEDGE, accounts["duty"], NOW + 60 * SECOND)
        sweeping = asyncio.create_task(sweep(desk, NOW + ESCALATE_AFTER))
        await blocked(database, person)
        await person.commit()
        assert await sweeping == 0
    found = await card(api, press)
    assert (found.state, found.level) == ("acknowledged", 0)


async def test_an_offer_accepted_at_the_last_moment_stays_accepted(
    database: Database, desk: Connection, api: Connection, press: UUID, accounts: People
) -> None:
    await do(api, press, E.ACKNOWLEDGE, accounts["duty"], NOW)
    dispatch = await send(api, press, "r-1", accounts["duty"], NOW)
    async with await connect(database.dsn("vigil_api")) as person:
        await dispatches.act(person, dispatch, D.ACCEPT, accounts["resp-1"], NOW + OFFER_LASTS)
        sweeping = asyncio.create_task(sweep(desk, NOW + OFFER_LASTS))
        await blocked(database, person)
        await person.commit()
        assert await sweeping == 0
    assert [one.state for one in (await card(api, press)).dispatches] == ["accepted"]


async def blocked(database: Database, holder: Connection) -> None:
    """Wait until somebody waits for what `holder` holds."""
    question = "SELECT count(*) FROM pg_stat_activity WHERE %s = ANY (pg_blocking_pids(pid))"
    async with await connect(database.dsn("vigil_owner"), autocommit=True) as conn, asyncio.timeout(5):
        while (await (await conn.execute(question, [holder.info.backend_pid])).fetchone()) == (0,):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


@asynccontextmanager
async def running(dsn: str, clock: Callable[[], datetime], name: str = "desk") -> AsyncIterator[None]:
    """A desk in this process, stopped in good order."""
    stop = asyncio.Event()
    task = asyncio.create_task(run(DeskSettings(dsn, name, every=0.02, retry=0.05), stop, clock))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, 10)


async def until(conn: Connection, incident: UUID, level: int, seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while (await card(conn, incident)).level < level:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_the_running_desk_says_that_it_lives_and_stops_clean(
    database: Database, desk: Connection, api: Connection, press: UUID
) -> None:
    tasks = len(asyncio.all_tasks())
    async with running(database.dsn("vigil_worker"), lambda: NOW + ESCALATE_AFTER, "desk-a"):
        await until(api, press, 1)
        async with asyncio.timeout(5):
            while not (workers := await messages.workers(api)):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
    assert [(one.worker, one.lane) for one in workers] == [("desk-a", "desk")]
    assert len(asyncio.all_tasks()) == tasks


async def test_a_desk_without_a_database_waits_and_stops_when_told() -> None:
    async with running("host=127.0.0.1 port=1 dbname=none user=none connect_timeout=1", lambda: NOW):
        await asyncio.sleep(0.2)


@pytest.fixture
async def own_server(server_home: Path, small_district: District) -> AsyncIterator[EmbeddedDatabase]:
    """A server that a test may stop, with the small district."""
    async with EmbeddedDatabase(server_home) as server:
        async with await connect(server.dsn("vigil_owner"), autocommit=True) as conn:
            await migrate.apply(conn)
            async with conn.transaction():
                await load_district(conn, small_district, NOW)
        yield server


async def test_the_database_restarts_under_the_desk(own_server: EmbeddedDatabase, new_alarm: Make) -> None:
    """What falls due while it is away is done when it is back."""
    moment = NOW
    async with await connect(own_server.dsn("vigil_owner"), autocommit=True) as conn:
        known, who = await devices.register(conn), await people.list_accounts(conn)
        assert {"sos-1"} <= known.keys()
        assert who
        press = await ring(conn, new_alarm())
    async with running(own_server.dsn("vigil_worker"), lambda: moment):
        moment = NOW + ESCALATE_AFTER
        async with await connect(own_server.dsn("vigil_owner"), autocommit=True) as conn:
            await until(conn, press, 1)
        assert own_server.process is not None
        own_server.process.kill()
        await own_server.process.wait()
        moment = NOW + 2 * ESCALATE_AFTER
        await asyncio.sleep(0.3)
        await own_server.start()
        async with await connect(own_server.dsn("vigil_owner"), autocommit=True) as conn:
            await until(conn, press, 2)


async def test_a_responder_who_does_not_depart_rings_the_desk_until_he_does(
    desk: Connection, api: Connection, press: UUID, accounts: People
) -> None:
    await do(api, press, E.ACKNOWLEDGE, accounts["duty"], NOW)
    dispatch = await send(api, press, "r-1", accounts["duty"], NOW)
    await errand(api, dispatch, D.ACCEPT, accounts["resp-1"], NOW)
    before = await card(api, press)
    rung = [second for second in range(420) if await sweep(desk, NOW + second * SECOND)]
    assert rung == [120, 300]
    after = await card(api, press)
    assert (after.rings, after.level, after.state) == (before.rings + 2, before.level, "dispatched")
    told = await lines(api, press, "not_departed")
    assert [at for _, at, _ in told] == [NOW + 120 * SECOND, NOW + 300 * SECOND]
    await errand(api, dispatch, D.DEPART, accounts["resp-1"], NOW + 420 * SECOND)
    assert await sweep(desk, NOW + 600 * SECOND) == 0
    assert await sweep(desk, NOW + TARGETS[IncidentState.DISPATCHED]) == 1
    assert [kind for kind, _, _ in await lines(api, press, "overdue")] == ["overdue"]
    await errand(api, dispatch, D.ARRIVE, accounts["resp-1"], NOW + 800 * SECOND)
    assert await sweep(desk, NOW + timedelta(hours=1)) == 0


async def test_two_desks_remind_once(desk: Connection, database: Database, api: Connection, press: UUID, accounts: People) -> None:
    await do(api, press, E.ACKNOWLEDGE, accounts["duty"], NOW)
    await send(api, press, "r-1", accounts["duty"], NOW)
    dispatch = (await card(api, press)).dispatches[0].id
    await errand(api, dispatch, D.ACCEPT, accounts["resp-1"], NOW)
    async with await connect(database.dsn("vigil_worker"), autocommit=True) as other:
        took = await asyncio.gather(*(sweep(one, NOW + 130 * SECOND) for one in (desk, other)))
    assert sum(took) == 1
    assert len(await lines(api, press, "not_departed")) == 1


async def enrolled_probe(owner: Connection) -> None:
    async with owner.transaction():
        await devices.enrol(owner, "probe-tst", "probe", "inst-1", "", "", "", None, NOW)


async def said(desk: Connection, at: datetime, **stats: Any) -> None:
    await messages.worker_alive(desk, "probe-tst", "probe", NOW, at, stats)


async def technical(conn: Connection) -> list[CardRow]:
    return [one for one in await incidents.board(conn, None) if one.kind == "probe_lost"]


async def test_a_press_that_does_not_come_out_is_an_incident_once_and_ends_with_the_next_that_does(
    conn: Connection, desk: Connection, api: Connection, loaded: District
) -> None:
    await enrolled_probe(conn)
    await conn.commit()
    await said(desk, NOW, success_at=NOW.isoformat())
    assert await watch(desk, NOW, NOW) == 0
    later = NOW + 70 * SECOND
    await said(desk, later, success_at=NOW.isoformat(), failed_at=later.isoformat(), stage="not_shown")
    assert [await watch(desk, NOW, later + n * SECOND) for n in range(3)] == [1, 1, 1]
    (lost,) = await technical(api)
    assert (lost.state, lost.drill, lost.site, lost.priority, lost.rings, lost.active_alarms) == ("open", False, "inst-1", 2, 1, 1)
    detail = await incidents.detail_rows(api, lost.id)
    assert [reason["rule"] for reason in detail.alarms[0].reasons] == ["probe_not_shown"]
    good = later + 60 * SECOND
    await said(desk, good, success_at=good.isoformat(), failed_at=later.isoformat(), stage="not_shown")
    assert await watch(desk, NOW, good) == 0
    (ended,) = await technical(api)
    assert (ended.state, ended.active_alarms) == ("open", 0)  # a person looks at it all the same
    assert [kind for kind, _, _ in await lines(api, lost.id, "cleared")] == ["cleared"]


async def test_a_probe_that_cannot_be_judged_keeps_no_other_from_being_missed(
    conn: Connection, desk: Connection, api: Connection, loaded: District, poisoned: Callable[[str, str, object], None]
) -> None:
    await enrolled_probe(conn)
    for code in ("probe-aaa", "probe-zzz"):
        await devices.enrol(conn, code, "probe", "inst-1", "", "", "", None, NOW)
    await conn.commit()
    assert [row.code for row in await health.probes(desk)] == ["probe-aaa", "probe-tst", "probe-zzz"]
    poisoned("alarms", "source", "probe-aaa")
    assert await watch(desk, NOW, NOW + timedelta(days=1)) == 2
    assert [one.active_alarms for one in await technical(api)] == [2], "of one site"


async def test_a_dead_probe_is_an_incident_by_the_running_desk(
    conn: Connection, database: Database, api: Connection, loaded: District
) -> None:
    await enrolled_probe(conn)
    await conn.commit()
    began = datetime.now(UTC)

    def hurried() -> datetime:
        return NOW + (datetime.now(UTC) - began) * 60

    async with running(database.dsn("vigil_worker"), hurried), asyncio.timeout(10):
        while not await technical(api):  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_a_revoked_probe_is_not_missed(conn: Connection, desk: Connection, loaded: District) -> None:
    await enrolled_probe(conn)
    await devices.revoke(conn, "probe-tst", NOW)
    await conn.commit()
    assert await watch(desk, NOW, NOW + timedelta(days=1)) == 0


async def test_the_probes_own_incident_rings_nobody_counts_nowhere_and_is_put_away_by_the_hour(
    conn: Connection, desk: Connection, api: Connection, new_alarm: Make
) -> None:
    await enrolled_probe(conn)
    await conn.commit()
    probe = await devices.one(desk, "probe-tst")
    own: dict[str, Any] = {
        "source": probe.code,
        "device": probe.code,
        "device_id": probe.device_id,
        "area": probe.area,
        "drill": True,
    }
    place: dict[str, Any] = {
        "site": probe.site,
        "site_id": probe.site_id,
        "zone": "",
        "zone_id": None,
        "senior": "",
        "senior_id": None,
    }
    alarm = replace(new_alarm(kind="probe"), **own, **place)
    incident = await ring(desk, alarm)
    assert [second for second in range(0, 3600, 60) if await sweep(desk, NOW + second * SECOND)] == []
    assert await sweep(desk, NOW + timedelta(hours=1)) == 1
    found = await card(api, incident)
    assert (found.state, found.cause, found.rings, found.active_alarms) == ("cancelled", "test", 1, 0)
    assert await incidents.alarm_load(api, "tst", NOW - timedelta(hours=1)) == 0
    assert await incidents.history(api, "tst", NOW - timedelta(hours=1), NOW + timedelta(hours=1), 10) == []
    again = await ring(desk, replace(alarm, alarm_id=alarm_id(probe.code, "probe", "2"), key="2"))
    assert again != incident
