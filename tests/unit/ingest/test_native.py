"""What devices say in the contract's own words: every valid message survives, everything else is rejected with a reason."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.step import Event, Reading, Waveform
from broker.session import Arrived
from devices.codec import float32
from devices.keys import Key, milliseconds
from devices.profiles import PROFILES
from ingest.decode import decode
from ingest.said import EVENTS, TELEMETRY, Ack, Decoded, Register, Rejected, Said, Status, known
from store.devices import RegisteredDevice

Deliver = Callable[..., Arrived]
HOME = "care/v1/tst001/home-1"


def only(decoded: Decoded) -> Said:
    """The one thing that was said."""
    (one,) = decoded
    assert isinstance(one, Said), one
    return one


def refused(decoded: Decoded) -> Rejected:
    """The one reason why not."""
    (one,) = decoded
    assert isinstance(one, Rejected), one
    return one


def press(t: int, **more: Any) -> dict[str, Any]:
    return {"t": t, "b": "7f3a", "n": 4711, "e": "sos", **more}


def test_press_is_an_event_of_the_registered_device(register: Register, deliver: Deliver, now: datetime, t: int) -> None:
    said = only(decode(deliver(f"{HOME}/sos-1/event", press(t, v={"battery": 71})), register, EVENTS))
    assert said.known is register["sos-1"]
    assert said.item == Event(said.known.origin, now, now, Key("sos-1", "7f3a", 4711, t), "sos", {"battery": 71.0})
    assert (said.pinned, said.flags) == (False, ())
    assert said.known.origin.senior == "s-1"


def test_drill_stays_a_drill(register: Register, deliver: Deliver, t: int) -> None:
    item = only(decode(deliver(f"{HOME}/sos-1/event", press(t, drill=True)), register, EVENTS)).item
    assert isinstance(item, Event)
    assert item.drill


@pytest.mark.parametrize("place", ["care/v1/tst999/home-1", "care/v1/tst001/home-9", "care/v1/tst002/inst-1"])
def test_press_from_a_wrong_place_is_believed_and_flagged(register: Register, deliver: Deliver, t: int, place: str) -> None:
    said = only(decode(deliver(f"{place}/sos-1/event", press(t)), register, EVENTS))
    assert said.flags == ("wrong_place",)
    assert (said.known.origin.area, said.known.origin.site) == ("tst001", "home-1")


@pytest.mark.parametrize(
    "context",
    [
        {"battery": 120},
        {"battery": -1},
        {"impact": 3.5},
        {"battery": "low"},
        {"battery": None},
        {"Battery": 1},
        {"battery": 1e300},
        "low",
        None,
        [1],
    ],
)
def test_nonsense_beside_a_press_never_hides_it(register: Register, deliver: Deliver, t: int, context: Any) -> None:
    said = only(decode(deliver(f"{HOME}/sos-1/event", press(t, v=context)), register, EVENTS))
    assert isinstance(said.item, Event)
    assert (said.item.kind, dict(said.item.values)) == ("sos", {})
    assert said.flags == ("values_dropped",)


def test_good_values_beside_bad_ones_are_kept(register: Register, deliver: Deliver, t: int) -> None:
    said = only(decode(deliver(f"{HOME}/sos-1/event", press(t, v={"battery": 7, "signal": 40})), register, EVENTS))
    assert isinstance(said.item, Event)
    assert dict(said.item.values) == {"battery": 7.0}
    assert said.flags == ("values_dropped",)


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"t": 1, "n": 1},
        {"t": -1, "n": 1, "e": "sos"},
        {"t": 1, "n": 1.5, "e": "sos"},
        {"t": 1, "n": 1, "e": ""},
        [],
        b"",
        b"{",
        b"\xff",
    ],
)
def test_broken_event_is_rejected_with_its_reason(register: Register, deliver: Deliver, payload: Any) -> None:
    rejected = refused(decode(deliver(f"{HOME}/sos-1/event", payload), register, EVENTS))
    assert rejected.reason
    assert (rejected.area, rejected.unknown, rejected.reported) == ("tst001", "", True)


def test_event_that_such_a_device_cannot_say_is_rejected(register: Register, deliver: Deliver, t: int) -> None:
    reason = refused(decode(deliver(f"{HOME}/door-1/event", press(t)), register, EVENTS)).reason
    assert reason.startswith("e: expected an event of door_contact") and "'sos'" in reason


def test_unknown_device_is_rejected_by_name(register: Register, deliver: Deliver, t: int) -> None:
    rejected = refused(decode(deliver(f"{HOME}/nobody/event", press(t)), register, EVENTS))
    assert rejected == Rejected("device: expected one that is enrolled, got 'nobody'", "tst001", "nobody")


def test_device_of_an_unknown_profile_is_not_known(enrolled: Callable[..., RegisteredDevice], deliver: Deliver, t: int) -> None:
    odd = known({"odd-1": enrolled("odd-1", "unheard_of", 9)})
    assert refused(decode(deliver(f"{HOME}/odd-1/event", press(t)), odd, EVENTS)).unknown == "odd-1"


def test_revoked_device_counts_until_it_was_revoked(register: Register, deliver: Deliver, t: int) -> None:
    reason = refused(decode(deliver(f"{HOME}/sos-3/event", press(t)), register, EVENTS)).reason
    assert "revoked 2026-11-24 01:00Z" in reason
    assert only(decode(deliver(f"{HOME}/sos-3/event", press(t - 2 * 3_600_000)), register, EVENTS)).flags == ("late",)


@pytest.mark.parametrize(
    ("ago_s", "flags", "pinned"),
    [
        (0, (), False),
        (60, (), False),
        (61, ("late",), False),
        (14 * 60, ("late",), False),
        (7 * 86_400, ("late",), False),
        (7 * 86_400 + 1, ("clock_fixed",), True),
        (-120, (), False),
        (-121, ("clock_fixed",), True),
    ],
)
def test_clock_and_delay(
    register: Register, deliver: Deliver, now: datetime, t: int, ago_s: int, flags: tuple[str, ...], pinned: bool
) -> None:
    said = only(decode(deliver(f"{HOME}/sos-1/event", press(t - ago_s * 1000)), register, EVENTS))
    assert (said.flags, said.pinned) == (flags, pinned)
    assert isinstance(said.item, Event)
    assert said.item.at == (now if pinned else now - timedelta(seconds=ago_s))
    assert said.item.key.t == t - ago_s * 1000, "the key keeps the time as sent"


def test_telemetry_list_is_several_readings(register: Register, deliver: Deliver, now: datetime, t: int) -> None:
    sent = [{"t": t - 1000 * n, "b": "a", "n": n, "v": {"smoke_obscuration": 0.1, "temperature": 20 + n}} for n in range(3)]
    decoded = decode(deliver(f"{HOME}/smoke-1/telemetry", sent), register, TELEMETRY)
    assert [one.item.key.n for one in decoded if isinstance(one, Said) and isinstance(one.item, Reading)] == [0, 1, 2]
    first = decoded[0]
    assert isinstance(first, Said) and isinstance(first.item, Reading)
    assert dict(first.item.values) == {"smoke_obscuration": float32(0.1, "x"), "temperature": 20.0}
    assert (first.item.at, first.item.now) == (now, now)


def test_good_readings_of_a_list_survive_the_bad_ones(register: Register, deliver: Deliver, t: int) -> None:
    sent = [
        {"t": t, "n": 1, "v": {"temperature": 20}},
        {"t": t, "n": 2, "v": {"temperature": 9000}},
        {"t": t, "n": 3, "v": {"temperature": "warm"}},
        {"t": t, "n": 4, "v": {"temperature": 21}},
        {"t": t, "n": 5, "v": {}},
        7,
    ]
    decoded = decode(deliver(f"{HOME}/heat-1/telemetry", sent), register, TELEMETRY)
    kept = [one.item.key.n for one in decoded if isinstance(one, Said) and isinstance(one.item, Reading)]
    reasons = [one.reason for one in decoded if isinstance(one, Rejected)]
    assert kept == [1, 4]
    assert len(reasons) == 1
    assert all(f"reading {number}: " in reasons[0] for number in (2, 3, 5, 6))


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"temperature": 9000}, "temperature: expected -40 to "),
        ({"co": 1}, "co: expected a metric of heat_detector"),
        ({}, "v: expected at least one value, got none"),
    ],
)
def test_reading_outside_its_profile_is_rejected(
    register: Register, deliver: Deliver, t: int, values: dict[str, float], reason: str
) -> None:
    sent = {"t": t, "n": 1, "v": values}
    assert refused(decode(deliver(f"{HOME}/heat-1/telemetry", sent), register, TELEMETRY)).reason.startswith(reason)


def test_waveform(register: Register, deliver: Deliver, now: datetime, t: int) -> None:
    sent = {"t": t, "b": "a", "n": 1, "fs": 50, "unit": "mg", "xyz": [[0, 0, 1000], [1.5, 2, 990]]}
    item = only(decode(deliver(f"{HOME}/wear-1/waveform", sent), register, TELEMETRY)).item
    assert item == Waveform(register["wear-1"].origin, now, now, Key("wear-1", "a", 1, t), 50, "mg", ((0, 0, 1000), (1.5, 2, 990)))


def test_answer_to_a_command(register: Register, deliver: Deliver, now: datetime, t: int) -> None:
    sent = {"t": t, "n": 2, "id": "c-1", "done": "shown"}
    assert only(decode(deliver(f"{HOME}/wear-1/ack", sent), register, EVENTS)).item == Ack(
        now, now, Key("wear-1", "", 2, t), "c-1", "shown"
    )


def test_status_when_it_was_true(register: Register, deliver: Deliver, now: datetime, t: int) -> None:
    sent = {"online": True, "t": t - 86_400_000, "battery": 50, "signal": -70, "firmware": "2.0"}
    item = only(decode(deliver(f"{HOME}/sos-1/status", sent, retained=True), register, TELEMETRY)).item
    assert item == Status(now - timedelta(days=1), now, True, False, 50, -70, "2.0", old=True)
    assert (item.seen, item.alive) == (now - timedelta(days=1), False), "what the broker retains was said then, not now"


def test_status_said_just_now_is_a_sign_of_life(register: Register, deliver: Deliver, now: datetime, t: int) -> None:
    for sent, alive in (
        ({"online": True}, True),
        ({"online": True, "t": t - 86_400_000}, True),
        ({"online": False, "t": t}, False),
    ):
        item = only(decode(deliver(f"{HOME}/sos-1/status", sent), register, TELEMETRY)).item
        assert isinstance(item, Status)
        assert (item.seen, item.alive) == (now, alive)


def test_retained_status_without_a_time_tells_nothing_of_when(register: Register, deliver: Deliver) -> None:
    item = only(decode(deliver(f"{HOME}/sos-1/status", {"online": True}, retained=True), register, TELEMETRY)).item
    assert isinstance(item, Status)
    assert (item.seen, item.alive) == (None, False)


def test_last_will_has_no_time_of_its_own(register: Register, deliver: Deliver, now: datetime) -> None:
    item = only(decode(deliver(f"{HOME}/sos-1/status", {"online": False}, retained=True), register, TELEMETRY)).item
    assert item == Status(now, now, False, True, None, None, None, old=True)
    said = only(decode(deliver(f"{HOME}/sos-1/status", {"online": False}), register, TELEMETRY)).item
    assert isinstance(said, Status)
    assert (said.seen, said.alive) == (None, False), "it is the broker's, not the device's"


@pytest.mark.parametrize(
    "topic", ["", "care", "care/v2/a/b/c/event", "care/v1/A/b/c/event", "care/v1/a/b/c/d/e", "care/v1/a/b/c/cmd/x", "x" * 600]
)
def test_topic_outside_the_contract_is_rejected(register: Register, deliver: Deliver, topic: str) -> None:
    assert refused(decode(deliver(topic, {}), register, EVENTS)).area == ""


def test_command_is_nothing_a_device_says(register: Register, deliver: Deliver) -> None:
    assert refused(decode(deliver(f"{HOME}/sos-1/cmd", {}), register, EVENTS)).reason.startswith(
        "channel: expected one of telemetry"
    )


_text = st.text(max_size=60)
_json = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.integers() | _text,
    lambda x: st.lists(x, max_size=4) | st.dictionaries(_text, x, max_size=4),
    max_leaves=12,
)
_channel = st.sampled_from(
    [
        "telemetry",
        "event",
        "waveform",
        "status",
        "ack",
        "foreign/zigbee2mqtt/x",
        "foreign/chirpstack/application/1/device/2/event/up",
    ]
)


@given(topic=_text, payload=st.binary(max_size=200), lane=st.sampled_from([EVENTS, TELEMETRY]))
def test_nothing_makes_decoding_raise(register: Register, topic: str, payload: bytes, lane: str, deliver: Deliver) -> None:
    assert all(isinstance(one, Said | Rejected) for one in decode(deliver(topic, payload), register, lane))


@given(channel=_channel, device=st.sampled_from(["sos-1", "gw-1", "smoke-1", "nobody"]), payload=st.binary(max_size=80) | _json)
def test_no_payload_makes_decoding_raise(register: Register, channel: str, device: str, payload: Any, deliver: Deliver) -> None:
    for lane in (EVENTS, TELEMETRY):
        decoded = decode(deliver(f"{HOME}/{device}/{channel}", payload), register, lane)
        assert all(isinstance(one, Said | Rejected) for one in decoded)


@st.composite
def _readings(draw: st.DrawFn) -> tuple[str, list[dict[str, Any]]]:
    """A profile and valid readings of it."""
    profile = draw(st.sampled_from(list(PROFILES.values())))
    values = st.fixed_dictionaries({}, optional={m.name: st.floats(m.low, m.high, width=32) for m in profile.metrics}).filter(bool)
    number = st.integers(0, 2**62)
    t = st.integers(0, 4_102_444_800_000)
    boot = st.from_regex(r"[0-9A-Za-z._-]{0,16}", fullmatch=True)
    return profile.code, draw(
        st.lists(st.fixed_dictionaries({"t": t, "n": number, "b": boot, "v": values}), min_size=1, max_size=5)
    )


@given(sent=_readings())
def test_every_valid_reading_survives(
    register: Register, sent: tuple[str, list[dict[str, Any]]], deliver: Deliver, now: datetime
) -> None:
    code, readings = sent
    decoded = decode(deliver(f"{HOME}/{code}-1/telemetry", readings), register, TELEMETRY)
    got = [(one.item.key, dict(one.item.values)) for one in decoded if isinstance(one, Said) and isinstance(one.item, Reading)]
    assert got == [(Key(f"{code}-1", r["b"], r["n"], r["t"]), r["v"]) for r in readings]
    for one, reading in zip(decoded, readings, strict=True):
        assert isinstance(one, Said)
        assert one.pinned == (one.item.at == now and milliseconds(now) != reading["t"])
