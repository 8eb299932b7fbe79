"""Which values are not to be trusted: those of devices whose sensor fault stands."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from store.connect import Connection
from store.rows import all_rows
from store.statements import statements

_SQL = statements("doubts")
_PREFIX = "doubtful_"


@dataclass(frozen=True, slots=True)
class Doubt:
    """A device with a sensor fault since `at`."""

    device: str
    at: datetime
    reasons: list[dict[str, Any]]
    evidence: dict[str, Any]

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics in doubt; empty where the fault does not say which: all of them."""
        return tuple(sorted(name.removeprefix(_PREFIX) for name in self.evidence if name.startswith(_PREFIX)))

    def covers(self, metric: str) -> bool:
        """Whether this metric's values are in doubt."""
        return not self.metrics or metric in self.metrics


async def doubts(conn: Connection, devices: Iterable[str] | None = None) -> dict[str, Doubt]:
    """Sensor faults that stand, by device; of these devices, without them of all."""
    codes = None if devices is None else list(devices)
    return {row.device: row for row in await all_rows(conn, Doubt, _SQL["doubts"], {"devices": codes})}
