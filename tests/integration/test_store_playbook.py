"""Playbook steps in the database: stamped once however many click, taken back in time, never lost when a fire grows."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest

from dispatch.incident import IncidentEvent, NotAllowed
from dispatch.offer import DispatchEvent
from dispatch.playbook import NotTheirs, PersonNeeded, Planned, ReasonNeeded, StepEvent, StepState, UnknownStep
from store import alarms, dispatches, evacuation, incidents, playbook
from store.connect import Connection, connect
from store.incidents import SYSTEM, Actor, AlreadyAcknowledged, OutOfScope, StaleVersion
from store.new_alarm import NewAlarm
from store.server import Database

pytestmark = pytest.mark.integration

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
E, S = StepEvent, StepState
Make = Callable[..., NewAlarm]
People = dict[str, Actor]


@pytest.fixture
async def fire(conn: Connection, new_alarm: Make) -> UUID:
    """Smoke in inst-1: to be verified."""
    raised = await alarms.raise_alarm(conn, new_alarm("smoke-9", "smoke"), NOW)
    await conn.commit()
    return raised.incident_id


async def steps(conn: Connection, incident: UUID) -> dict[str, Planned]:
    return {one.step.key: one for one in await playbook.planned(conn, incident)}


async def lines(conn: Connection, incident: UUID) -> list[tuple[str, str, str]]:
    trail = (await incidents.detail_rows(conn, incident)).trail
    return [(line.kind, line.actor, str(line.data.get("step"))) for line in trail if line.kind.startswith("step_")]


async def send(conn: Connection, incident: UUID, duty: Actor, *, acknowledge: bool = True) -> UUID:
    """r-1, whose account is resp-1, is offered the errand."""
    if acknowledge:
        await incidents.act(conn, incident, IncidentEvent.ACKNOWLEDGE, duty, NOW)
    terms = {"travel_s": None, "distance_m": None, "deadline": NOW + 60 * SECOND}
    return await dispatches.offer(conn, incident, "r-1", duty, NOW, **terms, route=[], ranking=[])  # type: ignore[arg-type]


async def test_a_step_is_stamped_with_who_when_and_on_what(api_conn: Connection, fire: UUID, accounts: People) -> None:
    version, changed = await playbook.press(api_conn, fire, "verify", E.DO, accounts["duty"], NOW, device="console 2")
    assert (version, changed) == (2, True)
    stamp = (await steps(api_conn, fire))["verify"].stamp
    assert stamp is not None
    assert (stamp.state, stamp.at, stamp.by, stamp.device) == (S.DONE, NOW, "duty", "console 2")
    assert await lines(api_conn, fire) == [("step_done", "duty", "verify")]
    assert await playbook.press(api_conn, fire, "verify", E.DO, accounts["admin"], NOW + SECOND) == (2, False)
    assert (await steps(api_conn, fire))["verify"].stamp == stamp, "the second click is nobody's"


async def test_two_clicks_at_once_make_one_stamp(database: Database, conn: Connection, fire: UUID, accounts: People) -> None:
    async def click(who: str) -> bool:
        async with await connect(database.dsn("vigil_api"), application="click") as own, own.transaction():
            return (await playbook.press(own, fire, "call_119", E.DO, accounts[who], NOW))[1]

    changed = await asyncio.gather(*(click(who) for who in ("duty", "admin") * 4))
    assert sum(changed) == 1
    assert len(await lines(conn, fire)) == 1


async def test_a_stamp_and_a_skip_at_once_leave_one(database: Database, conn: Connection, fire: UUID, accounts: People) -> None:
    async def click(event: StepEvent) -> bool:
        async with await connect(database.dsn("vigil_api"), application="click") as own, own.transaction():
            return (await playbook.press(own, fire, "cut_gas", event, accounts["duty"], NOW, reason="there is none"))[1]

    found = await asyncio.gather(click(E.SKIP), click(E.DO), return_exceptions=True)
    stamp = (await steps(conn, fire))["cut_gas"].stamp
    assert stamp is not None and stamp.state is S.DONE, "what was done is done, whichever came first"
    assert sum(isinstance(one, NotAllowed) for one in found) + len(await lines(conn, fire)) == 2


async def test_taken_back_in_time_and_not_later(api_conn: Connection, fire: UUID, accounts: People) -> None:
    duty = accounts["duty"]
    await playbook.press(api_conn, fire, "cut_gas", E.SKIP, duty, NOW, reason=" no gas here ")
    await playbook.press(api_conn, fire, "cut_gas", E.UNDO, duty, NOW + 10 * SECOND)
    assert (await steps(api_conn, fire))["cut_gas"].stamp is None
    await playbook.press(api_conn, fire, "cut_gas", E.DO, duty, NOW + 20 * SECOND)
    with pytest.raises(NotAllowed):
        await playbook.press(api_conn, fire, "cut_gas", E.UNDO, duty, NOW + 81 * SECOND)
    assert [kind for kind, _, _ in await lines(api_conn, fire)] == ["step_skipped", "step_undone", "step_done"]
    [skipped] = [line for line in (await incidents.detail_rows(api_conn, fire)).trail if line.kind == "step_skipped"]
    assert skipped.data["note"] == "no gas here"


async def test_a_fire_that_grows_adds_steps_and_keeps_stamps(
    conn: Connection, fire: UUID, accounts: People, new_alarm: Make
) -> None:
    await playbook.press(conn, fire, "verify", E.DO, accounts["duty"], NOW)
    before = (await steps(conn, fire))["verify"].stamp
    assert "open_vents" not in await steps(conn, fire)
    await alarms.raise_alarm(conn, new_alarm("heat-9", "fire_confirmed", key="7"), NOW)
    grown = await steps(conn, fire)
    assert "open_vents" in grown
    assert grown["verify"].stamp == before
    with pytest.raises(NotAllowed):
        await playbook.press(conn, fire, "call_119", E.SKIP, accounts["duty"], NOW, reason="they know")


async def test_who_may_not_and_what_may_not(api_conn: Connection, fire: UUID, accounts: People) -> None:
    with pytest.raises(OutOfScope):
        await playbook.press(api_conn, fire, "verify", E.DO, accounts["duty-1"], NOW)
    with pytest.raises(PersonNeeded):
        await playbook.press(api_conn, fire, "call_119", E.DO, SYSTEM, NOW)
    with pytest.raises(UnknownStep):
        await playbook.press(api_conn, fire, "first_aid", E.DO, accounts["duty"], NOW)
    with pytest.raises(ReasonNeeded):
        await playbook.press(api_conn, fire, "cut_gas", E.SKIP, accounts["duty"], NOW)
    await send(api_conn, fire, accounts["duty"])
    with pytest.raises(NotTheirs):
        await playbook.press(api_conn, fire, "call_119", E.DO, accounts["resp-1"], NOW)
    assert await lines(api_conn, fire) == []
    assert (await playbook.press(api_conn, fire, "verify", E.DO, SYSTEM, NOW))[1], "a detector may confirm what it sees"


async def test_a_responder_stamps_while_he_is_sent_and_not_when_he_was_called_back(
    database: Database, api_conn: Connection, fire: UUID, accounts: People
) -> None:
    """The stamp that waits for the recall to be written is no stamp: he is not there."""
    with pytest.raises(OutOfScope):
        await playbook.press(api_conn, fire, "cut_gas", E.DO, accounts["resp-1"], NOW)
    sent = await send(api_conn, fire, accounts["duty"])
    assert (await playbook.press(api_conn, fire, "cut_gas", E.DO, accounts["resp-1"], NOW))[1], "his errand took him there"
    await api_conn.commit()

    async def click() -> None:
        async with await connect(database.dsn("vigil_api"), application="click") as own, own.transaction():
            await playbook.press(own, fire, "cut_power", E.DO, accounts["resp-1"], NOW)

    await dispatches.act(api_conn, sent, DispatchEvent.RECALL, accounts["duty"], NOW)
    waits = asyncio.create_task(click())
    async with asyncio.timeout(20):
        while not await (await api_conn.execute("SELECT FROM pg_locks WHERE NOT granted")).fetchall():
            assert not waits.done()
            await asyncio.sleep(0.01)
    await api_conn.commit()
    with pytest.raises(OutOfScope):
        await waits
    assert [(kind, step) for kind, _, step in await lines(api_conn, fire)] == [("step_done", "cut_gas")]


async def test_what_is_done_beside_it_makes_no_acknowledgement_stale(
    api_conn: Connection, fire: UUID, accounts: People, new_alarm: Make, conn: Connection
) -> None:
    seen = (await incidents.lock(api_conn, fire)).version
    await playbook.press(api_conn, fire, "verify", E.DO, accounts["admin"], NOW)
    await playbook.press(api_conn, fire, "verify", E.UNDO, accounts["admin"], NOW)
    now = await incidents.lock(api_conn, fire)
    assert (now.version, now.alike_from) == (seen + 2, seen), "consoles read it again"
    [(_, shown)] = await incidents.mark_shown(api_conn, [fire], NOW, actor=accounts["admin"])
    assert (shown, (await incidents.lock(api_conn, fire)).alike_from) == (seen + 3, seen), (
        "that it was seen is no change to who sees it"
    )
    await api_conn.commit()
    await alarms.raise_alarm(conn, new_alarm("heat-9", "heat", key="7"), NOW)
    await conn.commit()
    await playbook.press(api_conn, fire, "verify", E.DO, accounts["admin"], NOW)
    for version in (seen, seen + 3, seen + 6):
        with pytest.raises(StaleVersion):
            await incidents.act(api_conn, fire, IncidentEvent.ACKNOWLEDGE, accounts["duty"], NOW, version=version)
    await incidents.act(api_conn, fire, IncidentEvent.ACKNOWLEDGE, accounts["duty"], NOW, version=seen + 4)
    with pytest.raises(AlreadyAcknowledged):
        await incidents.act(api_conn, fire, IncidentEvent.ACKNOWLEDGE, accounts["admin"], NOW, version=seen + 5)
    await incidents.act(api_conn, fire, IncidentEvent.RESOLVE, accounts["admin"], NOW)
    with pytest.raises(NotAllowed):
        await send(api_conn, fire, accounts["duty"], acknowledge=False)


async def test_whoever_is_out_stops_no_act_and_whoever_is_in_again_does(api_conn: Connection, fire: UUID, accounts: People) -> None:
    seen = (await incidents.lock(api_conn, fire)).version
    await evacuation.bring_out(api_conn, fire, "s-1", True, accounts["admin"], NOW)
    await incidents.act(api_conn, fire, IncidentEvent.ACKNOWLEDGE, accounts["duty"], NOW, version=seen)
    known = (await incidents.lock(api_conn, fire)).version
    await evacuation.bring_out(api_conn, fire, "s-1", False, accounts["admin"], NOW)
    with pytest.raises(StaleVersion):
        await incidents.act(api_conn, fire, IncidentEvent.RESOLVE, accounts["duty"], NOW, version=known)


async def test_when_it_is_over_nothing_is_stamped_any_more(api_conn: Connection, fire: UUID, accounts: People) -> None:
    for event, more in ((IncidentEvent.ACKNOWLEDGE, None), (IncidentEvent.RESOLVE, None), (IncidentEvent.CLOSE, "cooking_steam")):
        await playbook.press(api_conn, fire, "verify", E.DO, accounts["duty"], NOW)
        await incidents.act(api_conn, fire, event, accounts["duty"], NOW, cause=more)
    with pytest.raises(NotAllowed):
        await playbook.press(api_conn, fire, "cut_gas", E.DO, accounts["duty"], NOW)
    assert (await playbook.press(api_conn, fire, "verify", E.DO, accounts["duty"], NOW))[1] is False


async def test_the_database_holds_a_skip_to_its_reason(conn: Connection, fire: UUID) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        await conn.execute(
            "INSERT INTO playbook_steps (incident_id, step, state, at, by, device, reason)"
            " VALUES (%s, 'cut_gas', 'skipped', now(), 'x', '', '')",
            [fire],
        )


async def test_what_the_fire_service_asks_about_a_building(api_conn: Connection, fire: UUID) -> None:
    found = await playbook.building(api_conn, fire, "inst-1")
    assert found.went == [playbook.WentRow("inst-1-r101", NOW - 2 * SECOND)]
    assert {zone.code for zone in found.zones} == {
        "inst-1-f1", "inst-1-r101", "inst-1-r101-b1", "inst-1-r101-b2", "inst-1-r102", "inst-1-kitchen",
    }  # fmt: skip
    assert found.residents == [playbook.ResidentRow("s-3", "inst-1-r101-b1", ["dementia"], 3)]
    assert await playbook.names(api_conn, ["duty", "nobody"]) == {"duty": "值班员"}
