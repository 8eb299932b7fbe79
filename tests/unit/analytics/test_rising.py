"""Rising by a tag on the chest: what a row is, what is told of it; and a recording judged at once is the stream judged live."""

import gzip
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analytics.detectors.rising import FEATURES, METRICS, RisingState, Row, Sample, observe, rising
from analytics.evaluate.bed_exit import Seen, Trial, conditions, score, trial
from analytics.saved import restore, save
from analytics.step import Finding, Origin, Reading, Reset
from devices.keys import EPOCH, Key

RECORDED = Path(__file__).parents[2] / "data" / "w2isp_rising.csv.gz"
TAG = Origin("tag-1", "chest_tag", "a", "s", "bed-1", "sen-1")
THRESHOLD = 0.5


def upright(row: Row) -> float:
    """A judge for tests: the upright axis, turned fast, against lying."""
    return min(1.0, max(0.0, row[4] * 0.7 + row[22] * 0.0 + abs(row[9])))


def reading(second: float, sample: Sample) -> Reading:
    at = EPOCH + timedelta(seconds=second)
    return Reading(TAG, at, at, Key("tag-1", "", 0, round(second * 1000)), dict(zip(METRICS, sample, strict=True)))


@pytest.fixture(scope="module")
def recorded() -> list[tuple[list[float], list[Sample], list[int]]]:
    """Every trial: times, samples, labels."""
    with gzip.open(RECORDED, "rt") as lines:
        frame = pd.read_csv(lines)

    def each() -> Iterator[tuple[list[float], list[Sample], list[int]]]:
        for _, part in frame.groupby(["room", "trial"]):
            names = ["a_front", "a_vert", "a_lat", "rssi", "antenna"]
            samples = [(float(a), float(b), float(c), float(d), float(e)) for a, b, c, d, e in part[names].itertuples(index=False)]
            yield part["t"].tolist(), samples, part["label"].tolist()

    return list(each())


def test_what_is_judged_at_once_is_what_is_told_live(recorded: list[tuple[list[float], list[Sample], list[int]]]) -> None:
    detector = rising(upright, THRESHOLD, "test/1")
    for times, samples, labels in recorded:
        one = trial("x", times, samples, labels)
        ups = np.array([upright(tuple(row)) for row in one.rows.tolist()])
        state, found = detector.start("tag-1", {}), list[Finding]()
        for second, sample in zip(times, samples, strict=True):
            assert restore(detector, save(state)) == state
            state, more = detector.step(state, reading(second, sample))
            found += more
        began = [(finding.at - EPOCH).total_seconds() for finding in found if finding.raised]
        assert began == pytest.approx([since for since, _ in conditions(one, ups, THRESHOLD)])
        assert len(began) > 0


def test_rows_are_whole_and_finite(recorded: list[tuple[list[float], list[Sample], list[int]]]) -> None:
    for times, samples, labels in recorded:
        rows = trial("x", times, samples, labels).rows
        assert rows.shape == (len(times), FEATURES)
        assert np.isfinite(rows).all()


def test_late_and_broken_readings_change_nothing() -> None:
    detector = rising(lambda row: 0.0, THRESHOLD, "test/1")
    state, _ = detector.step(detector.start("tag-1", {}), reading(10, (0.1, 0.9, 0.0, -60.0, 1.0)))
    broken = reading(11, (0.1, 0.9, 0.0, -60.0, 1.0))
    for item in (reading(10, (0.0,) * 5), reading(3, (0.0,) * 5), Reading(TAG, broken.at, broken.now, broken.key, {"rssi": -60.0})):
        assert detector.step(state, item) == (state, ())


def test_a_tag_that_moves_between_readers_is_unusual_at_first() -> None:
    track, _ = observe(None, EPOCH, (0.0, 1.0, 0.0, -60.0, 1.0))
    for second in range(1, 60):
        track, row = observe(track, EPOCH + timedelta(seconds=second), (0.0, 1.0, 0.0, -60.0, 1.0))
    assert row[19:22] == pytest.approx((1.0, 1.0, 1.0))
    _, row = observe(track, EPOCH + timedelta(seconds=61), (0.0, 1.0, 0.0, -50.0, 2.0))
    assert row[19] > row[20] > row[21] > 0
    assert max(row[19:22]) < 0.7


def test_told_once_and_again_after_a_reset() -> None:
    detector = rising(lambda row: float(row[1] > 0.5), THRESHOLD, "test/1")
    state: RisingState = detector.start("tag-1", {})
    told: list[bool] = []
    for second, vert in enumerate((0.1, 0.9, 0.9, 0.1, 0.9, 0.1, 0.1, 0.1, 0.9)):
        state, found = detector.step(state, reading(second, (0.0, vert, 0.0, -60.0, 1.0)))
        told += [finding.raised for finding in found]
    assert told == [True, False, True]
    state, _ = detector.step(state, Reset(EPOCH + timedelta(seconds=9), "left_bed"))
    assert detector.step(state, reading(10, (0.0, 0.9, 0.0, -60.0, 1.0)))[1][0].raised


def by_hand(up: list[float], labels: list[int]) -> Seen:
    """A reading a second; the exit is where the label becomes 4."""
    one = trial("x", [float(second) for second in range(len(up))], [(0.0, 1.0, 0.0, -60.0, 1.0)] * len(up), labels)
    return score(one, np.array(up), THRESHOLD)


@pytest.mark.parametrize(
    ("up", "labels", "expected"),
    [
        ([0] * 10 + [1] * 10, [1] * 10 + [4] * 10, (1, 1, 1, 0)),
        ([0] * 15 + [1] * 5, [1] * 10 + [4] * 10, (1, 1, 1, 0)),  # five seconds late is seen
        ([0] * 16 + [1] * 4, [1] * 10 + [4] * 10, (1, 0, 0, 0)),
        ([1] * 20, [1] * 10 + [4] * 10, (1, 1, 0, 0)),  # stood all the time: seen, but not told of it
        ([1] * 5 + [0] * 15, [1] * 20, (0, 0, 0, 1)),
    ],
)
def test_what_counts_as_seen(up: list[float], labels: list[int], expected: tuple[int, ...]) -> None:
    found = by_hand(up, labels)
    assert (found.exits, found.seen, found.fresh, found.false_alarms) == expected


def test_blind_alarm_is_shown_as_such() -> None:
    found = by_hand([1] * 20, [1] * 10 + [4] * 10)
    assert found.rest_under_alarm_s == found.rest_s == 10
    assert (found + found).rest_s == 20
    assert isinstance(trial("x", [0.0], [(0.0, 1.0, 0.0, -60.0, 1.0)], [1]), Trial)
