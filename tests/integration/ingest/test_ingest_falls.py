"""Raw signal on its way: a fall is told, its window kept apart; what is nearly one is kept alone; no restart blinds stage one."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from analytics.catalogue import judged_by
from analytics.fall_judge import Judge
from devices.keys import milliseconds
from ingest.telemetry import run_telemetry
from tests.unit.analytics.motion.made import STORY, by_the_second, motion

pytestmark = pytest.mark.integration

STORED = "SELECT count(*) FROM waveforms"
KEPT = "SELECT sampled, model, incident_id IS NOT NULL, senior_id IS NOT NULL, length(cells) FROM windows"
NEARLY = Judge("nearly/1", 0.5, lambda row, impact_g: (0.3, ()))


def story() -> list[dict[str, Any]]:
    """A fall that begins now, a packet a second, said at once: no time passes in which the worker could give up waiting."""
    start = milliseconds(datetime.now(UTC))
    return [
        {"t": milliseconds(one.at), "b": "boot", "n": number, "fs": one.fs, "unit": one.unit, "xyz": [list(row) for row in one.xyz]}
        for number, one in enumerate(by_the_second(motion(STORY), 50.0, start))
    ]


async def say(device: Any, place: Any, packets: list[dict[str, Any]]) -> None:
    ((before,),) = await place.rows(STORED)
    for packet in packets:
        await device.say("waveform", packet)
    await place.until(STORED, [(before + len(packets),)])


async def test_the_window_of_a_fall_is_kept_beside_its_alarm(place: Any) -> None:
    device = await place.device("wear-1")
    async with place.running(run_telemetry):
        await say(device, place, story())
        await place.until(KEPT, [(False, "rule/1", True, True, 2400)])
    assert await place.rows("SELECT kind, evidence ? 'cells', evidence ? 'impact_g' FROM alarms") == [("fall_motion", False, True)]
    same = "SELECT count(*) FROM windows JOIN alarms ON alarm_id = window_id AND alarms.incident_id = windows.incident_id"
    assert await place.rows(same) == [(1,)]


async def test_what_is_nearly_a_fall_is_kept_and_nobody_is_rung(place: Any) -> None:
    device = await place.device("wear-1")
    async with place.running(run_telemetry, detectors=judged_by(NEARLY)):
        await say(device, place, story())
        await place.until(KEPT, [(True, "nearly/1", False, True, 2400)])
    assert await place.rows("SELECT count(*) FROM alarms") == [(0,)]
    assert await place.rows("SELECT stats ->> 'findings' FROM workers") == [("0",)]


@pytest.mark.parametrize(("cut", "away_s"), [(4, 0), (6, 0), (8, 0), (6, 120)])
async def test_a_worker_that_dies_during_a_fall_is_followed_by_one_that_sees_it(place: Any, cut: int, away_s: float) -> None:
    """What was before the impact, or the impact itself, reached the first worker; the rest reaches the second, so long after."""
    device, packets = await place.device("wear-1"), story()
    async with place.running(run_telemetry, "first"):
        await say(device, place, packets[:cut])
        assert await place.rows("SELECT count(*) FROM alarms") == [(0,)]
    async with place.running(run_telemetry, "second", clock=lambda: datetime.now(UTC) + timedelta(seconds=away_s)):
        await say(device, place, packets[cut:])
        await place.until(KEPT, [(False, "rule/1", True, True, 2400)])
