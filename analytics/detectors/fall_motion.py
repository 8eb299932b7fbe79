"""A wearer fell, by the raw signal of what is worn; and then did not get up.

Stage one lays every packet on the grid of `motion` and looks for impacts. Three seconds after one, stage two judges what was
before, during and after it; when the signal stops, with what there is. From then on the wearer is down: not risen after `LONG_LIE`,
it is a long lie; who walks for `WALKED_S` has risen, which ends the condition and never the incident. Rising cannot be seen in a
device of which nothing is heard any more, so its long lie is told.
"""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import numpy as np

from analytics.candidates import impacts
from analytics.fall_features import AFTER, BEFORE, NAMES, features, window
from analytics.fall_judge import RULE, Judge
from analytics.motion import CELL_MS, EMPTY, RATE_HZ, Samples, Track, extend, in_mg
from analytics.step import Detector, Finding, Input, Origin, Reason, Reset, Scope, Tick, Waveform
from analytics.walking import walks
from devices.keys import instant, milliseconds
from devices.profiles import ANYWHERE, WEARABLES

LONG_LIE = timedelta(minutes=5)
WALKED_S = 6
LONGEST_PIECE_S = 1.0  # longer packets are taken piece by piece: a track holds eight seconds
PATIENCE_MS = 3000  # how long after its due time an impact waits for packets that are late
MEMORY = timedelta(seconds=20)
KINDS = ("fall_motion", "long_lie")
PASSED_OVER = "fall_passed_over"  # no condition: a sample of what was nearly one, from which the next model learns
SAMPLED_FROM = 0.05  # probability: what is surely ordinary teaches nothing

NAME, VERSION = "fall_motion", 1
_LONG_LIE_MS = LONG_LIE // timedelta(milliseconds=1)
_RULE = f"{NAME}/{VERSION}"
_NEAR = RATE_HZ // 2
_TOLD = {"tilt_deg": NAMES.index("angle_early_after_3"), "still_s": NAMES.index("still_after_s"), "drop_s": NAMES.index("low_08_s")}


class Phase(StrEnum):
    """Of one wearer."""

    UP = "up"
    DOWN = "down"
    LONG = "long"


class Sign(StrEnum):
    """What can be noticed."""

    FELL = "fell"
    WAITED = "waited"
    WALKED = "walked"
    RESET_FALL = "reset_fall"
    RESET_LIE = "reset_lie"


TABLE: dict[tuple[Phase, Sign], Phase] = {
    (Phase.UP, Sign.FELL): Phase.DOWN,
    (Phase.DOWN, Sign.WAITED): Phase.LONG,
    (Phase.DOWN, Sign.WALKED): Phase.UP,
    (Phase.LONG, Sign.WALKED): Phase.UP,
    (Phase.DOWN, Sign.RESET_FALL): Phase.UP,
    (Phase.LONG, Sign.RESET_FALL): Phase.UP,
    (Phase.LONG, Sign.RESET_LIE): Phase.UP,
}


@dataclass(frozen=True, slots=True)
class FallState:
    """`judged`: impacts before this cell are done with; `pending` the first impact not yet judged; `fell_ms` the impact of a fall
    that lasts; `walked` seconds of walking in a row, `looked` up to which cell walking was looked for; `profile` tells where it is
    worn."""

    source: str
    track: Track = EMPTY
    judged: int = 0
    pending: int | None = None
    phase: Phase = Phase.UP
    fell_ms: int = 0
    walked: int = 0
    looked: int = 0
    profile: str = ANYWHERE


def fall_motion(judge: Judge = RULE) -> Detector[FallState]:
    """The detector with a stage two; without one the plain rule."""

    def step(state: FallState, item: Input) -> tuple[FallState, tuple[Finding, ...]]:
        match item:
            case Waveform():
                return _hear(state, item, judge)
            case Tick():
                return _wait(state, milliseconds(item.at), judge)
            case Reset():
                return _reset(state, item.kind), ()
            case _:
                return state, ()

    return Detector(NAME, VERSION, Scope.DEVICE, "telemetry", MEMORY, KINDS, _wants, _start, step, _deadline)


def _start(key: str, active: Mapping[str, datetime]) -> FallState:
    fell = active.get("fall_motion")
    if "long_lie" in active:
        return FallState(key, phase=Phase.LONG, fell_ms=milliseconds(fell or active["long_lie"]))
    return FallState(key) if fell is None else FallState(key, phase=Phase.DOWN, fell_ms=milliseconds(fell))


def _deadline(state: FallState) -> datetime | None:
    due = [] if state.pending is None else [(state.pending + AFTER) * CELL_MS + PATIENCE_MS]
    if state.phase is Phase.DOWN:
        due.append(state.fell_ms + _LONG_LIE_MS)
    return instant(min(due)) if due else None


