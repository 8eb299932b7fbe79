"""Recorded fires and calm rooms, from parquet to plain values."""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow.parquet

from analytics.evaluate.fire_recording import Recording, Truth
from vigil.offline.task import BadRecording

_KEYS = ("experiment", "station", "t_s")
_MEASURED = (
    "temp_ceiling_c",
    "temp_1p5m_c",
    "od_low_per_m",
    "obsc_ceiling_pct_per_m",
    "co_ppm",
    "co_sensor_ppm_est",
    "co2_ppm",
)
_ROOM_KEYS = ("recording", "node", "t_s")
_ROOM_MEASURED = ("temperature_c", "humidity_pct", "co2_ppm")


def fires(path: Path) -> list[Recording]:
    """Every experiment of a file, with whatever truth lies beside it. Raises BadRecording."""
    series = _series(_table(path), _KEYS, _MEASURED, path)
    experiments = {row["experiment"]: row for row in _beside(path, "experiments")}
    stations = _beside(path, "stations")
    alarms = _beside(path, "alarms")
    found = []
    for name, nodes in series.items():
        here = [row for row in stations if row["experiment"] == name]
        sounded = [row["alarm_t_s"] for row in alarms if row["experiment"] == name]
        flags = {row["station"]: tuple(f for f in str(row.get("quality_flags") or "").split(",") if f) for row in here}
        truth = _truth(experiments[name], here, sounded) if name in experiments else None
        found.append(Recording(name, nodes, truth, flags or None))
    return found


def rooms(path: Path) -> list[Recording]:
    """Every recording of calm rooms. Raises BadRecording."""
    return [Recording(name, nodes) for name, nodes in _series(_table(path), _ROOM_KEYS, _ROOM_MEASURED, path).items()]


def _truth(experiment: dict[str, Any], stations: list[dict[str, Any]], sounded: list[Any]) -> Truth:
    photo = _numbers(row["ref_photo_alarm_t_s"] for row in stations)
    ion = _numbers(row["ref_ion_alarm_t_s"] for row in stations)
    recorded = _numbers(sounded)
    real = recorded or sorted(photo + ion)
    return Truth(
        mode=str(experiment["fire_mode"]),
        end_s=float(experiment["t_fire_end_s"]),
        two_alarms_s=real[1] if len(real) > 1 else None,
        first_photo_s=min(photo, default=None),
        recorded_s=min(recorded, default=None),
    )


def _numbers(values: Iterable[Any]) -> list[float]:
    return sorted(float(value) for value in values if value is not None and not math.isnan(value))


def _series(
    table: dict[str, list[Any]], keys: tuple[str, str, str], measured: tuple[str, ...], path: Path
) -> dict[str, dict[str, list[dict[str, float]]]]:
    missing = [name for name in keys if name not in table] or [] if any(name in table for name in measured) else list(measured[:1])
    if missing:
        raise BadRecording(f"{path.name}: expected a column {', '.join(missing)}, got {', '.join(sorted(table))}")
    columns = [name for name in measured if name in table]
    found: dict[str, dict[str, list[dict[str, float]]]] = {}
    for place, (name, node, t_s) in enumerate(zip(*(table[key] for key in keys), strict=True)):
        values = {one: float(table[one][place]) for one in columns if _is_number(table[one][place])}
        found.setdefault(str(name), {}).setdefault(str(node), []).append({"t_s": float(t_s), **values})
    for nodes in found.values():
        for rows in nodes.values():
            rows.sort(key=lambda row: row["t_s"])
    return found


def _is_number(value: Any) -> bool:
    return value is not None and math.isfinite(value)


def _beside(path: Path, what: str) -> list[dict[str, Any]]:
    beside = path.with_name(f"{path.stem}_{what}{path.suffix}")
    if not beside.exists():
        return []
    rows: list[dict[str, Any]] = pyarrow.parquet.read_table(beside).to_pylist()
    return rows


def _table(path: Path) -> dict[str, list[Any]]:
    try:
        found: dict[str, list[Any]] = pyarrow.parquet.read_table(path).to_pydict()
    except (OSError, pyarrow.ArrowInvalid) as error:
        raise BadRecording(f"{path.name}: expected a parquet file, got {error}") from None
    return found
