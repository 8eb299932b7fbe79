"""One metric of one sensor, watched for what only a fault does. Every rule is a comparison of a few kept numbers."""

from datetime import timedelta

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


class Watch(Struct, frozen=True, gc=False):
    """Times in ms; `same_*` the run of equal values; `zigzag` the mean of how far it goes back and forth.

    `low` and `high` are of this window and the one before, `recent` the last seven values, `jumped` when the last jump was seen.
    """

    metric: str
    since: int
    at: int
    value: float
    same_since: int
    same: int
    readings: int
    top_since: int
    zigzag: float
    window: int
    low: float
    high: float
    windows: int = 0
    low_before: float = 0.0
    high_before: float = 0.0
    recent: tuple[float, ...] = ()
    jumped: int = 0


def begin(metric: str, at: int, value: float) -> Watch:
    """A watch that knows one value."""
    return Watch(metric, at, at, value, at, 1, 1, at, 0.0, at // WINDOW_MS, value, value, recent=(value,))


def watch(one: Watch, at: int, value: float) -> Watch:
    """The watch after a value; the same object for what is late, repeated or too soon."""
    gap = at - one.at
    if gap < EVERY_MS:
        return one
    if gap > LONGEST_GAP_MS:
        return begin(one.metric, at, value)
    limits, span, window = LIMITS[one.metric], gap / 1000, at // WINDOW_MS
    weight = max(span / (span + NOISE_S), 1 / one.readings)
    recent = (*one.recent[-6:], value)
    same, current = value == one.value, window == one.window
    return Watch(
        one.metric,
        one.since,
        at,
        value,
        one.same_since if same else at,
        one.same + 1 if same else 1,
        one.readings + 1,
        one.top_since if value >= limits.top else at,
        one.zigzag + (_turned(recent) - one.zigzag) * weight,
        window,
        one.low if current and one.low < value else value,
        one.high if current and one.high > value else value,
        one.windows + (not current),
        one.low_before if current else one.low,
        one.high_before if current else one.high,
        recent,
        at if _jumps(recent, limits.jump) else one.jumped,
    )


def faults(one: Watch) -> tuple[tuple[str, float, float], ...]:
    """What is wrong, as (fault, value, limit) in the metric's unit."""
    limits = LIMITS[one.metric]
    if _well(one, limits):
        return ()
    found = []
    if one.same >= STUCK_READINGS and one.at - one.same_since >= STUCK_MS and one.value != 0:
        found.append(("stuck", one.value, 0.0))
    if one.value >= limits.top and one.at - one.top_since >= SATURATED_MS:
        found.append(("saturated", one.value, limits.top))
    if one.readings >= NOISE_READINGS and one.zigzag >= limits.noise:
        found.append(("noisy", one.zigzag, limits.noise))
    low, high = min(one.low, one.low_before), max(one.high, one.high_before)
    if one.windows >= 2 and limits.offset <= low < limits.top and high - low <= limits.steady:
        found.append((limits.offset_is, low, limits.offset))
    if one.jumped and one.at - one.jumped <= JUMPS_LAST_MS:
        found.append(("jumping", one.value, limits.jump))
    return tuple(found)


def _well(one: Watch, limits: Limits) -> bool:
    """Whether nothing is even near a fault: most values of most sensors, told by the fewest comparisons."""
    return (
        one.same < STUCK_READINGS
        and one.value < limits.top
        and one.zigzag < limits.noise
        and (one.windows < 2 or one.low < limits.offset)
        and not one.jumped
    )


def _turned(recent: tuple[float, ...]) -> float:
    """How far the value went and came back in its last two steps; one step alone, however large, is no noise."""
    if len(recent) < 3:
        return 0.0
    first, turn, last = recent[-3:]
    before, now = turn - first, last - turn
    return min(abs(before), abs(now)) if before * now < 0 else 0.0


def _jumps(recent: tuple[float, ...], jump: float) -> bool:
    """A step at once between two levels that each stand still, which no smoke or heat makes."""
    if len(recent) < 7 or abs(recent[4] - recent[3]) < jump:
        return False
    before, after = recent[:4], recent[4:]
    still = jump / 8
    return max(before) - min(before) <= still and max(after) - min(after) <= still
