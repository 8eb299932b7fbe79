"""Any bytes are a message or BadPayload, and what is accepted is float32, bounded and fit to store."""

import json
import math
import struct
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from devices import codec
from devices.codec import BadPayload, as_array, check_event, check_values, float32
from devices.profiles import PROFILES

DECODERS: dict[str, Callable[[bytes], Any]] = {
    "telemetry": codec.telemetry,
    "event": codec.event,
    "waveform": codec.waveform,
    "status": codec.status,
    "ack": codec.ack,
}
every_decoder = pytest.mark.parametrize("decode", DECODERS.values(), ids=list(DECODERS))

names = st.from_regex(r"[a-z][a-z0-9_]{0,39}", fullmatch=True)
boots = st.from_regex(r"[0-9A-Za-z._-]{0,16}", fullmatch=True)
moments = st.integers(0, 4_102_444_800_000)
counts = st.integers(0, 2**62)
finite = st.floats(-3.4e38, 3.4e38)
readings = st.fixed_dictionaries(
    {"t": moments, "n": counts, "v": st.dictionaries(names, finite, min_size=1, max_size=8)}, optional={"b": boots}
)
anything = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(10**30), 10**30), st.floats(), st.text(max_size=20)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.sampled_from([*"tbnev", "xyz", "fs", "id"]), inner)),
    max_leaves=12,
)


def refused(decode: Callable[[bytes], Any], payload: bytes) -> str:
    with pytest.raises(BadPayload) as caught:
        decode(payload)
    return caught.value.reason


@every_decoder
@given(payload=st.one_of(st.binary(max_size=200), anything.map(lambda value: json.dumps(value).encode())))
def test_arbitrary_bytes_raise_nothing_but_bad_payload(decode: Callable[[bytes], Any], payload: bytes) -> None:
    try:
        decode(payload)
    except BadPayload as error:
        assert error.reason


@every_decoder
@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b" ",
        b"null",
        b"[]",
        b"{}",
        b"\xff\xfe{}",
        b'{"t":1',
        b"[" * 200_000,
        b'{"v":' * 50_000,
        b"1" * 100_000,
        b'{"t":1,"n":1,"v":{"a":1}}' + b" " * (256 * 1024),
        b'{"t":"1790000000000","n":1,"v":{"a":1},"e":"sos"}',
    ],
    ids=lambda payload: repr(payload[:16]),
)
def test_nonsense_is_refused_with_a_reason(decode: Callable[[bytes], Any], payload: bytes) -> None:
    assert refused(decode, payload)


@pytest.mark.parametrize(
    "value",
    [
        "NaN",
        "Infinity",
        "-Infinity",
        "1e39",
        "-1e39",
        "1e400",
        "9" * 400,
        "true",
        "false",
        "null",
        '"1"',
        "[1]",
        "{}",
        "0x10",
        "01",
        "+1",
    ],
)
def test_a_value_is_a_finite_float32_or_refused(value: str) -> None:
    assert refused(codec.telemetry, f'{{"t":1,"n":1,"v":{{"co":{value}}}}}'.encode())
    assert refused(codec.event, f'{{"t":1,"n":1,"e":"co","v":{{"co":{value}}}}}'.encode())
    assert refused(codec.waveform, f'{{"t":1,"n":1,"fs":50,"unit":"mg","xyz":[[0,0,{value}]]}}'.encode())


@pytest.mark.parametrize(
    "head",
    [
        '"t":-1,"n":1',
        '"t":4102444800001,"n":1',
        '"t":1.5,"n":1',
        '"t":true,"n":1',
        '"t":1,"n":-1',
        '"t":1,"n":4611686018427387905',
        f'"t":1,"n":{"9" * 300}',
        '"t":1',
        '"n":1',
        '"t":1,"n":1,"b":7',
        '"t":1,"n":1,"b":"12345678901234567"',
        '"t":1,"n":1,"b":"a|b"',
        '"t":1,"n":1,"b":"7f3a\\n"',
        '"t":1,"n":1,"b":"\\u0000"',
    ],
)
def test_a_key_outside_the_contract_is_refused(head: str) -> None:
    assert refused(codec.telemetry, f'{{{head},"v":{{"co":1}}}}'.encode())
    assert refused(codec.event, f'{{{head},"e":"sos"}}'.encode())
    assert refused(codec.ack, f'{{{head},"id":"x","done":"shown"}}'.encode())


