"""When a process that ended is started again: soon the first time, then with doubling pauses; a good run forgets. Pure."""

from dataclasses import dataclass, replace

FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 10.0
GOOD_RUN_S = 30.0


@dataclass(frozen=True, slots=True)
class Restarts:
    """`failures` short runs in a row, `total` restarts ever."""

    failures: int = 0
    total: int = 0


def ended(restarts: Restarts, ran_s: float) -> tuple[Restarts, float]:
    """After a run of `ran_s` seconds: the new count, and the pause in seconds before the next start."""
    failures = 1 if ran_s >= GOOD_RUN_S else restarts.failures + 1
    pause = min(FIRST_PAUSE_S * 2.0 ** min(failures - 1, 16), LONGEST_PAUSE_S)
    return replace(restarts, failures=failures, total=restarts.total + 1), pause
