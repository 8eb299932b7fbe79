"""A recorded fire as the devices of its rooms would have told it. Pure: whoever reads files hands over plain values."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from analytics.step import Origin, Reading
from devices.keys import Key, instant, milliseconds
from devices.profiles import PROFILES

IGNITION = instant(1_790_000_000_000)
UNTENABLE_OD_PER_M = 0.25  # at 1.5 m; NIST TN 1455-1 uses the same order
UNTENABLE_C = 60.0
OD_FAULTS = ("od_offset", "od_saturated", "od_jump", "od_missing")

# device of a node -> metric -> columns, the first that the recording has: a home's CO cell before a laboratory's analyser
DEVICES: dict[str, dict[str, tuple[str, ...]]] = {
    "smoke_detector": {"smoke_obscuration": ("obsc_ceiling_pct_per_m",), "temperature": ("temp_ceiling_c",)},
    "co_detector": {"co": ("co_sensor_ppm_est", "co_ppm")},
    "air_sensor": {"co2": ("co2_ppm",)},
}
ROOM_DEVICES: dict[str, dict[str, tuple[str, ...]]] = {
    "heat_detector": {"temperature": ("temperature_c",)},
    "air_sensor": {"temperature": ("temperature_c",), "humidity": ("humidity_pct",), "co2": ("co2_ppm",)},
}
Row = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Truth:
    """What is known of a fire: `two_alarms_s` when the second real alarm responded, half of which bounds what is premature."""

    mode: str
    end_s: float
    two_alarms_s: float | None
    first_photo_s: float | None
    recorded_s: float | None


@dataclass(frozen=True, slots=True)
class Recording:
    """One experiment: rows of each node in time order, each with `t_s` and the columns that were measured then."""

    name: str
    nodes: Mapping[str, Sequence[Row]]
    truth: Truth | None = None
    flags: Mapping[str, tuple[str, ...]] | None = None

    @property
    def end_s(self) -> float:
        """Where it is judged no further."""
        last = max((rows[-1]["t_s"] for rows in self.nodes.values() if rows), default=0.0)
        return last if self.truth is None else self.truth.end_s


def instant_of(t_s: float) -> datetime:
    """A second of an experiment as device time."""
    return IGNITION + timedelta(seconds=t_s)


def seconds_of(at: datetime) -> float:
    """The other way round."""
    return (at - IGNITION) / timedelta(seconds=1)


def messages(recording: Recording, devices: Mapping[str, Mapping[str, tuple[str, ...]]] = DEVICES) -> Iterator[Reading]:
    """What the devices of all nodes say, in time order, up to the end. Each node is a zone of one site."""
    order = sorted(
        (row["t_s"], node, n)
        for node, rows in recording.nodes.items()
        for n, row in enumerate(rows)
        if row["t_s"] <= recording.end_s
    )
    columns = {name for rows in recording.nodes.values() for row in rows for name in row}
    for t_s, node, n in order:
        row, at = recording.nodes[node][n], instant_of(t_s)
        for profile, metrics in devices.items():
            values = said(row, metrics, profile, columns)
            if values:
                yield Reading(origin(recording, node, profile), at, at, Key(f"{profile}-{node}", "", n, milliseconds(at)), values)


def origin(recording: Recording, node: str, profile: str) -> Origin:
    """The device of a node, as a register would know it."""
    site = recording.name.lower()
    return Origin(f"{profile}-{node}", profile, "120105001", site, f"{site}-{node}")


def said(row: Row, metrics: Mapping[str, tuple[str, ...]], profile: str, columns: Iterable[str]) -> dict[str, float]:
    """The values of one message, held within the profile's range as a device would: a meter below zero says zero."""
    ranges = {metric.name: (metric.low, metric.high) for metric in PROFILES[profile].metrics}
    found: dict[str, float] = {}
    for metric, names in metrics.items():
        column = next((name for name in names if name in columns), None)
        if column is not None and column in row:
            low, high = ranges[metric]
            found[metric] = min(high, max(low, row[column]))
    return found


def untenable_s(recording: Recording) -> float | None:
    """When the first node could not be escaped from: three readings in a row; meters that are flagged as faulty do not count."""
    times = [when for node, rows in recording.nodes.items() if (when := _untenable(recording, node, rows)) is not None]
    return min(times, default=None)


def _untenable(recording: Recording, node: str, rows: Sequence[Row]) -> float | None:
    flags = (recording.flags or {}).get(node, ())
    believed = not any(flag in OD_FAULTS for flag in flags)
    run = 0
    for row in rows:
        if row["t_s"] > recording.end_s:
            break
        hot = row.get("temp_1p5m_c", 0.0) >= UNTENABLE_C
        thick = believed and row.get("od_low_per_m", 0.0) >= UNTENABLE_OD_PER_M
        run = run + 1 if hot or thick else 0
        if run == 3:
            return row["t_s"]
    return None
