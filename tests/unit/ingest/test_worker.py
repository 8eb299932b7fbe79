"""A second try where a neighbour is to blame, none elsewhere; waits that end when they should."""

import asyncio
from collections.abc import Callable

import psycopg
import pytest
from psycopg import errors

from dispatch.alarm import alarm_id
from ingest.registry import Registry
from ingest.settings import IngestSettings
from ingest.stats import Stats
from ingest.worker import Worker
from store.alarms import Contended


@pytest.fixture
def stats() -> Stats:
    return Stats("events")


@pytest.fixture
def worker(stats: Stats) -> Worker:
    settings = IngestSettings("", "127.0.0.1", 1, "", "", None, "w")
    return Worker(settings, "events", Registry(), stats)


def failing(times: int, error: Exception) -> tuple[Callable[[], "asyncio.Future[None]"], list[int]]:
    """Work that fails so often, and how often it was tried."""
    tries: list[int] = []

    async def work() -> None:
        tries.append(len(tries))
        if len(tries) <= times:
            raise error

    return lambda: asyncio.ensure_future(work()), tries


@pytest.mark.parametrize(
    "error",
    [errors.DeadlockDetected(), errors.SerializationFailure(), errors.LockNotAvailable(), Contended(alarm_id("s", "sos", "k"))],
)
async def test_what_a_neighbour_broke_is_tried_again(worker: Worker, error: Exception) -> None:
    work, tries = failing(2, error)
    await worker.attempt(work)
    assert len(tries) == 3


async def test_not_for_ever(worker: Worker) -> None:
    work, tries = failing(99, errors.DeadlockDetected())
    with pytest.raises(errors.DeadlockDetected):
        await worker.attempt(work)
    assert len(tries) == 3


@pytest.mark.parametrize("error", [psycopg.OperationalError("gone"), ValueError("ours"), errors.UndefinedTable()])
async def test_anything_else_is_raised_at_once(worker: Worker, stats: Stats, error: Exception) -> None:
    work, tries = failing(1, error)
    with pytest.raises(type(error)):
        await worker.attempt(work)
    assert len(tries) == 1


async def test_waiting_ends_with_work_with_the_end_or_with_time(worker: Worker) -> None:
    loop = asyncio.get_running_loop()
    for sets in (0, 1, None):
        some, stop = asyncio.Event(), asyncio.Event()
        if sets is not None:
            loop.call_later(0.02, (some, stop)[sets].set)
        began = loop.time()
        await worker.until(some, stop, timeout=5 if sets is not None else 0.05)
        assert 0.01 < loop.time() - began < 2


async def test_a_pause_says_whether_it_is_time_to_end(worker: Worker) -> None:
    stop = asyncio.Event()
    assert not await worker.pause(0.01, stop)
    asyncio.get_running_loop().call_later(0.01, stop.set)
    assert await worker.pause(5, stop)


async def test_a_database_that_cannot_be_reached_ends_nothing(stats: Stats) -> None:
    """Tried again with back-off until it is told to stop, and then at once."""
    settings = IngestSettings("host=127.0.0.1 port=1 dbname=no", "127.0.0.1", 1, "", "", None, "w")
    stop, served = asyncio.Event(), []

    async def serve(*_: object) -> None:
        served.append(1)

    running = asyncio.ensure_future(Worker(settings, "events", Registry(), stats).run(serve, stop))
    await asyncio.sleep(0.6)
    assert not running.done()
    stop.set()
    await asyncio.wait_for(running, 5)
    assert served == []
