"""What one transaction of the telemetry lane holds: the new readings and what detectors make of them, in time order."""

from collections.abc import Hashable, Iterable
from datetime import datetime

from analytics.step import Event, Reading, Waveform
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


async def write(conn: Connection, found: Judged, trials: Trials, registry: Registry, now: datetime) -> int:
    """Store and judge a batch; answers the number of findings."""
    said = await settled(conn, found.said)
    fresh = await _fresh(conn, zip(said, found.owners, strict=True))
    findings = [
        found_out(finding, whose(finding, one, registry), item.now)
        for one, item, owner in fresh
        for finding in trials.feed(one, item, owner)
    ]
    if findings:
        await apply(conn, findings, now)
    health = [rows.health_row(one) for one, item, _ in fresh if not isinstance(item, Event)]
    health += [rows.health_row(one) for one in said if isinstance(one.item, Status)]
    if health:
        await messages.touch_health(conn, health)
    refused = rows.rejected_rows(TELEMETRY, found.refused)
    if refused:
        await messages.reject(conn, refused)
    return len(findings)


async def _fresh(conn: Connection, said: Iterable[tuple[Said, Hashable]]) -> list[_Heard]:
    """What is new, each once, in time order. Events are the event lane's to store: they are only heard."""
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
    return sorted(heard, key=lambda one: (one[1].at, one[1].key))
