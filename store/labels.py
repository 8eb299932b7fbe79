"""Windows of judged motion, and what staff say that they were: kept with the alarm, labelled when its incident gets its cause.

The samples are written by workers and read by the owner alone. A label names the role of whoever spoke, never the person.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from dispatch.labels import NEAR_AFTER, NEAR_BEFORE, Basis, Window, verdicts
from store.connect import Connection
from store.rows import all_rows
from store.statements import statements

MOST_SAMPLED = 8  # of a device and a day

_SQL = statements("labels")
_NEAR = {"before": NEAR_BEFORE, "after": NEAR_AFTER}


@dataclass(frozen=True, slots=True)
class NewWindow:
    """A window that was judged; `cells` from number `first_cell` as in analytics.motion.Track. Without an incident: a sample of
    what was passed over."""

    window_id: UUID
    incident_id: UUID | None
    device_id: int
    senior_id: int | None
    at: datetime
    model: str
    probability: float
    first_cell: int
    cells: bytes


@dataclass(frozen=True, slots=True)
class Count:
    """How many labels of a kind there are, of how many the window is still `kept`."""

    cause: str
    verdict: str
    basis: str
    labels: int
    kept: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class LabelledWindow:
    """A window and what it was. `person` is a number of the register's, one a wearer: to be replaced before it leaves the house."""

    id: UUID
    person: str
    cause: str
    verdict: str
    basis: str
    at: datetime
    model: str
    probability: float
    first_cell: int
    cells: bytes
    profile: str


@dataclass(frozen=True, slots=True)
class _Around:
    id: UUID
    basis: str
    probability: float
    labelled: bool


async def keep(conn: Connection, window: NewWindow, now: datetime) -> None:
    """Keep it, once; of samples no more than `MOST_SAMPLED` a device and a day."""
    sampled = window.incident_id is None
    await conn.execute(_SQL["keep"], {**asdict(window), "sampled": sampled, "most": MOST_SAMPLED, "now": now})


async def label(conn: Connection, incident: UUID, cause: str, role: str, now: datetime) -> int:
    """Write what the cause of an incident says of its windows, in place of what was said before; how many labels that are.

    The caller holds the incident's row.
    """
    around = await all_rows(conn, _Around, _SQL["around"], {"incident": incident, **_NEAR})
    windows = [Window(one.id, Basis(one.basis), one.probability, one.labelled) for one in around]
    basis = {one.id: one.basis for one in windows}
    said = verdicts(cause, windows)
    for window, verdict in said.items():
        row = {"window": window, "incident": incident, "verdict": verdict.value, "basis": basis[window].value}
        await conn.execute(_SQL["label"], {**row, "cause": cause, "role": role, "now": now})
    near = [window for window in said if basis[window] is Basis.NEAR]
    if near:
        await conn.execute(_SQL["spoken_of"], {"windows": near})
    return len(said)


async def counts(conn: Connection) -> list[Count]:
    """Labels by cause. `conn` is the owner's."""
    return await all_rows(conn, Count, _SQL["counts"])


async def labelled(conn: Connection) -> list[LabelledWindow]:
    """Every window of which something is known and that is still kept. `conn` is the owner's."""
    return await all_rows(conn, LabelledWindow, _SQL["labelled"])


async def passed_over(conn: Connection, until: datetime) -> list[LabelledWindow]:
    """Samples of what was passed over, stored before `until`, far from whatever happened to their wearer: taken for no falls."""
    return await all_rows(conn, LabelledWindow, _SQL["passed_over"], {"until": until, **_NEAR})
