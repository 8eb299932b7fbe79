"""How often a device called for nothing, from how its incidents were closed: what leads to a maintenance task."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

NUISANCE = frozenset({"cooking_steam", "device_fault"})
REAL = frozenset({"real_fire", "real_gas", "real_emergency"})
WITHIN = timedelta(days=30)
TASK_AT = 3  # within thirty days; ours


@dataclass(frozen=True, slots=True)
class Outcome:
    """An incident that this device opened or joined: when it was raised, and the cause it was closed with."""

    device: str
    at: datetime
    cause: str


@dataclass(frozen=True, slots=True)
class History:
    """How often a device called for nothing in the last thirty days, the newest at `last`; `real` calls in the same time."""

    device: str
    nuisances: int
    real: int
    last: datetime

    @property
    def due(self) -> bool:
        """Whether somebody is to look at the device. Real calls are told, not subtracted."""
        return self.nuisances >= TASK_AT


def histories(outcomes: Iterable[Outcome], at: datetime) -> tuple[History, ...]:
    """Of every device with a nuisance in the thirty days before `at`, the worst first."""
    by_device: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        if timedelta(0) <= at - outcome.at <= WITHIN:
            by_device.setdefault(outcome.device, []).append(outcome)
    found = []
    for device, known in by_device.items():
        nuisances = [one.at for one in known if one.cause in NUISANCE]
        if nuisances:
            found.append(History(device, len(nuisances), sum(one.cause in REAL for one in known), max(nuisances)))
    return tuple(sorted(found, key=lambda one: (-one.nuisances, one.device)))


def maintenance_due(outcomes: Iterable[Outcome], at: datetime) -> tuple[History, ...]:
    """Devices with three or more nuisances in the thirty days before `at`, the worst first."""
    return tuple(one for one in histories(outcomes, at) if one.due)
