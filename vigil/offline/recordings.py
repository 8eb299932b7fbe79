"""Recordings of wearables from parquet files: one row a sample, and `<stem>_trials.parquet` beside it where there is one.

Somebody else's file is as often wrong as unusual. What cannot be meant (units, types) is refused; what is left out is said.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from pyarrow import ArrowInvalid

from analytics.evaluate.recording import Signal, Trial, even
from analytics.evaluate.worn import worn_at
from analytics.motion import Samples
from vigil.offline import told
from vigil.offline.task import BadRecording

SAMPLE_COLUMNS = ("trial", "t_ms", "ax", "ay", "az")
APART = ("subject", "activity", "position")  # trials of one number that differ in these are different ones
OLD = 60  # years
FORCES_MG = (500.0, 2000.0)  # half of all samples of whatever is worn are near 1 g
RATES_HZ = (5.0, 1000.0)
_LATEST_MS = 1e14  # a time after this, or so long before, is none: the year 5138
_FORCE_UNITS = ((0.5, 2.0, "g"), (4.9, 19.6, "m/s²"), (4900.0, 19600.0, "mm/s² or counts of the sensor"), (5e5, 2e6, "µg"))
_RATE_UNITS = ((5e3, 1e6, "seconds"), (5e-3, 1.0, "microseconds"), (5e-6, 1e-3, "nanoseconds"))


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """Trials in the order of their numbers; the medians of rate and force over all their samples, None where there are none;
    `split`: how many numbers stood for several trials; `left_out`: what could not be read, in words."""

    trials: list[Trial]
    rate_hz: float | None
    median_g: float | None
    split: int
    left_out: tuple[str, ...]

    def said_with(self, figures: dict[str, Any]) -> dict[str, Any]:
        """These figures, and what is to be said of the file that they are of."""
        measured = {"rate_hz": self.rate_hz, "median_g": self.median_g, "split_trials": self.split}
        return figures | measured | {"not_computed": [*figures["not_computed"], *self.left_out]}


@dataclass(frozen=True, slots=True, eq=False)
class _Beside:
    """The table of trials: its rows by `keys`, which the samples have too."""

    keys: tuple[str, ...]
    rows: dict[told.Key, dict[Any, Any]]


def trials(path: Path) -> list[Trial]:
    """Every trial of a file, in the order of their numbers. Raises BadRecording, and OSError where there is no such file."""
    return read(path).trials


def read(path: Path) -> Recording:
    """A file, and what is to be said of it. Raises BadRecording, and OSError where there is no such file."""
    samples = _table(path, (*SAMPLE_COLUMNS, *APART, *told.FACTS), SAMPLE_COLUMNS)
    for column in SAMPLE_COLUMNS[1:]:
        samples[column] = _numbers(path.name, samples[column])
    lacking = Counter[str]()
    lacking["{} samples without a trial: left out"] = int(samples["trial"].isna().sum())
    found = list(_trials(path.name, samples, _beside(path, samples), lacking))
    count = Counter(one.trial for one in found)
    left_out = tuple(words.format(number, len(found)) for words, number in lacking.items() if number)
    return Recording(found, *_measured(path.name, found), sum(many > 1 for many in count.values()), left_out)


def _table(path: Path, columns: tuple[str, ...] | None, needed: tuple[str, ...]) -> pd.DataFrame:
    try:
        names = pq.read_schema(path).names
        table = pq.read_table(path, columns=None if columns is None else [name for name in columns if name in names])
    except ArrowInvalid as error:
        raise BadRecording(f"{path.name}: expected a parquet file, got {error}") from None
    found: pd.DataFrame = table.to_pandas(ignore_metadata=True)  # an index is a column like others
    for index in (table.schema.pandas_metadata or {}).get("index_columns", []):
        if isinstance(index, dict) and index["name"] and index["name"] not in found:  # one that counts is written as its range
            found[index["name"]] = np.arange(index["start"], index["stop"], index["step"])
    missing = [name for name in needed if name not in found]
    if missing:
        raise BadRecording(f"{path.name}: expected the columns {', '.join(needed)}, {', '.join(missing)} are missing")
    return found


def _beside(path: Path, samples: pd.DataFrame) -> _Beside | None:
    beside = path.with_name(f"{path.stem}_trials.parquet")
    if not beside.exists():
        return None
    table = _table(beside, None, ("trial",))
    keys = tuple(name for name in told.KEYS if name in table and name in samples)
    return _Beside(keys, told.by_key(beside.name, table, keys))


def _numbers(file: str, column: "pd.Series[Any]") -> "pd.Series[Any]":
    expected = f"{file}: expected {column.name} as numbers, {'milliseconds' if column.name == 't_ms' else 'milli-g'}"
    if column.dtype.kind in "mM":
        raise BadRecording(f"{expected}, got {column.dtype}")
    try:
        return pd.to_numeric(column)
    except (TypeError, ValueError) as error:
        raise BadRecording(f"{expected}, got {column.dtype}: {error}") from None


def _trials(file: str, samples: pd.DataFrame, beside: _Beside | None, lacking: Counter[str]) -> Iterator[Trial]:
    apart = [_codes(samples, name) for name in APART if name in samples]
    for (number, *_), rows in samples.groupby([samples["trial"], *apart], sort=True):
        signal = _signal(rows, lacking)
        if signal is None:
            lacking["{} trials of fewer than two samples: left out"] += 1
            continue
        said = {name: told.first(rows[name]) for name in (*APART, *told.FACTS) if name in rows} | {"trial": number}
        if len({told.truth(file, "is_fall", one) for one in rows["is_fall"].unique()} - {None} if "is_fall" in rows else ()) > 1:
            said["is_fall"] = None
            lacking["whether {} of {} trials are falls: their samples say both"] += 1
        yield _trial(file, said | _said_beside(said, beside, lacking), signal, lacking)


def _codes(samples: pd.DataFrame, name: str) -> "pd.Series[int]":
    """The values of a column as numbers, by when they first come. Where a trial has only one, samples without belong to it."""
    codes = pd.Series(pd.factorize(samples[name])[0], samples.index, dtype=np.int64)
    unknown = codes < 0
    if not unknown.any():
        return codes
    there = codes.where(~unknown).groupby(samples["trial"])
    highest = there.transform("max")
    return codes.where(~unknown, highest.where(highest == there.transform("min"))).fillna(-1).astype(np.int64)


def _signal(rows: pd.DataFrame, lacking: Counter[str]) -> Signal | None:
    values = rows[list(SAMPLE_COLUMNS[1:])].to_numpy(np.float64)
    sound = np.isfinite(values).all(axis=1) & (np.abs(values[:, 0]) < _LATEST_MS)
    lacking["{} samples without a time or force, or with an endless one: left out"] += int((~sound).sum())
    values = values[sound]
    if _begins_again(values[:, 0]):
        lacking["whether {} of {} trials are one each: their times begin again, as if several had one number"] += 1
    values = values[np.argsort(values[:, 0], kind="stable")]
    return Signal(even(values[:, 0]), values[:, 1:]) if len(values) > 1 else None


def _begins_again(times_ms: Samples) -> bool:
    """Whether they come back from after two seconds to the very start; radios deliver out of order, but not so."""
    since = times_ms - times_ms.min(initial=np.inf)
    return bool(((since[:-1] > 2000.0) & (since[1:] < 100.0)).any())


def _said_beside(said: dict[str, Any], beside: _Beside | None, lacking: Counter[str]) -> dict[str, Any]:
    """What the table of trials adds. Who did what, worn where, the samples know themselves, if they say so."""
    if beside is None:
        return {}
    row = beside.rows.get(tuple(told.text(said[name]) for name in beside.keys))
    if row is None:
        lacking[f"what the table of trials says of {{}} of {{}} trials: it has no row of their {', '.join(beside.keys)}"] += 1
        return {}
    given = {str(name): value for name, value in row.items() if told.known(value)}
    return {name: value for name, value in given.items() if name not in APART or not told.known(said.get(name))}


def _trial(file: str, said: dict[str, Any], signal: Signal, lacking: Counter[str]) -> Trial:
    return Trial(
        told.text(said["trial"]),
        told.text(said.get("subject")),
        told.text(said.get("activity")),
        told.truth(file, "is_fall", said.get("is_fall")),
        signal,
        _elderly(file, said, lacking),
        _interval(said, lacking),
        worn_at(told.text(said.get("position"))),
    )


def _elderly(file: str, said: dict[str, Any], lacking: Counter[str]) -> bool | None:
    old = told.truth(file, "elderly", said.get("elderly"))
    if old is not None:
        return old
    try:
        age = told.number(said.get("age"))
    except told.NoNumber:
        lacking["whether the people of {} of {} trials are old: expected age as a number of years"] += 1
        return None
    return None if age is None else age >= OLD


def _interval(said: dict[str, Any], lacking: Counter[str]) -> tuple[float, float] | None:
    try:
        start, end = told.number(said.get("fall_start_s")), told.number(said.get("fall_end_s"))
    except told.NoNumber:
        lacking["the interval of the fall of {} of {} trials: expected fall_start_s and fall_end_s as seconds"] += 1
        return None
    return None if start is None or end is None else (start, end)


def _measured(file: str, given: Sequence[Trial]) -> tuple[float | None, float | None]:
    """The median rate in Hz and the median force in g. Raises BadRecording where no worn device can have had them."""
    if not given:
        return None, None
    force = float(np.median(np.concatenate([np.linalg.norm(one.signal.xyz_mg, axis=1) for one in given])))
    step = float(np.median(np.concatenate([np.diff(one.signal.times_ms) for one in given])))
    rate = 1000.0 / step if step > 0 else float("inf")
    if not FORCES_MG[0] <= force <= FORCES_MG[1]:
        likely = _likely(force, _FORCE_UNITS, "counts of the sensor, or a force without gravity")
        raise BadRecording(f"{file}: expected ax, ay, az in milli-g, 1000 at rest, got a median force of {force:.4g}, {likely}")
    if not RATES_HZ[0] <= rate <= RATES_HZ[1]:
        likely = _likely(rate, _RATE_UNITS, "rounded times or another unit")
        raise BadRecording(f"{file}: expected t_ms in milliseconds, got a median rate of {rate:.4g} Hz, {likely}")
    return round(rate, 2), round(force / 1000.0, 3)


def _likely(value: float, units: tuple[tuple[float, float, str], ...], otherwise: str) -> str:
    return f"likely {next((unit for low, high, unit in units if low <= value <= high), otherwise)}"
