"""Carbon monoxide by dose: how much was breathed over how long, not a level of one moment.

The gates are those of EN 50291-1 ([M]: from memory, to be checked against the standard before anything is claimed with it):
30 ppm not before 120 min; 50 ppm between 60 and 90 min; 100 ppm between 10 and 40 min; 300 ppm within 3 min. The mean of the
last 120, 60, 10 and 1 minutes is held against 30, 50, 100 and 300 ppm: a steady concentration alarms at the earliest moment that
the standard permits (300 ppm after one minute, so that one wild reading is no alarm), and noise around a gate does not start the
count anew. Below 30 ppm nothing begins, however much was breathed before. A silent detector is held at its last value for five
minutes; after that it is unknown and adds nothing, as a late reading does.
"""

import struct
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from msgspec import Struct

from analytics.condition import Change, Condition, advance, is_late, reset
from analytics.step import Detector, Finding, Input, Origin, Reading, Reason, Reset, Scope, never
from devices.keys import milliseconds

GATES = ((300.0, 1), (100.0, 10), (50.0, 60), (30.0, 120))
LOWEST_PPM = 30.0
LONGEST_MIN = 120
LONGEST_HELD_MS = 5 * 60_000
HOLD = timedelta(minutes=5)

NAME, VERSION = "co", 1
_RULE = f"{NAME}/{VERSION}"
_SOURCE = "EN 50291-1 [M]"
_MINUTE_MS = 60_000
_PART = struct.Struct("<I2Hd")  # minute since the epoch, ms into it, for how many ms (it ends with the minute), ppm·ms


class CoState(Struct, frozen=True, gc=False):
    """`ppm` last value; `breathed` the last 120 minutes, an entry of 16 bytes a minute at most."""

    source: str
    condition: Condition
    ppm: float = 0.0
    breathed: bytes = b""

    @property
    def dose(self) -> tuple[tuple[int, int, float], ...]:
        """(since, until, ppm·ms) of what was breathed."""
        return unpacked(self.breathed)


def unpacked(dose: bytes) -> tuple[tuple[int, int, float], ...]:
    """A dose as (since, until, ppm·ms)."""
    parts = ((minute * _MINUTE_MS + into, length, part) for minute, into, length, part in _PART.iter_unpack(dose))
    return tuple((since, since + length, part) for since, length, part in parts)


def breathe(dose: bytes, since: int, until: int, ppm: float) -> bytes:
    """The dose after breathing `ppm` from `since` to `until` (ms), without what is older than the longest gate."""
    oldest, keep = until - LONGEST_MIN * _MINUTE_MS, 0
    while keep < len(dose) and _until(dose, keep) <= oldest:
        keep += _PART.size
    dose = dose[keep:]
    until = min(until, since + LONGEST_HELD_MS)
    if until <= max(since, oldest):
        return dose
    while since < until:
        minute, into = divmod(since, _MINUTE_MS)
        end = min(until, since - into + _MINUTE_MS)
        length, part = end - since, max(0.0, ppm) * (end - since)
        if dose:
            last, start, _, before = _PART.unpack_from(dose, len(dose) - _PART.size)
            if last == minute:
                dose, length, into, part = dose[: -_PART.size], length + into - start, start, before + part
            elif not before:
                dose = dose[: -_PART.size]  # a whole minute of clean air
        dose += _PART.pack(minute, into, length, part)
        since = end
    return dose


def mean(dose: bytes, now: int, minutes: int) -> float:
    """Mean ppm of the last `minutes` before `now` (ms); what was unknown counts as none."""
    start, total = now - minutes * _MINUTE_MS, 0.0
    for since, until, part in reversed(unpacked(dose)):
        if until <= start:
            break
        total += part if since >= start else part * (until - start) / (until - since)
    return total / (minutes * _MINUTE_MS)


def _until(dose: bytes, place: int) -> int:
    minute, into, length, _ = _PART.unpack_from(dose, place)
    return int(minute * _MINUTE_MS + into + length)


def _reached(dose: bytes, now: int, ppm: float) -> tuple[Reason, ...]:
    if ppm < LOWEST_PPM:
        return ()
    found: list[Reason] = []
    for gate, minutes in GATES:
        average = mean(dose, now, minutes)
        if average >= gate * (1 - 1e-9):
            found.append(Reason(f"co_mean_{minutes}_min", round(average, 1), gate, "ppm", _SOURCE))
    return tuple(found)


def _start(key: str, active: Mapping[str, datetime]) -> CoState:
    return CoState(key, Condition(onset=active.get("co")))


def _step(state: CoState, item: Input) -> tuple[CoState, tuple[Finding, ...]]:
    if isinstance(item, Reset) and item.kind == "co":
        return CoState(state.source, reset(state.condition), state.ppm, state.breathed), ()
    if not isinstance(item, Reading) or (ppm := item.values.get("co")) is None:
        return state, ()
    after, change = _judged(state, item.at, ppm)
    return after, () if change is Change.NONE else (_finding(state.source, item, change, ppm, after.breathed),)


@lru_cache(maxsize=1)
def _judged(state: CoState, at: datetime, ppm: float) -> tuple[CoState, Change]:
    """The state after a reading. Remembered, as in `heat`: the room judges the same reading again."""
    if is_late(state.condition, at):
        return state, Change.NONE
    now, dose = milliseconds(at), state.breathed
    if state.condition.last is not None:
        dose = breathe(dose, milliseconds(state.condition.last), now, state.ppm)
    condition, change = advance(state.condition, at, bool(_reached(dose, now, ppm)), ppm < LOWEST_PPM, HOLD)
    return CoState(state.source, condition, ppm, dose), change


def _finding(source: str, item: Reading, change: Change, ppm: float, dose: bytes) -> Finding:
    now, raised = milliseconds(item.at), change is Change.RAISED
    reasons = _reached(dose, now, ppm) if raised else (Reason("co_calm", ppm, LOWEST_PPM, "ppm", "ours"),)
    means = {f"co_mean_{minutes}_min": round(mean(dose, now, minutes), 1) for _, minutes in GATES}
    return Finding(raised, "co", source, item.at, str(item.key), _RULE, reasons, {**item.values, **means})


def _wants(origin: Origin) -> bool:
    return origin.profile == "co_detector"


DETECTORS: tuple[Detector[Any], ...] = (
    Detector(NAME, VERSION, Scope.DEVICE, "telemetry", timedelta(minutes=LONGEST_MIN), ("co",), _wants, _start, _step, never),
)
