"""A session tries for ever: only leaving ends it, not an error that nobody thought of."""

import asyncio
import logging

import pytest

from broker.session import NotConnected, Session


async def test_an_error_that_nobody_thought_of_ends_no_session(caplog: pytest.LogCaptureFixture) -> None:
    """A host's name that cannot be one raises neither OSError nor TimeoutError."""
    session = Session(
        host="broker..district",
        port=1883,
        client_id="x",
        username="x",
        password="x",
        filters=["v1/#"],
        on_message=lambda arrived: None,
    )
    with caplog.at_level(logging.ERROR):
        async with session:
            for _ in range(2):
                with pytest.raises(NotConnected, match="UnicodeError"):
                    await session.connected(0.3)
            assert [task for task in asyncio.all_tasks() if task.get_name() == "mqtt session x"]
    assert [one.message for one in caplog.records] == ["session x: failed; connecting again until it succeeds"], "said once"
