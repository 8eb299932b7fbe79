"""What foreign devices say, through the adapter that their gateway names. Pure.

A gateway speaks for the devices behind it and for others of its own site (flagged), never for anybody else's: a stolen
gateway must not be able to silence a button elsewhere by using up its keys.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from analytics.step import Event, Reading
from broker.session import Arrived
from devices import codec
from devices.codec import BadPayload
from devices.keys import Key, milliseconds
from devices.topics import NAME, Topic
from ingest.adapters import ADAPTERS
from ingest.adapters.adapted import Adapted
from ingest.native import admitted, credible, timed
from ingest.said import EVENTS, FOREIGN, VALUES_DROPPED, WRONG_PLACE, Decoded, Known, Register, Rejected, Said, Status

REPEATS_MERGE_WITHIN = timedelta(seconds=60)
_SLOT_MS = 60_000


def foreign(arrived: Arrived, topic: Topic, register: Register, lane: str) -> Decoded:
    """The lane's part of a foreign message. Complaints are the event lane's, so that each is made once."""
    try:
        found = _said(arrived, topic, register)
    except BadPayload as error:
        found = (Rejected(error.reason, topic.area),)
    if lane == EVENTS:
        return tuple(one for one in found if isinstance(one, Rejected) or isinstance(one.item, Event))
    return tuple(
        replace(one, reported=False) if isinstance(one, Rejected) else one
        for one in found
        if isinstance(one, Rejected) or not isinstance(one.item, Event)
    )


def _said(arrived: Arrived, topic: Topic, register: Register) -> Decoded:
    gateway = register.get(topic.device)
    if gateway is None:
        return (Rejected(f"gateway: expected one that is enrolled, got {topic.device!r}", topic.area, topic.device),)
    name, _, rest = topic.rest.partition("/")
    adapter = ADAPTERS.get(name)
    if adapter is None:
        return (Rejected(f"adapter: expected one of {', '.join(ADAPTERS)}, got {name[:40]!r}", topic.area),)
    adapted = adapter(rest, arrived.payload)
    return () if adapted is None else _through(gateway, adapted, arrived, topic, register)


def _through(gateway: Known, adapted: Adapted, arrived: Arrived, topic: Topic, register: Register) -> Decoded:
    speaker = next((register[code] for code in adapted.codes if code in register), None)
    if speaker is None:
        code = next((code for code in adapted.codes if NAME.match(code)), "")
        return (Rejected(f"device: expected one that is enrolled, got {' or '.join(adapted.codes)[:120]!r}", topic.area, code),)
    behind = gateway.code in (speaker.gateway, speaker.code)
    if not behind and speaker.site_id != gateway.site_id:
        reason = f"device: expected one behind {gateway.code}, got {speaker.code!r} of another site"
        return (Rejected(reason, topic.area),)
    flags = (FOREIGN,) if behind else (FOREIGN, WRONG_PLACE)
    return tuple(admitted(one, topic.area) for one in _parts(arrived, adapted, speaker, flags))


def _parts(arrived: Arrived, adapted: Adapted, speaker: Known, flags: tuple[str, ...]) -> list[Said]:
    """Readings and each event apart, every one under a key of its own."""
    events = tuple(kind for kind in adapted.events if kind in speaker.profile.events)
    values, dropped = _values(adapted, speaker, bool(events))
    said = []
    for kind in events:
        when = _when(arrived, adapted, speaker, f"{adapted.mark}:{kind}")
        event = Event(speaker.origin, when.at, arrived.at, when.key, kind, values)
        said.append(Said(speaker, event, when.pinned, (*when.flags, *flags, *dropped), when.earlier))
    if values:
        when = _when(arrived, adapted, speaker, adapted.mark)
        reading = Reading(speaker.origin, when.at, arrived.at, when.key, values)
        said.append(Said(speaker, reading, when.pinned, (*when.flags, *flags, *dropped), when.earlier))
    if adapted.online is not None:
        at = arrived.at if adapted.t is None else timed(adapted.t, arrived)[0]
        said.append(Said(speaker, Status(at, arrived.at, adapted.online, not adapted.online, None, None, None, arrived.retained)))
    return said


def _values(adapted: Adapted, speaker: Known, beside_event: bool) -> tuple[dict[str, float], tuple[str, ...]]:
    """Those that this kind of device measures, as float32. Nonsense is refused, beside an event left out. Raises BadPayload."""
    measured = {metric: value for metric, value in adapted.values.items() if metric in speaker.profile.order}
    kept, dropped = credible(speaker.profile, measured)
    if dropped and not beside_event:
        codec.check_values(speaker.profile, measured)
    return {metric: codec.float32(value, metric) for metric, value in kept.items()}, (VALUES_DROPPED,) if dropped else ()


def _when(arrived: Arrived, adapted: Adapted, speaker: Known, mark: str) -> "_When":
    code, n = speaker.code, adapted.n
    if adapted.t is not None:
        at, wrong, flags = timed(adapted.t, arrived)
        return _When(at, Key(code, mark, n, adapted.t), wrong, flags, None)
    if adapted.unique:
        return _When(arrived.at, Key(code, mark, n, 0), True, (), None)
    slot = milliseconds(arrived.at) // _SLOT_MS * _SLOT_MS
    return _When(arrived.at, Key(code, mark, n, slot), True, (), Key(code, mark, n, slot - _SLOT_MS))


@dataclass(frozen=True, slots=True)
class _When:
    at: datetime
    key: Key
    pinned: bool
    flags: tuple[str, ...]
    earlier: Key | None
