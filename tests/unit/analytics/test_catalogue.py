"""The catalogue fits the rooms around it: kinds that dispatch knows, memory that replay can give, names that stay apart."""

from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from analytics.catalogue import EVENT_LANE, TELEMETRY_LANE, learned_lane
from analytics.routine import POPULATION
from analytics.step import Detector
from devices.profiles import PROFILES
from dispatch.alarm import KINDS, MAINTENANCE_DUE, PROBE_LOST

DOCS = Path(__file__).parents[3] / "docs" / "detectors.md"
LEARNED = learned_lane(lambda _: POPULATION)
ALL = (*EVENT_LANE, *TELEMETRY_LANE, *LEARNED)
each = pytest.mark.parametrize("detector", ALL, ids=[detector.name for detector in ALL])


@each
def test_every_kind_it_raises_is_one_that_dispatch_handles(detector: Detector[Any]) -> None:
    assert detector.kinds
    assert set(detector.kinds) <= set(KINDS)


def test_every_kind_that_dispatch_handles_is_raised_by_someone() -> None:
    assert {kind for detector in ALL for kind in detector.kinds} | {PROBE_LOST, MAINTENANCE_DUE} == set(KINDS)


def test_names_are_unique() -> None:
    assert max(Counter(detector.name for detector in ALL).values()) == 1
    assert max(Counter(detector.rule_version for detector in ALL).values()) == 1


def test_within_a_lane_a_kind_has_one_owner() -> None:
    """Two detectors that raise and end one condition of one source would undo each other; `home` hears what `room` does not."""
    for lane in (EVENT_LANE, (*TELEMETRY_LANE, *LEARNED)):
        assert max(Counter(kind for detector in lane if detector.name != "home" for kind in detector.kinds).values()) == 1


@each
def test_its_lane_and_memory_are_what_the_lane_can_give(detector: Detector[Any]) -> None:
    assert detector.lane == ("event" if detector in EVENT_LANE else "telemetry")
    assert timedelta(0) <= detector.memory <= timedelta(hours=2)
    if detector.lane == "event":
        assert detector.memory == timedelta(0)
        assert detector.deadline(detector.start("x", {})) is None


def test_every_event_that_calls_for_help_is_heard_in_the_event_lane() -> None:
    heard = {kind for detector in EVENT_LANE for kind in detector.kinds}
    calls = {event for profile in PROFILES.values() for event in profile.events if event in KINDS}
    assert calls <= heard


@each
def test_the_page_about_detectors_knows_it(detector: Detector[Any]) -> None:
    (row,) = [line for line in DOCS.read_text(encoding="utf-8").splitlines() if line.startswith(f"| `{detector.name}` |")]
    assert all(f"`{kind}`" in row for kind in detector.kinds)
