"""What the desk promises by its settings, and how it waits."""

import asyncio
from datetime import timedelta

import pytest

from desk.loop import DeskSettings, run, utc_now
from dispatch.incident import ESCALATE_AFTER, OFFER_LASTS


def test_it_looks_often_enough_for_the_shortest_clock() -> None:
    """Late by one look and one lost connection is still on time to the person who waits."""
    settings = DeskSettings("")
    assert timedelta(seconds=settings.every + settings.retry) < min(ESCALATE_AFTER, OFFER_LASTS) / 20


def test_its_clock_is_aware() -> None:
    assert utc_now().utcoffset() == timedelta(0)


async def test_told_to_stop_before_it_began_it_ends_at_once() -> None:
    stop = asyncio.Event()
    stop.set()
    async with asyncio.timeout(1):
        await run(DeskSettings("host=nowhere.invalid"), stop)


@pytest.mark.parametrize("every", [0.05, 1.0])
def test_settings_are_values(every: float) -> None:
    assert DeskSettings("dsn", every=every) == DeskSettings("dsn", every=every)
    with pytest.raises(AttributeError):
        DeskSettings("dsn").every = every  # type: ignore[misc]
