"""Payloads of the contract v1: bytes in, validated structs out, or `BadPayload` that says what was expected and what came.

Values are rounded to float32 here, before anything sees them, so that live and replay agree to the byte.
"""

import re
import struct
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from devices.profiles import Profile

LARGEST_PAYLOAD = 256 * 1024
LARGEST_BATCH = 1_000

_Millis = Annotated[int, Meta(ge=0, le=4_102_444_800_000)]
_Boot = Annotated[str, Meta(pattern=r"^[0-9A-Za-z._-]*\Z", max_length=16)]
_Count = Annotated[int, Meta(ge=0, le=2**62)]
_Name = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,39}\Z")]
_PLAIN = r"^[^\x00-\x1f\x7f]*\Z"  # what a database can keep as text and a person can read
_Axes = Annotated[list[float], Meta(min_length=3, max_length=3)]


class BadPayload(ValueError):
    """A payload outside the contract; `reason` is what staff read in the list of rejected messages."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Telemetry(Struct, frozen=True, gc=False):
    """Readings of one moment: `v` maps metric to value."""

    t: _Millis
    n: _Count
    v: dict[_Name, float]
    b: _Boot = ""


class EventMessage(Struct, frozen=True, gc=False):
    """Something a device says once; `v` is context measured at that moment (battery, impact …)."""

    t: _Millis
    n: _Count
    e: _Name
    b: _Boot = ""
    v: dict[_Name, float] = {}
    drill: bool = False


class WaveformMessage(Struct, frozen=True, gc=False):
    """A window of raw samples: `xyz` in `unit` at `fs` Hz, the first at `t`."""

    t: _Millis
    n: _Count
    fs: Annotated[float, Meta(ge=0.001, le=1000)]
    unit: _Name
    xyz: Annotated[list[_Axes], Meta(min_length=1, max_length=10_000)]
    b: _Boot = ""


class StatusMessage(Struct, frozen=True, gc=False):
    """Link state as the device (or its last will) reports it. Retained; the last will has no `t`."""

    online: bool
    t: _Millis | None = None
    n: _Count = 0
    b: _Boot = ""
    battery: Annotated[float, Meta(ge=0, le=100)] | None = None
    signal: float | None = None
    firmware: Annotated[str, Meta(max_length=40, pattern=_PLAIN)] | None = None


class AckMessage(Struct, frozen=True, gc=False):
    """A command done, or shown to the wearer: `id` is the command's."""

    t: _Millis
    n: _Count
    id: Annotated[str, Meta(min_length=1, max_length=64, pattern=_PLAIN)]
    done: Annotated[str, Meta(min_length=1, max_length=40, pattern=_PLAIN)]
    b: _Boot = ""


class _Unchecked(Telemetry, frozen=True, gc=False):
    """A reading whose names are not yet looked at: patterns are five sixths of what decoding costs."""

    v: dict[str, float]
    b: Annotated[str, Meta(max_length=16)] = ""


_unchecked = msgspec.json.Decoder(_Unchecked)
_boot = re.compile(r"[0-9A-Za-z._-]*").fullmatch
_floats = tuple(struct.Struct(f"<{count}f") for count in range(33))
_telemetry = msgspec.json.Decoder(Telemetry | list[Telemetry])
_event = msgspec.json.Decoder(EventMessage)
_waveform = msgspec.json.Decoder(WaveformMessage)
_status = msgspec.json.Decoder(StatusMessage)
_ack = msgspec.json.Decoder(AckMessage)


def one_reading(profile: Profile, payload: bytes) -> Telemetry | None:
    """What nearly every payload is: one reading, in order, of this profile. The same as `telemetry` and `check_values` make of it.

    None where there is any doubt: only those two can say what is wrong.
    """
    if len(payload) > LARGEST_PAYLOAD:
        return None
    try:
        found = _unchecked.decode(payload)
        packed = _floats[len(found.v)]
        rounded = packed.unpack(packed.pack(*found.v.values()))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, OverflowError, IndexError):
        return None
    values, ranges = found.v, profile.ranges
    for name, value in zip(values, rounded, strict=True):
        possible = ranges.get(name)
        if possible is None or not possible[0] <= value <= possible[1]:
            return None
        values[name] = value
    return found if values and _boot(found.b) else None


def telemetry(payload: bytes) -> list[Telemetry]:
    """One reading or a list of them (at most 1,000), values rounded to float32. Raises BadPayload."""
    found = _decode(_telemetry, payload)
    batch: list[Telemetry] = found if isinstance(found, list) else [found]
    if not 0 < len(batch) <= LARGEST_BATCH:
        raise BadPayload(f"telemetry: expected 1 to {LARGEST_BATCH} readings, got {len(batch)}")
    for reading in batch:
        _round(reading.v)
        if not reading.v:
            raise BadPayload("v: expected at least one value, got none")
    return batch


def event(payload: bytes) -> EventMessage:
    """One event. Raises BadPayload."""
    found: EventMessage = _decode(_event, payload)
    _round(found.v)
    return found


def waveform(payload: bytes) -> WaveformMessage:
    """One window of raw samples. Raises BadPayload."""
    found: WaveformMessage = _decode(_waveform, payload)
    for sample in found.xyz:
        for axis in (0, 1, 2):
            sample[axis] = float32(sample[axis], "xyz")
    return msgspec.structs.replace(found, fs=float32(found.fs, "fs"))


def status(payload: bytes) -> StatusMessage:
    """A device's link state. Raises BadPayload."""
    found: StatusMessage = _decode(_status, payload)
    battery = None if found.battery is None else float32(found.battery, "battery")
    signal = None if found.signal is None else float32(found.signal, "signal")
    return msgspec.structs.replace(found, battery=battery, signal=signal)


def ack(payload: bytes) -> AckMessage:
    """A device's answer to a command. Raises BadPayload."""
    found: AckMessage = _decode(_ack, payload)
    return found


def check_values(profile: Profile, values: dict[str, float]) -> None:
    """Every metric is the profile's and physically possible, else BadPayload."""
    for name, value in values.items():
        possible = profile.ranges.get(name)
        if possible is None:
            raise BadPayload(f"{name}: expected a metric of {profile.name} ({', '.join(profile.order)}), got {name!r}")
        low, high = possible
        if not low <= value <= high:
            unit = profile.metrics[profile.order.index(name)].unit
            raise BadPayload(f"{name}: expected {low:g} to {high:g} {unit}, got {value:g}")


def check_event(profile: Profile, kind: str) -> None:
    """The event is one that this kind of device can say, else BadPayload."""
    if kind not in profile.events:
        raise BadPayload(f"e: expected an event of {profile.name} ({', '.join(profile.events)}), got {kind!r}")


def as_array(profile: Profile, values: Mapping[str, float]) -> list[float | None]:
    """Values in the profile's stored order, None for what the message left out."""
    return [values.get(name) for name in profile.order]


def float32(value: float, name: str) -> float:
    """The nearest float32, as Python float. Raises BadPayload when none is finite."""
    try:
        rounded: float = struct.unpack("<f", struct.pack("<f", value))[0]
    except OverflowError:
        raise BadPayload(f"{name}: expected a float32, got {value!r}") from None
    return rounded


def _round(values: dict[str, float]) -> None:
    for name, value in values.items():
        values[name] = float32(value, name)


def _decode(decoder: "msgspec.json.Decoder[Any]", payload: bytes) -> Any:
    if len(payload) > LARGEST_PAYLOAD:
        raise BadPayload(f"payload: expected at most {LARGEST_PAYLOAD} bytes, got {len(payload)}")
    try:
        return decoder.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadPayload(str(error) or "malformed JSON") from None
