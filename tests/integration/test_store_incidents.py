"""What people and clocks do to an incident: once in effect, judged under the lock, told to everyone, written down for ever."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any
from uuid import UUID

import pytest

from dispatch.escalation import HIGHEST_LEVEL
from dispatch.incident import (
    ACKNOWLEDGEMENT_LASTS,
    CAUSES,
    ESCALATE_AFTER,
    INCIDENT_TABLE,
    IncidentEvent,
    IncidentState,
    NotAllowed,
)
from dispatch.offer import DispatchEvent
from store import alarms, dispatches, incidents
from store.connect import Connection, connect
from store.errors import NotFound
from store.incidents import SYSTEM, Actor, AlreadyAcknowledged, CardRow, OutOfScope, StaleVersion, UnknownCause
from store.new_alarm import NewAlarm
from store.server import Database
from store.trail import OtherNote

pytestmark = pytest.mark.integration

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
E, S = IncidentEvent, IncidentState
Make = Callable[..., NewAlarm]
People = dict[str, Actor]


@pytest.fixture
async def press(conn: Connection, new_alarm: Make) -> UUID:
    """An open incident: s-1 has pressed in home-1, area tst001."""
    raised = await alarms.raise_alarm(conn, new_alarm(), NOW)
    await conn.commit()
    return raised.incident_id


@pytest.fixture
async def silence(conn: Connection, new_alarm: Make) -> UUID:
    """An open incident that may be cancelled: a bed sensor of inst-1 is silent."""
    raised = await alarms.raise_alarm(conn, new_alarm("bed-9", "silence"), NOW)
    await conn.commit()
    return raised.incident_id


async def card(conn: Connection, incident: UUID) -> CardRow:
    return (await incidents.board(conn, None, [incident]))[0]


async def lines(conn: Connection, incident: UUID) -> list[str]:
    return [line.kind for line in (await incidents.detail_rows(conn, incident)).trail]


async def send(conn: Connection, incident: UUID, responder: str, actor: Actor, now: datetime = NOW) -> UUID:
    terms: dict[str, Any] = {"travel_s": 120.0, "distance_m": 400.0, "route": [], "ranking": []}
    return await dispatches.offer(conn, incident, responder, actor, now, **terms, deadline=now + timedelta(minutes=1))


async def test_acknowledge(api_conn: Connection, press: UUID, accounts: People) -> None:
    assert await incidents.act(api_conn, press, E.ACKNOWLEDGE, accounts["duty"], NOW) == (S.ACKNOWLEDGED, 2)
    found = await card(api_conn, press)
    assert (found.acknowledged_by, found.acknowledged_at, found.state_at, found.version) == ("duty", NOW, NOW, 2)
    assert await lines(api_conn, press) == ["raised", "received", "stored", "acknowledged"]


async def test_acknowledging_twice_is_once(api_conn: Connection, press: UUID, accounts: People) -> None:
    await incidents.act(api_conn, press, E.ACKNOWLEDGE, accounts["duty"], NOW)
    again = await incidents.act(api_conn, press, E.ACKNOWLEDGE, accounts["duty"], NOW + SECOND, version=1)
    assert again == (S.ACKNOWLEDGED, 2)
    assert (await lines(api_conn, press)).count("acknowledged") == 1
    assert (await card(api_conn, press)).acknowledged_at == NOW


async def test_second_person_is_told_who_has_it(api_conn: Connection, press: UUID, accounts: People) -> None:
    await incidents.act(api_conn, press, E.ACKNOWLEDGE, accounts["duty"], NOW)
    with pytest.raises(AlreadyAcknowledged, match="already acknowledged by duty") as refused:
        await incidents.act(api_conn, press, E.ACKNOWLEDGE, accounts["duty-1"], NOW, version=1)
    assert refused.value.by == "duty"


async def test_two_clicks_at_once(database: Database, press: UUID, accounts: People) -> None:
    async def click(who: str) -> str:
        async with await connect(database.dsn("vigil_api")) as conn:
            try:
                async with conn.transaction():
                    await incidents.act(conn, press, E.ACKNOWLEDGE, accounts[who], NOW)
            except AlreadyAcknowledged as other:
                return other.by
            return who

    winners = await asyncio.gather(*[click(who) for who in ("duty", "duty-1", "admin", "duty", "duty-1")])
    assert len(set(winners)) == 1
    async with await connect(database.dsn("vigil_api")) as conn:
        assert (await card(conn, press)).acknowledged_by == winners[0]
        assert (await lines(conn, press)).count("acknowledged") == 1


async def test_stale_version_is_refused(api_conn: Connection, press: UUID, accounts: People) -> None:
    with pytest.raises(StaleVersion, match="expected 1, got 7"):
        await incidents.act(api_conn, press, E.ACKNOWLEDGE, accounts["duty"], NOW, version=7)
    assert (await card(api_conn, press)).state == S.OPEN


@pytest.mark.parametrize(("who", "sees"), [("duty", True), ("duty-1", True), ("duty-inst", False), ("resp-3", False)])
async def test_out_of_scope_reads_as_not_found(api_conn: Connection, press: UUID, accounts: People, who: str, sees: bool) -> None:
    if sees:
        await incidents.add_note(api_conn, press, "在路上", accounts[who], NOW)
        return
    for attempt in (
        incidents.act(api_conn, press, E.ACKNOWLEDGE, accounts[who], NOW),
        incidents.add_note(api_conn, press, "x", accounts[who], NOW),
        send(api_conn, press, "r-1", accounts[who]),
    ):
        with pytest.raises(OutOfScope, match="does not exist, or not in your scope"):
            await attempt
    assert issubclass(OutOfScope, NotFound)


async def test_incident_that_does_not_exist(api_conn: Connection, accounts: People) -> None:
    nowhere = UUID(int=1)
    with pytest.raises(NotFound):
        await incidents.act(api_conn, nowhere, E.ACKNOWLEDGE, accounts["duty"], NOW)
    with pytest.raises(NotFound):
        await incidents.detail_rows(api_conn, nowhere)
    with pytest.raises(NotFound):
        await incidents.escalate(api_conn, nowhere, 1, NOW)
    assert await incidents.board(api_conn, None, [nowhere]) == []


async def test_every_event_in_every_state_is_judged_by_the_table(conn: Connection, silence: UUID, accounts: People) -> None:
    """The full product: the database never holds a state that the table does not lead to."""
    taken = (S.ACKNOWLEDGED, S.DISPATCHED, S.ON_SCENE)
    for state, event in product(S, E):
        await conn.execute("UPDATE incidents SET state = %s, version = 1 WHERE incident_id = %s", [state.value, silence])
        leads_to = INCIDENT_TABLE.get((state, event))
        work = incidents.act(conn, silence, event, accounts["duty"], NOW, cause="test")
        if event is E.ACKNOWLEDGE and state in taken:
            with pytest.raises(AlreadyAcknowledged):
                await work
        elif leads_to is None:
            with pytest.raises(NotAllowed):
                await work
        else:
            assert await work == (leads_to, 2)
            assert (await card(conn, silence)).state == leads_to
        await conn.rollback()


async def test_resolving_ends_errands_and_clears_alarms(api_conn: Connection, press: UUID, accounts: People) -> None:
    duty = accounts["duty"]
    await incidents.act(api_conn, press, E.ACKNOWLEDGE, duty, NOW)
    there, coming = await send(api_conn, press, "r-1", duty), await send(api_conn, press, "r-3", duty)
    for event in (DispatchEvent.ACCEPT, DispatchEvent.DEPART, DispatchEvent.ARRIVE):
        await dispatches.act(api_conn, there, event, duty, NOW)
    assert (await incidents.act(api_conn, press, E.RESOLVE, duty, NOW + SECOND, note="送医"))[0] is S.RESOLVED
    detail = await incidents.detail_rows(api_conn, press)
    assert {errand.id: (errand.state, errand.ended_at) for errand in detail.card.dispatches} == {
        there: ("done", NOW + SECOND),
        coming: ("recalled", NOW + SECOND),
    }
    assert [(alarm.state, alarm.cleared_at) for alarm in detail.alarms] == [("cleared", NOW + SECOND)]
    assert (detail.card.resolved_at, detail.card.note) == (NOW + SECOND, "送医")
    assert [line.kind for line in detail.trail][-3:] in (["done", "recalled", "resolved"], ["recalled", "done", "resolved"])
    assert detail.trail[-1].data == {"note": "送医"}
    assert not any(row.busy for row in await dispatches.candidates(api_conn, None))


async def test_closing_needs_an_outcome(api_conn: Connection, press: UUID, accounts: People) -> None:
    duty = accounts["duty"]
    await incidents.act(api_conn, press, E.ACKNOWLEDGE, duty, NOW)
    await incidents.act(api_conn, press, E.RESOLVE, duty, NOW)
    for cause in (None, "", "whatever"):
        with pytest.raises(UnknownCause, match="expected one of real_emergency"):
            await incidents.act(api_conn, press, E.CLOSE, duty, NOW, cause=cause)
    assert (await incidents.act(api_conn, press, E.CLOSE, duty, NOW, cause="help_needed"))[0] is S.CLOSED
    found = await card(api_conn, press)
    assert (found.cause, found.closed_at) == ("help_needed", NOW)
    assert await incidents.board(api_conn, None) == []


@pytest.mark.parametrize("cause", CAUSES)
async def test_cancelling_needs_an_outcome_and_clears(api_conn: Connection, silence: UUID, accounts: People, cause: str) -> None:
    with pytest.raises(UnknownCause):
        await incidents.act(api_conn, silence, E.CANCEL, accounts["duty"], NOW)
    assert (await incidents.act(api_conn, silence, E.CANCEL, accounts["duty"], NOW, cause=cause))[0] is S.CANCELLED
    assert await alarms.active(api_conn) == []
    assert (await lines(api_conn, silence))[-1] == "cancelled"


async def test_press_is_never_cancelled(api_conn: Connection, press: UUID, accounts: People) -> None:
    with pytest.raises(NotAllowed):
        await incidents.act(api_conn, press, E.CANCEL, accounts["admin"], NOW, cause="false_press")


async def test_incident_that_someone_pressed_into_is_never_cancelled(conn: Connection, new_alarm: Make, accounts: People) -> None:
    fall = await alarms.raise_alarm(conn, new_alarm("wear-1", "fall"), NOW)
    await alarms.raise_alarm(conn, new_alarm("wear-1", "sos"), NOW)
    with pytest.raises(NotAllowed):
        await incidents.act(conn, fall.incident_id, E.CANCEL, accounts["admin"], NOW, cause="false_press")


async def test_note_is_a_line_and_a_version(api_conn: Connection, press: UUID, accounts: People) -> None:
    assert await incidents.add_note(api_conn, press, "邻居已到", accounts["duty"], NOW) == 2
    detail = await incidents.detail_rows(api_conn, press)
    assert (detail.trail[-1].kind, detail.trail[-1].actor, detail.trail[-1].data) == ("note", "duty", {"note": "邻居已到"})
    assert (detail.card.state, detail.card.rings) == (S.OPEN, 1)


async def test_note_under_an_id_is_one_line_and_one_version(api_conn: Connection, press: UUID, accounts: People) -> None:
    duty, drawn = accounts["duty"], UUID(int=7)
    assert [await incidents.add_note(api_conn, press, "在路上", duty, at, drawn) for at in (NOW, NOW + SECOND)] == [2, 2]
    with pytest.raises(OtherNote, match="written already, in other words"):
        await incidents.add_note(api_conn, press, "到了", duty, NOW, drawn)
    assert await incidents.add_note(api_conn, press, "在路上", accounts["duty-1"], NOW, drawn) == 3
    notes = [(line.actor, line.at) for line in (await incidents.detail_rows(api_conn, press)).trail if line.kind == "note"]
    assert notes == [("duty", NOW), ("duty-1", NOW)]


async def test_shown_counts_the_first_time(api_conn: Connection, press: UUID, silence: UUID, accounts: People) -> None:
    assert dict(await incidents.mark_shown(api_conn, [press, silence], NOW)) == {press: 2, silence: 2}
    assert await incidents.mark_shown(api_conn, [press, silence, UUID(int=1)], NOW + SECOND) == []
    assert await incidents.mark_shown(api_conn, [], NOW) == []
    assert (await card(api_conn, press)).shown_at == NOW
    assert (await lines(api_conn, press)).count("shown") == 1


async def test_console_marks_only_what_is_in_its_scope(api_conn: Connection, press: UUID, silence: UUID, accounts: People) -> None:
    marked = await incidents.mark_shown(api_conn, [press, silence], NOW, actor=accounts["duty-inst"])
    assert [incident for incident, _ in marked] == [silence]


async def test_two_consoles_render_the_same_incidents_at_once(database: Database, press: UUID, silence: UUID) -> None:
    async def render(ids: list[UUID]) -> int:
        async with await connect(database.dsn("vigil_api")) as conn, conn.transaction():
            return len(await incidents.mark_shown(conn, ids, NOW))

    assert sum(await asyncio.gather(*[render([press, silence][:: 1 if n % 2 else -1]) for n in range(6)])) == 2


async def test_escalates_once_a_minute(worker_conn: Connection, conn: Connection, press: UUID) -> None:
    assert await incidents.escalate(worker_conn, press, 1, NOW + ESCALATE_AFTER - SECOND) is None
    assert await incidents.escalate(worker_conn, press, 1, NOW + ESCALATE_AFTER) == 2
    assert await incidents.escalate(worker_conn, press, 1, NOW + ESCALATE_AFTER) is None  # another desk
    assert await incidents.escalate(worker_conn, press, HIGHEST_LEVEL, NOW + 2 * ESCALATE_AFTER) == 3
    assert await incidents.escalate(worker_conn, press, 0, NOW + 3 * ESCALATE_AFTER) == 4
    await worker_conn.commit()
    found = await card(conn, press)
    assert (found.level, found.rings, found.escalated_at) == (HIGHEST_LEVEL, 4, NOW + 3 * ESCALATE_AFTER)
    assert (await lines(conn, press)).count("escalated") == 3


async def test_acknowledged_while_escalating(database: Database, conn: Connection, press: UUID, accounts: People) -> None:
    """The desk waits for the click, then sees that there is nothing to escalate."""
    later = NOW + ESCALATE_AFTER
    async with await connect(database.dsn("vigil_worker")) as desk:
        await incidents.act(conn, press, E.ACKNOWLEDGE, accounts["duty"], later)
        waiting = asyncio.create_task(incidents.escalate(desk, press, 1, later))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        await conn.commit()
        assert await waiting is None
    assert (await card(conn, press)).level == 0


async def test_acknowledgement_expires_and_rings_again(
    worker_conn: Connection, conn: Connection, press: UUID, accounts: People
) -> None:
    await incidents.escalate(conn, press, 1, NOW + ESCALATE_AFTER)
    await incidents.act(conn, press, E.ACKNOWLEDGE, accounts["duty"], NOW + ESCALATE_AFTER)
    await conn.commit()
    later = NOW + ESCALATE_AFTER + ACKNOWLEDGEMENT_LASTS
    assert await incidents.expire_acknowledgement(worker_conn, press, later - SECOND) is None
    assert await incidents.expire_acknowledgement(worker_conn, press, later) == 4
    assert await incidents.expire_acknowledgement(worker_conn, press, later) is None
    await worker_conn.commit()
    found = await card(conn, press)
    assert (found.state, found.acknowledged_by, found.rings, found.state_at, found.level) == (S.OPEN, None, 3, later, 1)
    # a minute passes before it escalates again, however long ago the last escalation was
    assert await incidents.escalate(conn, press, 2, later + SECOND) is None
    # the first answer stays the answer in the figures; the next person may take it
    assert (await incidents.act(conn, press, E.ACKNOWLEDGE, accounts["duty-1"], later))[0] is S.ACKNOWLEDGED
    found = await card(conn, press)
    assert (found.acknowledged_by, found.acknowledged_at) == ("duty-1", NOW + ESCALATE_AFTER)


async def test_acknowledging_while_it_expires(database: Database, conn: Connection, press: UUID, accounts: People) -> None:
    """A responder is sent at the very moment: the desk's clock waits, then finds nothing to do."""
    duty = accounts["duty"]
    await incidents.act(conn, press, E.ACKNOWLEDGE, duty, NOW)
    await conn.commit()
    later = NOW + ACKNOWLEDGEMENT_LASTS
    async with await connect(database.dsn("vigil_worker")) as desk:
        await send(conn, press, "r-1", duty, later)
        waiting = asyncio.create_task(incidents.expire_acknowledgement(desk, press, later))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        await conn.commit()
        assert await waiting is None
    assert (await card(conn, press)).state == S.DISPATCHED


