"""What the first delivery decided holds for every later one, whatever the clock looks like by then."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from analytics.step import Event, Reading
from broker.session import Arrived
from ingest.clocks import StoredKey, at_fixed_time, keys, settle
from ingest.decode import decode
from ingest.said import EVENTS, TELEMETRY, Register, Said

Deliver = Callable[..., Arrived]
HOME = "care/v1/tst001/home-1"
FOREIGN = f"{HOME}/gw-1/foreign/zigbee2mqtt/sos-1"


def pressed(register: Register, arrived: Arrived) -> Said:
    (one,) = decode(arrived, register, EVENTS)
    assert isinstance(one, Said)
    return one


def event(said: Said) -> Event:
    assert isinstance(said.item, Event)
    return said.item


def test_right_clock_needs_no_fix(register: Register, deliver: Deliver, t: int) -> None:
    said = pressed(register, deliver(f"{HOME}/sos-1/event", {"t": t, "n": 1, "e": "sos"}))
    settled = settle([said], {})
    assert (settled.said, settled.fixes) == ((said,), {})
    assert keys([said]) == [(1, "", 1, t)]


def test_wrong_clock_is_fixed_at_arrival(register: Register, deliver: Deliver, now: datetime, t: int) -> None:
    said = pressed(register, deliver(f"{HOME}/sos-1/event", {"t": t + 10**9, "n": 1, "e": "sos"}))
    settled = settle([said], {})
    assert settled.fixes == {(1, "", 1, t + 10**9): now}
    assert settled.said == (said,)


def test_later_delivery_keeps_the_first_time(register: Register, deliver: Deliver, now: datetime, t: int) -> None:
    later = deliver(f"{HOME}/sos-1/event", {"t": t + 10**9, "n": 1, "e": "sos"}, at=now + timedelta(hours=1))
    (one,) = settle([pressed(register, later)], {(1, "", 1, t + 10**9): now}).said
    assert (event(one).at, event(one).now, one.flags) == (now, now + timedelta(hours=1), ("clock_fixed",))


def test_clock_that_looks_right_by_now_still_counts_as_decided(register: Register, deliver: Deliver, now: datetime, t: int) -> None:
    sent = t + 125_000
    late = deliver(f"{HOME}/sos-1/event", {"t": sent, "n": 1, "e": "sos"}, at=now + timedelta(minutes=1))
    said = pressed(register, late)
    assert not said.pinned
    settled = settle([said], {(1, "", 1, sent): now})
    assert (event(settled.said[0]).at, settled.said[0].flags, settled.fixes) == (now, ("clock_fixed",), {})


def test_decided_elsewhere_at_another_moment_wins(register: Register, deliver: Deliver, now: datetime, t: int) -> None:
    said = pressed(register, deliver(f"{HOME}/sos-1/event", {"t": 0, "n": 1, "e": "sos"}))
    other = now - timedelta(seconds=3)
    assert event(settle([said], {(1, "", 1, 0): other}).said[0]).at == other


def test_words_without_a_key_merge_within_a_minute(register: Register, deliver: Deliver, now: datetime) -> None:
    def again(seconds: float) -> Said:
        return pressed(register, deliver(FOREIGN, {"action": "single"}, at=now + timedelta(seconds=seconds)))

    settled = settle([again(0), again(0.5), again(59), again(59.999), again(60), again(61)], {})
    merged = [event(one).key for one in settled.said]
    assert len(set(merged[:4])) == 1, "one press, heard four times"
    assert len(set(merged[4:])) == 1 and merged[4] != merged[0]
    assert list(settled.fixes.values()) == [now, now + timedelta(seconds=60)]


def test_words_without_a_key_merge_over_the_minutes_edge(register: Register, deliver: Deliver, now: datetime) -> None:
    first = pressed(register, deliver(FOREIGN, {"action": "single"}, at=now + timedelta(seconds=55)))
    decided = dict(settle([first], {}).fixes)
    second = pressed(register, deliver(FOREIGN, {"action": "single"}, at=now + timedelta(seconds=65)))
    assert event(second).key != event(first).key
    settled = settle([second], decided)
    assert (event(settled.said[0]).key, settled.fixes) == (event(first).key, {})
    assert settled.said[0].flags == ("foreign",), "merged is not a wrong clock"
    assert set(keys([second])) >= set(decided)


@given(
    offsets=st.lists(st.integers(-(10**10), 10**10), min_size=1, max_size=8),
    delays=st.lists(st.integers(0, 7200), min_size=1, max_size=4),
)
def test_redelivery_changes_nothing(
    register: Register, deliver: Deliver, now: datetime, t: int, offsets: list[int], delays: list[int]
) -> None:
    """However often and late it comes again: the same keys at the same times."""
    decided: dict[StoredKey, datetime] = {}
    rows: dict[StoredKey, set[datetime]] = {}
    for delay in (0, *delays):
        for n, offset in enumerate(offsets):
            sent: dict[str, Any] = {"t": max(0, t + offset), "n": n, "v": {"battery": 5}}
            (one,) = decode(deliver(f"{HOME}/sos-1/telemetry", sent, at=now + timedelta(seconds=delay)), register, TELEMETRY)
            assert isinstance(one, Said)
            settled = settle([one], decided)
            decided |= settled.fixes
            (done,) = settled.said
            assert isinstance(done.item, Reading)
            rows.setdefault((1, "", n, sent["t"]), set()).add(done.item.at)
    fixed = {key: times for key, times in rows.items() if key in decided}
    assert all(len(times) == 1 for times in fixed.values())


def test_status_has_no_key(register: Register, deliver: Deliver) -> None:
    (one,) = decode(deliver(f"{HOME}/sos-1/status", {"online": False}), register, TELEMETRY)
    assert isinstance(one, Said)
    assert keys([one]) == []
    assert settle([one], {}).said == (one,)


def test_said_is_not_changed_in_place(register: Register, deliver: Deliver, now: datetime) -> None:
    said = pressed(register, deliver(f"{HOME}/sos-1/event", {"t": 0, "n": 1, "e": "sos"}))
    before = replace(said)
    settle([said], {(1, "", 1, 0): now - timedelta(days=1)})
    assert said == before


def test_a_reading_whose_clock_looks_right_is_looked_up_where_it_is_stored(
    register: Register, deliver: Deliver, now: datetime, t: int
) -> None:
    def said(sent: int) -> Said:
        (one,) = decode(deliver(f"{HOME}/smoke-1/telemetry", {"t": sent, "n": 1, "v": {"temperature": 21}}), register, TELEMETRY)
        assert isinstance(one, Said)
        return one

    device_id = register["smoke-1"].device_id
    assert keys([said(t), said(t + 10**9)]) == [(device_id, "", 1, t + 10**9)]
    right = said(t - 90_000)
    assert isinstance(right.item, Reading)
    fixed, item = at_fixed_time(right, right.item, now)
    assert (fixed.flags, fixed.item, item.at, item.key) == (("clock_fixed",), item, now, right.item.key)
