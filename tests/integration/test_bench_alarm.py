"""The alarm benchmark measures what it says: every press is seen on a websocket of the real api, in calm and under a backlog."""

import pytest

from bench import alarm

pytestmark = pytest.mark.integration


async def test_every_press_comes_to_the_console_in_calm_and_in_a_burst() -> None:
    sizes = alarm.Parameters(devices=40, areas=2, rate=100, seconds=1, backlog=1_500, presses_per_second=10, buttons=300)
    report = await alarm.run(sizes)
    figures = report["figures"]
    assert figures["missed"] == figures["burst_missed"] == 0
    assert 5 <= figures["presses"] <= 11
    assert figures["burst_presses"] > 0
    assert figures["background_stored"] and figures["burst_drained"]
    assert 50 < figures["background_per_second"] < 150
    for prefix in ("", "burst_"):
        assert 0 < figures[f"{prefix}p50_ms"] <= figures[f"{prefix}p99_ms"] <= figures[f"{prefix}max_ms"]
