"""Recordings of wearables from parquet files: one row a sample, and `<stem>_trials.parquet` beside it where there is one."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from pyarrow import ArrowInvalid

from analytics.evaluate.recording import Signal, Trial, even, worn_at
from vigil.offline.task import BadRecording

SAMPLE_COLUMNS = ("trial", "t_ms", "ax", "ay", "az")
TOLD_COLUMNS = ("subject", "activity", "is_fall", "position")
OLD = 60  # years


def trials(path: Path) -> list[Trial]:
    """Every trial of a file, in the order of their numbers. Raises BadRecording, and OSError where there is no such file."""
    samples = _table(path, (*SAMPLE_COLUMNS, *TOLD_COLUMNS), SAMPLE_COLUMNS)
    beside = path.with_name(f"{path.stem}_trials.parquet")
    about = _table(beside, None, ("trial",)).set_index("trial") if beside.exists() else pd.DataFrame()
    return list(_trials(samples, about))


def _table(path: Path, columns: tuple[str, ...] | None, needed: tuple[str, ...]) -> pd.DataFrame:
    try:
        there = pq.read_schema(path).names
        missing = [name for name in needed if name not in there]
        if missing:
            raise BadRecording(f"{path.name}: expected the columns {', '.join(needed)}, {', '.join(missing)} are missing")
        return pd.read_parquet(path, columns=None if columns is None else [name for name in columns if name in there])
    except ArrowInvalid as error:
        raise BadRecording(f"{path.name}: expected a parquet file, got {error}") from None


def _trials(samples: pd.DataFrame, about: pd.DataFrame) -> Iterator[Trial]:
    for number, rows in samples.groupby("trial", sort=True):
        rows = rows.dropna(subset=["t_ms", "ax", "ay", "az"]).sort_values("t_ms", kind="stable")
        if len(rows) < 2:
            continue
        said = about.loc[number].to_dict() if number in about.index else {}
        told: dict[str, Any] = {name: rows[name].iloc[0] for name in TOLD_COLUMNS if name in rows}
        told |= {str(name): value for name, value in said.items()}
        signal = Signal(even(rows["t_ms"].to_numpy(np.float64)), rows[["ax", "ay", "az"]].to_numpy(np.float64))
        yield Trial(
            str(number),
            str(told.get("subject", "")),
            str(told.get("activity", "")),
            bool(told["is_fall"]) if _known(told.get("is_fall")) else None,
            signal,
            _elderly(told),
            _interval(told),
            worn_at(str(told.get("position", ""))),
        )


def _known(value: Any) -> bool:
    return value is not None and not pd.isna(value)


def _elderly(told: dict[str, Any]) -> bool | None:
    if _known(told.get("elderly")):
        return bool(told["elderly"])
    return bool(told["age"] >= OLD) if _known(told.get("age")) else None


def _interval(told: dict[str, Any]) -> tuple[float, float] | None:
    start, end = told.get("fall_start_s"), told.get("fall_end_s")
    return (float(start), float(end)) if _known(start) and _known(end) and start is not None and end is not None else None
