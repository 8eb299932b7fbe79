"""What devices say in the contract's own words. Pure.

The register decides where a device is: under a wrong area or site it is believed and flagged. Context never hides a
press: values that an event carries beside itself are dropped when they are nonsense, and the event is kept and flagged.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from analytics.step import Event, Reading, Waveform
from broker.session import Arrived
from devices import codec
from devices.clock import fix, late
from devices.codec import BadPayload
from devices.keys import Key
from devices.profiles import Profile
from devices.topics import Topic
from ingest.said import CLOCK_FIXED, LATE, VALUES_DROPPED, WRONG_PLACE, Ack, Decoded, Known, Register, Rejected, Said, Status

_LONGEST_REASON = 2_000


def native(arrived: Arrived, topic: Topic, register: Register) -> Decoded:
    """What a device says in the contract's own words."""
    speaker = register.get(topic.device)
    if speaker is None:
        return (Rejected(f"device: expected one that is enrolled, got {topic.device!r}", topic.area, topic.device),)
    decoder = _CHANNELS.get(topic.channel)
    if decoder is None:
        return (Rejected(f"channel: expected one of {', '.join(_CHANNELS)}, got {topic.channel!r}", topic.area),)
    try:
        said, refused = decoder(arrived, speaker)
    except BadPayload as error:
        return (Rejected(error.reason, topic.area),)
    place = () if (topic.area, topic.site) == (speaker.area, speaker.site) else (WRONG_PLACE,)
    if not place and not refused and speaker.revoked_at is None:
        return tuple(said)
    return (*(admitted(_flagged(one, place), topic.area) for one in said), *(Rejected(reason, topic.area) for reason in refused))


def admitted(said: Said, area: str) -> Said | Rejected:
    """What a device said before it was revoked counts; what it says afterwards does not."""
    revoked = said.known.revoked_at
    if revoked is None or said.item.at < revoked:
        return said
    return Rejected(f"device: expected one in service, got {said.known.code!r}, revoked {revoked:%Y-%m-%d %H:%M}Z", area)


def timed(t: int, arrived: Arrived) -> tuple[datetime, bool, tuple[str, ...]]:
    """When it happened, whether the device's clock was wrong about it, and the flags that say so."""
    fixed = fix(t, arrived.at)
    if fixed.wrong:
        return arrived.at, True, (CLOCK_FIXED,)
    return fixed.at, False, (LATE,) if late(fixed.at, arrived.at) else ()


def credible(profile: Profile, values: Mapping[str, float]) -> tuple[dict[str, float], bool]:
    """The values that the profile knows and physics allows, and whether any was left out."""
    ranges = profile.ranges
    kept = {name: value for name, value in values.items() if (r := ranges.get(name)) and r[0] <= value <= r[1]}
    return kept, len(kept) < len(values)


def _flagged(said: Said, flags: tuple[str, ...]) -> Said:
    return Said(said.known, said.item, said.pinned, (*said.flags, *flags), said.earlier) if flags else said


_Found = tuple[list[Said], list[str]]


def _telemetry(arrived: Arrived, speaker: Known) -> _Found:
    """Every good reading of a list, and why the others are not. Raises BadPayload when there is no reading to be seen at all."""
    only = codec.one_reading(speaker.profile, arrived.payload)
    if only is not None:
        return [_reading(only, arrived, speaker)], []
    messages, refused = _readings(arrived.payload)
    said = []
    for number, one in messages:
        try:
            codec.check_values(speaker.profile, one.v)
        except BadPayload as error:
            refused.append(error.reason if len(messages) == 1 else f"reading {number}: {error.reason}")
            continue
        said.append(_reading(one, arrived, speaker))
    return said, ["; ".join(refused)[:_LONGEST_REASON]] if refused else []


def _reading(one: codec.Telemetry, arrived: Arrived, speaker: Known) -> Said:
    at, wrong, flags = timed(one.t, arrived)
    key = Key(speaker.code, one.b, one.n, one.t)
    return Said(speaker, Reading(speaker.origin, at, arrived.at, key, one.v), wrong, flags)


def _readings(payload: bytes) -> tuple[list[tuple[int, codec.Telemetry]], list[str]]:
    """Readings with their place in the list, from 1; where the whole list cannot be read, each by itself. Raises BadPayload."""
    try:
        return list(enumerate(codec.telemetry(payload), 1)), []
    except BadPayload as whole:
        try:
            each = (
                msgspec.json.decode(payload, type=list[msgspec.Raw])[: codec.LARGEST_BATCH]
                if len(payload) <= codec.LARGEST_PAYLOAD
                else []
            )
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise whole from None
        if not each:
            raise
        good, refused = [], []
        for number, raw in enumerate(each, 1):
            try:
                good += [(number, one) for one in codec.telemetry(bytes(raw))]
            except BadPayload as error:
                refused.append(f"reading {number}: {error.reason}")
        return good, refused


def _event(arrived: Arrived, speaker: Known) -> _Found:
    message, damaged = _event_message(arrived.payload)
    codec.check_event(speaker.profile, message.e)
    values, dropped = credible(speaker.profile, message.v)
    at, wrong, flags = timed(message.t, arrived)
    key = Key(speaker.code, message.b, message.n, message.t)
    event = Event(speaker.origin, at, arrived.at, key, message.e, values, message.drill)
    return [Said(speaker, event, wrong, (*flags, VALUES_DROPPED) if damaged or dropped else flags)], []


def _event_message(payload: bytes) -> tuple[codec.EventMessage, bool]:
    """The event, and whether its context had to be thrown away to read it. Raises BadPayload."""
    try:
        return codec.event(payload), False
    except BadPayload as refused:
        try:
            return codec.event(_without_context(payload)), True
        except (BadPayload, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise refused from None


def _without_context(payload: bytes) -> bytes:
    found: Any = msgspec.json.decode(payload[: codec.LARGEST_PAYLOAD])
    return msgspec.json.encode({name: value for name, value in found.items() if name != "v"} if isinstance(found, dict) else found)


def _waveform(arrived: Arrived, speaker: Known) -> _Found:
    window = codec.waveform(arrived.payload)
    at, wrong, flags = timed(window.t, arrived)
    key = Key(speaker.code, window.b, window.n, window.t)
    xyz = tuple((x, y, z) for x, y, z in window.xyz)
    return [Said(speaker, Waveform(speaker.origin, at, arrived.at, key, window.fs, window.unit, xyz), wrong, flags)], []


def _ack(arrived: Arrived, speaker: Known) -> _Found:
    answer = codec.ack(arrived.payload)
    at, wrong, flags = timed(answer.t, arrived)
    key = Key(speaker.code, answer.b, answer.n, answer.t)
    return [Said(speaker, Ack(at, arrived.at, key, answer.id, answer.done), wrong, flags)], []


def _status(arrived: Arrived, speaker: Known) -> _Found:
    told = codec.status(arrived.payload)
    at = arrived.at if told.t is None else timed(told.t, arrived)[0]
    by_will = told.t is None and not told.online
    return [
        Said(speaker, Status(at, arrived.at, told.online, by_will, told.battery, told.signal, told.firmware, arrived.retained))
    ], []


_CHANNELS = {"telemetry": _telemetry, "event": _event, "waveform": _waveform, "status": _status, "ack": _ack}
