"""A full collection of a settled process looks only through what is new."""

import asyncio
import gc
from collections.abc import Iterator

import pytest

from vigil import heap


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    threshold = gc.get_threshold()
    yield
    gc.set_threshold(*threshold)
    gc.unfreeze()


async def test_what_is_loaded_is_not_looked_through_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heap, "_BUILT_S", 0.0)
    loaded = [[number] for number in range(20_000)]
    heap.settle()
    assert len(gc.get_objects()) < len(loaded) < gc.get_freeze_count()
    built = [[number] for number in range(20_000)]
    while len(gc.get_objects()) > len(built):  # noqa: ASYNC110
        await asyncio.sleep(0)  # until the loop has come to the second one


async def test_what_is_new_and_unreachable_is_still_collected() -> None:
    heap.settle()
    circle: list[object] = []
    circle.append(circle)
    del circle
    assert gc.collect() > 0
