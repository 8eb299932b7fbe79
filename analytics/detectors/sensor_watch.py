"""One metric of one sensor, watched for what only a fault does. Every rule is a comparison of a few kept numbers.

There is a watch for every metric of every sensor, so they are kept packed, those of one sensor behind each other: boxed
numbers would take five times the room.
"""

import struct
from datetime import timedelta
from typing import NamedTuple

from msgspec import Struct

MEMORY = timedelta(hours=2)
LOOKS_WELL_FOR = timedelta(minutes=30)
EVERY_MS = 5_000
WINDOW_MS = 30 * 60_000  # two whole windows are the hour over which a level must stand still
NOISE_S = 300.0
STUCK_MS, STUCK_READINGS = 110 * 60_000, 60
SATURATED_MS = 5 * 60_000
JUMPS_LAST_MS = 30 * 60_000
NOISE_READINGS = 20
LONGEST_GAP_MS = 2 * 3_600_000


class Limits(Struct, frozen=True):
    """What a metric may do.

    `top`: from here on it is at the end of its range; `noise`: mean zigzag, about half the deviation of white noise; `offset`: the
    lowest value of an hour of clean air; `steady`: how little it moves meanwhile; `jump`: a step at once.
    """

    unit: str
    top: float
    noise: float
    offset: float
    steady: float
    jump: float
    offset_is: str = "drifting"


LIMITS: dict[str, Limits] = {
    "smoke_obscuration": Limits("%/m", 98.0, 1.5, 2.0, 3.0, 20.0, "dirty"),
    "temperature": Limits("°C", 1_150.0, 0.7, 60.0, 5.0, 15.0),
    "co": Limits("ppm", 5_000.0, 8.0, 15.0, 20.0, 150.0),
    "gas": Limits("%LEL", 98.0, 1.5, 3.0, 3.0, 25.0),
    "co2": Limits("ppm", 40_000.0, 75.0, 2_500.0, 1_000.0, 2_000.0),
    "humidity": Limits("%", 99.5, 2.0, 97.0, 3.0, 30.0),
}


_WATCH = struct.Struct("<q6I2d10f?")  # the fields of a Watch
_AT = struct.Struct("<q")  # of them the first
SIZE = _WATCH.size
_LONGEST_MS = 2**32 - 1
_BEFORE = 6


class Watch(NamedTuple):
    """What is kept of a metric. Spans are in ms up to `at`, 49 days at most: for how long the value was the same, for how long
    it has been at the top, how long ago it jumped (from 1; 0: not within half an hour). Levels are single, as what devices say is.

    `windows`: how many have ended; `zigzag` the mean of how far it goes back and forth; `low` and `high` of this window and the one
    before; `before` the six values before this one, 0 where there are none; `near`: something is near a fault.
    """

    at: int
    same_ms: int
    top_ms: int
    jumped_ms: int
    same: int
    readings: int
    windows: int
    value: float
    zigzag: float
    low: float
    high: float
    low_before: float
    high_before: float
    before: tuple[float, ...]
    near: bool


def begin(metric: str, at: int, value: float) -> bytes:
    """A watch that knows one value."""
    return packed(Watch(at, 0, 0, 0, 1, 1, 0, value, 0.0, value, value, 0.0, 0.0, (0.0,) * _BEFORE, value >= LIMITS[metric].top))


def packed(one: Watch) -> bytes:
    """A watch as it is kept."""
    *numbers, before, near = one
    return _WATCH.pack(*numbers, *before, near)


def unpacked(kept: bytes, place: int = 0) -> Watch:
    """One of several that are kept behind each other."""
    *numbers, near = _WATCH.unpack_from(kept, place * SIZE)
    return Watch._make((*numbers[:-_BEFORE], tuple(numbers[-_BEFORE:]), near))


def near(kept: bytes, place: int) -> bool:
    """Whether anything of one of several is near a fault; of most sensors nothing is."""
    return kept[place * SIZE + SIZE - 1] != 0


def last(kept: bytes, place: int) -> int:
    """When one of several took its last value, in ms; what comes within `EVERY_MS` of it is too soon for it."""
    at: int = _AT.unpack_from(kept, place * SIZE)[0]
    return at


def watch(metric: str, kept: bytes, place: int, at: int, value: float) -> bytes:
    """One of several after a value that is not too soon."""
    kept_now = _WATCH.unpack_from(kept, place * SIZE)
    then, same_ms, top_ms, jumped_ms, same, readings, windows, was, zigzag, low, high, low_before, high_before = kept_now[:13]
    gap = at - then
    if gap > LONGEST_GAP_MS:
        return begin(metric, at, value)
    limits, span, recent = LIMITS[metric], gap / 1000, kept_now[14:19]
    one, other = was - recent[4], value - was
    turned = min(abs(one), abs(other)) if one * other < 0 and readings > 1 else 0.0  # what is before the first is no value
    zigzag += (turned - zigzag) * max(span / (span + NOISE_S), 1 / readings)
    same_ms, same = (min(same_ms + gap, _LONGEST_MS), same + 1) if value == was else (0, 1)
    top_ms = min(top_ms + gap, _LONGEST_MS) if value >= limits.top else 0
    if abs(recent[4] - recent[3]) >= limits.jump and readings >= _BEFORE and _stand((*recent, was, value), limits.jump / 8):
        jumped_ms = 1
    elif jumped_ms:
        jumped_ms = jumped_ms + gap if jumped_ms + gap <= 1 + JUMPS_LAST_MS else 0
    if at // WINDOW_MS == then // WINDOW_MS:
        low, high = (value if value < low else low), (value if value > high else high)
    else:
        windows, low_before, high_before, low, high = windows + 1, low, high, value, value
    is_near = jumped_ms or same >= STUCK_READINGS or value >= limits.top or zigzag >= limits.noise
    is_near = is_near or (windows >= 2 and low >= limits.offset)
    counts = (same_ms, top_ms, jumped_ms, same, readings + 1, windows)
    return _WATCH.pack(at, *counts, value, zigzag, low, high, low_before, high_before, *recent, was, is_near)


def faults(metric: str, one: Watch) -> tuple[tuple[str, float, float], ...]:
    """What is wrong, as (fault, value, limit) in the metric's unit."""
    if not one.near:
        return ()
    limits, found = LIMITS[metric], []
    if one.same >= STUCK_READINGS and one.same_ms >= STUCK_MS and one.value != 0:
        found.append(("stuck", one.value, 0.0))
    if one.value >= limits.top and one.top_ms >= SATURATED_MS:
        found.append(("saturated", one.value, limits.top))
    if one.readings >= NOISE_READINGS and one.zigzag >= limits.noise:
        found.append(("noisy", one.zigzag, limits.noise))
    low, high = min(one.low, one.low_before), max(one.high, one.high_before)
    if one.windows >= 2 and limits.offset <= low < limits.top and high - low <= limits.steady:
        found.append((limits.offset_is, low, limits.offset))
    if one.jumped_ms:
        found.append(("jumping", one.value, limits.jump))
    return tuple(found)


def _stand(recent: tuple[float, ...], still: float) -> bool:
    """Whether four values, and the three after them, each stand still; what lies between them is a step that no fire makes."""
    before, after = recent[:4], recent[4:]
    return max(before) - min(before) <= still and max(after) - min(after) <= still
