"""The fault matrix as a table: one row a cell, for the terminal and for docs/faults.md."""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import psutil

from tests.faults.harm import Cell, Fault

_HEAD = (
    "part",
    "fault",
    "messages",
    "lost",
    "twice",
    "presses",
    "press to console, longest",
    "as *not yet stored*",
    "press to stored, longest",
    "reading to stored, longest",
    "all caught up after",
    "console told after",
    "escalated late by",
)


@dataclass(frozen=True, slots=True)
class Row:
    """What one cell came to; times in s. `told_s`: until the console was told that broker or database is away."""

    cell: Cell
    frozen_s: float
    messages: int
    lost: int
    twice: int
    presses: int
    console_s: float
    unstored: int
    press_stored_s: float
    reading_stored_s: float
    caught_up_s: float
    told_s: float | None
    escalated_late_s: float


def markdown(rows: Sequence[Row]) -> str:
    """A table."""
    lines = [_HEAD, tuple("---" for _ in _HEAD), *(_cells(row) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def page(rows: Sequence[Row], today: date) -> str:
    """All of docs/faults.md."""
    return _PAGE.format(
        today=today.isoformat(),
        machine=_machine(),
        crowd=os.getloadavg()[2],
        table=markdown(rows),
        messages=sum(row.messages for row in rows),
        presses=sum(row.presses for row in rows),
        lost=sum(row.lost for row in rows),
        twice=sum(row.twice for row in rows),
    )


def _machine() -> str:
    memory = psutil.virtual_memory().total / 1024**3
    return f"{os.cpu_count()} cores, {memory:.0f} GB, {platform.system()} {platform.machine()}, Python {platform.python_version()}"


def _cells(row: Row) -> tuple[str, ...]:
    fault = f"{row.cell.fault} {row.frozen_s:g} s" if row.cell.fault is Fault.FREEZE else str(row.cell.fault)
    return (
        row.cell.part,
        fault,
        f"{row.messages:,}",
        str(row.lost),
        str(row.twice),
        str(row.presses),
        f"{row.console_s:.2f} s",
        str(row.unstored),
        f"{row.press_stored_s:.2f} s",
        f"{row.reading_stored_s:.2f} s",
        f"{row.caught_up_s:.1f} s",
        "" if row.told_s is None else f"{row.told_s:.2f} s",
        f"{row.escalated_late_s:.2f} s",
    )


_PAGE = """# What happens when something fails

Every part of the running product, killed, frozen and restarted under load; written by
`pytest tests/faults --faults=all --write-table`, last on {today} ({machine}).
All of it, the load included, shared these cores with other work: the load average of the last 15 minutes was {crowd:.0f}.
Where it is above two a core, the run allows the promised times threefold.
`make test` runs six of the eighteen with shorter freezes.

The load: 200 readings a second over 100 devices and a press every half second, each from another home over a new connection,
all at QoS 1 and said again until the broker has acknowledged them. A console without a screen holds the websocket as the
dashboard does.

{table}

In all {messages:,} messages acknowledged by the broker, {lost} lost, {twice} stored twice; {presses} presses, each with one
alarm in one incident that was on the console under one id and rang once.

- *press to console*: from the press to the first sight of it, whether as an incident or marked *not yet stored*; it includes what
  a device waits for a broker that is away. The column beside it counts those first seen *not yet stored*.
- *all caught up after*: from the fault until the last message that needed longer than one second was stored; a freeze included.
- *console told after*: from the fault until the console showed that the broker or the database cannot be reached.
- *escalated late by*: an unanswered incident was made due one second after the fault; when the desk escalated it (once).
- A process of our own that is frozen is killed after 20 s and started again; database and broker are not
  ([why](decisions/0030-frozen-parts.md)).
- With the database killed, frozen or restarting, every button could still connect: the callout judges from memory.
- A database that is stopped and cannot come back, read-only, or whose disk is full, and a full disk for all of it:
  `tests/faults/test_database_refuses.py` (`make test` plays the first three; as root, who may mount a small disk), ten minutes
  without one: `python -m bench outage`.
"""
