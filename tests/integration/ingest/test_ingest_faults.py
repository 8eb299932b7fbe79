"""Whatever dies and whenever: what was PUBACKed to its publisher is stored exactly once, and every alarm exists exactly once."""

import asyncio
import contextlib
import functools
import random
import signal
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest

from broker.server import EmbeddedBroker, free_ports
from care.district import District
from devices.keys import milliseconds
from ingest.events import run_events
from ingest.telemetry import run_telemetry
from store import migrate
from store.connect import connect
from store.server import EmbeddedDatabase

pytestmark = pytest.mark.integration

POINTS = [f"ingest.{point}:{number}" for point in ("before_commit", "after_commit") for number in (1, 3)]
AT_ONCE = 20
PRESS_EVERY = 20
BURNING = {"smoke-1": {"smoke_obscuration": 60.0}, "smoke-9": {"smoke_obscuration": 60.0}, "gas-9": {"gas": 50.0}}
BURNT = [("gas-9", "gas"), ("smoke-1", "smoke"), ("smoke-9", "smoke")]
_STARTED = milliseconds(datetime.now(UTC) - timedelta(minutes=30))
PRESSERS = ("sos-1", "sos-2")


def _burning(values: dict[str, float], number: int) -> dict[str, Any]:
    """At ten a second of the device's own clock, so that it is a backlog and not a flood."""
    return {"t": _STARTED + 100 * number, "v": values if number > 200 else {"temperature": 20.0}}


