"""A judged window, kept and streamed again, is what it was: the same cells, the same numbers, the same probability."""

from base64 import b64decode

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.detectors.fall_motion import fall_motion
from analytics.evaluate.falls import stream
from analytics.evaluate.windows import signal_of, trial_of
from analytics.fall_judge import Judge
from analytics.learn.examples import examples
from analytics.motion import CELL_MS, Samples, Track, lay
from analytics.runtime import Runtime
from analytics.step import Finding
from tests.unit.analytics.motion.made import CALM, STORY, TRIPPING, Motion, by_the_second, motion


def _likely(row: Samples, impact_g: float) -> tuple[float, tuple[()]]:
    """A probability that depends on every known number of the row."""
    return 0.2 + 0.7 * float(np.nanmean(np.tanh(row)) ** 2), ()


SPEAKS = Judge("speaks", 0.1, _likely)


def _found(parts: tuple[Motion, ...], rate_hz: float) -> list[Finding]:
    runtime, found = Runtime([fall_motion(SPEAKS)]), list[Finding]()
    for item in by_the_second(motion(parts, rate_hz), rate_hz):
        trial = runtime.trial()
        found += trial.feed(item)
        trial.adopt()
    return [one for one in found if one.kind == "fall_motion" and one.raised]


@pytest.mark.parametrize("rate_hz", [25.0, 50.0, 87.0, 200.0])
@pytest.mark.parametrize("parts", [STORY, TRIPPING, (*CALM, *STORY)])
def test_what_is_kept_is_judged_as_it_was(parts: tuple[Motion, ...], rate_hz: float) -> None:
    (fall,) = _found(parts, rate_hz)
    track = Track(int(fall.kept["cells_first"]), b64decode(fall.kept["cells"]))
    trial = trial_of(1, "p", "real_fall", True, track, int(fall.key) // CELL_MS)
    (again,) = stream(fall_motion(SPEAKS), trial.signal)
    assert again.probability == pytest.approx(fall.evidence["probability"], abs=1e-9)
    assert trial.fall_s is not None
    assert again.impact_s == pytest.approx(trial.fall_s[0])
    given = examples([trial], 1, 0)
    assert given.labels.tolist().count(1) == 1
    assert given.labels[given.trial == 0].max() == 1


CELLS = st.lists(st.tuples(*[st.integers(-2000, 2000)] * 3, st.integers(0, 9000)), min_size=2, max_size=40)


@given(cells=CELLS, first=st.integers(0, 2**40))
def test_every_cell_comes_back(cells: list[tuple[int, int, int, int]], first: int) -> None:
    rows = np.array(cells)
    rows[:, 3] = np.maximum(rows[:, 3], np.ceil(np.sqrt((rows[:, :3] ** 2).sum(axis=1))))
    signal = signal_of(Track(first, rows.astype("<i2").tobytes()))
    start, again = lay(signal.times_ms, signal.xyz_mg)
    assert start == 0
    assert again[:, :3].tolist() == rows[:, :3].tolist()
    cut = (np.abs(rows[:, :3]) == 2000).any(axis=1)
    assert (np.abs(again[cut, 3] - rows[cut, 3]) <= 2).all(), "the whole force of what was cut is kept"
