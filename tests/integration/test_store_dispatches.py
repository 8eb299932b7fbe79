"""One responder has one errand; what he does moves the incident; nobody acts on an errand that is not his to move."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from itertools import product
from typing import Any
from uuid import UUID

import pytest

from care.people import Shift
from dispatch.escalation import DispatchClock, IncidentClock
from dispatch.incident import IncidentEvent, IncidentState, NotAllowed
from dispatch.offer import DISPATCH_TABLE, DispatchEvent, DispatchState, dispatch_id
from store import alarms, dispatches, incidents
from store.connect import Connection, connect
from store.dispatches import ResponderBusy
from store.errors import NotFound
from store.incidents import SYSTEM, Actor, CardRow, OutOfScope
from store.new_alarm import NewAlarm
from store.server import Database

pytestmark = pytest.mark.integration

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
DEADLINE = NOW + timedelta(minutes=1)
E = DispatchEvent
Make = Callable[..., NewAlarm]
People = dict[str, Actor]


@pytest.fixture
async def press(conn: Connection, new_alarm: Make, accounts: People) -> UUID:
    """An acknowledged incident of s-1 in home-1, area tst001."""
    return await acknowledged(conn, new_alarm("sos-1"), accounts["duty"])


@pytest.fixture
async def other_press(conn: Connection, new_alarm: Make, accounts: People) -> UUID:
    """An acknowledged incident of s-2 in home-2, area tst001."""
    return await acknowledged(conn, new_alarm("sos-2"), accounts["duty"])


async def acknowledged(conn: Connection, new: NewAlarm, actor: Actor) -> UUID:
    raised = await alarms.raise_alarm(conn, new, NOW)
    await incidents.act(conn, raised.incident_id, IncidentEvent.ACKNOWLEDGE, actor, NOW)
    await conn.commit()
    return raised.incident_id


async def send(conn: Connection, incident: UUID, responder: str, actor: Actor, now: datetime = NOW) -> UUID:
    terms: dict[str, Any] = {"travel_s": 120.5, "distance_m": 400.0, "route": [[117.0, 39.0], [117.01, 39.01]]}
    ranking = [{"responder": responder, "chosen": True}]
    return await dispatches.offer(conn, incident, responder, actor, now, **terms, ranking=ranking, deadline=DEADLINE)


async def go(conn: Connection, dispatch: UUID, actor: Actor, *events: DispatchEvent) -> None:
    for event in events:
        await dispatches.act(conn, dispatch, event, actor, NOW)


async def card(conn: Connection, incident: UUID) -> CardRow:
    return (await incidents.board(conn, None, [incident]))[0]


async def lines(conn: Connection, incident: UUID) -> list[str]:
    return [line.kind for line in (await incidents.detail_rows(conn, incident)).trail]


async def test_offer(api_conn: Connection, press: UUID, accounts: People) -> None:
    made = await send(api_conn, press, "r-1", accounts["duty"])
    assert made == dispatch_id(press, "r-1", 1)
    found = await card(api_conn, press)
    assert (found.state, found.offered_at, found.version) == ("dispatched", NOW, 3)
    errand = found.dispatches[0]
    assert (errand.id, errand.responder, errand.responder_name, errand.vehicle) == (made, "r-1", "孙护士", "ebike")
    assert (errand.state, errand.offered_by, errand.deadline_at, errand.attempt) == ("offered", "duty", DEADLINE, 1)
    assert (errand.travel_s, errand.route[1], errand.ranking) == (120.5, [117.01, 39.01], [{"responder": "r-1", "chosen": True}])
    detail = await incidents.detail_rows(api_conn, press)
    assert detail.trail[-1].data == {"dispatch": str(made), "responder": "r-1", "attempt": 1, "travel_s": 120.5}


async def test_whole_errand(api_conn: Connection, press: UUID, accounts: People) -> None:
    made = await send(api_conn, press, "r-1", accounts["duty"])
    for n, event in enumerate((E.ACCEPT, E.DEPART, E.ARRIVE, E.ENTER, E.FINISH), 1):
        assert await dispatches.act(api_conn, made, event, accounts["resp-1"], NOW + n * SECOND) == (press, 3 + n)
    found = await card(api_conn, press)
    errand = found.dispatches[0]
    moments = [NOW + n * SECOND for n in range(1, 6)]
    assert [errand.accepted_at, errand.en_route_at, errand.arrived_at, errand.entered_at, errand.ended_at] == moments
    assert [found.accepted_at, found.en_route_at, found.arrived_at, found.entered_at] == moments[:4]
    assert (found.state, found.resolved_at, errand.state) == ("on_scene", None, "done")  # a person resolves
    assert (await lines(api_conn, press))[-6:] == ["offered", "accepted", "en_route", "arrived", "entered", "done"]
    assert await dispatches.for_responder(api_conn, "r-1") == []


async def test_offering_twice_is_once(conn: Connection, press: UUID, accounts: People) -> None:
    first = await send(conn, press, "r-1", accounts["duty"])
    assert await send(conn, press, "r-1", accounts["admin"], NOW + SECOND) == first
    assert len((await card(conn, press)).dispatches) == 1
    assert (await lines(conn, press)).count("offered") == 1


async def test_two_clicks_at_once_make_one_dispatch(database: Database, press: UUID, accounts: People) -> None:
    async def click(who: str) -> UUID:
        async with await connect(database.dsn("vigil_api")) as conn, conn.transaction():
            return await send(conn, press, "r-1", accounts[who])

    assert len(set(await asyncio.gather(*[click(who) for who in ("duty", "admin", "duty-1", "duty")]))) == 1


async def test_two_desks_send_the_same_responder_at_once(
    database: Database, conn: Connection, press: UUID, other_press: UUID, accounts: People
) -> None:
    async def click(incident: UUID) -> str:
        async with await connect(database.dsn("vigil_api")) as desk:
            try:
                async with desk.transaction():
                    await send(desk, incident, "r-1", accounts["duty"])
            except ResponderBusy as busy:
                return busy.code
            return "sent"

    assert sorted(await asyncio.gather(click(press), click(other_press))) == ["r-1", "sent"]
    states = sorted([(await card(conn, one)).state for one in (press, other_press)])
    assert states == ["acknowledged", "dispatched"]


async def test_busy_until_the_errand_ends(conn: Connection, press: UUID, other_press: UUID, accounts: People) -> None:
    made = await send(conn, press, "r-1", accounts["duty"])
    with pytest.raises(ResponderBusy, match="r-1"):
        await send(conn, other_press, "r-1", accounts["duty"])
    assert [row.code for row in await dispatches.candidates(conn, None) if row.busy] == ["r-1"]
    await go(conn, made, accounts["duty"], E.RECALL)
    await send(conn, other_press, "r-1", accounts["duty"])


async def test_offer_needs_an_acknowledged_incident(conn: Connection, new_alarm: Make, accounts: People) -> None:
    raised = await alarms.raise_alarm(conn, new_alarm(), NOW)
    with pytest.raises(NotAllowed):
        await send(conn, raised.incident_id, "r-1", accounts["duty"])
    assert (await card(conn, raised.incident_id)).dispatches == []


async def test_offer_to_nobody(conn: Connection, press: UUID, accounts: People) -> None:
    with pytest.raises(NotFound, match="responder r-0"):
        await send(conn, press, "r-0", accounts["duty"])


async def test_declined_gives_the_incident_back_and_rings(api_conn: Connection, press: UUID, accounts: People) -> None:
    made = await send(api_conn, press, "r-1", accounts["duty"])
    await dispatches.act(api_conn, made, E.DECLINE, accounts["resp-1"], NOW + SECOND, note="太远")
    found = await card(api_conn, press)
    assert (found.state, found.rings, found.state_at, found.acknowledged_by) == ("acknowledged", 2, NOW + SECOND, "duty")
    assert (await lines(api_conn, press))[-2:] == ["declined", "no_dispatch_left"]
    detail = await incidents.detail_rows(api_conn, press)
    assert detail.trail[-2].data["note"] == "太远"


async def test_declined_while_another_is_on_his_way(conn: Connection, press: UUID, accounts: People) -> None:
    one, two = await send(conn, press, "r-1", accounts["duty"]), await send(conn, press, "r-3", accounts["duty"])
    await go(conn, two, accounts["duty"], E.ACCEPT)
    await go(conn, one, accounts["duty"], E.DECLINE)
    assert (await card(conn, press)).state == "dispatched"
    await go(conn, two, accounts["duty"], E.RECALL)
    assert (await card(conn, press)).state == "acknowledged"


async def test_last_one_called_back_from_a_scene_leaves_it_as_it_is(conn: Connection, press: UUID, accounts: People) -> None:
    one, two = await send(conn, press, "r-1", accounts["duty"]), await send(conn, press, "r-3", accounts["duty"])
    await go(conn, one, accounts["duty"], E.ACCEPT, E.DEPART, E.ARRIVE, E.FINISH)
    await go(conn, two, accounts["duty"], E.RECALL)
    assert (await card(conn, press)).state == "on_scene"


async def test_second_attempt_at_the_same_responder(conn: Connection, press: UUID, accounts: People) -> None:
    first = await send(conn, press, "r-1", accounts["duty"])
    await go(conn, first, accounts["duty"], E.DECLINE)
    second = await send(conn, press, "r-1", accounts["duty"])
    assert second == dispatch_id(press, "r-1", 2)
    assert [errand.attempt for errand in (await card(conn, press)).dispatches] in ([1, 2], [2, 1])


async def test_every_event_in_every_state_is_judged_by_the_table(conn: Connection, press: UUID, accounts: People) -> None:
    """The full product, with twice is once: an event that has had its effect changes nothing."""
    made = await send(conn, press, "r-1", accounts["duty"])
    await conn.commit()
    for state, event in product(DispatchState, E):
        await conn.execute("UPDATE dispatches SET state = %s", [state.value])
        had_effect = any(after is state for (_, one), after in DISPATCH_TABLE.items() if one is event)
        if had_effect:
            assert await dispatches.act(conn, made, event, accounts["duty"], NOW) == (press, 3)
        elif (state, event) not in DISPATCH_TABLE:
            with pytest.raises(NotAllowed):
                await dispatches.act(conn, made, event, accounts["duty"], NOW)
        else:
            assert await dispatches.act(conn, made, event, accounts["duty"], NOW) == (press, 4)
            assert (await card(conn, press)).dispatches[0].state == DISPATCH_TABLE[state, event]
        await conn.rollback()


async def test_accepting_and_timing_out_at_once(database: Database, press: UUID, accounts: People) -> None:
    """Whoever holds the incident first decides; the other is told."""
    async with await connect(database.dsn("vigil_api")) as conn:
        made = await send(conn, press, "r-1", accounts["duty"])
        await conn.commit()

    async def attempt(role: Any, event: DispatchEvent, actor: Actor) -> bool:
        async with await connect(database.dsn(role)) as conn:
            try:
                async with conn.transaction():
                    await dispatches.act(conn, made, event, actor, DEADLINE)
            except NotAllowed:
                return False
            return True

    outcome = await asyncio.gather(attempt("vigil_worker", E.TIME_OUT, SYSTEM), attempt("vigil_api", E.ACCEPT, accounts["resp-1"]))
    assert sorted(outcome) == [False, True]
    async with await connect(database.dsn("vigil_api")) as conn:
        found = await card(conn, press)
        assert (found.state, found.dispatches[0].state) in {("acknowledged", "timed_out"), ("dispatched", "accepted")}


async def test_responder_acts_on_his_own_errand_only(api_conn: Connection, press: UUID, accounts: People) -> None:
    made = await send(api_conn, press, "r-1", accounts["duty"])
    with pytest.raises(OutOfScope):
        await dispatches.act(api_conn, made, E.ACCEPT, accounts["resp-3"], NOW)
    nobody = Actor("resp-0", None, "responder", "tst")
    with pytest.raises(OutOfScope):
        await dispatches.act(api_conn, made, E.ACCEPT, nobody, NOW)
    await dispatches.act(api_conn, made, E.ACCEPT, accounts["resp-1"], NOW)


async def test_responder_acts_on_his_own_errand_in_another_area(api_conn: Connection, press: UUID, accounts: People) -> None:
    made = await send(api_conn, press, "r-3", accounts["duty"])
    await dispatches.act(api_conn, made, E.ACCEPT, accounts["resp-3"], NOW)
    assert (await card(api_conn, press)).dispatches[0].state == "accepted"


async def test_desk_acts_on_errands_of_its_scope_only(api_conn: Connection, press: UUID, accounts: People) -> None:
    made = await send(api_conn, press, "r-1", accounts["duty"])
    with pytest.raises(OutOfScope):
        await dispatches.act(api_conn, made, E.RECALL, accounts["duty-inst"], NOW)
    with pytest.raises(NotFound):
        await dispatches.act(api_conn, UUID(int=1), E.RECALL, accounts["duty"], NOW)


async def test_clocks(worker_conn: Connection, conn: Connection, new_alarm: Make, press: UUID, accounts: People) -> None:
    waiting = await alarms.raise_alarm(conn, new_alarm("sos-2"), NOW)
    await incidents.escalate(conn, waiting.incident_id, 1, NOW + timedelta(minutes=1))
    made = await send(conn, press, "r-1", accounts["duty"])
    await conn.commit()
    standing, offered = await dispatches.clocks(worker_conn)
    assert {one.incident: one for one in standing} == {
        press: IncidentClock(press, IncidentState.DISPATCHED, NOW, 0, None),
        waiting.incident_id: IncidentClock(waiting.incident_id, IncidentState.OPEN, NOW, 1, NOW + timedelta(minutes=1)),
    }
    assert offered == [DispatchClock(made, DispatchState.OFFERED, DEADLINE, press)]
    await go(conn, made, accounts["duty"], E.ACCEPT)
    await conn.commit()
    [accepted] = (await dispatches.clocks(worker_conn))[1]
    assert (accepted.state, accepted.incident, accepted.accepted_at) == (DispatchState.ACCEPTED, press, NOW)
    await go(conn, made, accounts["duty"], E.DEPART)
    await conn.commit()
    assert (await dispatches.clocks(worker_conn))[1] == []


async def test_candidates(worker_conn: Connection, accounts: People) -> None:
    rows = {row.code: row for row in await dispatches.candidates(worker_conn, None)}
    assert sorted(rows) == ["r-1", "r-2", "r-3", "r-4"]
    one = rows["r-2"]
    assert (one.kind, one.skills, one.vehicle) == ("property", ["keys", "gas_shutoff", "fire"], "foot")
    assert (one.station, one.area) == ("day-1", "tst001")
    assert (one.station_lon, one.station_lat, one.lon, one.position_at, one.busy) == (117.03, 39.02, None, None, False)
    assert one.shifts == (Shift(time(8), time(20), (0, 1, 2, 3, 4)),)
    assert [row.code for row in await dispatches.candidates(worker_conn, "tst002")] == ["r-3", "r-4"]
    assert await dispatches.candidates(worker_conn, "") == []


async def test_position_never_moves_back(api_conn: Connection, conn: Connection, accounts: People) -> None:
    await conn.execute("LISTEN vigil_responder")
    await conn.commit()
    await dispatches.set_position(api_conn, "r-1", 117.2, 39.2, NOW)
    await dispatches.set_position(api_conn, "r-1", 117.1, 39.1, NOW - SECOND)
    await api_conn.commit()
    found = await dispatches.responder(api_conn, "r-1")
    assert (found.lon, found.lat, found.position_at) == (117.2, 39.2, NOW)
    assert [notice.payload async for notice in conn.notifies(timeout=0.2)] == ["r-1"]
    with pytest.raises(NotFound):
        await dispatches.set_position(api_conn, "r-0", 117.0, 39.0, NOW)
    with pytest.raises(NotFound):
        await dispatches.responder(api_conn, "r-0")


async def test_own_errands(api_conn: Connection, press: UUID, accounts: People) -> None:
    made = await send(api_conn, press, "r-1", accounts["duty"])
    assert [errand.id for errand in await dispatches.for_responder(api_conn, "r-1")] == [made]
    assert await dispatches.for_responder(api_conn, "r-3") == []


async def test_whom_a_desk_may_send_is_in_the_statement(conn: Connection, new_alarm: Make, accounts: People) -> None:
    incident = await acknowledged(conn, new_alarm("sos-9"), accounts["duty-inst"])
    with pytest.raises(NotFound):
        await send(conn, incident, "r-1", accounts["duty-inst"])
    await send(conn, incident, "r-3", accounts["duty-inst"])
    await send(conn, incident, "r-1", accounts["duty"])
    serving = {
        desk: {row.code for row in await dispatches.serving(conn, desk)}
        for desk in ("", "site:", "site:inst-1", "site:day-1", "tst001")
    }
    everyone = {"r-1", "r-2", "r-3", "r-4"}
    assert serving == {"": set(), "site:": set(), "site:inst-1": {"r-3", "r-4"}, "site:day-1": {"r-1", "r-2"}, "tst001": everyone}
    assert set(await dispatches.phones(conn, incident, "site:inst-1")) == {"r-1", "r-3"}
