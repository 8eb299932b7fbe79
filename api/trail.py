"""The trail with its arithmetic: what each stamp cost since the stamp before it, and what it may cost. Pure.

Answer, offer, accept, departure and entry may take five minutes together, travel ten: the fifteen of the service circle.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

TARGETS_S: Mapping[str, float] = {
    "received": 2.0,
    "stored": 1.0,
    "shown": 2.0,
    "acknowledged": 60.0,
    "offered": 90.0,
    "accepted": 60.0,
    "en_route": 30.0,
    "arrived": 600.0,
    "entered": 60.0,
    "resolved": 1800.0,
    "closed": 3600.0,
}
STAMPED = frozenset({"raised", *TARGETS_S})


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds since the stamp before, and the target; None where the line is no stamp or has nothing before it."""

    cost_s: float | None
    target_s: float | None


def costs(lines: Iterable[tuple[str, datetime]]) -> list[Cost]:
    """The cost of each (kind, at) in the order of the trail. A device whose clock runs ahead costs nothing, never less."""
    before: datetime | None = None
    found: list[Cost] = []
    for kind, at in lines:
        if kind not in STAMPED:
            found.append(Cost(None, None))
            continue
        spent = None if before is None else max(0.0, (at - before).total_seconds())
        found.append(Cost(spent, None if spent is None else TARGETS_S.get(kind)))
        before = at if before is None else max(before, at)
    return found
