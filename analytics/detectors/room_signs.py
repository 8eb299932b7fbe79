"""What the devices of a room say of a fire that no single limit has seen yet: how far each quantity is above the room's own
baseline, and how fast it grows.

Everything is an exponential mean, so a reading costs the same however long the room has been watched. `fast` follows within 15 s,
`slow` within three minutes; `base` falls within a minute and rises within an hour, so it stays near the calm level of the last hour
also when the first reading was already disturbed. All spans are ours.

A district has some two of these for every sensor, so those of a room are kept packed behind each other.
"""

import struct
from collections.abc import Collection, Iterator, Mapping

from msgspec import Struct

FAST_S = 15.0
SLOW_S = 180.0
BASE_FALLS_S = 60.0
BASE_RISES_S = 3600.0
LONGEST_GAP_MS = 15 * 60_000  # what was not heard for longer starts anew

METRICS = ("smoke_obscuration", "temperature", "co", "gas", "co2", "humidity")  # kept by place: only ever append
_PLACES = {metric: place for place, metric in enumerate(METRICS)}
_SIGNS = tuple((f"{metric}_rise", f"{metric}_growth") for metric in METRICS)
NAMES = tuple(name for pair in _SIGNS for name in pair)
_NONE = dict.fromkeys(NAMES, 0.0)
_CHANNEL = struct.Struct("<HBqI3d")  # place of the device, place of the metric, then a Channel
_SLOW_MS = int(SLOW_S * 1000)


class Channel(Struct, frozen=True, gc=False):
    """One metric of one device. `at` in ms since the epoch; `age_ms` for how long it has been followed, `SLOW_S` at most."""

    at: int
    age_ms: int
    fast: float
    slow: float
    base: float

    @property
    def rise(self) -> float:
        """How far the present is above the calm level, in the metric's unit."""
        return self.fast - self.base

    @property
    def growth(self) -> float:
        """How far the present is above the last minutes, in the metric's unit."""
        return self.fast - self.slow


class Channels(Struct, frozen=True, gc=False):
    """Those of a room: its `devices` as they were first heard, and their channels, packed."""

    devices: tuple[str, ...] = ()
    packed: bytes = b""


def follow(channel: Channel, at: int, value: float) -> Channel:
    """The channel after a value at `at` (ms); a late or repeated one changes nothing."""
    gap = at - channel.at
    if gap <= 0:
        return channel
    if gap > LONGEST_GAP_MS:
        return first(at, value)
    span = gap / 1000
    age_ms = channel.age_ms + gap
    if age_ms > _SLOW_MS:
        age_ms = _SLOW_MS
    fast = channel.fast + (value - channel.fast) * span / (span + FAST_S)
    slow = channel.slow + (value - channel.slow) * (span / (span + age_ms / 1000))
    towards = BASE_FALLS_S if fast < channel.base else BASE_RISES_S
    base = channel.base + (fast - channel.base) * span / (span + towards)
    return Channel(at, age_ms, fast, slow, base)


def first(at: int, value: float) -> Channel:
    """A channel that begins: the first value is all that is known."""
    return Channel(at, 0, value, value, value)


def heard(channels: Channels, device: str, at: int, values: Mapping[str, float]) -> Channels:
    """All channels of a room after one reading of one device; the same object when nothing in it is new."""
    devices, packed = channels.devices, channels.packed
    number = devices.index(device) if device in devices else len(devices)
    known: list[int] = []
    after: bytearray | None = None
    for place, (of, metric, *numbers) in enumerate(_CHANNEL.iter_unpack(packed)):
        if of != number or (value := values.get(METRICS[metric])) is None:
            continue
        known.append(metric)
        before = Channel(*numbers)
        one = follow(before, at, value)
        if one is not before:
            after = after or bytearray(packed)
            _CHANNEL.pack_into(after, place * _CHANNEL.size, of, metric, one.at, one.age_ms, one.fast, one.slow, one.base)
    new = [which for metric in values if (which := _PLACES.get(metric)) is not None and which not in known]
    if new:
        more = (_CHANNEL.pack(number, which, at, 0, *(values[METRICS[which]],) * 3) for which in new)
        return Channels(devices if number < len(devices) else (*devices, device), b"".join((after or packed, *more)))
    return channels if after is None else Channels(devices, bytes(after))


def last_heard(channels: Channels, device: str, metric: str) -> int | None:
    """When this metric of this device was last heard, in ms since the epoch."""
    channel = _channel(channels, device, metric)
    return None if channel is None else channel.at


def growth(channels: Channels, device: str, metric: str) -> float:
    """How far this metric of this device is above the last minutes; 0 where it was never heard."""
    channel = _channel(channels, device, metric)
    return 0.0 if channel is None else channel.growth


def means(channels: Channels, metrics: Collection[str]) -> Iterator[tuple[str, Channel]]:
    """The channels of these metrics, each with its metric, in the order in which they were first heard."""
    wanted = [_PLACES[metric] for metric in metrics]
    for _, metric, *numbers in _CHANNEL.iter_unpack(channels.packed):
        if metric in wanted:
            yield METRICS[metric], Channel(*numbers)


def signs(channels: Channels) -> dict[str, float]:
    """The largest rise and growth of each metric among the devices of the room; 0 for what nobody measures."""
    found = _NONE.copy()
    for _, metric, _, _, fast, slow, base in _CHANNEL.iter_unpack(channels.packed):
        rise, growth = _SIGNS[metric]
        if (high := fast - base) > found[rise]:
            found[rise] = high
        if (high := fast - slow) > found[growth]:
            found[growth] = high
    return found


def _channel(channels: Channels, device: str, metric: str) -> Channel | None:
    devices, wanted = channels.devices, _PLACES[metric]
    number = devices.index(device) if device in devices else -1
    for of, which, *numbers in _CHANNEL.iter_unpack(channels.packed):
        if of == number and which == wanted:
            return Channel(*numbers)
    return None
