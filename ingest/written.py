"""What one transaction of the telemetry lane holds: the new readings and what detectors make of them, in time order."""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from datetime import datetime

from analytics.step import Event, Reading, Waveform
from devices.keys import Key, milliseconds
from ingest import rows
from ingest.judged import Judged
from ingest.registry import Registry
from ingest.said import TELEMETRY, Said, Status
from ingest.settled import settled
from ingest.trials import Trials, apply, whose
from ingest.trials import found as found_out
from store import messages
from store.connect import Connection
from store.messages import ReadingKey

_Heard = tuple[Said, Reading | Event | Waveform, Hashable]


async def write(
    conn: Connection, found: Judged, limited: Mapping[str, int], trials: Trials, registry: Registry, now: datetime
) -> int:
    """Store and judge a batch; answers the number of findings."""
    said = await settled(conn, found.said)
    fresh = await _fresh(conn, zip(said, found.owners, strict=True))
    heard = sorted((*fresh, *_alive(said, found.owners)), key=lambda one: (one[1].at, one[1].key))
    findings = [
        found_out(finding, whose(finding, one, registry), item.now)
        for one, item, owner in heard
        for finding in trials.feed(one, item, owner)
    ]
    if findings:
        await apply(conn, findings, now)
    health = [rows.health_row(one) for one, item, _ in fresh if not isinstance(item, Event)]
    health += [rows.health_row(one) for one in said if isinstance(one.item, Status)]
    if health:
        await messages.touch_health(conn, health)
    refused = rows.rejected_rows(TELEMETRY, found.refused) + rows.limited_rows(limited, registry.known, now)
    if refused:
        await messages.reject(conn, refused)
    return len(findings)


async def _fresh(conn: Connection, said: Iterable[tuple[Said, Hashable]]) -> list[_Heard]:
    """What is new, each once. Events are the event lane's to store: they are only heard."""
    readings: dict[ReadingKey, _Heard] = {}
    waveforms: dict[ReadingKey, _Heard] = {}
    heard: list[_Heard] = []
    for one, owner in said:
        item, device_id = one.item, one.known.device.device_id
        match item:
            case Reading():
                readings.setdefault((device_id, item.at, item.key.b, item.key.n), (one, item, owner))
            case Waveform():
                waveforms.setdefault((device_id, item.at, item.key.b, item.key.n), (one, item, owner))
            case Event():
                heard.append((one, item, owner))
            case _:
                pass
    if readings:
        pairs = [(one, item) for one, item, _ in readings.values() if isinstance(item, Reading)]
        heard += [readings[key] for key in await messages.insert_readings(conn, [rows.reading_row(*pair) for pair in pairs])]
    if waveforms:
        windows = [(one, item) for one, item, _ in waveforms.values() if isinstance(item, Waveform)]
        heard += [waveforms[key] for key in await messages.insert_waveforms(conn, [rows.waveform_row(*pair) for pair in windows])]
    return heard


def _alive(said: Iterable[Said], owners: Iterable[Hashable]) -> Iterator[_Heard]:
    """Who says that it is there, as a reading of what it says beside: a sign of life, and nothing to store."""
    for one, owner in zip(said, owners, strict=True):
        item = one.item
        if isinstance(item, Status) and item.alive:
            told = {rows.BATTERY: item.battery, rows.SIGNAL: item.signal}
            values = {name: value for name, value in told.items() if value is not None and name in one.known.profile.order}
            key = Key(one.known.device.code, "", 0, milliseconds(item.now))
            yield one, Reading(one.known.origin, item.at, item.now, key, values), owner
