"""A device that called for nothing three times becomes one task, whoever looks how often; once it was looked at it starts anew."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from desk import housekeeping
from desk.maintenance import watch
from desk.meters import Meters
from dispatch.incident import IncidentEvent
from store import alarms, incidents, maintenance
from store.connect import Connection, connect
from store.incidents import Actor
from store.new_alarm import NewAlarm
from store.server import Database

pytestmark = pytest.mark.integration

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
DAY = timedelta(days=1)
E = IncidentEvent
Make = Callable[..., NewAlarm]


@pytest.fixture
def called(worker_conn: Connection, new_alarm: Make, accounts: dict[str, Actor]) -> Callable[..., "asyncio.Future[UUID]"]:
    """An incident of a device, so many days ago, from alarm to closure with this cause."""

    async def call(days: float, cause: str = "cooking_steam", device: str = "smoke-9", kind: str = "smoke") -> UUID:
        at = NOW - days * DAY
        raised = await alarms.raise_alarm(worker_conn, new_alarm(device, kind, key=f"{device}{days}", at=at, received_at=at), at)
        for event in (E.ACKNOWLEDGE, E.RESOLVE, E.CLOSE):
            chosen = cause if event is E.CLOSE else None
            await incidents.act(worker_conn, raised.incident_id, event, accounts["duty"], at, cause=chosen)
        await worker_conn.commit()
        return raised.incident_id

    return call  # type: ignore[return-value]


async def tasks(conn: Connection) -> list[tuple[str, str, int, int]]:
    statement = """
        SELECT alarms.source, incidents.subject, incidents.priority, count(*)::integer
        FROM alarms JOIN incidents USING (incident_id) WHERE alarms.kind = 'maintenance_due' GROUP BY 1, 2, 3 ORDER BY 1
    """
    return await (await conn.execute(statement)).fetchall()


async def test_the_third_nuisance_is_a_task_at_the_site_of_the_lowest_priority(
    worker_conn: Connection, called: Callable[..., "asyncio.Future[UUID]"]
) -> None:
    await called(20)
    await called(9)
    assert await watch(worker_conn, NOW) == 0
    await called(1)
    await called(2, cause="real_fire")
    assert await watch(worker_conn, NOW) == 1
    assert await tasks(worker_conn) == [("smoke-9", "inst-1", 4, 1)]
    [task] = (await maintenance.open_tasks(worker_conn)).values()
    statement = "SELECT reasons FROM alarms WHERE incident_id = %s"
    [[reasons]] = await (await worker_conn.execute(statement, [task.incident])).fetchall()
    assert [(reason["rule"], reason["value"]) for reason in reasons] == [("nuisances", 3.0), ("real_calls", 1.0)]


async def test_a_device_whose_task_cannot_be_raised_keeps_no_other_from_its_own(
    worker_conn: Connection, called: Callable[..., "asyncio.Future[UUID]"], poisoned: Callable[[str, str, object], None]
) -> None:
    for days in (1, 2, 3):
        await called(days)
        await called(days, cause="device_fault", device="gas-9", kind="gas")
    await called(4, cause="device_fault", device="gas-9", kind="gas")
    poisoned("alarms", "source", "gas-9")  # the worst, so the first
    assert await watch(worker_conn, NOW) == 1
    assert await tasks(worker_conn) == [("smoke-9", "inst-1", 4, 1)]


async def test_two_desks_at_once_and_again_make_one_task(
    database: Database, worker_conn: Connection, called: Callable[..., "asyncio.Future[UUID]"]
) -> None:
    for days in (1, 2, 3):
        await called(days)
    async with (
        await connect(database.dsn("vigil_worker"), autocommit=True) as one,
        await connect(database.dsn("vigil_worker"), autocommit=True) as other,
    ):
        made = await asyncio.gather(*(watch(desk, NOW + timedelta(milliseconds=i)) for i, desk in enumerate((one, other))))
        made += [await watch(desk, NOW + timedelta(hours=hours)) for hours, desk in ((1, one), (2, other))]
        assert sum(made) == 1
        await called(-0.01)  # another nuisance while the task stands rings nobody
        assert await watch(one, NOW + DAY) == 0
    assert await tasks(worker_conn) == [("smoke-9", "inst-1", 4, 1)]


async def test_what_was_looked_at_starts_anew_and_a_task_is_no_call_of_its_device(
    worker_conn: Connection, accounts: dict[str, Actor], called: Callable[..., "asyncio.Future[UUID]"]
) -> None:
    for days in (3, 2, 1):
        await called(days)
    await watch(worker_conn, NOW)
    [task] = (await maintenance.open_tasks(worker_conn)).values()
    for event in (E.ACKNOWLEDGE, E.RESOLVE, E.CLOSE):
        await incidents.act(
            worker_conn, task.incident, event, accounts["duty"], NOW, cause="device_fault" if event is E.CLOSE else None
        )
    assert await maintenance.open_tasks(worker_conn) == {}
    for days in (-1, -2):
        await called(days)
    assert await watch(worker_conn, NOW + 3 * DAY) == 0
    await called(-4)
    assert await watch(worker_conn, NOW + 5 * DAY) == 1
    told = await maintenance.outcomes(worker_conn, NOW + 5 * DAY, untold=False)
    assert [one.device for one in told] == ["smoke-9"] * 6


async def test_a_chore_that_cannot_be_done_keeps_no_other_from_being_done_and_is_seen(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    stop, meters, broken, rounds = asyncio.Event(), Meters(), True, 0

    async def first(conn: Connection, stop: asyncio.Event, clock: housekeeping.Clock) -> None:
        if broken:
            raise KeyError("nobody expected this")

    async def second(conn: Connection, stop: asyncio.Event, clock: housekeeping.Clock) -> None:
        nonlocal rounds
        rounds += 1

    async def until(failing: int) -> None:
        async with asyncio.timeout(10):
            while rounds < 2 or meters.chores._value.get() != failing:  # noqa: ASYNC110
                await asyncio.sleep(0.005)

    chores = {"roll-ups": first, "maintenance": second}
    task = asyncio.create_task(
        housekeeping.run(database.dsn("vigil_worker"), stop, lambda: NOW, every=0.01, meters=meters, chores=chores)
    )
    await until(failing=1)
    broken = False
    await until(failing=0)
    stop.set()
    await asyncio.wait_for(task, 10)
    written = [record for record in caplog.records if record.exc_info]
    assert [(record.name, record.exc_info[0]) for record in written if record.exc_info] == [("vigil.desk", KeyError)], "once"
