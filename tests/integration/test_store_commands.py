"""Commands to sirens in the database: of each siren only the newest is sent, about any incident; silence is always possible."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from api.database import Database as Reached
from api.downlink import Downlink
from api.unending import Ongoing, unending
from devices.commands import decode
from dispatch.incident import IncidentEvent, NotAllowed
from dispatch.playbook import PersonNeeded
from dispatch.siren import SOUNDS, WORTH, Act
from store import alarms, commands, incidents
from store.commands import SirenInUse
from store.connect import Connection, connect
from store.new_alarm import NewAlarm
from store.server import Database
from store.trail import SYSTEM, Actor

pytestmark = pytest.mark.integration

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ON, OFF = Act.ON, Act.OFF
Make = Callable[..., NewAlarm]
WAITS = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"


@pytest.fixture
async def fire(conn: Connection, new_alarm: Make) -> UUID:
    """Smoke in inst-1."""
    raised = await alarms.raise_alarm(conn, new_alarm("smoke-9", "smoke"), NOW)
    await conn.commit()
    return raised.incident_id


@pytest.fixture
async def gas(conn: Connection, new_alarm: Make) -> UUID:
    """Gas in inst-1: another incident of the same building, with the same siren."""
    raised = await alarms.raise_alarm(conn, new_alarm("gas-9", "gas"), NOW)
    await conn.commit()
    return raised.incident_id


@pytest.fixture
def duty(accounts: dict[str, Actor]) -> Actor:
    return accounts["duty"]


async def order(
    conn: Connection, incident: UUID, act: Act, duty: Actor, at: datetime, siren: str = "siren-9", *, confirm: bool = False
) -> UUID:
    found = await commands.order(conn, incident, siren, act, duty, at, confirm=confirm)
    await conn.commit()
    return found


async def obeyed(conn: Connection, command: UUID, at: datetime) -> None:
    await conn.execute("UPDATE commands SET answered_at = %s, done = 'siren' WHERE command_id = %s", [at, command])
    await conn.commit()


async def waiting(conn: Connection, at: datetime) -> list[UUID]:
    return [one.id for one in await commands.pending(conn, at)]


@pytest.mark.parametrize("answered", [True, False])
async def test_told_to_be_silent_an_older_order_that_nobody_answered_is_not_sent_again(
    api_conn: Connection, fire: UUID, duty: Actor, answered: bool
) -> None:
    on = await order(api_conn, fire, ON, duty, NOW)
    assert await waiting(api_conn, NOW) == [on]
    [sent] = await commands.pending(api_conn, NOW)
    off = await order(api_conn, fire, OFF, duty, NOW + SECOND)
    if answered:
        await obeyed(api_conn, off, NOW + 2 * SECOND)
    assert await waiting(api_conn, NOW + 2 * SECOND) == ([] if answered else [off])
    assert not await commands.sending(api_conn, sent, NOW + 2 * SECOND), "nor by whoever has read it before"


async def test_what_another_incident_silenced_sounds_when_it_is_pressed_again(
    api_conn: Connection, fire: UUID, gas: UUID, duty: Actor
) -> None:
    on = await order(api_conn, fire, ON, duty, NOW)
    await obeyed(api_conn, on, NOW + SECOND)
    assert await order(api_conn, fire, ON, duty, NOW + 2 * SECOND) == on, "it sounds already"
    off = await order(api_conn, gas, OFF, duty, NOW + 3 * SECOND, confirm=True)
    assert await waiting(api_conn, NOW + 3 * SECOND) == [off], "about whichever incident"
    await obeyed(api_conn, off, NOW + 4 * SECOND)
    again = await order(api_conn, fire, ON, duty, NOW + 5 * SECOND)
    assert again != on
    assert await waiting(api_conn, NOW + 5 * SECOND) == [again]
    also = await order(api_conn, gas, ON, duty, NOW + 6 * SECOND)
    assert also not in (on, again), "the trail of each incident says who pressed"
    assert await order(api_conn, gas, ON, duty, NOW + 7 * SECOND) == also


async def test_what_a_siren_does_is_the_same_in_every_incident_until_it_has_fallen_silent(
    api_conn: Connection, fire: UUID, gas: UUID, duty: Actor
) -> None:
    on = await order(api_conn, fire, ON, duty, NOW)
    for incident, after, seen in ((fire, SOUNDS, [on]), (gas, SOUNDS - SECOND, [on]), (gas, SOUNDS, [])):
        told = await commands.told(api_conn, incident, "inst-1", NOW + after)
        assert [(row.id, row.incident) for row in told] == [(one, fire) for one in seen], (incident, after)
    assert await commands.told(api_conn, fire, "home-1", NOW) == []


async def test_when_it_is_over_a_siren_is_silenced_and_not_sounded(api_conn: Connection, fire: UUID, duty: Actor) -> None:
    await order(api_conn, fire, ON, duty, NOW)
    for event, cause in ((IncidentEvent.ACKNOWLEDGE, None), (IncidentEvent.RESOLVE, None), (IncidentEvent.CLOSE, "cooking_steam")):
        await incidents.act(api_conn, fire, event, duty, NOW, cause=cause)
    off = await order(api_conn, fire, OFF, duty, NOW + SECOND)
    assert await waiting(api_conn, NOW + SECOND) == [off]
    with pytest.raises(NotAllowed):
        await commands.order(api_conn, fire, "siren-9", ON, duty, NOW + 2 * SECOND)
    rows = await incidents.detail_rows(api_conn, fire)
    assert (rows.card.state, rows.trail[-1].kind, rows.trail[-1].actor) == ("closed", "siren_off", "duty")


async def test_no_machine_tells_a_siren_anything(api_conn: Connection, fire: UUID) -> None:
    for act in Act:
        with pytest.raises(PersonNeeded):
            await commands.order(api_conn, fire, "siren-9", act, SYSTEM, NOW)
    assert await waiting(api_conn, NOW) == []


async def test_on_a_clock_that_was_set_back_what_is_told_last_is_the_newest(api_conn: Connection, fire: UUID, duty: Actor) -> None:
    await order(api_conn, fire, ON, duty, NOW)
    off = await order(api_conn, fire, OFF, duty, NOW - WORTH)
    [newest] = await commands.pending(api_conn, NOW)
    assert newest.id == off and newest.at > NOW


async def lines(conn: Connection, incident: UUID) -> list[tuple[str, str]]:
    trail = (await incidents.detail_rows(conn, incident)).trail
    return [(line.kind, line.actor) for line in trail if line.kind.startswith("siren_")]


async def test_whose_siren_is_silenced_elsewhere_is_asked_about_and_told(
    api_conn: Connection, fire: UUID, gas: UUID, duty: Actor, accounts: dict[str, Actor]
) -> None:
    await order(api_conn, fire, ON, duty, NOW)
    before = await incidents.lock(api_conn, fire)
    for event, cause in ((IncidentEvent.ACKNOWLEDGE, None), (IncidentEvent.RESOLVE, None), (IncidentEvent.CLOSE, "real_gas")):
        await incidents.act(api_conn, gas, event, duty, NOW, cause=cause)
    await api_conn.commit()
    with pytest.raises(SirenInUse, match=f"{fire}"):
        await commands.order(api_conn, gas, "siren-9", OFF, accounts["admin"], NOW + SECOND)
    await api_conn.rollback()
    off = await order(api_conn, gas, OFF, accounts["admin"], NOW + SECOND, confirm=True)
    assert await lines(api_conn, fire) == [("siren_on", "duty"), ("siren_off_elsewhere", "admin")]
    [*_, told] = (await incidents.detail_rows(api_conn, fire)).trail
    assert told.at == NOW + SECOND
    assert told.data == {"device": "siren-9", "command": str(off), "incident": str(gas), "kind": "gas"}
    after = await incidents.lock(api_conn, fire)
    assert (after.version, after.alike_from <= before.version) == (before.version + 1, True), "consoles read it; no act is stale"
    assert await order(api_conn, gas, OFF, accounts["admin"], NOW + 2 * SECOND) == off, "it sounds for nobody any more"
    [waits] = await commands.pending(api_conn, NOW + 2 * SECOND)
    assert await commands.unanswered(api_conn, waits, NOW + 20 * SECOND)
    answer = commands.AnswerRow(off, gas, "siren-9", "siren_off", "siren", NOW + 21 * SECOND)
    assert await commands.answered(api_conn, answer, NOW + 22 * SECOND)
    came = [("siren_silent", "system"), ("siren_off_answered", "device:siren-9")]
    assert (await lines(api_conn, fire))[2:] == (await lines(api_conn, gas))[1:] == came


async def test_what_sounds_for_two_is_silenced_for_both_and_who_is_over_is_told_nothing(
    api_conn: Connection, fire: UUID, gas: UUID, duty: Actor
) -> None:
    await order(api_conn, fire, ON, duty, NOW)
    await order(api_conn, gas, ON, duty, NOW + SECOND)
    assert [kind for kind, _ in await lines(api_conn, fire)] == ["siren_on", "siren_on_elsewhere"]
    with pytest.raises(SirenInUse):
        await commands.order(api_conn, gas, "siren-9", OFF, duty, NOW + 2 * SECOND)
    await api_conn.rollback()
    for event, cause in ((IncidentEvent.ACKNOWLEDGE, None), (IncidentEvent.RESOLVE, None), (IncidentEvent.CLOSE, "cooking_steam")):
        await incidents.act(api_conn, fire, event, duty, NOW, cause=cause)
    await order(api_conn, gas, OFF, duty, NOW + 2 * SECOND)
    assert len(await lines(api_conn, fire)) == 2
    assert [kind for kind, _ in await lines(api_conn, gas)] == ["siren_on", "siren_off"]


async def test_two_incidents_that_order_each_others_sirens_at_once_do_not_wait_for_each_other(
    database: Database, conn: Connection, fire: UUID, gas: UUID, duty: Actor
) -> None:
    for number, incident in enumerate((fire, gas)):
        await order(conn, incident, ON, duty, NOW + number * SECOND)

    async def press(incident: UUID, act: Act) -> None:
        async with await connect(database.dsn("vigil_api"), application="press") as own:
            await order(own, incident, act, duty, NOW + 3 * SECOND, confirm=True)

    await asyncio.gather(*(press(incident, act) for incident in (fire, gas) * 3 for act in (ON, OFF)))
    for incident in (fire, gas):
        kinds = [kind for kind, _ in await lines(conn, incident)]
        assert kinds[0] == "siren_on" and any(kind.endswith("_elsewhere") for kind in kinds)


class Line:
    """A line to the broker that keeps what it carries; `while_carrying` happens while the first message is on its way."""

    def __init__(self, while_carrying: Callable[[], Awaitable[None]]) -> None:
        self.carried: list[tuple[str, float]] = []
        self.topics: list[str] = []
        self._happens: Callable[[], Awaitable[None]] | None = while_carrying

    async def publish(self, topic: str, payload: bytes, qos: int = 1, retain: bool = False, timeout: float = 5.0) -> None:
        happens, self._happens = self._happens, None
        if happens is not None:
            await happens()
        self.topics.append(topic)
        self.carried.append((topic.split("/")[-2], decode(payload).v["on"]))


async def test_while_an_order_is_on_its_way_the_next_one_to_that_siren_waits_and_leaves_after_it(
    database: Database, api_conn: Connection, conn: Connection, fire: UUID, duty: Actor
) -> None:
    await order(api_conn, fire, ON, duty, datetime.now(UTC))
    pressed: list[asyncio.Task[UUID]] = []

    async def press() -> None:
        pressed.append(asyncio.ensure_future(order(api_conn, fire, OFF, duty, datetime.now(UTC))))
        async with asyncio.timeout(20):
            while await (await conn.execute(WAITS)).fetchall() != [(1,)]:
                assert not pressed[0].done(), "another process would have sent it before"
                await conn.rollback()
                await asyncio.sleep(0.01)

    line = Line(press)
    async with Reached(database.dsn("vigil_api"), 2, lambda up: None) as reached:
        assert await reached.reached(10)
        downlink = Downlink(reached, line, asyncio.Event())
        await downlink.turn()
        await pressed[0]
        await downlink.turn()
    assert line.carried == [("siren-9", 1.0), ("siren-9", 0.0)]


async def test_what_is_overtaken_while_another_siren_is_told_is_not_sent(
    database: Database, conn: Connection, fire: UUID, duty: Actor
) -> None:
    await conn.execute("UPDATE devices SET profile = 'siren' WHERE code = 'heat-9'")
    for siren in ("heat-9", "siren-9"):
        await order(conn, fire, ON, duty, datetime.now(UTC), siren)

    async def press() -> None:
        async with await connect(database.dsn("vigil_api")) as own:
            await order(own, fire, OFF, duty, datetime.now(UTC))

    line = Line(press)
    async with Reached(database.dsn("vigil_api"), 2, lambda up: None) as reached:
        assert await reached.reached(10)
        await Downlink(reached, line, asyncio.Event()).turn()
        assert line.carried == [("heat-9", 1.0)]
        await Downlink(reached, line, asyncio.Event()).turn()
    assert ("siren-9", 0.0) in line.carried and ("siren-9", 1.0) not in line.carried


async def test_an_order_or_answer_that_fails_every_time_keeps_no_other_waiting_and_is_shown_until_it_is_done(
    database: Database, conn: Connection, fire: UUID, duty: Actor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As they were ordered: one that no device would take, one whose answer cannot be written, and two good ones."""
    monkeypatch.setattr("dispatch.retry.FIRST_PAUSE", SECOND / 50)
    places = ["heat-9", "gas-9", "smoke-9", "siren-9"]
    await conn.execute("UPDATE devices SET profile = 'siren' WHERE code = ANY (%s)", [places])
    given = datetime.now(UTC) - 10 * SECOND
    heat, gas, smoke, _ = [await order(conn, fire, ON, duty, given, siren) for siren in places]
    await conn.execute("UPDATE commands SET expires_at = at + interval '6 minutes' WHERE command_id = %s", [heat])
    for answer in (gas, smoke):
        await conn.execute(
            "INSERT INTO acks SELECT device_id, 'b1', 1, 1, command_id, 'siren', at, at FROM commands WHERE command_id = %s",
            [answer],
        )
    await conn.execute(f"ALTER TABLE commands ADD CONSTRAINT jammed CHECK (command_id <> '{gas}' OR answered_at IS NULL)".encode())
    await conn.commit()
    told, stop, changed = list[bool](), asyncio.Event(), asyncio.Event()

    def tell(failing: bool) -> None:
        told.append(failing)
        changed.set()

    async def nothing() -> None:
        pass

    line = Line(nothing)
    async with Reached(database.dsn("vigil_api"), 2, lambda up: None) as reached:
        assert await reached.reached(10)
        task = asyncio.create_task(unending(Ongoing("sirens", tell), Downlink(reached, line, asyncio.Event()).run, stop))
        await asyncio.wait_for(changed.wait(), 10)
        changed.clear()
        assert line.carried == [("siren-9", 1.0)]
        system, silent = "system", "siren_silent"
        later = [("siren_on_answered", "device:smoke-9"), (silent, system), (silent, system)]
        assert (await lines(conn, fire))[4:] == later
        await conn.execute("ALTER TABLE commands DROP CONSTRAINT jammed")
        await conn.execute("UPDATE commands SET expires_at = at + interval '1 minute' WHERE command_id = %s", [heat])
        await conn.commit()
        await asyncio.wait_for(changed.wait(), 10)
        task.cancel()
        await asyncio.wait({task})
    assert told == [True, False], "once each, not at every look"
    assert ("heat-9", 1.0) in line.carried
    assert (await lines(conn, fire))[7:] == [("siren_on_answered", "device:gas-9")]
    written = caplog.text
    assert f"could not send {heat}" in written and f"could not write the answer of {gas}" in written


