"""What is packed behaves as the plain thing does: each kept form is held against the same rule over ordinary values."""

from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import accumulate, pairwise

from hypothesis import given
from hypothesis import strategies as st

from analytics.detectors import heat, sensor_fault
from analytics.detectors.room_signs import METRICS, NAMES, Channel, Channels, first, follow, heard, heard_one, signs, unpacked
from analytics.detectors.sensor_watch import EVERY_MS, LIMITS, LONGEST_GAP_MS, WINDOW_MS, Watch, begin, faults, packed, watch
from analytics.detectors.sensor_watch import unpacked as unpacked_watch
from analytics.step import Reading

Make = Callable[..., Reading]
single = st.floats(0, 120, width=32)  # what devices say is single
plateaus = st.lists(st.tuples(single, st.integers(1, 8)), min_size=1, max_size=12)
gaps = st.lists(st.sampled_from([EVERY_MS, 7_001, 30_000, 60_000, 600_000, LONGEST_GAP_MS, LONGEST_GAP_MS + 1]), max_size=90)
watches = st.builds(
    Watch,
    st.integers(0, 2**62),
    *[st.integers(0, 2**32 - 1)] * 6,
    st.floats(allow_nan=False),
    st.floats(allow_nan=False),
    *[st.floats(allow_nan=False, width=32)] * 4,
    st.tuples(*[st.floats(allow_nan=False, width=32)] * 6),
    st.booleans(),
)


@given(st.lists(watches, min_size=1, max_size=4))
def test_watches_survive_the_round_trip_side_by_side(many: list[Watch]) -> None:
    kept = b"".join(packed(one) for one in many)
    assert [unpacked_watch(kept, place) for place in range(len(many))] == many


def plain_faults(metric: str, told: list[tuple[int, float]]) -> set[str]:
    """The names of what is wrong, by all values since the last long gap."""
    limits, (at, value) = LIMITS[metric], told[-1]
    values = [one for _, one in told]
    found = set()
    equal = next((n for n, one in enumerate(reversed(values)) if one != value), len(values))
    if equal >= 60 and at - told[-equal][0] >= 110 * 60_000 and value != 0:
        found.add("stuck")
    low_at = next((when for when, one in reversed(told) if one < limits.top), told[0][0])
    if value >= limits.top and at - low_at >= 5 * 60_000:
        found.add("saturated")
    windows = sorted({when // WINDOW_MS for when, _ in told})
    if len(windows) > 2:
        level = [one for when, one in told if when // WINDOW_MS in windows[-2:]]
        if limits.offset <= min(level) < limits.top and max(level) - min(level) <= limits.steady:
            found.add(limits.offset_is)
    if any(at - told[n][0] <= 30 * 60_000 and jumps(values[n - 6 : n + 1], limits.jump) for n in range(6, len(told))):
        found.add("jumping")
    return found | ({"noisy"} if len(told) >= 20 and zigzag(told) >= limits.noise else set())


def jumps(seven: list[float], jump: float) -> bool:
    before, after, still = seven[:4], seven[4:], jump / 8
    level = max(before) - min(before) <= still and max(after) - min(after) <= still
    return abs(seven[4] - seven[3]) >= jump and level


def zigzag(told: list[tuple[int, float]]) -> float:
    mean, values = 0.0, [one for _, one in told]
    for n, ((then, _), (at, _)) in enumerate(pairwise(told), 1):
        one, other = (values[n - 1] - values[n - 2], values[n] - values[n - 1]) if n > 1 else (0.0, 0.0)
        turned = min(abs(one), abs(other)) if one * other < 0 else 0.0
        span = (at - then) / 1000
        mean += (turned - mean) * max(span / (span + 300.0), 1 / n)
    return mean


@given(metric=st.sampled_from(sorted(LIMITS)), levels=plateaus, spans=gaps)
def test_a_packed_watch_finds_what_all_values_say(metric: str, levels: list[tuple[float, int]], spans: list[int]) -> None:
    values = [value for value, times in levels for _ in range(times)]
    times = [1_790_000_000_000, *accumulate(spans, initial=1_790_000_000_000)][1:]
    kept, told = begin(metric, times[0], values[0]), [(times[0], values[0])]
    for gap, at, value in zip(spans, times[1:], values[1:], strict=False):
        kept = watch(metric, kept, 0, at, value)
        told = [(at, value)] if gap > LONGEST_GAP_MS else [*told, (at, value)]
        assert {name for name, _, _ in faults(metric, unpacked_watch(kept))} == plain_faults(metric, told)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(-2, 20), single, st.booleans()), max_size=30))
