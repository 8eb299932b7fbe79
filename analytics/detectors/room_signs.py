"""What the devices of a room say of a fire that no single limit has seen yet: how far each quantity is above the room's own
baseline, and how fast it grows.

Everything is an exponential mean, so a reading costs the same however long the room has been watched. `fast` follows within 15 s,
`slow` within three minutes; `base` falls within a minute and rises within an hour, so it stays near the calm level of the last hour
also when the first reading was already disturbed. All spans are ours.

A district has some two of these for every sensor, so those of a room are kept packed behind each other.
"""

import struct
from collections.abc import Iterable, Mapping

from msgspec import Struct

FAST_S = 15.0
SLOW_S = 180.0
BASE_FALLS_S = 60.0
BASE_RISES_S = 3600.0
LONGEST_GAP_MS = 15 * 60_000  # what was not heard for longer starts anew

METRICS = ("smoke_obscuration", "temperature", "co", "gas", "co2", "humidity")  # told by place: only ever append
SMOKE, TEMPERATURE, CO, GAS, CO2, HUMIDITY = range(len(METRICS))
NAMES = tuple(f"{metric}_{sign}" for metric in METRICS for sign in ("rise", "growth"))
_PLACES = {metric: place for place, metric in enumerate(METRICS)}
_CHANNEL = struct.Struct("<HBqI3d")
_SIZE = _CHANNEL.size
_SLOW_MS = int(SLOW_S * 1000)

Channel = tuple[int, int, int, int, float, float, float]
"""One metric of one device: places of the device and of the metric, when it was last heard (ms since the epoch), for how many ms it
has been followed (`SLOW_S` at most), then `fast`, `slow` and `base` in the metric's unit."""


class Channels(Struct, frozen=True, gc=False):
    """Those of a room as they are kept: its `devices` as they were first heard, and their channels, packed."""

    devices: tuple[str, ...] = ()
    packed: bytes = b""


def unpacked(channels: Channels) -> list[Channel]:
    """The channels of a room, in the order in which they were first heard."""
    return list(_CHANNEL.iter_unpack(channels.packed))


def follow(channel: Channel, at: int, value: float) -> Channel:
    """The channel after a value at `at` (ms); a late or repeated one changes nothing."""
    device, metric, then, age_ms, fast, slow, base = channel
    gap = at - then
    if gap <= 0:
        return channel
    if gap > LONGEST_GAP_MS:
        return first(device, metric, at, value)
    span = gap / 1000
    age_ms += gap
    if age_ms > _SLOW_MS:
        age_ms = _SLOW_MS
    fast += (value - fast) * span / (span + FAST_S)
    slow += (value - slow) * (span / (span + age_ms / 1000))
    base += (fast - base) * span / (span + (BASE_FALLS_S if fast < base else BASE_RISES_S))
    return device, metric, at, age_ms, fast, slow, base


def first(device: int, metric: int, at: int, value: float) -> Channel:
    """A channel that begins: the first value is all that is known."""
    return device, metric, at, 0, value, value, value


def heard(channels: Channels, device: str, at: int, values: Mapping[str, float]) -> tuple[Channels, list[Channel]]:
    """All channels of a room after one reading of one device, as kept and in hand; the same object when nothing in it is new."""
    devices, rows = channels.devices, unpacked(channels)
    number = devices.index(device) if device in devices else len(devices)
    known, after = 0, None
    for place, row in enumerate(rows):
        if row[0] == number and (value := values.get(METRICS[row[1]])) is not None:
            known += 1
            followed = follow(row, at, value)
            if followed is not row:
                rows[place] = followed
                after = after or bytearray(channels.packed)
                _CHANNEL.pack_into(after, place * _SIZE, *followed)
    if known < sum(map(_PLACES.__contains__, values)):
        before = {row[1] for row in rows if row[0] == number}
        new = [
            first(number, _PLACES[name], at, value) for name, value in values.items() if _PLACES.get(name, -1) not in {-1, *before}
        ]
        packed = b"".join((after or channels.packed, *(_CHANNEL.pack(*row) for row in new)))
        return Channels(devices if number < len(devices) else (*devices, device), packed), [*rows, *new]
    return (channels if after is None else Channels(devices, bytes(after))), rows


def of_device(channels: Channels, rows: Iterable[Channel], device: str, metric: int) -> Channel | None:
    """The channel of this metric of this device, where it was heard."""
    number = channels.devices.index(device) if device in channels.devices else -1
    return next((row for row in rows if row[0] == number and row[1] == metric), None)


def growth(channel: Channel) -> float:
    """How far the present is above the last minutes, in the metric's unit."""
    return channel[4] - channel[5]


def signs(rows: Iterable[Channel]) -> dict[str, float]:
    """The largest rise and growth of each metric among the devices of the room; 0 for what nobody measures."""
    found = [0.0] * len(NAMES)
    for _, metric, _, _, fast, slow, base in rows:
        rise = 2 * metric
        if (high := fast - base) > found[rise]:
            found[rise] = high
        if (high := fast - slow) > found[rise + 1]:
            found[rise + 1] = high
    return dict(zip(NAMES, found, strict=True))