async def test_board_by_scope(conn: Connection, press: UUID, silence: UUID) -> None:
    async def ids(scope: str | None) -> list[UUID]:
        return [row.id for row in await incidents.board(conn, scope)]

    assert await ids(None) == await ids("tst") == [press, silence]  # the worst first
    assert await ids("tst001") == await ids("site:home-1") == [press]
    assert await ids("site:inst-1") == [silence]
    assert await ids("") == await ids("other") == await ids("site:") == []
    assert await incidents.board(conn, "tst002", [press]) == []


async def test_board_has_what_a_card_needs(conn: Connection, new_alarm: Make, press: UUID, silence: UUID) -> None:
    radar = await alarms.raise_alarm(conn, new_alarm("bed-9", "fall"), NOW)
    found = await card(conn, radar.incident_id)
    assert (found.zone, found.zone_kind, found.zone_floor, found.site_kind) == ("inst-1-r101-b1", "bed", 1, "institution")
    assert (found.senior, found.senior_name, found.senior_birth_year) == ("s-3", "赵奶奶", 1935)
    assert (found.senior_tags, found.senior_ability_level) == (["dementia"], 3)
    technical = await card(conn, silence)
    assert (technical.subject_kind, technical.subject) == ("gateway", "gw-9")
    at_home = await card(conn, press)
    assert (at_home.zone, at_home.zone_floor, at_home.site_address) == ("", 0, "一号路1号2门301")