def test_channels_of_a_room_are_those_of_each_metric_alone(said: list[tuple[str, int, float, bool]]) -> None:
    at, room = 1_790_000_000_000, Channels()
    alone: dict[tuple[str, str], Channel] = {}
    for device, seconds, value, both in said:
        at += seconds * 1000
        values = {"temperature": value, "signal": -60.0} | ({"co": value * 2} if both else {})
        before = room
        room, rows = heard(room, device, at, values)
        assert (room is before) == (room == before)
        alike, row = heard_one(before, device, METRICS.index("temperature"), at, value)
        assert both or alike == room
        assert row in rows
        assert rows == unpacked(room)
        for metric in ("temperature", "co") if both else ("temperature",):
            key, one = (device, metric), values[metric]
            alone[key] = follow(alone[key], at, one) if key in alone else first(0, 0, at, one)
    found = {(room.devices[row[0]], METRICS[row[1]]): row[2:] for row in unpacked(room)}
    assert found == {key: row[2:] for key, row in alone.items()}
    largest = {
        name: max([0.0, *(row[4] - row[less] for (_, metric), row in alone.items() if name == f"{metric}_{sign}")])
        for name in NAMES
        for less, sign in ((6, "rise"), (5, "growth"))
        if name.endswith(sign)
    }
    assert signs(unpacked(room)) == largest


def remembered(told: Iterable[tuple[datetime, float]]) -> list[tuple[datetime, float]]:
    """The rule of `heat` over plain values: the lowest of every five seconds, of three minutes."""
    samples: list[tuple[datetime, float]] = []
    for at, value in told:
        samples = [one for one in samples if one[0] >= at - heat.LONGEST]
        if samples and at - samples[-1][0] < heat.SPACING:
            samples[-1] = (samples[-1][0], min(samples[-1][1], value))
        else:
            samples.append((at, value))
    return samples


def steepness(item: Reading, cooler: float, then: datetime) -> float:
    return (item.values["temperature"] - cooler) / (max(item.at - then, heat.SHORTEST) / heat.SHORTEST)


@given(st.lists(st.tuples(st.integers(1, 90_000), st.floats(-40, 90)), min_size=1, max_size=60))
def test_heat_remembers_the_same_and_finds_the_same_rise(reading: Make, told: list[tuple[int, float]]) -> None:
    (detector,) = heat.DETECTORS
    times = list(accumulate(gap for gap, _ in told))
    items = [reading("heat_detector", ms / 1000, {"temperature": value}) for ms, (_, value) in zip(times, told, strict=True)]
    state, so_far = detector.start("d", {}), []
    for item in items:
        state, found = detector.step(state, item)
        so_far.append((item.at, item.values["temperature"]))
        samples = remembered(so_far)
        assert list(state.samples) == samples
        rise = max(0.0, *(steepness(item, cooler, then) for then, cooler in samples))
        assert all(one.evidence["rise_per_min"] == round(rise, 2) for one in found)
        assert state.condition.onset is not None or (rise < heat.RISE_C_PER_MIN and so_far[-1][1] < heat.STATIC_C) or found


def test_devices_of_one_kind_share_what_is_the_same(reading: Make) -> None:
    """What was just judged is judged again by the room, and several detectors keep that nothing began: one object for all."""
    (fault,), (warm,) = sensor_fault.DETECTORS, heat.DETECTORS
    item = reading("smoke_detector", 0, {"smoke_obscuration": 0.1, "temperature": 21.0})
    one, other = (fault.step(fault.start(code, {}), item)[0] for code in "ab")
    assert one.metrics is other.metrics
    again, twin = (warm.step(warm.start("a", {}), item)[0] for _ in "ab")
    assert again is twin
    assert again.condition is one.condition


def test_a_sensor_takes_what_the_decision_says(reading: Make) -> None:
    """The layout is kept nowhere but in memory, and is counted in every device: what makes it larger is to be seen."""
    (detector,) = sensor_fault.DETECTORS
    item = reading("smoke_detector", 0, {"smoke_obscuration": 0.1, "temperature": 21.0})
    state, _ = detector.step(detector.start("d", {}), item)
    assert len(state.watches) == 2 * 89
    room, _ = heard(Channels(), "d", 0, item.values)
    assert len(room.packed) == 2 * 39
    assert len(heat.DETECTORS[0].step(heat.DETECTORS[0].start("d", {}), item)[0].kept) == 8 + 16
