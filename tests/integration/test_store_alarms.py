"""However many workers raise however many alarms, what belongs together stands in one incident, once."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import psycopg
import pytest

from dispatch.alarm import KINDS
from dispatch.incident import IncidentEvent, incident_id
from store import alarms, incidents
from store.connect import Connection, connect
from store.incidents import CardRow
from store.new_alarm import NewAlarm
from store.server import Database
from store.statements import statements

pytestmark = pytest.mark.integration

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
Make = Callable[..., NewAlarm]
People = dict[str, incidents.Actor]


async def card(conn: Connection, incident: Any = None) -> CardRow:
    rows = await incidents.board(conn, None, None if incident is None else [incident])
    assert len(rows) == 1
    return rows[0]


async def lines(conn: Connection) -> list[str]:
    rows = await (await conn.execute("SELECT kind FROM trail ORDER BY trail_id")).fetchall()
    return [row[0] for row in rows]


async def test_first_press_opens_an_incident(worker_conn: Connection, conn: Connection, new_alarm: Make) -> None:
    new = new_alarm()
    raised = await alarms.raise_alarm(worker_conn, new, NOW)
    await worker_conn.commit()
    assert raised == alarms.Raised(incident_id(new.alarm_id), 1, True, True)
    found = await card(conn)
    assert (found.id, found.version, found.hazard, found.kind, found.kinds) == (raised.incident_id, 1, "person", "sos", ["sos"])
    assert (found.subject_kind, found.subject, found.senior, found.device) == ("senior", "s-1", "s-1", "sos-1")
    assert (found.priority, found.state, found.rings, found.level, found.pressed_or_fire) == (1, "open", 1, 0, True)
    assert (found.raised_at, found.received_at, found.stored_at) == (new.at, new.received_at, NOW)
    assert (found.alarms, found.active_alarms, found.site, found.area) == (1, 1, "home-1", "tst001")
    assert found.stamps["raised"] == new.at
    assert found.stamps["acknowledged"] is None


async def test_trail_of_a_press(worker_conn: Connection, new_alarm: Make) -> None:
    new = new_alarm(late_s=840)
    raised = await alarms.raise_alarm(worker_conn, new, NOW)
    rows = await (await worker_conn.execute("SELECT kind, at, actor, data FROM trail ORDER BY trail_id")).fetchall()
    assert [row[:3] for row in rows] == [
        ("raised", new.at, "device:sos-1"),
        ("received", new.received_at, "system"),
        ("stored", NOW, "system"),
    ]
    assert rows[0][3] == {"alarm": str(new.alarm_id), "kind": "sos", "source": "sos-1", "late_s": 840, "battery": 71.0}
    row = await (await worker_conn.execute("SELECT late_s FROM incidents WHERE incident_id = %s", [raised.incident_id])).fetchone()
    assert row == (840,)


async def test_same_alarm_again_changes_nothing(worker_conn: Connection, new_alarm: Make) -> None:
    first = await alarms.raise_alarm(worker_conn, new_alarm(), NOW)
    again = await alarms.raise_alarm(worker_conn, new_alarm(), NOW + SECOND)
    assert again == replace(first, created_alarm=False, created_incident=False)
    assert await lines(worker_conn) == ["raised", "received", "stored"]


async def test_second_press_rings_again(worker_conn: Connection, conn: Connection, new_alarm: Make) -> None:
    first = await alarms.raise_alarm(worker_conn, new_alarm(), NOW)
    again = await alarms.raise_alarm(worker_conn, new_alarm(key="2"), NOW + SECOND)
    assert again == alarms.Raised(first.incident_id, 2, False, False)
    assert await alarms.raise_alarm(worker_conn, new_alarm(key="2"), NOW + 2 * SECOND) == again
    await worker_conn.commit()
    found = await card(conn)
    assert (found.rings, found.alarms, found.version) == (2, 1, 2)
    assert await lines(conn) == ["raised", "received", "stored", "rang_again"]


async def test_folded_presses_ring_with_the_one_that_carries_them(
    worker_conn: Connection, conn: Connection, new_alarm: Make
) -> None:
    await alarms.raise_alarm(worker_conn, new_alarm(), NOW)
    many = replace(new_alarm(key="2"), folded=547)
    for _ in range(2):  # again changes nothing
        await alarms.raise_alarm(worker_conn, many, NOW + SECOND)
    await worker_conn.commit()
    assert (await card(conn)).rings == 549
    told = await (await conn.execute("SELECT data ->> 'folded' FROM trail WHERE kind = 'rang_again'")).fetchall()
    assert told == [("547",)]


async def test_alarms_about_one_senior_meet(worker_conn: Connection, conn: Connection, new_alarm: Make) -> None:
    fall = await alarms.raise_alarm(worker_conn, new_alarm("wear-1", "fall"), NOW)
    press = await alarms.raise_alarm(worker_conn, new_alarm("sos-1", "sos"), NOW)
    await worker_conn.commit()
    assert press.incident_id == fall.incident_id
    assert (press.created_alarm, press.created_incident) == (True, False)
    found = await card(conn)
    assert (found.kind, found.kinds, found.alarms, found.device) == ("fall", ["fall", "sos"], 2, "wear-1")
    assert found.pressed_or_fire


async def test_alarms_about_two_seniors_never_meet(worker_conn: Connection, new_alarm: Make) -> None:
    one = await alarms.raise_alarm(worker_conn, new_alarm("sos-1"), NOW)
    two = await alarms.raise_alarm(worker_conn, new_alarm("sos-2"), NOW)
    assert one.incident_id != two.incident_id


async def test_fire_of_one_building_meets_but_not_with_its_people(worker_conn: Connection, new_alarm: Make) -> None:
    smoke = await alarms.raise_alarm(worker_conn, new_alarm("smoke-9", "smoke"), NOW)
    heat = await alarms.raise_alarm(worker_conn, new_alarm("heat-9", "heat"), NOW)
    gas = await alarms.raise_alarm(worker_conn, new_alarm("gas-9", "gas"), NOW)
    person = await alarms.raise_alarm(worker_conn, new_alarm("bed-9", "fall"), NOW)
    assert smoke.incident_id == heat.incident_id
    assert len({smoke.incident_id, gas.incident_id, person.incident_id}) == 3


async def test_drill_never_meets_what_is_real(worker_conn: Connection, conn: Connection, new_alarm: Make) -> None:
    drill = await alarms.raise_alarm(worker_conn, new_alarm(key="d", drill=True), NOW)
    real = await alarms.raise_alarm(worker_conn, new_alarm(key="r"), NOW)
    assert (real.created_alarm, real.created_incident) == (True, True)
    assert drill.incident_id != real.incident_id


async def test_worse_alarm_takes_the_incident_over(worker_conn: Connection, conn: Connection, new_alarm: Make) -> None:
    await alarms.raise_alarm(worker_conn, new_alarm("bed-9", "silence"), NOW)
    await alarms.raise_alarm(worker_conn, new_alarm("smoke-9", "silence_life"), NOW)
    await worker_conn.commit()
    found = await card(conn)
    assert (found.kind, found.priority, found.rings, found.device, found.subject_kind) == (
        "silence_life",
        2,
        2,
        "smoke-9",
        "gateway",
    )


async def test_lesser_alarm_joins_without_a_sound(worker_conn: Connection, conn: Connection, new_alarm: Make) -> None:
    await alarms.raise_alarm(worker_conn, new_alarm("smoke-9", "silence_life"), NOW)
    await alarms.raise_alarm(worker_conn, new_alarm("bed-9", "silence"), NOW)
    await worker_conn.commit()
    found = await card(conn)
    assert (found.kind, found.priority, found.rings, found.version) == ("silence_life", 2, 1, 2)


async def test_emergency_is_heard_by_whoever_has_the_incident(
    worker_conn: Connection, conn: Connection, new_alarm: Make, accounts: People
) -> None:
    smoke = await alarms.raise_alarm(worker_conn, new_alarm("smoke-9", "smoke"), NOW)
    await worker_conn.commit()
    await incidents.act(conn, smoke.incident_id, IncidentEvent.ACKNOWLEDGE, accounts["admin"], NOW)
    await conn.commit()
    await alarms.raise_alarm(worker_conn, new_alarm("heat-9", "heat"), NOW)
    await worker_conn.commit()
    found = await card(conn)
    assert (found.state, found.rings) == ("acknowledged", 2)


async def test_after_resolved_a_press_opens_a_new_incident(
    worker_conn: Connection, conn: Connection, new_alarm: Make, accounts: People
) -> None:
    first = await alarms.raise_alarm(worker_conn, new_alarm(), NOW)
    await worker_conn.commit()
    for event in (IncidentEvent.ACKNOWLEDGE, IncidentEvent.RESOLVE):
        await incidents.act(conn, first.incident_id, event, accounts["admin"], NOW)
    await conn.commit()
    second = await alarms.raise_alarm(worker_conn, new_alarm(key="2"), NOW)
    assert (second.created_alarm, second.created_incident) == (True, True)
    assert second.incident_id != first.incident_id
    # the message that opened the first one comes once more
    assert (await alarms.raise_alarm(worker_conn, new_alarm(), NOW)).incident_id == first.incident_id


async def test_condition_left_standing_in_an_ended_incident_keeps_nothing_out(
    worker_conn: Connection, conn: Connection, new_alarm: Make
) -> None:
    first = await alarms.raise_alarm(worker_conn, new_alarm(), NOW)
    await worker_conn.commit()
    await conn.execute("UPDATE incidents SET state = 'closed' WHERE incident_id = %s", [first.incident_id])
    await conn.commit()
    second = await alarms.raise_alarm(worker_conn, new_alarm(key="2"), NOW)
    assert second.created_incident


async def test_device_that_moved_rings_where_its_alarm_stands(worker_conn: Connection, new_alarm: Make) -> None:
    first = await alarms.raise_alarm(worker_conn, new_alarm(), NOW)
    again = await alarms.raise_alarm(worker_conn, new_alarm(key="2", senior="s-2"), NOW)
    assert again.incident_id == first.incident_id


async def at_once(database: Database, work: Callable[[Connection], Awaitable[Any]], times: int = 4) -> list[Any]:
    """The same work on several connections at once, each in a transaction of its own."""

    async def one() -> Any:
        async with await connect(database.dsn("vigil_worker")) as worker, worker.transaction():
            return await work(worker)

    return await asyncio.gather(*[one() for _ in range(times)])


async def test_workers_raise_the_same_alarm_at_once(database: Database, conn: Connection, new_alarm: Make) -> None:
    for n in range(10):
        new = new_alarm(key=str(n), drill=n % 2 == 0)
        raised = await at_once(database, partial(alarms.raise_alarm, new=new, now=NOW))
        assert len({one.incident_id for one in raised}) == 1
        assert sum(one.created_alarm for one in raised) == (1 if n < 2 else 0)


async def test_workers_raise_different_alarms_of_one_subject_at_once(database: Database, conn: Connection, new_alarm: Make) -> None:
    news = [new_alarm("wear-1", "fall"), new_alarm("sos-1", "sos"), new_alarm("wear-1", "sos"), new_alarm("sos-1", "sos", "2")]
    pending = iter(news)
    raised = await at_once(database, lambda worker: alarms.raise_alarm(worker, next(pending), NOW))
    assert len({one.incident_id for one in raised}) == 1
    assert sum(one.created_incident for one in raised) == 1
    assert sum(one.created_alarm for one in raised) == 3
    assert (await card(conn)).alarms == 3


async def test_second_worker_waits_for_the_first_and_joins_it(database: Database, new_alarm: Make) -> None:
    async with (
        await connect(database.dsn("vigil_worker")) as one,
        await connect(database.dsn("vigil_worker")) as two,
    ):
        first = await alarms.raise_alarm(one, new_alarm("wear-1", "fall"), NOW)
        waiting = asyncio.create_task(alarms.raise_alarm(two, new_alarm("sos-1", "sos"), NOW))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        await one.commit()
        assert (await waiting).incident_id == first.incident_id


async def test_first_worker_dies_and_the_second_opens_the_incident(database: Database, new_alarm: Make) -> None:
    async with await connect(database.dsn("vigil_worker")) as two:
        one = await connect(database.dsn("vigil_worker"))
        await alarms.raise_alarm(one, new_alarm("wear-1", "fall"), NOW)
        waiting = asyncio.create_task(alarms.raise_alarm(two, new_alarm("sos-1", "sos"), NOW))
        await asyncio.sleep(0.05)
        await one.close()
        assert (await waiting).created_incident


async def test_workers_with_many_alarms_in_opposite_order_do_not_deadlock(
    database: Database, conn: Connection, new_alarm: Make
) -> None:
    news = [new_alarm(device, "smoke" if "smoke" in device else "sos") for device in ("sos-1", "sos-2", "smoke-1", "smoke-9")]

    async def batch(order: list[NewAlarm]) -> None:
        async with await connect(database.dsn("vigil_worker")) as worker, worker.transaction():
            for new in alarms.in_lock_order(order):
                await alarms.raise_alarm(worker, new, NOW)
                await asyncio.sleep(0.01)

    await asyncio.gather(batch(news), batch(news[::-1]), batch(news))
    assert len(await incidents.board(conn, None)) == 4


async def test_consoles_that_stamp_what_workers_raise_do_not_deadlock(
    database: Database, conn: Connection, new_alarm: Make
) -> None:
    """A storm: every worker rings in every incident, and every console has just rendered them all."""
    sources = [
        ("sos-2", "sos"),
        ("smoke-9", "smoke"),
        ("bed-9", "silence"),
        ("gas-9", "gas"),
        ("sos-1", "sos"),
        ("smoke-1", "smoke"),
    ]
    first = [await alarms.raise_alarm(conn, new_alarm(*source), NOW) for source in sources]
    await conn.commit()

    async def ring(key: int) -> None:
        async with await connect(database.dsn("vigil_worker")) as worker, worker.transaction():
            for new in alarms.in_lock_order(new_alarm(*source, key=f"again {key}") for source in sources):
                await alarms.raise_alarm(worker, new, NOW)
                await asyncio.sleep(0.005)

    async def stamp() -> None:
        async with await connect(database.dsn("vigil_api")) as console:
            for _ in range(3):
                async with console.transaction():
                    await incidents.mark_shown(console, [raised.incident_id for raised in first], NOW)
                    await asyncio.sleep(0.005)

    await asyncio.gather(ring(1), stamp(), ring(2), stamp(), ring(3))
    assert {row.rings for row in await incidents.board(conn, None)} == {4}
    assert all(row.shown_at == NOW for row in await incidents.board(conn, None))


async def test_resolving_while_a_press_comes_in(database: Database, conn: Connection, new_alarm: Make, accounts: People) -> None:
    """The press waits for the click, then opens a new incident: it is never lost in the one that has just ended."""
    async with await connect(database.dsn("vigil_worker")) as worker:
        first = await alarms.raise_alarm(worker, new_alarm(), NOW)
        await worker.commit()
        await incidents.act(conn, first.incident_id, IncidentEvent.ACKNOWLEDGE, accounts["admin"], NOW)
        await incidents.act(conn, first.incident_id, IncidentEvent.RESOLVE, accounts["admin"], NOW)
        press = asyncio.create_task(alarms.raise_alarm(worker, new_alarm(key="2"), NOW))
        await asyncio.sleep(0.05)
        assert not press.done()
        await conn.commit()
        assert (await press).created_incident


async def test_what_does_not_latch_clears_by_itself(worker_conn: Connection, conn: Connection, new_alarm: Make) -> None:
    raised = await alarms.raise_alarm(worker_conn, new_alarm("bed-9", "silence"), NOW)
    cleared = await alarms.clear_alarm(worker_conn, "bed-9", "silence", False, NOW + SECOND, NOW + 2 * SECOND)
    assert cleared == (raised.incident_id, 2)
    assert await alarms.clear_alarm(worker_conn, "bed-9", "silence", False, NOW + SECOND, NOW + 2 * SECOND) is None
    assert await alarms.active(worker_conn) == []
    await worker_conn.commit()
    detail = await incidents.detail_rows(conn, raised.incident_id)
    assert (detail.alarms[0].state, detail.alarms[0].cleared_at) == ("cleared", NOW + SECOND)
    assert (detail.card.state, detail.card.active_alarms) == ("open", 0)  # nobody has acknowledged it: it stays
    assert [line.kind for line in detail.trail][-1] == "cleared"


async def test_what_latches_stays_until_a_person_resolves(worker_conn: Connection, conn: Connection, new_alarm: Make) -> None:
    raised = await alarms.raise_alarm(worker_conn, new_alarm("smoke-9", "smoke"), NOW)
    ended = await alarms.clear_alarm(worker_conn, "smoke-9", "smoke", False, NOW + SECOND, NOW + SECOND)
    assert ended == (raised.incident_id, 2)
    assert await alarms.clear_alarm(worker_conn, "smoke-9", "smoke", False, NOW + SECOND, NOW + SECOND) is None
    assert [one.source for one in await alarms.active(worker_conn)] == ["smoke-9"]
    await worker_conn.commit()
    detail = await incidents.detail_rows(conn, raised.incident_id)
    assert (detail.alarms[0].state, detail.alarms[0].ended_at, detail.card.active_alarms) == ("active", NOW + SECOND, 0)
    assert [line.kind for line in detail.trail] == ["raised", "received", "stored", "condition_ended"]


async def test_smoke_that_returns_rings_again(worker_conn: Connection, conn: Connection, new_alarm: Make) -> None:
    await alarms.raise_alarm(worker_conn, new_alarm("smoke-9", "smoke"), NOW)
    await alarms.clear_alarm(worker_conn, "smoke-9", "smoke", False, NOW, NOW)
    again = await alarms.raise_alarm(worker_conn, new_alarm("smoke-9", "smoke", "2"), NOW)
    await worker_conn.commit()
    detail = await incidents.detail_rows(conn, again.incident_id)
    assert (detail.card.rings, detail.card.active_alarms, detail.alarms[0].ended_at) == (2, 1, None)


async def test_clearing_what_never_stood_is_nothing(worker_conn: Connection, new_alarm: Make) -> None:
    assert await alarms.clear_alarm(worker_conn, "bed-9", "silence", False, NOW, NOW) is None


async def test_silence_again_after_it_cleared_is_a_new_alarm_in_the_same_incident(worker_conn: Connection, new_alarm: Make) -> None:
    first = await alarms.raise_alarm(worker_conn, new_alarm("bed-9", "silence"), NOW)
    await alarms.clear_alarm(worker_conn, "bed-9", "silence", False, NOW, NOW)
    second = await alarms.raise_alarm(worker_conn, new_alarm("bed-9", "silence", "2"), NOW)
    assert (second.incident_id, second.created_alarm, second.created_incident) == (first.incident_id, True, False)


async def test_shelved_alarm_is_written_down_but_not_heard(
    worker_conn: Connection, conn: Connection, new_alarm: Make, accounts: People
) -> None:
    raised = await alarms.raise_alarm(worker_conn, new_alarm("bed-9", "silence"), NOW)
    await worker_conn.commit()
    await conn.execute(
        "UPDATE alarms SET state = 'shelved', shelved_until = %s, shelved_by = %s, shelved_why = 'moving'",
        [NOW, accounts["admin"].account_id],
    )
    await conn.commit()
    await alarms.raise_alarm(worker_conn, new_alarm("bed-9", "silence", "2"), NOW)
    await worker_conn.commit()
    found = await card(conn)
    assert (found.id, found.rings, found.alarms, found.version) == (raised.incident_id, 1, 1, 2)


async def test_active_by_area(worker_conn: Connection, new_alarm: Make) -> None:
    await alarms.raise_alarm(worker_conn, new_alarm("smoke-9", "smoke"), NOW)
    await alarms.raise_alarm(worker_conn, new_alarm("sos-1", "sos"), NOW)
    assert await alarms.active(worker_conn, ["tst002"]) == [
        alarms.ActiveAlarm("smoke-9", "smoke", False, NOW - 2 * SECOND, "tst002")
    ]
    assert [one.source for one in await alarms.active(worker_conn, ["tst001", "tst002"])] == ["smoke-9", "sos-1"]
    assert await alarms.active(worker_conn, []) == []


@pytest.mark.parametrize("kind", sorted(KINDS))
async def test_every_kind_can_be_raised_and_ended(worker_conn: Connection, new_alarm: Make, kind: str) -> None:
    raised = await alarms.raise_alarm(worker_conn, new_alarm("bed-9", kind), NOW)
    assert raised.created_incident
    assert await alarms.clear_alarm(worker_conn, "bed-9", kind, False, NOW, NOW) == (raised.incident_id, 2)


async def test_transitions_are_noticed_once_committed(worker_conn: Connection, conn: Connection, new_alarm: Make) -> None:
    await conn.execute("LISTEN vigil_incident")
    await conn.commit()
    raised = await alarms.raise_alarm(worker_conn, new_alarm(), NOW)
    await alarms.raise_alarm(worker_conn, new_alarm(key="2"), NOW)
    assert [notice.payload async for notice in conn.notifies(timeout=0.1)] == []
    await worker_conn.commit()
    heard = [notice.payload async for notice in conn.notifies(timeout=0.2)]
    assert heard == [f"{raised.incident_id} 1", f"{raised.incident_id} 2"]


async def test_raising_works_on_an_autocommit_connection(database: Database, new_alarm: Make) -> None:
    async with await connect(database.dsn("vigil_worker"), autocommit=True) as worker:
        raised = await alarms.raise_alarm(worker, new_alarm(), NOW)
        assert (await alarms.raise_alarm(worker, new_alarm(), NOW)).version == raised.version


async def test_failure_inside_a_batch_undoes_its_alarms(worker_conn: Connection, conn: Connection, new_alarm: Make) -> None:
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        async with worker_conn.transaction():
            await alarms.raise_alarm(worker_conn, new_alarm(), NOW)
            await alarms.raise_alarm(worker_conn, new_alarm("sos-2", site_id=10_000), NOW)
    assert await incidents.board(conn, None) == []


async def test_trail_is_append_only(conn: Connection, new_alarm: Make) -> None:
    await alarms.raise_alarm(conn, new_alarm(), NOW)
    await conn.commit()
    for statement in ("UPDATE trail SET actor = 'nobody'", "DELETE FROM trail", "TRUNCATE trail"):
        with pytest.raises(psycopg.errors.RaiseException, match="only ever appended to"):
            await conn.execute(statement)  # the owner himself
        await conn.rollback()
    assert await lines(conn) == ["raised", "received", "stored"]


async def test_a_thousand_presses_on_one_incident(worker_conn: Connection, conn: Connection, new_alarm: Make) -> None:
    """A button that sticks: whether a press rang before is looked up, not searched for in all that rang."""
    presses = [new_alarm(key=str(number)) for number in range(1_000)]
    async with asyncio.timeout(60):
        for start in range(0, 1_000, 100):
            async with worker_conn.transaction():
                for press in presses[start : start + 100]:
                    await alarms.raise_alarm(worker_conn, press, NOW)
    await worker_conn.commit()
    again = [await alarms.raise_alarm(worker_conn, press, NOW) for press in presses[::100]]
    found = await card(conn)
    assert (found.rings, found.version) == (1_000, 1_000)
    assert {raised.version for raised in again} == {1_000}, "and the same ones again change nothing"
    asked = {"incident_id": found.id, "by": str(presses[700].alarm_id)}
    query = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statements('alarms')['rang_before'].decode()}"
    ((plan,),) = await (await worker_conn.execute(query.encode(), asked)).fetchall()
    assert plan[0]["Plan"]["Shared Hit Blocks"] + plan[0]["Plan"]["Shared Read Blocks"] < 20