async def move(conn: Connection, siren: str, site: str) -> None:
    await conn.execute(
        "UPDATE devices SET (site_id, area) = (SELECT site_id, area FROM sites WHERE code = %s) WHERE code = %s", [site, siren]
    )
    await conn.commit()


async def looked(database: Database, turns: int = 1) -> Line:
    """What goes out in so many looks."""

    async def nothing() -> None:
        pass

    line = Line(nothing)
    async with Reached(database.dsn("vigil_api"), 2, lambda up: None) as reached:
        assert await reached.reached(10)
        downlink = Downlink(reached, line, asyncio.Event())
        for _ in range(turns):
            await downlink.turn()
    return line


async def test_a_siren_that_hangs_at_another_site_now_is_not_told_to_sound_and_that_is_said_once(
    database: Database, api_conn: Connection, conn: Connection, fire: UUID, gas: UUID, duty: Actor, caplog: pytest.LogCaptureFixture
) -> None:
    await order(conn, gas, ON, duty, datetime.now(UTC) - SECOND)
    await order(conn, fire, ON, duty, datetime.now(UTC))
    [read_before] = await commands.pending(api_conn, datetime.now(UTC))
    await api_conn.commit()
    await move(conn, "siren-9", "home-1")
    assert not await commands.sending(api_conn, read_before, datetime.now(UTC)), "nor by whoever has read it before"
    await api_conn.commit()
    assert (await looked(database, 3)).carried == []
    assert await lines(conn, fire) == [("siren_on", "duty"), ("siren_moved", "system")]
    assert (await lines(conn, gas))[1:] == [("siren_on_elsewhere", "duty"), ("siren_moved", "system")]
    await move(conn, "siren-9", "inst-1")
    assert "could not" not in caplog.text
    assert (await looked(database)).carried == [("siren-9", 1.0)], "back within its half minute, it is where it should sound"


