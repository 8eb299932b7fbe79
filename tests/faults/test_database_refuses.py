"""A database that stores nothing: every press is on the console within two seconds, marked, and stored once afterwards."""

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from math import inf

import psutil
import pytest
import pytest_asyncio

from tests.conftest import Product, free_port, start_product, stop_product
from tests.faults import proof, waits
from tests.faults.conftest import Stage, folder, furnished
from tests.faults.load import Said
from tests.faults.refusing import Refusal, refusing, small_disks

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

_CALM_S, _REFUSING_S, _STOPPED_S = 1.0, 3.0, 8.0
_PAGES_S = 30.0
_MAY_END = ("database", "broker")  # started again once they can go on; our own parts live on
_MORE_MEMORY = 64 * 1024 * 1024
_TOLD = {Refusal.READ_ONLY: "read_only", Refusal.FULL: "disk_full", Refusal.ALL_FULL: "disk_full"}


@dataclass(slots=True)
class Small:
    """The stage, and whether its disks are small enough to be filled."""

    stage: Stage
    disks: bool


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def small() -> AsyncIterator[Small]:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    arguments = ("--port", str(free_port()), "--mqtt-port", str(free_port()), "--no-simulator")
    with folder() as home, small_disks(home / "var") as disks:
        product = await asyncio.to_thread(start_product, home / "var", *arguments)
        try:
            async with AsyncExitStack() as stack:
                yield Small(await furnished(stack, product, 0.0), disks)
        finally:
            assert await asyncio.to_thread(stop_product, product) == 0


async def test_what_the_database_does_not_take_is_shown_at_once_and_stored_once(small: Small, refusal: Refusal) -> None:
    if refusal in (Refusal.FULL, Refusal.ALL_FULL) and not small.disks:
        pytest.skip("a full disk needs a file system of its own: run the tests as root, who may mount one")
    stage = small.stage
    product, said, span = stage.product, stage.load.begin(), _STOPPED_S if refusal is Refusal.STOPPED else _REFUSING_S
    await waits.first_incident(stage, said)
    await asyncio.sleep(_CALM_S)
    before, memory, began = product.pids(), _memory(product), time.time()
    async with refusing(product, refusal):
        await asyncio.sleep(span)
        await _refused(stage, said)
        found = await asyncio.to_thread(product.vigil, "doctor", "--json")
        grown = {name: more for name, more in _memory(product).items() if more - memory.get(name, 0) > _MORE_MEMORY}
    await waits.end(stage, said)
    # where the broker's disk is full too nobody can connect, and a device keeps its press
    within_s = inf if refusal is Refusal.ALL_FULL else waits.SEEN_WITHIN_S * waits.slack()
    wrong = [*await _wrong(stage, said, within_s), *waits.kept_waiting(said, within_s)]
    wrong += _wrong_words(stage, refusal, began, json.loads(found.stdout))
    wrong += [f"{name} was started again" for name, pid in before.items() if name not in _MAY_END and product.pids()[name] != pid]
    wrong += [f"{name} has grown: {more:,} bytes" for name, more in grown.items()]
    await waits.answer_all(stage)
    assert not wrong, "\n".join(wrong)


async def _refused(stage: Stage, said: Said) -> None:
    """Until a press is shown as not yet stored, since a full disk still has room within its last pages; or for half a minute."""
    seen, end = stage.watcher.seen, time.monotonic() + _PAGES_S

    def shown() -> bool:
        return any(seen[one.device.site].unstored for one in said.presses if one.device.site in seen)

    while time.monotonic() < end and not shown():  # noqa: ASYNC110
        await asyncio.sleep(0.2)


async def _wrong(stage: Stage, said: Said, within_s: float) -> list[str]:
    """What is wrong with what was said, a line each; `within_s`: how soon a press must be on the console."""
    sites = [one.device.site for one in said.presses]
    await waits.all_shown(stage, said)
    tallies = [await waits.stored(stage, "readings", said.readings), await waits.stored(stage, "events", said.presses)]
    cases = await proof.cases(stage.dsn, sites)
    ways = [(one.device.code, waits.way_s(stage, one)) for one in said.presses]
    seen = stage.watcher.seen
    return [
        *waits.wrong_in_store(sum(one.lost for one in tallies), sum(one.twice for one in tallies), cases, sites),
        *waits.wrong_on_console(stage, said, cases),
        *(f"{code} was on the console after {way} s" for code, way in ways if way is None or way > within_s),
        *(["no press was shown as not yet stored"] if not any(seen[one].unstored for one in sites if one in seen) else ()),
    ]


def _wrong_words(stage: Stage, refusal: Refusal, began: float, doctor: dict[str, object]) -> list[str]:
    """Whether console and doctor said what is wrong."""
    heard = [one for one in stage.watcher.health if one.at > began]
    if refusal is Refusal.STOPPED:
        told = any(not one.database for one in heard)
    else:
        told = any(one.database and one.refuses == _TOLD[refusal] for one in heard)
    words = json.dumps(doctor).replace("disk is full", "disk_full").replace("read-only", "read_only")
    return [
        *([] if told else [f"the console was never told why, only {sorted({(one.database, one.refuses) for one in heard})}"]),
        *([] if _TOLD.get(refusal, "cannot reach: database") in words else [f"the doctor did not say it: {words}"]),
    ]


def _memory(product: Product) -> dict[str, int]:
    """Resident bytes of each of our own parts."""
    return {name: psutil.Process(pid).memory_info().rss for name, pid in product.pids().items() if psutil.pid_exists(pid)}
