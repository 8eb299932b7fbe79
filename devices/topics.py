"""MQTT topics of the contract v1: `care/v1/{area}/{site}/{device}/{channel}[/…]`. Parsing is total: a `Topic` or `BadTopic`."""

import re

from msgspec import Struct

ROOT = "care/v1"
CHANNELS = ("telemetry", "event", "waveform", "status", "cmd", "ack", "foreign")
NAME = re.compile(r"[a-z0-9-]{1,40}\Z")
_LONGEST = 512
_NAME = "([a-z0-9-]{1,40})"
_PLAIN = re.compile(f"{ROOT}/{_NAME}/{_NAME}/{_NAME}/({'|'.join(one for one in CHANNELS if one != 'foreign')})\\Z")

EVENT_LANE = (f"{ROOT}/+/+/+/event", f"{ROOT}/+/+/+/ack", f"{ROOT}/+/+/+/foreign/#")


class BadTopic(ValueError):
    """A topic outside the contract; `reason` says what was expected and what came."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Topic(Struct, frozen=True, gc=False):
    """Where a message says it comes from. `rest` is what follows `foreign/` (adapter first), else empty."""

    area: str
    site: str
    device: str
    channel: str
    rest: str = ""

    def __str__(self) -> str:
        tail = f"/{self.rest}" if self.rest else ""
        return f"{ROOT}/{self.area}/{self.site}/{self.device}/{self.channel}{tail}"


def telemetry_lane(area: str) -> tuple[str, ...]:
    """Filters of the telemetry session of one area. Events are heard to know, not to store; foreign messages for their readings."""
    return tuple(f"{ROOT}/{area}/+/+/{channel}" for channel in ("telemetry", "status", "waveform", "event", "foreign/#"))


def parse(topic: str) -> Topic:
    """Take a topic apart. Raises BadTopic."""
    plain = _PLAIN.match(topic)
    if plain is not None:  # every message comes through here; to remember topics instead takes 500 bytes a device
        return Topic(*plain.groups())
    if len(topic) > _LONGEST:
        raise BadTopic(f"topic: expected at most {_LONGEST} characters, got {len(topic)}")
    parts = topic.split("/", 6)
    if len(parts) < 6 or parts[0] != "care" or parts[1] != "v1":
        raise BadTopic(f"topic: expected {ROOT}/area/site/device/channel, got {topic[:80]!r}")
    area, site, device, channel = parts[2:6]
    for part, value in (("area", area), ("site", site), ("device", device)):
        if not NAME.match(value):
            raise BadTopic(f"{part}: expected [a-z0-9-]{{1,40}}, got {value[:60]!r}")
    rest = parts[6] if len(parts) == 7 else ""
    if channel not in CHANNELS or len(parts) != (7 if channel == "foreign" else 6) or (channel == "foreign" and not rest):
        raise BadTopic(f"channel: expected one of {', '.join(CHANNELS)}, got {channel[:40]!r}")
    return Topic(area, site, device, channel, rest)