class Load:
    """Devices that go on publishing as fast as they are PUBACKed, until told; `acknowledged` counts by device."""

    def __init__(self, place: Any) -> None:
        self._place = place
        self._enough = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self.acknowledged: dict[str, int] = {}

    def press(self) -> "Load":
        self._tasks += [
            asyncio.create_task(self._publish(code, "event", lambda n: {"e": "test" if n % PRESS_EVERY else "sos"}))
            for code in PRESSERS
        ]
        return self

    def burn(self) -> "Load":
        """Calm at first, then above the threshold for good."""
        for code, values in BURNING.items():
            said = functools.partial(_burning, values)
            self._tasks.append(asyncio.create_task(self._publish(code, "telemetry", said)))
        return self

    async def __aenter__(self) -> "Load":
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def ends(self, after_s: float) -> None:
        await asyncio.sleep(after_s)
        self._enough.set()
        await asyncio.gather(*self._tasks)

    async def _publish(self, code: str, channel: str, said: Callable[[int], dict[str, Any]]) -> None:
        device = await self._place.device(code)
        self.acknowledged[code] = 0
        while not self._enough.is_set():
            sent = self.acknowledged[code]
            some = [{**self._place.message(), **said(sent + more)} for more in range(AT_ONCE)]
            await asyncio.gather(*[device.say(channel, message) for message in some])
            self.acknowledged[code] += AT_ONCE
            await asyncio.sleep(0.02)

    async def stored_once(self) -> None:
        """Every message is one row, every press one ring of the one incident of its senior, every condition one alarm."""
        rows = "SELECT code, count(*) FROM {} JOIN devices USING (device_id) GROUP BY code ORDER BY code"
        for table, codes in (("events", PRESSERS), ("readings", sorted(BURNING))):
            expected = [(code, self.acknowledged[code]) for code in codes if code in self.acknowledged]
            await self._place.until(rows.format(table), expected, seconds=60)
        alarms = await self._place.rows("SELECT source, kind FROM alarms ORDER BY source")
        burnt = [pair for pair in BURNT if pair[0] in self.acknowledged]
        presses = [(code, "sos") for code in PRESSERS if code in self.acknowledged]
        assert [one for one in alarms if one[0] in self.acknowledged] == [*burnt, *presses]
        assert len(alarms) == len(set(alarms)), "what is made of it for rooms, too, exists once"
        counted = "SELECT source, (count(*) + coalesce(sum((data ->> 'folded')::int), 0))::int FROM trail"
        rings = f"{counted} JOIN alarms ON alarm_id::text = data ->> 'alarm' WHERE {{}} GROUP BY 1"
        heard = dict(await self._place.rows(rings.format("trail.kind IN ('raised', 'rang_again')")))
        heard = {code: count for code, count in heard.items() if code in self.acknowledged}
        said = {code: count // PRESS_EVERY if code in PRESSERS else 1 for code, count in self.acknowledged.items()}
        assert heard == said
        assert await self._place.rows("SELECT count(*) FROM rejected") == [(0,)]


@pytest.mark.parametrize("fault", POINTS)
async def test_event_lane_killed_around_its_commit(place: Any, fault: str) -> None:
    async with Load(place).press() as load:
        doomed = await place.spawn("events", fault)
        assert await asyncio.wait_for(doomed.wait(), 60) == -signal.SIGKILL
        await place.spawn("events")
        await load.ends(after_s=1)
        await load.stored_once()


@pytest.mark.parametrize("fault", POINTS)
async def test_telemetry_lane_killed_around_its_commit(place: Any, fault: str) -> None:
    async with Load(place).burn() as load:
        doomed = await place.spawn("telemetry", fault)
        assert await asyncio.wait_for(doomed.wait(), 60) == -signal.SIGKILL
        await place.spawn("telemetry")
        await load.ends(after_s=1)
        await load.stored_once()


async def test_both_lanes_killed_at_any_moment(place: Any) -> None:
    chance = random.Random(4)
    async with Load(place).press().burn() as load:
        for _ in range(4):
            workers = [await place.spawn("events"), await place.spawn("telemetry")]
            await asyncio.sleep(chance.uniform(0.8, 2.5))
            for worker in workers:
                worker.kill()
                await worker.wait()
        await place.spawn("events")
        await place.spawn("telemetry")
        await load.ends(after_s=1)
        await load.stored_once()


@pytest.fixture
async def own_database(server_home: Path) -> AsyncIterator[EmbeddedDatabase]:
    """A migrated database server that a test may stop or freeze."""
    async with EmbeddedDatabase(server_home / "database") as database:
        async with await connect(database.dsn("vigil_owner")) as conn:
            await migrate.apply(conn)
        yield database


@contextlib.contextmanager
def frozen(database: EmbeddedDatabase) -> Iterator[None]:
    """Within it no process of the database server runs: it accepts connections and answers nothing."""
    postmaster = psutil.Process(int((database.home / "pg" / "postmaster.pid").read_text().splitlines()[0]))
    stopped = [postmaster, *postmaster.children(recursive=True)]
    try:
        for process in stopped:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.suspend()
        yield
    finally:
        for process in stopped:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.resume()


async def test_database_away_and_back(
    own_database: EmbeddedDatabase, broker: EmbeddedBroker, furnish: Callable[..., Any], small_district: District, tmp_path: Path
) -> None:
    async with (
        furnish(broker, own_database.dsn, small_district, tmp_path) as place,
        place.running(run_events, "events"),
        place.running(run_telemetry, "telemetry"),
    ):
        press, smoke = await _before(place)
        await own_database.stop()
        await _meanwhile(place, press, smoke)
        await asyncio.sleep(3)  # long enough for the broker to hand everything over again
        await own_database.start()
        await _afterwards(place, press)


async def test_memory_is_bounded_while_the_database_is_away(
    own_database: EmbeddedDatabase, broker: EmbeddedBroker, furnish: Callable[..., Any], small_district: District, tmp_path: Path
) -> None:
    """A lane with room for twenty: the rest waits at the broker, and comes again until there is room."""
    async with (
        furnish(broker, own_database.dsn, small_district, tmp_path) as place,
        place.running(run_events, "events", most_in_flight=20),
        place.running(run_telemetry, "telemetry", most_in_flight=20),
    ):
        press, smoke = await _before(place)
        await own_database.stop()
        for _ in range(20):
            await _meanwhile(place, press, smoke, times=10)
        await own_database.start()
        both = "SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM readings)"
        await place.until(both, [(201, 201)], seconds=40)
    assert await place.rows("SELECT rings FROM incidents WHERE kind = 'sos'") == [(201,)]
    ((left,),) = await place.rows("SELECT (stats ->> 'left')::int FROM workers WHERE worker = 'events'")
    assert left >= 180


async def test_database_that_accepts_and_never_answers(
    own_database: EmbeddedDatabase, broker: EmbeddedBroker, furnish: Callable[..., Any], small_district: District, tmp_path: Path
) -> None:
    """Noticed by both lanes within seconds; what its old sessions were told before is done after it wakes, and changes nothing."""
    events, telemetry = free_ports(2)
    async with (
        furnish(broker, own_database.dsn, small_district, tmp_path) as place,
        place.running(run_events, "events", metrics_port=events),
        place.running(run_telemetry, "telemetry", metrics_port=telemetry),
    ):
        press, smoke = await _before(place)
        with frozen(own_database):
            await _meanwhile(place, press, smoke)
            for port in (events, telemetry):
                await _noticed(port, seconds=8)
        await _afterwards(place, press)


async def _noticed(port: int, seconds: float) -> None:
    async with asyncio.timeout(seconds):
        while " 0.0" in (told := await asyncio.to_thread(_away, port)):  # noqa: ASYNC110 - the worker notices in its own time
            await asyncio.sleep(0.1)
    assert told.startswith("vigil_ingest_database_away_total")


def _away(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        page = str(answer.read(), "utf-8")
    return next(line for line in page.splitlines() if line.startswith("vigil_ingest_database_away_total"))


async def _before(place: Any) -> tuple[Any, Any]:
    press, smoke = await place.device("sos-1"), await place.device("smoke-1")
    await press.say("event", place.message(e="sos"))
    await smoke.say("telemetry", place.message(v={"temperature": 20}))
    await place.until("SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM readings)", [(1, 1)])
    return press, smoke


async def _meanwhile(place: Any, press: Any, smoke: Any, times: int = 30) -> None:
    for _ in range(times):
        await press.say("event", place.message(e="sos"))
        await smoke.say("telemetry", place.message(v={"smoke_obscuration": 60.0}))


async def _afterwards(place: Any, press: Any) -> None:
    await press.say("event", place.message(e="test"))
    await place.until("SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM readings)", [(32, 31)], seconds=20)
    assert await place.rows("SELECT source, kind FROM alarms ORDER BY source") == [("smoke-1", "smoke"), ("sos-1", "sos")]
    assert await place.rows("SELECT rings FROM incidents WHERE kind = 'sos'") == [(31,)]
