"""Any rate, packets, jitter and range on one grid: the same samples make the same cells however they were cut."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from analytics.motion import CELL_MS, EMPTY, KEPT, RANGE_MG, RATE_HZ, Track, extend, in_mg, lay, set_back
from tests.examples import examples
from tests.unit.analytics.motion.made import START_MS, STORY, motion

ALL = motion(STORY)
FEW = motion(STORY[:3])


def fed(rate_hz: float, cuts: list[int]) -> Track:
    signal, track = motion(STORY[:3], rate_hz), EMPTY
    for part in np.split(np.arange(len(signal.times_ms)), sorted(set(cuts))):
        if len(part):
            track = extend(track, START_MS + part[0] * 1000.0 / rate_hz, rate_hz, signal.xyz_mg[part])
    return track


@given(cuts=st.lists(st.integers(1, 280), max_size=12), rate_hz=st.sampled_from([20.0, 50.0, 100.0, 200.0]))
@example(cuts=[102], rate_hz=20.0)  # a cut within a cell whose first half only the sample before the last one knows
@settings(max_examples=examples(60))
def test_cuts_change_nothing(cuts: list[int], rate_hz: float) -> None:
    whole, cut = fed(rate_hz, []), fed(rate_hz, cuts)
    assert (cut.first, cut.end, cut.last_ms) == (whole.first, whole.end, whole.last_ms)
    assert np.abs(cut.grid() - whole.grid()).max() <= 1  # half a milli-g may be rounded either way


def test_a_stream_and_a_whole_recording_make_the_same_cells() -> None:
    first, cells = lay(ALL.times_ms + START_MS, ALL.xyz_mg)
    track = EMPTY
    for begin in range(0, len(ALL.times_ms), 37):
        track = extend(track, START_MS + ALL.times_ms[begin], 50.0, ALL.xyz_mg[begin : begin + 37])
    assert track.end == first + len(cells)
    assert np.array_equal(track.grid(), cells[-KEPT:])


@pytest.mark.parametrize("rate_hz", [20.0, 31.25, 87.0, 200.0])
def test_another_rate_sees_the_same_calm(rate_hz: float) -> None:
    track, signal = EMPTY, motion(STORY[:1], rate_hz)
    track = extend(track, START_MS, rate_hz, signal.xyz_mg)
    assert abs(np.linalg.norm(track.grid()[:, :3], axis=1).mean() - 1000) < 15
    assert abs(len(track.grid()) - 5 * RATE_HZ) <= 4


def test_what_came_already_is_passed_over() -> None:
    track = extend(EMPTY, START_MS, 50.0, FEW.xyz_mg[:100])
    assert extend(track, START_MS, 50.0, FEW.xyz_mg[:100]) is track
    assert extend(track, START_MS - 5000, 50.0, FEW.xyz_mg[:100]) is track
    overlapping = extend(track, START_MS + 1000, 50.0, FEW.xyz_mg[50:150])
    assert overlapping == extend(EMPTY, START_MS, 50.0, FEW.xyz_mg[:150])


@given(cells=st.integers(1, 6_000))
@settings(max_examples=examples(20))
def test_a_clock_that_was_set_back_moves_the_track_and_changes_no_cell(cells: int) -> None:
    ahead = extend(EMPTY, START_MS + cells * CELL_MS, 50.0, FEW.xyz_mg[:100])
    moved, by = set_back(ahead, START_MS + 2000, 50.0)
    assert by == cells
    assert extend(moved, START_MS + 2000, 50.0, FEW.xyz_mg[100:150]) == extend(EMPTY, START_MS, 50.0, FEW.xyz_mg[:150])
    assert set_back(EMPTY, START_MS, 50.0) == (EMPTY, 0)


@pytest.mark.parametrize(("pause_ms", "bridged"), [(900, True), (1100, False)])
def test_a_short_gap_is_bridged_and_a_long_one_begins_anew(pause_ms: int, bridged: bool) -> None:
    track = extend(EMPTY, START_MS, 50.0, FEW.xyz_mg[:100])
    after = extend(track, START_MS + 1980 + pause_ms, 50.0, FEW.xyz_mg[:50])
    assert (after.first == track.first) is bridged
    assert after.end * CELL_MS > START_MS + 1980 + pause_ms


def test_what_lies_beyond_the_smallest_range_is_cut_but_its_force_is_kept() -> None:
    track = extend(EMPTY, START_MS, 50.0, np.tile([9000.0, -3000.0, 500.0], (20, 1)))
    x, y, z, force = track.grid()[-1]
    assert (x, y, z) == (RANGE_MG, -RANGE_MG, 500)
    assert force == pytest.approx(np.sqrt(9000**2 + 3000**2 + 500**2), abs=1)


def test_units() -> None:
    one_g = ((0.0, 0.0, 9.80665),)
    assert in_mg(one_g, "m_s2") == pytest.approx(np.array([[0, 0, 1000]]))
    assert in_mg(((0.0, 0.0, 1.0),), "g") == pytest.approx(np.array([[0, 0, 1000]]))
    assert in_mg(one_g, "mv") is None


def test_memory_is_bounded() -> None:
    track = EMPTY
    for second in range(20):
        track = extend(track, START_MS + second * 1000, 50.0, FEW.xyz_mg[:50])
    assert len(track.grid()) == KEPT
