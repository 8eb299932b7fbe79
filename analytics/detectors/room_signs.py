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
_NONE = dict.fromkeys(NAMES, 0.0)


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
    slow = channel.slow + (value - channel.slow) * (span / (span + (age if age < SLOW_S else SLOW_S)))
    towards = BASE_FALLS_S if fast < channel.base else BASE_RISES_S
    base = channel.base + (fast - channel.base) * span / (span + towards)
    return Channel(channel.device, channel.metric, channel.since, at, fast, slow, base)


def first(device: str, metric: str, at: int, value: float) -> Channel:
    """A channel that begins: the first value is all that is known."""
    return Channel(device, metric, at, at, value, value, value)


def heard(channels: tuple[Channel, ...], device: str, at: int, values: Mapping[str, float]) -> tuple[Channel, ...]:
    """All channels of a room after one reading of one device; the same tuple when nothing in it is new."""
    known, after = 0, None
    for place, channel in enumerate(channels):
        if channel.device == device and (value := values.get(channel.metric)) is not None:
            known += 1
            followed = follow(channel, at, value)
            if followed is not channel:
                after = after or list(channels)
                after[place] = followed
    if known < sum(map(_SIGNS.__contains__, values)):
        before = {channel.metric for channel in channels if channel.device == device}
        new = (metric for metric in values if metric in _SIGNS and metric not in before)
        after = [*(after or channels), *(first(device, metric, at, values[metric]) for metric in new)]
    return channels if after is None else tuple(after)


def signs(channels: Iterable[Channel]) -> dict[str, float]:
    """The largest rise and growth of each metric among the devices of the room; 0 for what nobody measures."""
    found = _NONE.copy()
    for channel in channels:
        rise, growth = _SIGNS[channel.metric]
        fast = channel.fast
        if (high := fast - channel.base) > found[rise]:
            found[rise] = high
        if (high := fast - channel.slow) > found[growth]:
            found[growth] = high
    return found
