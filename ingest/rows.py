"""From what was said to the rows that the store takes. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from analytics.step import Event, Reading, Waveform
from broker.session import Arrived
from devices.codec import as_array
from devices.topics import ROOT
from ingest.flood import REASON
from ingest.said import CLOCK_FIXED, TELEMETRY, Ack, Register, Rejected, Said, Status
from store.health import Heard
from store.messages import AckRow, EventRow, HealthRow, ReadingRow, RejectedRow
from store.waveforms import WaveformRow

_LONGEST_TOPIC = 512  # a row of the index holds 2,704 bytes
BATTERY, SIGNAL, TEST = "battery", "signal", "test"


def reading_row(said: Said, item: Reading) -> ReadingRow:
    """A reading in its profile's order."""
    key, profile = item.key, said.known.profile
    values = as_array(profile, item.values)
    return ReadingRow(said.known.device_id, item.at, key.b, key.n, item.now, profile.version, values, key.t)


def waveform_row(said: Said, item: Waveform) -> WaveformRow:
    """A window of samples."""
    return WaveformRow(said.known.device_id, item.at, item.key.b, item.key.n, item.now, item.fs, item.unit, item.xyz)


def event_row(said: Said, item: Event) -> EventRow:
    """An event, at the place where the register has its device."""
    return EventRow(
        device_id=said.known.device_id,
        b=item.key.b,
        n=item.key.n,
        t=item.key.t,
        area=said.known.area,
        site_id=said.known.site_id,
        kind=item.kind,
        at=item.at,
        received_at=item.now,
        values=dict(item.values),
        drill=item.drill,
        flags=list(said.flags),
    )


def ack_row(said: Said, item: Ack) -> AckRow:
    """An answer to a command."""
    key = item.key
    return AckRow(said.known.device_id, key.b, key.n, key.t, item.command, item.done, item.at, item.now)


def health_row(said: Said) -> HealthRow:
    """What one thing that was said tells about the device itself: heard at arrival; a link is as told when that was true."""
    item, device_id = said.item, said.known.device_id
    wrong = item.now if CLOCK_FIXED in said.flags else None
    match item:
        case Status():
            return HealthRow(
                device_id,
                item.seen,
                online=item.online,
                online_at=item.at,
                battery=item.battery,
                signal=item.signal,
                firmware=item.firmware,
            )
        case Event():
            values, test_at = item.values, item.at if item.kind == TEST else None
            return HealthRow(
                device_id,
                item.now,
                event_at=item.at,
                test_at=test_at,
                battery=values.get(BATTERY),
                signal=values.get(SIGNAL),
                clock_wrong_at=wrong,
            )
        case Reading():
            battery, signal = item.values.get(BATTERY), item.values.get(SIGNAL)
            return HealthRow(device_id, item.now, telemetry_at=item.at, battery=battery, signal=signal, clock_wrong_at=wrong)
        case Waveform():
            return HealthRow(device_id, item.now, telemetry_at=item.at, clock_wrong_at=wrong)
        case Ack():
            return HealthRow(device_id, item.now, clock_wrong_at=wrong)


def heard(readings: Iterable[tuple[Said, Reading]]) -> dict[int, Heard]:
    """What readings tell about the devices themselves, a row a device: the same as all of their health rows together."""
    found: dict[int, Heard] = {}
    for said, item in readings:
        device_id, now = said.known.device_id, item.now
        battery, signal = item.values.get(BATTERY), item.values.get(SIGNAL)
        before = found.get(device_id)
        if before is not None:
            before.fold(now, item.at, battery, signal)
            continue
        since = (None if battery is None else now, None if signal is None else now)
        found[device_id] = Heard(device_id, now, item.at, battery, since[0], signal, since[1])
    return found


def limited_rows(limited: Mapping[str, int], register: Register, now: datetime) -> list[RejectedRow]:
    """What a flood had too much of: a row a device and hour, since every one of them looks the same."""
    return [
        RejectedRow(TELEMETRY, f"{ROOT}/{one.area}/{one.site}/{code}/telemetry", b"", REASON, one.area, now, times)
        for code, times in limited.items()
        for one in (register[code].origin,)
    ]


def rejected_rows(lane: str, refused: Iterable[tuple[Arrived, Rejected]]) -> list[RejectedRow]:
    """What could not be understood, once for both lanes. Of a topic that nobody could index, only its beginning."""
    return [
        RejectedRow(lane, arrived.topic[:_LONGEST_TOPIC], arrived.payload, one.reason, one.area, arrived.at)
        for arrived, one in refused
        if one.reported
    ]