@pytest.mark.parametrize("name", ["", "SOS", "1sos", "sos\\n", "s os", "烟", "x" * 41, "a.b", "\\u0000"])
def test_names_of_events_and_metrics_are_plain_words(name: str) -> None:
    assert refused(codec.event, f'{{"t":1,"n":1,"e":"{name}"}}'.encode())
    assert refused(codec.telemetry, f'{{"t":1,"n":1,"v":{{"{name}":1}}}}'.encode())


@pytest.mark.parametrize("text", ["a\\u0000b", "a\\nb", "\\u007f", "a\\n", "\\ud800"])
def test_free_text_that_no_database_can_keep_is_refused(text: str) -> None:
    assert refused(codec.ack, f'{{"t":1,"n":1,"id":"{text}","done":"shown"}}'.encode())
    assert refused(codec.ack, f'{{"t":1,"n":1,"id":"x","done":"{text}"}}'.encode())
    assert refused(codec.status, f'{{"online":true,"firmware":"{text}"}}'.encode())


def test_free_text_may_be_chinese() -> None:
    assert codec.ack('{"t":1,"n":1,"id":"x","done":"已显示"}'.encode()).done == "已显示"


def test_of_a_repeated_name_the_last_counts() -> None:
    (reading,) = codec.telemetry(b'{"t":1,"t":2,"n":1,"v":{"co":1,"co":2}}')
    assert (reading.t, reading.v) == (2, {"co": 2.0})


def test_fields_of_a_later_contract_are_passed_over() -> None:
    assert codec.event(b'{"t":1,"n":1,"e":"sos","future":{"deep":[1,2]}}').e == "sos"


@given(st.lists(readings, min_size=1, max_size=5))
def test_a_batch_is_its_readings_rounded(batch: list[dict[str, Any]]) -> None:
    decoded = codec.telemetry(json.dumps(batch).encode())
    assert [(r.t, r.n, r.b) for r in decoded] == [(r["t"], r["n"], r.get("b", "")) for r in batch]
    for ours, sent in zip(decoded, batch, strict=True):
        assert ours.v == {name: struct.unpack("<f", struct.pack("<f", value))[0] for name, value in sent["v"].items()}


@given(readings)
def test_what_was_rounded_once_keeps_its_bits(sent: dict[str, Any]) -> None:
    (once,) = codec.telemetry(json.dumps(sent).encode())
    (twice,) = codec.telemetry(json.dumps({"t": once.t, "n": once.n, "b": once.b, "v": once.v}).encode())
    assert {name: struct.pack("<d", value) for name, value in once.v.items()} == {
        name: struct.pack("<d", value) for name, value in twice.v.items()
    }


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_float32_is_the_nearest_one_or_refused(value: float) -> None:
    try:
        rounded = float32(value, "co")
    except BadPayload as error:
        assert abs(value) > 3.4e38
        assert error.reason.startswith("co: ")
    else:
        assert math.isfinite(rounded)
        assert float32(rounded, "co") == rounded
        assert abs(rounded - value) <= max(abs(value) * 2**-24, 2**-150)


def test_a_batch_is_neither_empty_nor_endless() -> None:
    one = '{"t":1,"n":1,"v":{"a":1}}'
    assert len(codec.telemetry(f"[{','.join([one] * 1000)}]".encode())) == 1000
    assert "1001" in refused(codec.telemetry, f"[{','.join([one] * 1001)}]".encode())
    assert refused(codec.telemetry, b'{"t":1,"n":1,"v":{}}')


def test_one_bad_reading_refuses_its_batch() -> None:
    assert refused(codec.telemetry, b'[{"t":1,"n":1,"v":{"a":1}},{"t":1,"n":2,"v":{"a":1e39}}]')


@pytest.mark.parametrize("samples", ["[]", "[[1,2]]", "[[1,2,3,4]]", "[1,2,3]"])
def test_a_waveform_has_three_axes_and_at_least_one_sample(samples: str) -> None:
    assert refused(codec.waveform, f'{{"t":1,"n":1,"fs":50,"unit":"mg","xyz":{samples}}}'.encode())


@pytest.mark.parametrize("fs", ["0", "-1", "1e-320", "1001", "null"])
def test_a_waveform_has_a_possible_rate(fs: str) -> None:
    assert refused(codec.waveform, f'{{"t":1,"n":1,"fs":{fs},"unit":"mg","xyz":[[1,2,3]]}}'.encode())


