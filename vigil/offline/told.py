"""What a recording tells of a trial, however it was written: as a number, as text, or not at all. Never guessed."""

import math
from collections.abc import Hashable, Sequence
from typing import Any

import pandas as pd

from vigil.offline.task import BadRecording

KEYS = ("trial", "subject", "activity")  # by which a trial is found in the table of trials, those that both have
FACTS = ("is_fall", "age", "elderly", "fall_start_s", "fall_end_s")
Key = tuple[str, ...]
_TRUTHS = {"true": True, "false": False, "1": True, "0": False}


class NoNumber(ValueError):
    """What should be a finite number is none."""


def known(value: Any) -> bool:
    """Whether anything is told."""
    return not (value is None or pd.isna(value) or (isinstance(value, str) and not value.strip()))


def text(value: Any) -> str:
    """As text; a whole number alike, whether it came as 5, 5.0 or "5"; "" where nothing is told."""
    if not known(value):
        return ""
    plain = str(value).strip()
    try:
        whole = float(plain)
    except ValueError:
        return plain
    return str(int(whole)) if math.isfinite(whole) and whole == int(whole) else plain


def truth(file: str, name: str, value: Any) -> bool | None:
    """True, false, or None where nothing is told. Raises BadRecording where it is something else."""
    if not known(value):
        return None
    found = _TRUTHS.get(text(value).lower())
    if found is None:
        raise BadRecording(f"{file}: expected {name} as true or false (also 1 or 0), got {value!r}")
    return found


def number(value: Any) -> float | None:
    """A finite number, or None where nothing is told. Raises NoNumber."""
    if not known(value):
        return None
    try:
        found = float(value)
    except (TypeError, ValueError):
        raise NoNumber(repr(value)) from None
    if not math.isfinite(found):
        raise NoNumber(repr(value))
    return found


def first(column: "pd.Series[Any]") -> Any:
    """The first value of a column that tells anything; else None."""
    return next((value for value in column.unique() if known(value)), None)


def by_key(file: str, table: pd.DataFrame, keys: Sequence[str]) -> dict[Key, dict[Hashable, Any]]:
    """The rows of a table of trials by their keys as text. The same row twice is one. Raises BadRecording where two rows of a trial
    tell different things."""
    rows: dict[Key, dict[Hashable, Any]] = {}
    for row in table.to_dict("records"):
        key = tuple(text(row[name]) for name in keys)
        before = rows.setdefault(key, row)
        other = [name for name in FACTS if name in row and text(before[name]) != text(row[name])]
        if other:
            which = ", ".join(f"{name} {value}" for name, value in zip(keys, key, strict=True))
            raise BadRecording(f"{file}: expected one row of {which}, got two with another {' and '.join(other)}")
    return rows
