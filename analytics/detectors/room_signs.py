"""What the devices of a room say of a fire that no single limit has seen yet: how far each quantity is above the room's own
baseline, and how fast it grows.

Everything is an exponential mean, so a reading costs the same however long the room has been watched. `fast` follows within 15 s,
`slow` within three minutes; `base` falls within a minute and rises within an hour, so it stays near the calm level of the last hour
also when the first reading was already disturbed. All spans are ours.
"""

from collections.abc import Iterable, Mapping

from msgspec import Struct

FAST_S = 15.0
SLOW_S = 180.0
BASE_FALLS_S = 60.0
BASE_RISES_S = 3600.0
LONGEST_GAP_MS = 15 * 60_000  # what was not heard for longer starts anew

METRICS = ("smoke_obscuration", "temperature", "co", "gas", "co2", "humidity")
_SIGNS = {metric: (f"{metric}_rise", f"{metric}_growth") for metric in METRICS}
NAMES = tuple(name for pair in _SIGNS.values() for name in pair)


class Channel(Struct, frozen=True, gc=False):
    """One metric of one device. `at` and `since` are ms since the epoch."""

    device: str
    metric: str
    since: int
    at: int
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


def follow(channel: Channel, at: int, value: float) -> Channel:
    """The channel after a value at `at` (ms); a late or repeated one changes nothing."""
    gap = at - channel.at
    if gap <= 0:
        return channel
    if gap > LONGEST_GAP_MS:
        return first(channel.device, channel.metric, at, value)
    span = gap / 1000
    age = (at - channel.since) / 1000
    fast = channel.fast + (value - channel.fast) * span / (span + FAST_S)
    slow = channel.slow + (value - channel.slow) * max(span / (span + SLOW_S), span / (span + age))
    towards = BASE_FALLS_S if fast < channel.base else BASE_RISES_S
    base = channel.base + (fast - channel.base) * span / (span + towards)
    return Channel(channel.device, channel.metric, channel.since, at, fast, slow, base)


def first(device: str, metric: str, at: int, value: float) -> Channel:
    """A channel that begins: the first value is all that is known."""
    return Channel(device, metric, at, at, value, value, value)


def heard(channels: tuple[Channel, ...], device: str, at: int, values: Mapping[str, float]) -> tuple[Channel, ...]:
    """All channels of a room after one reading of one device; the same tuple when nothing in it is new."""
    new = {metric: value for metric, value in values.items() if metric in _SIGNS}
    if not new:
        return channels
    changed, after = False, []
    for channel in channels:
        if channel.device == device and (value := new.pop(channel.metric, None)) is not None:
            followed = follow(channel, at, value)
            changed = changed or followed is not channel
            after.append(followed)
        else:
            after.append(channel)
    after += [first(device, metric, at, value) for metric, value in new.items()]
    return tuple(after) if changed or new else channels


def signs(channels: Iterable[Channel]) -> dict[str, float]:
    """The largest rise and growth of each metric among the devices of the room; 0 for what nobody measures."""
    found = dict.fromkeys(NAMES, 0.0)
    for channel in channels:
        rise, growth = _SIGNS[channel.metric]
        found[rise] = max(found[rise], channel.rise)
        found[growth] = max(found[growth], channel.growth)
    return found
