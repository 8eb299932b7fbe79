"""A flood is limited, a backlog is not, an event never, and a device does not pay for its neighbour."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.step import Event, Reading
from devices.keys import Key, milliseconds
from ingest import rows
from ingest.flood import ARRIVED, MEASURED, REASON, Flood, Limit, taken
from ingest.said import Known, Register, Said, Status

SECOND = timedelta(seconds=1)
Say = Callable[..., Said]


@pytest.fixture
def say(register: Register, now: datetime) -> Say:
    def one(after_s: float = 0.0, arrived_s: float = 0.0, code: str = "smoke-1", kind: type = Reading) -> Said:
        known: Known = register[code]
        at, arrived = now + after_s * SECOND, now + arrived_s * SECOND
        key = Key(code, "", 1, milliseconds(at))
        if kind is Event:
            return Said(known, Event(known.origin, at, arrived, key, "sos", {}))
        if kind is Status:
            return Said(known, Status(at, arrived, True, False, None, None, None))
        return Said(known, Reading(known.origin, at, arrived, key, {"temperature": 20.0}))

    return one


def passed(flood: Flood, said: list[Said], at_a_time: int = 500) -> int:
    """How many get through, in batches as the lane takes them."""
    kept = 0
    for start in range(0, len(said), at_a_time):
        sifted = flood.sift(said[start : start + at_a_time])
        flood.adopt(sifted)
        kept += len(sifted.kept)
    return kept


def test_a_flood_is_cut_to_the_limit(say: Say) -> None:
    minute = [say(n / 1000, n / 1000) for n in range(60_000)]
    assert passed(Flood(), minute) == pytest.approx(MEASURED.at_once + 60 * MEASURED.per_s, abs=2)


def test_a_clock_that_stands_still_fills_nothing(say: Say) -> None:
    assert passed(Flood(), [say(0, n) for n in range(5_000)]) == MEASURED.at_once


def test_ten_a_second_pass_for_ever(say: Say) -> None:
    hour = [say(n / 10, n / 10) for n in range(36_000)]
    assert passed(Flood(), hour) == len(hour)


def test_a_backlog_passes_however_fast_it_is_handed_over(say: Say) -> None:
    """An hour at ten a second, all of it within a second."""
    backlog = [say(n / 10, 3_600 + n / 36_000) for n in range(36_000)]
    assert passed(Flood(), backlog) == len(backlog)


@pytest.mark.parametrize("chunk", [1, 50, 600])
def test_a_backlog_passes_in_any_order(say: Say, chunk: int) -> None:
    """Repeats come after newer ones, and a device may send its buffer backwards."""
    backlog = [say(n / 10, 700) for n in range(6_000)]
    chunks = [backlog[start : start + chunk] for start in range(0, 6_000, chunk)]
    mixed = [one for pair in zip(chunks[1::2], chunks[::2], strict=True) for part in pair for one in part]
    assert passed(Flood(), mixed) == len(mixed)
    assert passed(Flood(), backlog[::-1]) == len(backlog)


def test_a_clock_that_lies_is_limited_by_arrival(say: Say) -> None:
    said = [say(n * 60.0, n / 1_000) for n in range(1_000)]
    tight = Flood(arrived=Limit(per_s=100.0, at_once=200.0))
    assert passed(tight, said) == pytest.approx(200 + 100, abs=2)
    assert passed(Flood(), said) == len(said)
    assert ARRIVED.at_once >= 7 * 24 * 3600 / 10, "a week at one in ten seconds is a backlog that an honest device may keep"


def test_events_and_statuses_are_never_limited(say: Say) -> None:
    flood = Flood(Limit(0.0, 1.0), Limit(0.0, 1.0))
    said = [say(kind=kind) for kind in (Reading, Reading, Event, Status, Event, Status)]
    sifted = flood.sift(said)
    assert (sifted.kept, dict(sifted.limited), sifted.count) == ((0, 2, 3, 4, 5), {"smoke-1": 1}, 1)


def test_a_neighbour_pays_nothing(say: Say) -> None:
    flood = Flood()
    sifted = flood.sift([say() for _ in range(5_000)] + [say(code="heat-1") for _ in range(10)])
    assert dict(sifted.limited) == {"smoke-1": 5_000 - 600}
    assert sifted.kept[-10:] == tuple(range(5_000, 5_010))


def test_a_transaction_that_fails_takes_nothing(say: Say) -> None:
    flood = Flood()
    for _ in range(5):
        assert flood.sift([say() for _ in range(600)]).count == 0
    flood.adopt(flood.sift([say() for _ in range(600)]))
    assert flood.sift([say()]).count == 1


@given(st.lists(st.floats(-1e6, 1e6), max_size=50))
def test_a_bucket_never_holds_more_than_it_can_nor_less_than_nothing(times: list[float]) -> None:
    left, last, limit = 5.0, 0.0, Limit(0.5, 5.0)
    for at in times:
        before = left
        left, passes = taken(before, abs(at - last), limit)
        assert 0.0 <= left <= limit.at_once
        assert passes == (min(limit.at_once, before + abs(at - last) * limit.per_s) >= 1.0)
        last = at


def test_one_row_a_device_whatever_came(register: Register, now: datetime) -> None:
    first, second = rows.limited_rows({"smoke-1": 7, "sos-2": 1}, register, now)
    assert (first.lane, first.topic, first.area) == ("telemetry", "care/v1/tst001/home-1/smoke-1/telemetry", "tst001")
    assert (first.payload, first.reason, first.times, second.times) == (b"", REASON, 7, 1)
    assert second.topic == "care/v1/tst001/home-2/sos-2/telemetry"
