"""Foreign gateways: what their payloads mean, whose words they may carry, and the key of a message that has none."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.step import Event, Reading
from broker.session import Arrived
from ingest.adapters import ADAPTERS
from ingest.adapters.adapted import instant_ms, number, truth, untruth
from ingest.adapters.chirpstack import chirpstack
from ingest.adapters.zigbee2mqtt import zigbee2mqtt
from ingest.decode import decode
from ingest.said import EVENTS, TELEMETRY, Decoded, Register, Rejected, Said, Status

Deliver = Callable[..., Arrived]
Z2M = "care/v1/tst001/home-1/gw-1/foreign/zigbee2mqtt"
LORA = "care/v1/tst001/home-1/gw-1/foreign/chirpstack/application/a1/device/24e124535b316056/event"


def events(decoded: Decoded) -> list[Event]:
    return [one.item for one in decoded if isinstance(one, Said) and isinstance(one.item, Event)]


def readings(decoded: Decoded) -> list[Reading]:
    return [one.item for one in decoded if isinstance(one, Said) and isinstance(one.item, Reading)]


def reason(decoded: Decoded) -> str:
    (one,) = decoded
    assert isinstance(one, Rejected)
    return one.reason


def uplink(**more: Any) -> dict[str, Any]:
    return {
        "deduplicationId": "3ac7e3c4-4401-4b8d-9386-a5c902f9202d",
        "time": "2026-11-24T01:59:58.775023242+00:00",
        "deviceInfo": {"tenantId": "t", "deviceName": "SOS", "devEui": "24E124535B316056"},
        "fCnt": 7,
        "rxInfo": [{"gatewayId": "0016c0", "rssi": -97, "snr": 4.2}, {"rssi": -81}, "?"],
        "object": {"button": "short", "battery": 88},
        **more,
    }


@pytest.mark.parametrize("action", ["single", "double", "hold", "emergency", "1_single", "SOS", "never seen before"])
def test_zigbee_button_pressed_in_any_way_is_an_sos(register: Register, deliver: Deliver, t: int, action: str) -> None:
    arrived = deliver(f"{Z2M}/SOS-1", {"action": action, "battery": 55, "linkquality": 90, "last_seen": t - 1000})
    (event,) = events(decode(arrived, register, EVENTS))
    assert (event.kind, event.origin.device, dict(event.values)) == ("sos", "sos-1", {"battery": 55.0})
    assert (event.key.t, event.key.b) == (t - 1000, "~z2m:sos")


@pytest.mark.parametrize("action", ["", "release", "hold_release", None, 5])
def test_zigbee_release_is_no_press(register: Register, deliver: Deliver, action: Any) -> None:
    assert decode(deliver(f"{Z2M}/sos-1", {"action": action, "linkquality": 1}), register, EVENTS) == ()


def test_zigbee_pull_cord_says_what_its_profile_says(register: Register, deliver: Deliver) -> None:
    (event,) = events(decode(deliver(f"{Z2M}/cord-1", {"sos": True}), register, EVENTS))
    assert event.kind == "pull_cord"


@pytest.mark.parametrize(
    ("device", "payload", "kinds"),
    [
        ("smoke-1", {"smoke": True, "battery_low": True, "tamper": False}, ["smoke", "low_battery"]),
        ("smoke-1", {"smoke": False, "test": True}, ["test"]),
        ("co-1", {"carbon_monoxide": True, "co": 120}, ["co"]),
        ("gas-1", {"gas": "true"}, ["gas"]),
        ("motion-1", {"smoke": True}, []),
        ("smoke-1", {"smoke": "perhaps"}, []),
    ],
)
def test_zigbee_events(register: Register, deliver: Deliver, device: str, payload: dict[str, Any], kinds: list[str]) -> None:
    assert [event.kind for event in events(decode(deliver(f"{Z2M}/{device}", payload), register, EVENTS))] == kinds


@pytest.mark.parametrize(
    ("device", "payload", "values"),
    [
        ("motion-1", {"occupancy": True, "temperature": 21.5, "illuminance": 7}, {"motion": 1.0, "temperature": 21.5}),
        ("door-1", {"contact": True, "battery": "90.0"}, {"open": 0.0, "battery": 90.0}),
        ("door-1", {"contact": False}, {"open": 1.0}),
        ("radar-1", {"presence": True}, {"presence": 1.0, "motion": 1.0}),
        ("co-1", {"co": 35.5}, {"co": 35.5}),
    ],
)
def test_zigbee_readings(
    register: Register, deliver: Deliver, device: str, payload: dict[str, Any], values: dict[str, float]
) -> None:
    (reading,) = readings(decode(deliver(f"{Z2M}/{device}", payload), register, TELEMETRY))
    assert dict(reading.values) == pytest.approx(values)


def test_each_lane_takes_its_part(register: Register, deliver: Deliver, t: int) -> None:
    arrived = deliver(f"{Z2M}/smoke-1", {"smoke": True, "device_temperature": 30, "last_seen": t})
    to_events, to_telemetry = decode(arrived, register, EVENTS), decode(arrived, register, TELEMETRY)
    assert [type(one.item) for one in to_events if isinstance(one, Said)] == [Event]
    assert [type(one.item) for one in to_telemetry if isinstance(one, Said)] == [Reading]


def test_zigbee_device_by_its_address(register: Register, deliver: Deliver) -> None:
    payload = {"smoke": True, "device": {"ieeeAddr": "0x00158D0001234567", "friendlyName": "厨房"}}
    for name in ("厨房", "0x00158d0001234567"):
        (event,) = events(decode(deliver(f"{Z2M}/{name}", payload), register, EVENTS))
        assert event.origin.device == "0x00158d0001234567"


@pytest.mark.parametrize("name", ["bridge/state", "bridge/logging", "sos-1/set", "sos-1/get", "bridge"])
def test_zigbee_chatter_tells_nothing(register: Register, deliver: Deliver, name: str) -> None:
    assert decode(deliver(f"{Z2M}/{name}", {"state": "online", "sos": True}), register, EVENTS) == ()


@pytest.mark.parametrize(("payload", "online"), [(b"online", True), ({"state": "offline"}, False)])
def test_zigbee_availability_is_a_status(register: Register, deliver: Deliver, payload: Any, online: bool) -> None:
    (said,) = decode(deliver(f"{Z2M}/smoke-1/availability", payload), register, TELEMETRY)
    assert isinstance(said, Said) and isinstance(said.item, Status)
    assert said.item.online is online
    assert decode(deliver(f"{Z2M}/smoke-1/availability", payload), register, EVENTS) == ()


def test_chirpstack_press(register: Register, deliver: Deliver, now: datetime, t: int) -> None:
    (said,) = decode(deliver(f"{LORA}/up", uplink()), register, EVENTS)
    assert isinstance(said, Said) and isinstance(said.item, Event)
    assert (said.item.kind, said.item.origin.device) == ("sos", "24e124535b316056")
    assert dict(said.item.values) == {"battery": 88.0, "signal": -81.0}
    assert said.item.at == now - timedelta(microseconds=1_225_000)
    assert (said.flags, said.pinned) == (("foreign",), False)


def test_chirpstack_key_is_the_deduplication_id(register: Register, deliver: Deliver) -> None:
    first, again, other = (
        events(decode(deliver(f"{LORA}/up", uplink(fCnt=n, **more)), register, EVENTS))[0].key
        for n, more in ((1, {}), (2, {}), (1, {"deduplicationId": "another"}))
    )
    assert first == again != other


def test_chirpstack_without_time_keeps_one_key_for_ever(register: Register, deliver: Deliver, now: datetime) -> None:
    keys = set()
    for later in (timedelta(0), timedelta(hours=3)):
        (said,) = decode(deliver(f"{LORA}/up", uplink(time=None), at=now + later), register, EVENTS)
        assert isinstance(said, Said) and isinstance(said.item, Event)
        assert said.pinned and said.item.at == now + later
        keys.add(said.item.key)
    assert len(keys) == 1


def test_chirpstack_status_is_battery(register: Register, deliver: Deliver) -> None:
    payload = uplink(batteryLevel=75.3, margin=10)
    (reading,) = readings(decode(deliver(f"{LORA}/status", payload), register, TELEMETRY))
    assert dict(reading.values) == pytest.approx({"battery": 75.3})
    assert decode(deliver(f"{LORA}/status", {**payload, "batteryLevelUnavailable": True}), register, TELEMETRY) == ()


@pytest.mark.parametrize("kind", ["join", "ack", "txack", "log", "location"])
def test_chirpstack_chatter_tells_nothing(register: Register, deliver: Deliver, kind: str) -> None:
    assert decode(deliver(f"{LORA}/{kind}", b"not even JSON"), register, EVENTS) == ()


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"object": None}, "object: expected decoded values"),
        ({"deduplicationId": ""}, "deduplicationId: expected text"),
        ({"deviceInfo": {}}, "deviceInfo.devEui: expected text"),
        ({"deviceInfo": {"devEui": "ffff"}}, "device: expected one that is enrolled, got 'ffff'"),
    ],
)
def test_chirpstack_rejections(register: Register, deliver: Deliver, more: dict[str, Any], expected: str) -> None:
    assert reason(decode(deliver(f"{LORA}/up", uplink(**more)), register, EVENTS)).startswith(expected)


def test_unknown_adapter(register: Register, deliver: Deliver) -> None:
    topic = "care/v1/tst001/home-1/gw-1/foreign/tuya/x"
    assert reason(decode(deliver(topic, {}), register, EVENTS)) == "adapter: expected one of chirpstack, zigbee2mqtt, got 'tuya'"


def test_complaints_are_made_once(register: Register, deliver: Deliver) -> None:
    arrived = deliver(f"{Z2M}/bulb-1", {"state": "ON"})
    (heard,), (silent,) = decode(arrived, register, EVENTS), decode(arrived, register, TELEMETRY)
    assert isinstance(heard, Rejected) and isinstance(silent, Rejected)
    assert (heard.reported, heard.unknown, silent.reported) == (True, "bulb-1", False)


@pytest.mark.parametrize(
    ("gateway", "device", "flags"),
    [
        ("gw-1", "sos-1", ("foreign",)),
        ("gw-1", "gw-1", None),
        ("gw-1", "kin-1", ("foreign", "wrong_place")),
        ("far-gw", "sos-1", None),
        ("gw-1", "sos-2", None),
        ("nobody", "sos-1", None),
        ("smoke-1", "kin-1", ("foreign", "wrong_place")),
    ],
)
def test_whose_words_a_gateway_may_carry(
    register: Register, deliver: Deliver, gateway: str, device: str, flags: tuple[str, ...] | None
) -> None:
    topic = f"care/v1/tst001/home-1/{gateway}/foreign/zigbee2mqtt/{device}"
    decoded = decode(deliver(topic, {"action": "single", "last_seen": "2026-11-24T10:00:00+08:00"}), register, EVENTS)
    if flags is None:
        assert all(isinstance(one, Rejected) for one in decoded)
    else:
        assert [one.flags for one in decoded if isinstance(one, Said)] == [flags]


def test_nonsense_value_is_refused_but_never_hides_an_event(register: Register, deliver: Deliver) -> None:
    alone = deliver(f"{Z2M}/smoke-1", {"temperature": 5000})
    assert reason(decode(alone, register, EVENTS)).startswith("temperature: expected -40 to ")
    beside = deliver(f"{Z2M}/smoke-1", {"temperature": 5000, "smoke": True})
    (said,) = decode(beside, register, EVENTS)
    assert isinstance(said, Said) and said.flags == ("foreign", "values_dropped")


@pytest.mark.parametrize(
    ("value", "ms"),
    [
        (1790000000000, 1790000000000),
        (1790000000000.9, 1790000000000),
        ("2026-11-24T10:00:00+08:00", 1795485600000),
        ("2026-11-24T02:00:00.000Z", 1795485600000),
        ("2026-11-24T02:00:00", None),
        ("yesterday", None),
        (True, None),
        (-1, None),
        (10**30, None),
        (None, None),
    ],
)
def test_times(value: Any, ms: int | None) -> None:
    assert instant_ms(value) == ms


@pytest.mark.parametrize(
    ("value", "read"),
    [(1, 1.0), ("2.5", 2.5), ("x", None), (True, None), ("nan", None), ("inf", None), (10**400, None), ({}, None)],
)
def test_numbers(value: Any, read: float | None) -> None:
    assert number(value) == read


@pytest.mark.parametrize(
    ("value", "said"), [(True, 1.0), (0, 0.0), ("ON", 1.0), (" closed ", 0.0), ("maybe", None), ([], None), (None, None)]
)
def test_truth_and_its_contrary(value: Any, said: float | None) -> None:
    assert truth(value) == said
    assert untruth(value) == (None if said is None else 1.0 - said)


_json = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=10,
)
_known = st.sampled_from(["action", "battery", "smoke", "contact", "occupancy", "last_seen", "device", "temperature", "state"])


@given(payload=st.dictionaries(_known, _json))
def test_zigbee_never_raises_on_an_object(payload: dict[str, Any], deliver: Deliver) -> None:
    adapted = zigbee2mqtt("smoke-1", deliver("t", payload).payload)
    assert adapted is not None and all(abs(value) < float("inf") for value in adapted.values.values())


@given(told=st.dictionaries(_known, _json), heard=_json, when=_json)
def test_chirpstack_never_raises_on_an_uplink(told: dict[str, Any], heard: Any, when: Any, deliver: Deliver) -> None:
    arrived = deliver("t", uplink(object=told, rxInfo=heard, time=when))
    adapted = chirpstack("application/a/device/b/event/up", arrived.payload)
    assert adapted is not None and adapted.unique


def test_every_adapter_is_named_as_in_its_topic() -> None:
    assert set(ADAPTERS) == {"zigbee2mqtt", "chirpstack"}
