"""Numbers as the results print them. Pure."""

from collections.abc import Sequence


def percentile(values: Sequence[float], share: float) -> float | None:
    """The nearest-rank percentile (the smallest value that at least `share` of all do not exceed); None of nothing."""
    if not values:
        return None
    ranked = sorted(values)
    rank = -(-int(share * 1_000_000) * len(ranked) // 1_000_000)
    return ranked[max(rank, 1) - 1]


def milliseconds(values: Sequence[float], prefix: str = "") -> dict[str, float | None]:
    """p50, p99 and max of seconds, in milliseconds to a tenth."""
    shares = {"p50_ms": 0.50, "p99_ms": 0.99, "max_ms": 1.0}
    found = {name: percentile(values, share) for name, share in shares.items()}
    return {f"{prefix}{name}": None if value is None else round(value * 1000, 1) for name, value in found.items()}


def rate(count: int, seconds: float) -> float:
    """How many a second; 0 when no time passed."""
    return round(count / seconds, 1) if seconds > 0 else 0.0