def test_every_number_of_waveform_and_status_is_float32() -> None:
    wave = codec.waveform(b'{"t":1,"n":1,"fs":50.1,"unit":"mg","xyz":[[0.1,0.2,0.3]]}')
    status = codec.status(b'{"online":true,"battery":71.3,"signal":-63.123456789}')
    for value in (wave.fs, *wave.xyz[0], status.battery, status.signal):
        assert value is not None
        assert value == float32(value, "x")
        assert value != round(value, 9), "a float32 of a decimal fraction is not that fraction"


@pytest.mark.parametrize("body", ['"battery":101', '"battery":-1', '"signal":1e39', '"online":1', '"t":-5'])
def test_a_status_that_cannot_be_is_refused(body: str) -> None:
    assert refused(codec.status, f'{{"online":true,{body}}}'.encode())


def test_a_last_will_needs_no_time() -> None:
    assert codec.status(b'{"online":false}').t is None


def test_two_events_never_share_their_values() -> None:
    codec.event(b'{"t":1,"n":1,"e":"sos"}').v["battery"] = 1.0
    assert codec.event(b'{"t":1,"n":1,"e":"sos"}').v == {}


@pytest.mark.parametrize(
    ("profile", "values", "word"),
    [
        ("co_detector", {"co": 30.0, "smoke_obscuration": 1.0}, "smoke_obscuration"),
        ("co_detector", {"co": -0.5}, "0 to 100000 ppm"),
        ("co_detector", {"co": 100_001.0}, "100000"),
        ("smoke_detector", {"temperature": 1_201.0}, "°C"),
        ("sos_button", {"battery": 100.5}, "battery"),
    ],
)
def test_values_must_be_possible_for_the_profile(profile: str, values: dict[str, float], word: str) -> None:
    with pytest.raises(BadPayload, match=word):
        check_values(PROFILES[profile], values)


@pytest.mark.parametrize("profile", PROFILES.values(), ids=list(PROFILES))
def test_the_edges_of_every_range_are_possible(profile: Any) -> None:
    check_values(profile, {metric.name: metric.low for metric in profile.metrics})
    check_values(profile, {metric.name: metric.high for metric in profile.metrics})
    for kind in profile.events:
        check_event(profile, kind)


def test_an_event_the_device_cannot_say_is_refused() -> None:
    with pytest.raises(BadPayload, match="expected an event of heat_detector"):
        check_event(PROFILES["heat_detector"], "sos")


@given(st.dictionaries(st.sampled_from(PROFILES["bed_sensor"].order), finite))
def test_the_stored_array_holds_every_value_at_its_place(values: dict[str, float]) -> None:
    profile = PROFILES["bed_sensor"]
    array = as_array(profile, values)
    assert len(array) == len(profile.metrics)
    assert {name: value for name, value in zip(profile.order, array, strict=True) if value is not None} == values


_smoke = PROFILES["smoke_detector"]
_likely = st.one_of(
    finite, st.sampled_from([0, 100, 100.000001, 100.00001, 1_200, -140.000001, 1e39, 1e400, -0.0, 5e-324, True, None])
)
_close = st.fixed_dictionaries(
    {
        "t": st.one_of(moments, st.sampled_from([-1, 4_102_444_800_001, 1.5])),
        "n": st.one_of(counts, st.just(-1)),
        "v": st.dictionaries(st.sampled_from([*_smoke.order, "co", "Temperature", ""]), _likely, max_size=4),
    },
    optional={"b": st.one_of(boots, st.text(max_size=18), st.sampled_from(["a\n", "é", "7f3a"])), "future": st.just([1])},
)


@given(st.one_of(_close, _close.map(lambda one: [one]), anything).map(lambda sent: json.dumps(sent).encode()))
@example(b'{"t":1,"n":1,"v":{"temperature":1}}'.ljust(codec.LARGEST_PAYLOAD + 1))
@example(b'{"t":1,"n":1,"v":{"temperature":1},"v":{}}')
@example(b'{"t":1,"n":1,"v":{"temperature":1,"temperature":2}}')
def test_the_short_way_is_the_long_way(payload: bytes) -> None:
    """Where the long way finds one good reading, the short way finds the same to the bit; else it leaves the verdict to it."""
    try:
        [long] = codec.telemetry(payload)
        check_values(_smoke, long.v)
    except (BadPayload, ValueError):
        assert codec.one_reading(_smoke, payload) is None
        return
    short = codec.one_reading(_smoke, payload)
    if payload.lstrip().startswith(b"["):
        assert short is None
    else:
        assert short is not None
        assert repr((short.t, short.n, short.b, short.v)) == repr((long.t, long.n, long.b, long.v))
