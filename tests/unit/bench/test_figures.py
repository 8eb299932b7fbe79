"""The arithmetic behind every figure."""

import math

from hypothesis import given
from hypothesis import strategies as st

from bench.alarm import figures
from bench.console import Console
from bench.figures import milliseconds, percentile, rate

_some = st.lists(st.floats(0, 1e6), min_size=1, max_size=200)


@given(_some, st.sampled_from([0.01, 0.5, 0.9, 0.99, 1.0]))
def test_a_percentile_is_the_smallest_value_that_covers_its_share(values: list[float], share: float) -> None:
    found = percentile(values, share)
    assert found in values
    assert sum(one <= found for one in values) >= math.floor(share * len(values))
    assert sum(one < found for one in values) < math.ceil(share * len(values)) + 1e-9


def test_percentiles_of_a_hundred() -> None:
    values = [float(one) for one in range(100, 0, -1)]
    assert [percentile(values, share) for share in (0.01, 0.5, 0.99, 1.0)] == [1, 50, 99, 100]


def test_of_nothing_there_is_no_percentile() -> None:
    assert percentile([], 0.5) is None
    assert milliseconds([], "burst_") == {"burst_p50_ms": None, "burst_p99_ms": None, "burst_max_ms": None}


def test_the_slowest_is_never_hidden_by_a_percentile() -> None:
    found = milliseconds([0.010] * 999 + [3.0])
    assert (found["p50_ms"], found["p99_ms"], found["max_ms"]) == (10.0, 10.0, 3000.0)


def test_a_rate_needs_time() -> None:
    assert rate(10, 0) == 0
    assert rate(10, 4) == 2.5


def test_a_press_that_never_came_is_missed_and_not_left_out_in_silence() -> None:
    console = Console()
    console.seen = {"sos-1": 10.25, "other": 99.0}
    found = figures({"sos-1": 10.0, "sos-2": 11.0}, console, "")
    assert found == {"p50_ms": 250.0, "p99_ms": 250.0, "max_ms": 250.0, "presses": 2, "missed": 1}
