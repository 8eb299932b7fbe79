"""What is told of an impact once stage two has judged it: a fall, nearly one, or nothing."""

from base64 import b64encode

import numpy as np

from analytics.fall_features import AFTER, BEFORE, NAMES, features, window
from analytics.fall_judge import Judge
from analytics.motion import CELL_MS, RATE_HZ, Samples
from analytics.step import Finding, Reason
from devices.keys import instant

NAME, VERSION, FELL = "fall_motion", 1, "fall_motion"
RULE = f"{NAME}/{VERSION}"
PASSED_OVER = "fall_passed_over"  # no condition: a sample of what was nearly one, from which the next model learns
SAMPLED_FROM = 0.05  # probability: what is surely ordinary teaches nothing

_NEAR = RATE_HZ // 2
_TOLD = {"tilt_deg": NAMES.index("angle_early_after_3"), "still_s": NAMES.index("still_after_s"), "drop_s": NAMES.index("low_08_s")}


def look(source: str, cells: Samples, peak: int, place: int, judge: Judge) -> Finding | None:
    """Of the impact at cell `peak` since the epoch, which is number `place` of these cells; None for what teaches nobody."""
    row = features(window(cells, place)[None])[0]
    impact_g = float(cells[max(0, place - _NEAR) : place + _NEAR + 1, 3].max()) / 1000.0
    probability, reasons = judge.assess(row, impact_g)
    if probability < min(SAMPLED_FROM, judge.threshold):
        return None
    reasons = (Reason("fall_likely", round(100 * probability, 1), round(100 * judge.threshold), "%", judge.version), *reasons)
    told = {"probability": probability, "impact_g": impact_g} | {name: float(row[column]) for name, column in _TOLD.items()}
    evidence = {name: round(value, 3) for name, value in told.items() if not np.isnan(value)}
    at, raised = peak * CELL_MS, probability >= judge.threshold
    kept = {"model": judge.version, **_window(cells, peak, place)}
    return Finding(raised, FELL if raised else PASSED_OVER, source, instant(at), str(at), RULE, reasons, evidence, kept=kept)


def _window(cells: Samples, peak: int, place: int) -> dict[str, str]:
    """The cells that were judged, as `motion.Track.cells` in base64, so that what staff say of them can teach."""
    low = max(0, place - BEFORE)
    seen = cells[low : place + AFTER].astype("<i2").tobytes()
    return {"cells": b64encode(seen).decode(), "cells_first": str(peak - place + low)}
