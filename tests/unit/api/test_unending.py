"""What runs behind the api is begun again after every end but ours, says when it fails, writes each kind of failure down once."""

import asyncio
import logging
from collections.abc import Iterator

import pytest

from api.unending import FIRST_WAIT_S, LONGEST_WAIT_S, Ended, Ongoing, pause, unending


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.unending.FIRST_WAIT_S", 0.001)


class Work:
    """Ends in each of these ways in turn, then is well until it is told to end."""

    def __init__(self, *ends: BaseException | None) -> None:
        self._ends: Iterator[BaseException | None] = iter(ends)
        self.begun = 0
        self.running = asyncio.Event()

    async def run(self, ongoing: Ongoing) -> None:
        self.begun += 1
        for end in self._ends:
            if end is None:
                return
            raise end
        ongoing.well()
        self.running.set()
        await asyncio.Event().wait()


async def played(*ends: BaseException | None) -> tuple[Work, list[bool]]:
    """Work that ends in these ways, until it runs; then it is cancelled."""
    told: list[bool] = []
    work, stop = Work(*ends), asyncio.Event()
    task = asyncio.create_task(unending(Ongoing("board", told.append), work.run, stop))
    await asyncio.wait_for(work.running.wait(), 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    return work, told


@pytest.mark.parametrize("end", [KeyError("x"), RuntimeError("y"), TimeoutError(), None, asyncio.CancelledError()])
async def test_however_it_ends_it_is_begun_again_and_said_meanwhile(end: BaseException | None) -> None:
    work, told = await played(end)
    assert work.begun == 2
    assert told == [True, False]


async def test_what_is_well_is_told_to_nobody() -> None:
    work, told = await played()
    assert (work.begun, told) == (1, [])


async def test_each_kind_is_written_down_once_with_where_it_came_from(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "api.unending"):
        _, told = await played(KeyError("a"), KeyError("b"), ValueError("c"), None, KeyError("d"))
    written = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert [record.exc_info[0] for record in written if record.exc_info] == [KeyError, ValueError, Ended]
    assert "in run" in caplog.text, "the traceback"
    assert caplog.messages[-1] == "board: goes on after 5 failures"
    assert told == [True, False]


async def test_told_to_stop_it_ends_in_the_midst_of_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.unending.FIRST_WAIT_S", 3600.0)
    failed, stop = asyncio.Event(), asyncio.Event()

    async def broken(ongoing: Ongoing) -> None:
        failed.set()
        raise KeyError

    task = asyncio.create_task(unending(Ongoing("board"), broken, stop))
    await failed.wait()
    stop.set()
    await asyncio.wait_for(task, 10)


async def test_work_that_ends_because_it_was_told_to_is_no_failure() -> None:
    told: list[bool] = []
    stop = asyncio.Event()

    async def obedient(ongoing: Ongoing) -> None:
        stop.set()

    await unending(Ongoing("notices", told.append), obedient, stop)
    assert told == []


def test_pauses_grow_to_a_few_seconds_and_begin_anew_after_work_that_lasted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.unending.FIRST_WAIT_S", FIRST_WAIT_S)
    pauses = [0.0]
    for _ in range(5):
        pauses.append(pause(pauses[-1], 0.01))
    assert pauses[1:] == [1.0, 2.0, 4.0, 5.0, 5.0]
    assert pause(5.0, LONGEST_WAIT_S) == FIRST_WAIT_S
