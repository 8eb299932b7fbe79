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
class MaintenanceDue:
    """A device to be looked at: `nuisances` of the last thirty days, the newest at `last`; `real` calls in the same time."""

    device: str
    nuisances: int
    real: int
    last: datetime


def maintenance_due(outcomes: Iterable[Outcome], at: datetime) -> tuple[MaintenanceDue, ...]:
    """Devices with three or more nuisances in the thirty days before `at`, the worst first. Real calls are told, not subtracted."""
    by_device: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        if timedelta(0) <= at - outcome.at <= WITHIN:
            by_device.setdefault(outcome.device, []).append(outcome)
    due = []
    for device, known in by_device.items():
        nuisances = [one.at for one in known if one.cause in NUISANCE]
        if len(nuisances) >= TASK_AT:
            due.append(MaintenanceDue(device, len(nuisances), sum(one.cause in REAL for one in known), max(nuisances)))
    return tuple(sorted(due, key=lambda one: (-one.nuisances, one.device)))
