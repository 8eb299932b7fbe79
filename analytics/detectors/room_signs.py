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
_SIGNS = tuple((f"{metric}_rise", f"{metric}_growth") for metric in METRICS)
NAMES = tuple(name for pair in _SIGNS for name in pair)
_NONE = dict.fromkeys(NAMES, 0.0)
_PLACES = {metric: place for place, metric in enumerate(METRICS)}
_WHOSE = struct.Struct("<HB")  # what a packed channel begins with
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
    missing, after = 0, None
    for name in values:
        missing += name in _PLACES
    for place, row in enumerate(rows):
        if row[0] == number and (value := values.get(METRICS[row[1]])) is not None:
            missing -= 1
            followed = follow(row, at, value)
            if followed is not row:
                rows[place] = followed
                after = after or bytearray(channels.packed)
                _CHANNEL.pack_into(after, place * _SIZE, *followed)
    if missing:
        before = {row[1] for row in rows if row[0] == number}
        new = [
            first(number, _PLACES[name], at, value) for name, value in values.items() if _PLACES.get(name, -1) not in {-1, *before}
        ]
        packed = b"".join((after or channels.packed, *(_CHANNEL.pack(*row) for row in new)))
        return Channels(devices if number < len(devices) else (*devices, device), packed), [*rows, *new]
    return (channels if after is None else Channels(devices, bytes(after))), rows


def heard_one(channels: Channels, device: str, metric: int, at: int, value: float) -> tuple[Channels, Channel]:
    """The same for one metric alone, and its channel. Only what is said of it is unpacked."""
    devices, packed = channels.devices, channels.packed
    if device not in devices:
        new = first(len(devices), metric, at, value)
        return Channels((*devices, device), packed + _CHANNEL.pack(*new)), new
    number = devices.index(device)
    place = _find(packed, number, metric)
    if place is None:
        new = first(number, metric, at, value)
        return Channels(devices, packed + _CHANNEL.pack(*new)), new
    before: Channel = _CHANNEL.unpack_from(packed, place)
    after = follow(before, at, value)
    if after is before:
        return channels, before
    return Channels(devices, packed[:place] + _CHANNEL.pack(*after) + packed[place + _SIZE :]), after


def last_heard(channels: Channels, device: str, metric: int) -> int | None:
    """When this metric of this device was last heard, in ms since the epoch."""
    number = channels.devices.index(device) if device in channels.devices else -1
    place = _find(channels.packed, number, metric) if number >= 0 else None
    return None if place is None else int(_CHANNEL.unpack_from(channels.packed, place)[2])


def _find(packed: bytes, number: int, metric: int) -> int | None:
    whose = _WHOSE.pack(number, metric)
    for place in range(0, len(packed), _SIZE):
        if packed.startswith(whose, place):
            return place
    return None


def growth(channel: Channel) -> float:
    """How far the present is above the last minutes, in the metric's unit."""
    return channel[4] - channel[5]


def signs(rows: Iterable[Channel]) -> dict[str, float]:
    """The largest rise and growth of each metric among the devices of the room; 0 for what nobody measures."""
    found = _NONE.copy()
    for _, metric, _, _, fast, slow, base in rows:
        rise, growth = _SIGNS[metric]
        if (high := fast - base) > found[rise]:
            found[rise] = high
        if (high := fast - slow) > found[growth]:
            found[growth] = high
    return found
