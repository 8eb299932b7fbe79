"""Shares of counts with their 95 % intervals."""

from collections.abc import Mapping
from math import sqrt

_Z = 1.959964


def wilson(part: float, whole: float) -> tuple[float, float]:
    """The 95 % interval of `part` of `whole` (Wilson 1927): it stays inside 0 and 1 and is honest for few."""
    if whole <= 0:
        return 0.0, 1.0
    share, z2 = part / whole, _Z * _Z
    middle = (share + z2 / (2 * whole)) / (1 + z2 / whole)
    half = _Z * sqrt(share * (1 - share) / whole + z2 / (4 * whole * whole)) / (1 + z2 / whole)
    return max(0.0, middle - half), min(1.0, middle + half)


def share(part: float, whole: float) -> Mapping[str, float | None]:
    """`value`, `low` and `high` in %, and `of`; None of nothing."""
    if whole <= 0:
        return {"value": None, "low": None, "high": None, "of": 0}
    low, high = wilson(part, whole)
    return {"value": round(100 * part / whole, 2), "low": round(100 * low, 2), "high": round(100 * high, 2), "of": whole}


def confusion(hits: int, misses: int, false: int, right: int) -> dict[str, Mapping[str, float | None]]:
    """Sensitivity, specificity, precision and F1 of counts. The interval of F1 is Wilson's over hits + (misses + false) / 2."""
    return {
        "sensitivity": share(hits, hits + misses),
        "specificity": share(right, right + false),
        "precision": share(hits, hits + false),
        "f1": share(hits, hits + (misses + false) / 2),
    }
