"""What runs behind the api goes on whatever fails, and says so meanwhile; what is asked keeps nobody from acting."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from api.database import Database
from api.downlink import Downlink
from api.feeds import Feed
from api.hub import Hub
from api.reads import AT_ONCE, MAY_WAIT, PERSON_AT_ONCE, PERSON_MAY_WAIT, Reads, TooManyReads
from api.register import Register
from api.unending import Ongoing, unending
from broker.deliveries import Arrived
from devices.keys import Key, milliseconds
from store.connect import Connection, connect
from store.server import Database as Server

pytestmark = pytest.mark.integration

LONG_S = 20.0


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.unending.FIRST_WAIT_S", 0.1)
    monkeypatch.setattr("api.unending.LONGEST_WAIT_S", 0.2)


@pytest.fixture
async def owner(database: Server) -> AsyncIterator[Connection]:
    """Who gives and takes rights."""
    async with await connect(database.dsn("vigil_owner"), autocommit=True) as conn:
        yield conn


@contextlib.asynccontextmanager
async def forbidden(owner: Connection, table: str) -> AsyncIterator[None]:
    """Within it the api may not read this table: an error that no part of it expects."""
    await owner.execute(f"REVOKE SELECT ON {table} FROM vigil_api".encode())
    try:
        yield
    finally:
        await owner.execute(f"GRANT SELECT ON {table} TO vigil_api".encode())


async def test_a_board_that_cannot_be_read_says_so_and_misses_nothing(
    api: Any, field_of: Any, owner: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    browser = await api.login("duty-1")
    console = await api.console(browser)
    async with forbidden(owner, "cards"):
        first = await field_of.press("sos-1")
        await console.until(lambda c: c.health["failing"] == ["board"], LONG_S)
        health = (await browser.get("/api/health")).json()
        assert (health["failing"], health["database"]) == (["board"], True)
        second = await field_of.press("wear-1", "fall")
        assert console.incidents == {}
    await console.until(lambda c: {str(first), str(second)} <= c.incidents.keys(), LONG_S)
    await console.until(lambda c: c.health["failing"] == [], LONG_S)
    async with forbidden(owner, "seniors"):  # of the register, which is read with the board
        third = await field_of.press("sos-2")
        await owner.execute("NOTIFY vigil_register, ''")
        await console.until(lambda c: c.health["failing"] == ["board"] and str(third) in c.incidents, LONG_S)
    await owner.execute("NOTIFY vigil_incident, 'nonsense'")
    await console.until(lambda c: "notices: failed" in caplog.text, LONG_S)
    await console.until(lambda c: c.health["failing"] == [], LONG_S)
    assert console.gaps == 0


class Line:
    """What would carry orders to sirens; there are none."""

    async def publish(self, topic: str, payload: bytes, qos: int = 1, retain: bool = False, timeout: float = 5.0) -> None:
        raise AssertionError(topic)


async def test_sirens_are_looked_after_again_once_that_is_possible(database: Server, owner: Connection) -> None:
    told: list[bool] = []
    stop, changed = asyncio.Event(), asyncio.Event()

    def tell(failing: bool) -> None:
        told.append(failing)
        changed.set()

    async with Database(database.dsn("vigil_api"), 1, lambda up: None) as reached:
        assert await reached.reached(10)
        async with forbidden(owner, "commands"):
            task = asyncio.create_task(unending(Ongoing("sirens", tell), Downlink(reached, Line(), asyncio.Event()).run, stop))
            await asyncio.wait_for(changed.wait(), 10)
            changed.clear()
        await asyncio.wait_for(changed.wait(), 10)
        task.cancel()
        await asyncio.wait({task})
    assert told == [True, False]


@pytest.mark.parametrize(("current", "shown"), [(True, 0), (False, 1)])
async def test_a_press_that_is_stored_is_shown_all_the_same_while_the_board_is_not_current(
    database: Server, field_of: Any, current: bool, shown: int
) -> None:
    key = Key("sos-1", "b1", 1, milliseconds(datetime.now(UTC)))
    await field_of.stored(key, "sos")
    hub, register = Hub("test", datetime.now(UTC)), Register()
    async with Database(database.dsn("vigil_api"), 1, lambda up: None) as reached:
        assert await reached.reached(10)
        await reached.run(register.load)
        feed = Feed(hub, register, reached)
        payload = f'{{"t":{key.t},"b":"b1","n":1,"e":"sos"}}'.encode()
        hub.failing_is(datetime.now(UTC), "board", not current)
        heard_at = datetime.now(UTC) - timedelta(seconds=2)
        feed.hear(Arrived("care/v1/tst001/home-1/sos-1/event", payload, False, False, 0, 0, 0, heard_at))
        assert feed.presses.due(datetime.now(UTC))
        task = asyncio.create_task(feed.watch(Ongoing("presses")))
        async with asyncio.timeout(10):
            while feed.presses.due(datetime.now(UTC)):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.wait({task})
    assert hub.unstored == shown


async def waiting_for_locks(conn: Connection, most: int) -> None:
    statement = "SELECT count(*) >= %s FROM pg_locks WHERE NOT granted AND relation = 'device_health'::regclass"
    async with asyncio.timeout(LONG_S):
        while (await (await conn.execute(statement, (most,))).fetchone()) != (True,):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_whoever_asks_too_much_is_told_so_and_keeps_nobody_from_acting(api: Any, field_of: Any, owner: Connection) -> None:
    incident = await field_of.press("sos-1")
    greedy, other, duty = [await api.login(login) for login in ("duty", "admin", "duty-1")]
    console = await api.console(duty)
    await console.until(lambda c: str(incident) in c.incidents)
    async with owner.transaction():
        await owner.execute("LOCK TABLE device_health IN ACCESS EXCLUSIVE MODE")
        asked = [asyncio.create_task(greedy.get("/api/devices")) for _ in range(AT_ONCE + MAY_WAIT + 4)]
        async with asyncio.timeout(LONG_S):
            while sum(one.done() for one in asked) < 4:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        read = await duty.get(f"/api/incidents/{incident}")
        refused: list[httpx.Response] = [one.result() for one in asked if one.done()]
        asked += [asyncio.create_task(other.get("/api/devices")) for _ in range(AT_ONCE)]
        await waiting_for_locks(owner, 2 * AT_ONCE)  # all that there is for questions
        taken = await duty.post(f"/api/incidents/{incident}/acknowledge", json={})
        second = await field_of.press("wear-1", "fall")
        await console.until(lambda c: str(second) in c.incidents)
    assert (taken.status_code, taken.json()["card"]["state"], read.status_code) == (200, "acknowledged", 200)
    assert {(one.status_code, one.json()["error"], one.headers["retry-after"]) for one in refused} == {(429, "too_many_reads", "1")}
    codes = [answer.status_code for answer in await asyncio.gather(*asked)]
    assert codes.count(429) == 4, "those that fit wait for their turn"
    assert set(codes) <= {200, 429, 503}, "503 where the table was locked for longer than a question may take"
    assert (await greedy.get("/api/devices")).status_code == 200


async def test_a_person_with_many_sessions_leaves_a_connection_to_others_and_his_own_screens_all_go_on(database: Server) -> None:
    at_work, most, go = 0, 0, asyncio.Event()

    async def slow(conn: Connection) -> int:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        await go.wait()
        at_work -= 1
        return 0

    async def quick(conn: Connection) -> int:
        return 1

    async with Database(database.dsn("vigil_api"), 1, lambda up: None) as reached, asyncio.timeout(LONG_S):
        assert await reached.reached(10)
        reads, screens = Reads(reached), (PERSON_AT_ONCE + PERSON_MAY_WAIT) // (AT_ONCE + MAY_WAIT)
        asked = [
            asyncio.create_task(reads.run(b"screen %d" % screen, 7, slow))
            for screen in range(screens)
            for _ in range(AT_ONCE + MAY_WAIT)
        ]
        while at_work < PERSON_AT_ONCE:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        assert await reads.run(b"somebody else", 8, quick) == 1
        with pytest.raises(TooManyReads, match="of this account: expected at most"):
            await reads.run(b"one screen more", 7, quick)
        go.set()
        assert set(await asyncio.gather(*asked)) == {0}, "nobody was refused"
        assert most == PERSON_AT_ONCE
        assert await reads.run(b"one screen more", 7, quick) == 1