async def test_history_keeps_what_has_left_the_board(conn: Connection, new_alarm: Make, press: UUID, accounts: People) -> None:
    duty = accounts["duty"]
    for event, cause in ((E.ACKNOWLEDGE, None), (E.RESOLVE, None), (E.CLOSE, "test")):
        await incidents.act(conn, press, event, duty, NOW, cause=cause)
    later = await alarms.raise_alarm(conn, new_alarm("sos-2", at=NOW), NOW)
    day = timedelta(days=1)
    assert [row.id for row in await incidents.history(conn, None, NOW - day, NOW + day, 10)] == [later.incident_id, press]
    assert [row.id for row in await incidents.history(conn, None, NOW - day, NOW + day, 1)] == [later.incident_id]
    assert [row.id for row in await incidents.history(conn, "tst001", NOW - day, NOW, 10)] == [press]
    assert await incidents.history(conn, "tst002", NOW - day, NOW + day, 10) == []
    assert (await incidents.history(conn, None, NOW - day, NOW, 10))[0].cause == "test"


async def test_figures(conn: Connection, new_alarm: Make, press: UUID, silence: UUID, accounts: People) -> None:
    await incidents.act(conn, press, E.ACKNOWLEDGE, accounts["duty"], NOW + 10 * SECOND)
    drill = await alarms.raise_alarm(conn, new_alarm("smoke-9", "smoke", drill=True), NOW)
    await incidents.act(conn, drill.incident_id, E.ACKNOWLEDGE, accounts["duty"], NOW)
    hour = timedelta(hours=1)
    assert await incidents.answer_times(conn, "tst", NOW - hour) == [11.0]  # from reaching us, a second before it was stored
    assert await incidents.answer_times(conn, "tst002", NOW - hour) == []
    assert await incidents.answer_times(conn, None, NOW) == []
    assert await incidents.alarm_load(conn, "tst", NOW) == 3
    assert await incidents.alarm_load(conn, "site:home-1", NOW) == 1
    assert await incidents.alarm_load(conn, None, NOW + SECOND) == 0


async def test_every_step_is_noticed(api_conn: Connection, conn: Connection, press: UUID, accounts: People) -> None:
    await conn.execute("LISTEN vigil_incident")
    await conn.commit()
    await incidents.mark_shown(api_conn, [press], NOW)
    await incidents.act(api_conn, press, E.ACKNOWLEDGE, accounts["duty"], NOW)
    await incidents.add_note(api_conn, press, "x", accounts["duty"], NOW)
    await incidents.act(api_conn, press, E.ACKNOWLEDGE, accounts["duty"], NOW)  # nothing happens, nothing is told
    await api_conn.commit()
    heard = [notice.payload async for notice in conn.notifies(timeout=0.2)]
    assert heard == [f"{press} {version}" for version in (2, 3, 4)]


async def test_clock_acts_without_an_account(worker_conn: Connection, conn: Connection, silence: UUID, accounts: People) -> None:
    await incidents.act(conn, silence, E.ACKNOWLEDGE, accounts["duty"], NOW)
    await conn.commit()
    assert (await incidents.act(worker_conn, silence, E.EXPIRE, SYSTEM, NOW))[0] is S.OPEN
