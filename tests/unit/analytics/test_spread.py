"""Beside a zone that burns the others are watched with half the limits; the order in which they went is told."""

import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from types import FrameType
from typing import Any

from msgspec import structs

from analytics.detectors import spread
from analytics.step import Event, Finding, Reading

Make = Callable[..., Reading]
Run = Callable[..., list[Finding]]


def of(item: Reading, zone: str) -> Reading:
    return structs.replace(item, origin=replace(item.origin, zone=zone))


def smoke(reading: Make, zone: str, second: float, value: float) -> Reading:
    return of(reading("smoke_detector", second, {"smoke_obscuration": value}, device=f"smoke-{zone}"), zone)


def test_half_the_limit_is_nothing_while_nothing_burns(reading: Make, run: Run) -> None:
    assert run(spread.DETECTORS, [smoke(reading, "a", second, 6.0) for second in range(0, 600, 20)]) == []


def test_beside_a_fire_it_asks_for_a_look_in_the_order_of_the_zones(reading: Make, run: Run) -> None:
    found = run(
        spread.DETECTORS,
        [smoke(reading, "a", 0, 30.0), smoke(reading, "b", 60, 6.0), smoke(reading, "c", 120, 2.0), smoke(reading, "c", 180, 5.0)],
    )
    assert [(one.kind, one.source, one.reasons[0].value) for one in found] == [("spread_look", "b", 2.0), ("spread_look", "c", 3.0)]


def test_a_zone_that_burns_is_told_by_its_own_alarm(reading: Make, run: Run) -> None:
    assert run(spread.DETECTORS, [smoke(reading, "a", 0, 30.0), smoke(reading, "a", 20, 6.0), smoke(reading, "b", 30, 12.0)]) == []


def test_a_rise_counts_too(reading: Make, run: Run) -> None:
    warms = [
        of(reading("heat_detector", 10 + second, {"temperature": 21.0 + second / 10}, device="heat-b"), "b")
        for second in range(0, 140, 10)
    ]
    found = run(spread.DETECTORS, [smoke(reading, "a", 0, 30.0), *warms])
    assert [(one.source, [reason.rule for reason in one.reasons]) for one in found] == [("b", ["spread_order", "spread_rise"])]


def test_an_hour_later_the_limits_are_as_before(reading: Make, run: Run) -> None:
    assert run(spread.DETECTORS, [smoke(reading, "a", 0, 30.0), smoke(reading, "b", 3700, 6.0)]) == []


def test_a_device_that_sounded_lights_its_zone_but_not_in_a_drill(reading: Make, event: Callable[..., Event], run: Run) -> None:
    for drill, looks in ((True, 0), (False, 1)):
        said = event("smoke_detector", 0, "smoke", None, drill)
        assert len(run(spread.DETECTORS, [said, smoke(reading, "b", 60, 6.0)])) == looks


def work(step: Callable[[], object]) -> int:
    """How many lines of the detectors run: what a step does, whatever the machine does."""
    lines: Counter[str] = Counter()

    def trace(frame: FrameType, event: str, _argument: object) -> Any:
        if event == "line" and "detectors" in frame.f_code.co_filename:
            lines[frame.f_code.co_name] += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        step()
    finally:
        sys.settrace(before)
    return lines.total()


def test_a_reading_costs_the_same_in_a_large_house(reading: Make) -> None:
    """It looks through its own zone, not through all devices of the site."""
    (detector,) = spread.DETECTORS

    def said(zone: int, device: int, second: float) -> Reading:
        return of(reading("heat_detector", second, {"temperature": 21.0}, device=f"heat-{zone}-{device}"), f"zone-{zone:04d}")

    costs = []
    for zones in (5, 500):
        state = detector.start("site", {})
        for zone in range(zones):
            for device in range(3):
                state, _ = detector.step(state, said(zone, device, zone))
        costs.append(work(partial(detector.step, state, said(3, 1, 1000))))
    assert costs[0] == costs[1] > 10
