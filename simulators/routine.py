"""A resident's day: when one goes to bed, gets up at night, naps and goes for a walk. Pure; everyone's is their own.

Hours are local, 0 to 24; a day is drawn once for a resident and is the same every day.
"""

from dataclasses import dataclass
from random import Random

_NAPS, _WALKS, _ALWAYS_IN_BED = 0.55, 0.6, 0.05

Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Routine:
    """`night` begins in the evening and ends in the morning, past midnight or not; the other spans begin and end in one day."""

    night: Span
    trips: tuple[Span, ...] = ()
    nap: Span | None = None
    walk: Span | None = None

    def in_bed(self, hour: float) -> bool:
        """Lying down, at night or for the nap."""
        return (_within(self.night, hour) or _within(self.nap, hour)) and not any(_within(trip, hour) for trip in self.trips)

    def up_at_night(self, hour: float) -> bool:
        """On the way to the toilet."""
        return any(_within(trip, hour) for trip in self.trips)

    def out(self, hour: float) -> bool:
        """Not at home."""
        return _within(self.walk, hour)


NOBODY = Routine(night=(0.0, 0.0), walk=(0.0, 24.0))  # a bed that nobody has


def draw(rng: Random) -> Routine:
    """Somebody's day."""
    if rng.random() < _ALWAYS_IN_BED:
        return Routine(night=(0.0, 24.0))
    bed, rise = _clip(rng.gauss(21.3, 0.7), 19.5, 23.5), _clip(rng.gauss(5.9, 0.6), 4.3, 8.0)
    trips = tuple(
        _span((bed + rng.uniform(1.5, 4.0) + 2.6 * number) % 24, rng.uniform(0.08, 0.2)) for number in range(rng.randint(0, 2))
    )
    nap = _span(rng.uniform(12.3, 13.2), rng.uniform(0.5, 1.5)) if rng.random() < _NAPS else None
    walk = _span(rng.uniform(8.2, 9.8), rng.uniform(0.5, 1.8)) if rng.random() < _WALKS else None
    return Routine((bed, rise), trips, nap, walk)


def _span(start: float, hours: float) -> Span:
    return start, (start + hours) % 24


def _within(span: Span | None, hour: float) -> bool:
    if span is None:
        return False
    start, end = span
    return start <= hour < end if start <= end else hour >= start or hour < end


def _clip(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)