def _hear(state: FallState, item: Waveform, judge: Judge) -> tuple[FallState, tuple[Finding, ...]]:
    samples = in_mg(item.xyz, item.unit)
    if samples is None:
        return state, ()
    if item.origin.profile != state.profile:
        state = replace(state, profile=item.origin.profile)
    found: tuple[Finding, ...] = ()
    start_ms, length = milliseconds(item.at), max(1, int(item.fs * LONGEST_PIECE_S))
    for first in range(0, len(samples), length):
        track = extend(state.track, start_ms + first * 1000.0 / item.fs, item.fs, samples[first : first + length])
        state, more = _follow(state, track, judge)
        found += more
    return state, found


def _follow(state: FallState, track: Track, judge: Judge) -> tuple[FallState, tuple[Finding, ...]]:
    if track is state.track:
        return state, ()
    found: tuple[Finding, ...] = ()
    if track.first > state.track.end and state.pending is not None:  # a gap: nothing more will come of what was before
        state, found = _judge(state, state.track.end, judge)
    state, more = _judge(replace(state, track=track), track.end - AFTER, judge)
    if state.phase is Phase.UP:
        return state, found + more
    state, risen = _rise(state)
    return state, (*found, *more, *risen)


def _wait(state: FallState, now_ms: int, judge: Judge) -> tuple[FallState, tuple[Finding, ...]]:
    found: tuple[Finding, ...] = ()
    if state.pending is not None and (state.pending + AFTER) * CELL_MS + PATIENCE_MS <= now_ms:
        state, found = _judge(state, state.pending + 1, judge)
    due = state.fell_ms + _LONG_LIE_MS
    if state.phase is Phase.DOWN and due <= now_ms:
        reason = Reason("long_lie", (due - state.fell_ms) / 1000.0, LONG_LIE.total_seconds(), "s", "ours")
        evidence = {"lain_s": (due - state.fell_ms) / 1000.0}
        found = (*found, Finding(True, "long_lie", state.source, instant(due), str(due), _RULE, (reason,), evidence))
        state = _moved(state, Sign.WAITED)
    return state, found


def _reset(state: FallState, kind: str) -> FallState:
    return _moved(state, {"fall_motion": Sign.RESET_FALL, "long_lie": Sign.RESET_LIE}.get(kind))


def _moved(state: FallState, sign: Sign | None) -> FallState:
    after = None if sign is None else TABLE.get((state.phase, sign))
    return state if after is None else replace(state, phase=after, walked=0)


def _judge(state: FallState, until: int, judge: Judge) -> tuple[FallState, tuple[Finding, ...]]:
    """Judge the impacts before cell `until`, and note the first one after it."""
    track, judge = state.track, judge.of(state.profile)
    found: list[Finding] = []
    low, cells = max(state.judged, track.first), track.grid()
    places = [place + track.first for place in impacts(cells, low - track.first, len(cells))]
    for peak in places:
        if peak >= until:
            return replace(state, judged=max(low, until), pending=peak), tuple(found)
        finding = _look(state.source, cells, peak, peak - track.first, judge)
        if finding is not None and state.phase is Phase.UP:
            found.append(finding)
            if finding.raised:
                state = replace(_moved(state, Sign.FELL), fell_ms=peak * CELL_MS, looked=peak + AFTER)
    return replace(state, judged=max(low, until), pending=None), tuple(found)


def _look(source: str, cells: Samples, peak: int, place: int, judge: Judge) -> Finding | None:
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
    return Finding(raised, KINDS[0] if raised else PASSED_OVER, source, instant(at), str(at), _RULE, reasons, evidence, kept=kept)


def _window(cells: Samples, peak: int, place: int) -> dict[str, str]:
    """The cells that were judged, as `motion.Track.cells` in base64, so that what staff say of them can teach."""
    low = max(0, place - BEFORE)
    seen = cells[low : place + AFTER].astype("<i2").tobytes()
    return {"cells": b64encode(seen).decode(), "cells_first": str(peak - place + low)}


def _rise(state: FallState) -> tuple[FallState, tuple[Finding, ...]]:
    """Look for walking at every full second of the grid since the fall."""
    track, cells = state.track, state.track.grid()
    walked = state.walked
    first = state.looked - state.looked % RATE_HZ + RATE_HZ
    for end in range(max(first, track.first), track.end + 1, RATE_HZ):
        walked = walked + 1 if walks(cells[: end - track.first]) else 0
        if walked >= WALKED_S:
            kinds = KINDS if state.phase is Phase.LONG else KINDS[:1]
            reason = Reason("fall_walks", float(walked), float(WALKED_S), "s", "ours")
            at = end * CELL_MS
            found = tuple(Finding(False, kind, state.source, instant(at), str(at), _RULE, (reason,)) for kind in kinds)
            return _moved(state, Sign.WALKED), found
    return replace(state, walked=walked, looked=max(state.looked, track.end)), ()


def _wants(origin: Origin) -> bool:
    return origin.profile in WEARABLES


DETECTORS: tuple[Detector[Any], ...] = (fall_motion(),)
