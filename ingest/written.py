"""What one transaction of the telemetry lane holds: the new readings and what detectors make of them, in time order."""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from analytics.step import Event, Reading, Waveform
from devices.keys import Key, milliseconds
from ingest import rows
from ingest.clocks import at_fixed_time
from ingest.judged import Judged
from ingest.registry import Registry
from ingest.said import CLOCK_FIXED, TELEMETRY, Said, Status
from ingest.settled import settled
from ingest.trials import Trials, apply, whose
from ingest.trials import found as found_out
from store import messages
from store.connect import Connection
from store.health import touch_readings
from store.messages import ReadingKey
from store.waveforms import insert_waveforms

_Heard = tuple[Said, Reading | Event | Waveform, Hashable]


async def write(
    conn: Connection, found: Judged, limited: Mapping[str, int], trials: Trials, registry: Registry, now: datetime
) -> int:
    """Store and judge a batch; answers the number of findings."""
    said = await settled(conn, found.said)
    fresh = await _fresh(conn, zip(said, found.owners, strict=True))
    alive = list(_alive(said, found.owners))
    findings = [
        found_out(finding, whose(finding, one, registry), item.now)
        for one, item, owner in sorted((*fresh, *alive), key=_in_time_order)
        for finding in trials.feed(one, item, owner)
    ]
    if findings:
        await apply(conn, findings, now)
    await _touch_health(conn, fresh, said)
    refused = rows.rejected_rows(TELEMETRY, found.refused) + rows.limited_rows(limited, registry.known, now)
    if refused:
        await messages.reject(conn, refused)
    return len(findings)


def _in_time_order(heard: _Heard) -> tuple[datetime, Key]:
    return heard[1].at, heard[1].key


async def _fresh(conn: Connection, said: Iterable[tuple[Said, Hashable]]) -> list[_Heard]:
    """What is new, each once. Events are the event lane's to store: they are only heard."""
    readings: dict[ReadingKey, tuple[Said, Reading, Hashable]] = {}
    waveforms: dict[ReadingKey, tuple[Said, Waveform, Hashable]] = {}
    heard: list[_Heard] = []
    for one, owner in said:
        item = one.item
        match item:
            case Reading():
                readings.setdefault((one.known.device.device_id, item.at, item.key.b, item.key.n), (one, item, owner))
            case Waveform():
                waveforms.setdefault((one.known.device.device_id, item.at, item.key.b, item.key.n), (one, item, owner))
            case Event():
                heard.append((one, item, owner))
            case _:
                pass
    if readings:
        heard += await _new_readings(conn, list(readings.values()))
    if waveforms:
        windows = [rows.waveform_row(one, item) for one, item, _ in waveforms.values()]
        heard += [waveforms[key] for key in await insert_waveforms(conn, windows)]
    return heard


async def _new_readings(conn: Connection, told: Sequence[tuple[Said, Reading, Hashable]]) -> Sequence[_Heard]:
    """Store them; those that were new, each at the time that was decided for it before, if any was."""
    stored = await messages.insert_readings(conn, [rows.reading_row(one, item) for one, item, _ in told])
    if not stored.old and not stored.fixed:
        return told
    new: dict[ReadingKey, _Heard] = {}
    for place, (one, item, owner) in enumerate(told):
        if place not in stored.old:
            at = stored.fixed.get(place)
            final = (one, item) if at is None or one.pinned else at_fixed_time(one, item, at)
            new.setdefault((one.known.device.device_id, final[1].at, item.key.b, item.key.n), (*final, owner))
    return list(new.values())


async def _touch_health(conn: Connection, fresh: Sequence[_Heard], said: Iterable[Said]) -> None:
    """What this tells about the devices themselves, in one statement, whose order keeps two lanes from deadlocking."""
    plain = [(one, item) for one, item, _ in fresh if isinstance(item, Reading) and CLOCK_FIXED not in one.flags]
    statuses = [one for one in said if isinstance(one.item, Status)]
    told = [one for one, item, _ in fresh if not isinstance(item, Event)] + statuses
    if len(told) > len(plain):
        await messages.touch_health(conn, [rows.health_row(one) for one in told])
    elif plain:
        await touch_readings(conn, rows.heard(plain).values())


def _alive(said: Iterable[Said], owners: Iterable[Hashable]) -> Iterator[_Heard]:
    """Who says that it is there, as a reading of what it says beside: a sign of life, and nothing to store."""
    for one, owner in zip(said, owners, strict=True):
        item = one.item
        if isinstance(item, Status) and item.alive:
            told = {rows.BATTERY: item.battery, rows.SIGNAL: item.signal}
            values = {name: value for name, value in told.items() if value is not None and name in one.known.profile.order}
            key = Key(one.known.device.code, "", 0, milliseconds(item.now))
            yield one, Reading(one.known.origin, item.at, item.now, key, values), owner
