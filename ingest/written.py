"""What one transaction of the telemetry lane holds: the new readings and what detectors make of them, in time order."""

import asyncio
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from analytics.step import Event, Reading, Waveform
from devices.keys import Key, milliseconds
from ingest import rows
from ingest.alarms import Found
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
_AT_A_STRETCH = 100  # items: some three milliseconds


async def write(
    conn: Connection, found: Judged, limited: Mapping[str, int], trials: Trials, registry: Registry, now: datetime
) -> int:
    """Store and judge a batch; answers the number of findings.

    The detectors are fed while the database stores, as if all of it were new, which it nearly always is; where something was not,
    that is forgotten and they are fed what was.
    """
    said = await settled(conn, found.said)
    told, alive = _told(said, found.owners), list(_alive(said, found.owners))
    storing = asyncio.ensure_future(_stored(conn, told, said))
    try:
        findings = await _judged(trials, (*told, *alive), registry)
        fresh = await storing
    except BaseException:
        storing.cancel()
        await asyncio.wait({storing})
        raise
    if fresh is not told:
        trials.forget()
        findings = await _judged(trials, (*fresh, *alive), registry)
    if findings:
        await apply(conn, findings, now)
    refused = rows.rejected_rows(TELEMETRY, found.refused) + rows.limited_rows(limited, registry.known, now)
    if refused:
        await messages.reject(conn, refused)
    return sum(not one.finding.sample for one in findings)


async def _judged(trials: Trials, heard: Iterable[_Heard], registry: Registry) -> list[Found]:
    """What the detectors find, in time order. The loop is left alone often enough to serve the database's wire and the broker's."""
    findings: list[Found] = []
    for number, (one, item, owner) in enumerate(sorted(heard, key=_in_time_order)):
        if number % _AT_A_STRETCH == 0:
            await asyncio.sleep(0)
        for finding in trials.feed(one, item, owner):
            findings.append(found_out(finding, whose(finding, one, registry), item.now))
    return findings


def _in_time_order(heard: _Heard) -> tuple[datetime, Key]:
    return heard[1].at, heard[1].key


def _told(said: Iterable[Said], owners: Iterable[Hashable]) -> Sequence[_Heard]:
    """What may be new, each once: readings before windows of samples before events."""
    readings: dict[ReadingKey, _Heard] = {}
    waveforms: dict[ReadingKey, _Heard] = {}
    events: list[_Heard] = []
    for one, owner in zip(said, owners, strict=True):
        item = one.item
        match item:
            case Reading():
                readings.setdefault((one.known.device_id, item.at, item.key.b, item.key.n), (one, item, owner))
            case Waveform():
                waveforms.setdefault((one.known.device_id, item.at, item.key.b, item.key.n), (one, item, owner))
            case Event():
                events.append((one, item, owner))
            case _:
                pass
    return [*readings.values(), *waveforms.values(), *events]


async def _stored(conn: Connection, told: Sequence[_Heard], said: Iterable[Said]) -> Sequence[_Heard]:
    """What was new, the very same sequence where all of it was. Events are the event lane's to store: they are only heard."""
    readings = [(one, item, owner) for one, item, owner in told if isinstance(item, Reading)]
    waveforms = [(one, item, owner) for one, item, owner in told if isinstance(item, Waveform)]
    fresh = told
    news: Sequence[_Heard] = await _new_readings(conn, readings) if readings else readings
    windows = await _new_waveforms(conn, waveforms) if waveforms else waveforms
    if news is not readings or len(windows) < len(waveforms):
        fresh = [*news, *windows, *(one for one in told if isinstance(one[1], Event))]
    await _touch_health(conn, fresh, said)
    return fresh


async def _new_waveforms(conn: Connection, told: Sequence[tuple[Said, Waveform, Hashable]]) -> Sequence[_Heard]:
    known = {(one.known.device_id, item.at, item.key.b, item.key.n): (one, item, owner) for one, item, owner in told}
    return [known[key] for key in await insert_waveforms(conn, [rows.waveform_row(one, item) for one, item, _ in told])]


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
            new.setdefault((one.known.device_id, final[1].at, item.key.b, item.key.n), (*final, owner))
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
            key = Key(one.known.code, "", 0, milliseconds(item.now))
            yield one, Reading(one.known.origin, item.at, item.now, key, values), owner