async def test_silent_a_siren_is_told_to_be_wherever_it_hangs_and_what_comes_of_it_is_written(
    database: Database, conn: Connection, fire: UUID, duty: Actor, caplog: pytest.LogCaptureFixture
) -> None:
    on = await order(conn, fire, ON, duty, datetime.now(UTC) - 20 * SECOND)
    await obeyed(conn, on, datetime.now(UTC) - 19 * SECOND)
    off = await order(conn, fire, OFF, duty, datetime.now(UTC) - 10 * SECOND)
    await move(conn, "siren-9", "home-1")
    assert [topic.split("/")[3] for topic in (await looked(database)).topics] == ["home-1"]
    await conn.execute(
        "INSERT INTO acks SELECT device_id, 'b1', 1, 1, command_id, 'siren', at, at FROM commands WHERE command_id = %s", [off]
    )
    await conn.commit()
    assert (await looked(database)).carried == []
    assert "could not" not in caplog.text
    assert (await lines(conn, fire))[2:] == [("siren_silent", "system"), ("siren_off_answered", "device:siren-9")]


async def test_another_house_is_told_nothing_of_a_siren_that_was_taken_there(
    conn: Connection, new_alarm: Make, fire: UUID, duty: Actor
) -> None:
    await order(conn, fire, ON, duty, NOW)
    await move(conn, "siren-9", "home-1")
    there = (await alarms.raise_alarm(conn, new_alarm("sos-1", "sos"), NOW)).incident_id
    await order(conn, there, ON, duty, NOW + SECOND)
    assert await lines(conn, fire) == [("siren_on", "duty")]
    await order(conn, there, OFF, duty, NOW + 2 * SECOND)
    assert [kind for kind, _ in await lines(conn, there)] == ["siren_on", "siren_off"], "and asked about nobody else"
