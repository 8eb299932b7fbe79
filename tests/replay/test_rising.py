"""Who falls and then walks is seen to be up: a recorded fall, and after it a recorded walk of the same person in the same place.

The figures of docs/detectors.md come from here: `pytest tests/replay/test_rising.py -s`. Skipped where the recordings are not.
"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analytics import models
from analytics.detectors.fall_motion import fall_motion
from analytics.evaluate.falls import START, waveform
from analytics.evaluate.recording import Signal, Trial, packets
from analytics.runtime import Runtime
from vigil.offline import recordings

RECORDINGS = Path(__file__).parents[2].parent / "shared" / "data" / "falls"
WALK_S = 60.0
# set, walk, and the least share of walks that end the condition within a minute
WALKS = [("sisfall", "D01", 0.8), ("mobifall", "WAL", 0.5)]
COLUMNS = ["trial", "subject", "activity", "is_fall", "position", "t_ms", "ax", "ay", "az"]

pytestmark = pytest.mark.skipif(not models.FALLS.exists(), reason="there is no model of falls: vigil train falls --data DIR")


def pairs(name: str, walk: str, kept: Path) -> Iterator[tuple[Trial, Trial]]:
    """A fall and the first walk of everyone of whom there are both."""
    about = pd.read_parquet(RECORDINGS / f"{name}_trials.parquet", columns=["trial", "subject", "activity", "is_fall"])
    falls = about[about["is_fall"]].groupby("subject")["trial"].first()
    walks = about[about["activity"] == walk].groupby("subject")["trial"].first()
    both = [(falls[who], walks[who]) for who in sorted(set(falls.index) & set(walks.index))]
    wanted = [("trial", "in", [one for pair in both for one in pair])]
    rows = pd.read_parquet(RECORDINGS / f"{name}.parquet", columns=COLUMNS, filters=wanted)
    rows.to_parquet(kept)
    found = {one.trial: one for one in recordings.trials(kept)}
    for fall, then in both:
        yield found[str(fall)], found[str(then)]


def joined(fall: Signal, walk: Signal) -> Signal:
    """At a sample every 20 ms, as one device sends."""
    end, short = float(fall.times_ms[-1]) + 20.0, walk.times_ms < walk.times_ms[0] + WALK_S * 1000.0
    times = np.concatenate((fall.times_ms, walk.times_ms[short] - walk.times_ms[0] + end))
    return Signal(times, np.concatenate((fall.xyz_mg, walk.xyz_mg[short])))


@pytest.mark.parametrize(("name", "walk", "least"), WALKS)
def test_most_who_walk_after_a_fall_are_up_within_a_minute(name: str, walk: str, least: float, tmp_path: Path) -> None:
    if not RECORDINGS.exists():
        pytest.skip(f"the recordings are not there: {RECORDINGS} (see docs/models/falls.md)")
    detector, told, up = fall_motion(models.load_falls().judge()), 0, list[float]()
    for fall, then in pairs(name, walk, tmp_path / f"{name}.parquet"):
        runtime, ended, down = Runtime([detector]), None, False
        for number, packet in enumerate(packets(joined(fall.signal, then.signal))):
            trial = runtime.trial()
            for one in trial.feed(waveform(packet, number, fall.profile)):
                down |= one.raised
                ended = one.at if not one.raised and one.kind == "fall_motion" else ended
            trial.adopt()
        told += down
        if ended is not None:
            up.append((ended - START - timedelta(milliseconds=float(fall.signal.times_ms[-1]))).total_seconds())
    print(f"{name} {walk}: {len(up)} of {told} up within {WALK_S:.0f} s of walking, half of them within {np.median(up):.0f} s")
    assert told
    assert len(up) >= least * told
