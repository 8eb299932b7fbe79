"""Replay of a recorded fire through MQTT: each station of an experiment becomes a smoke, a heat and a CO detector of a site.

Reads the columns of the NIST home-fire recordings (experiment, station, t_s, temp_ceiling_c, obsc_ceiling_pct_per_m, co_ppm) from
Parquet or CSV. Values outside what a detector can say are clipped to its range; a missing value is left out, never invented.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as parquet
from numpy.typing import NDArray

from care.district import DeviceEntry
from devices.profiles import PROFILES

COLUMNS = ("experiment", "station", "t_s", "temp_ceiling_c", "obsc_ceiling_pct_per_m", "co_ppm")
Parts = dict[str, dict[str, DeviceEntry]]
_SMOKY = 5.0  # %/m
_ROLES: Mapping[str, Mapping[str, str]] = {
    "smoke_detector": {"smoke_obscuration": "obsc_ceiling_pct_per_m", "temperature": "temp_ceiling_c"},
    "heat_detector": {"temperature": "temp_ceiling_c"},
    "co_detector": {"co": "co_ppm"},
}


class NotARecording(ValueError):
    """A file that is no fire recording, or has no such experiment."""


@dataclass(frozen=True, slots=True)
class Played:
    """One reading to publish: `t_s` seconds after ignition, by this device."""

    t_s: float
    device: DeviceEntry
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Recording:
    """One experiment: column name to values, a row a station and moment, in time order."""

    experiment: str
    station: NDArray[np.str_]
    t_s: NDArray[np.float64]
    columns: Mapping[str, NDArray[np.float64]]

    @property
    def stations(self) -> list[str]:
        """The stations in the order in which smoke first passes 5 %/m, nearest the fire first."""
        smoke = self.columns["obsc_ceiling_pct_per_m"]
        smoky = {str(name): self.t_s[(self.station == name) & (smoke > _SMOKY)] for name in np.unique(self.station)}
        first = {name: float(np.min(times, initial=np.inf)) for name, times in smoky.items()}
        return sorted(first, key=lambda name: (first[name], name))


def load(path: Path, experiment: str = "") -> Recording:
    """Read one experiment, the first one where none is named. Raises NotARecording, FileNotFoundError."""
    if not path.exists():
        raise FileNotFoundError(f"{path}: expected a recorded fire, got no file")
    table = _table(path)
    known = np.asarray(table["experiment"].to_pylist(), dtype=np.str_)
    wanted = experiment or str(known[0])
    rows = known == wanted
    if not rows.any():
        raise NotARecording(f"{path.name}: expected one of {', '.join(sorted(set(known.tolist())))}, got {wanted!r}")
    order = np.argsort(np.asarray(table["t_s"].to_numpy(), dtype=np.float64)[rows], kind="stable")
    columns = {name: np.asarray(table[name].to_numpy(), dtype=np.float64)[rows][order] for name in COLUMNS[2:]}
    station = np.asarray(table["station"].to_pylist(), dtype=np.str_)[rows][order]
    return Recording(wanted, station, columns["t_s"], columns)


def _table(path: Path) -> pa.Table:
    try:
        table = csv.read_csv(path) if ".csv" in path.suffixes else parquet.read_table(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise NotARecording(f"{path.name}: expected a Parquet or CSV file, got {error}") from None
    if missing := [name for name in COLUMNS if name not in table.column_names]:
        raise NotARecording(f"{path.name}: expected the columns {', '.join(COLUMNS)}; missing: {', '.join(missing)}")
    return table


def cast(recording: Recording, devices: Sequence[DeviceEntry], site: str) -> Parts:
    """Who plays which role of which station: station → profile → device; a station may lack a role. Raises NotARecording.

    A station is one place: its devices hang in the zone of its smoke detector, at a site without zones anywhere.
    """
    ours = [one for one in devices if one.site == site]
    free = {role: sorted((d for d in ours if d.profile == role), key=lambda d: (d.zone, d.code)) for role in _ROLES}
    if not free["smoke_detector"]:
        raise NotARecording(f"{site}: expected a site with smoke detectors, got none")
    parts: Parts = {}
    for station in recording.stations:
        if free["smoke_detector"]:
            zone = free["smoke_detector"][0].zone
            there = {role: next((one for one in free[role] if one.zone == zone), None) for role in _ROLES}
            parts[station] = {role: one for role, one in there.items() if one is not None}
            for role, one in parts[station].items():
                free[role].remove(one)
    return parts


def play(recording: Recording, parts: Parts, every_s: float = 10.0) -> Iterator[Played]:
    """Every reading in time order, at most one a device and `every_s` seconds."""
    last: dict[str, float] = {}
    for row, at in enumerate(recording.t_s.tolist()):
        for role, device in parts.get(str(recording.station[row]), {}).items():
            if at - last.get(device.code, -every_s) < every_s:
                continue
            if values := _said(recording, row, role):
                last[device.code] = at
                yield Played(at, device, values)


def _said(recording: Recording, row: int, role: str) -> dict[str, float]:
    limits = {metric.name: metric for metric in PROFILES[role].metrics}
    found = {}
    for metric, column in _ROLES[role].items():
        value = float(recording.columns[column][row])
        if np.isfinite(value):
            found[metric] = round(min(max(value, limits[metric].low), limits[metric].high), 3)
    return found
