"""Where states are kept: a row for each device, zone, site and resident, and for what a trial changes a draft of the row.

A worker has a row for every device of its areas, so that rows are small: a list of states, and whatever is the same for
devices of one kind (who hears them, in which order, and where in the row its state lies) in a `Plan` that they share.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from msgspec import Struct

from analytics.step import Detector, Origin, never

Numbered = tuple[int, Detector[Any]]  # with its place in the catalogue


class Layout(Struct, frozen=True, eq=False, gc=False):
    """Whose state lies at which place of a row; `timed` are the places of those that ask for deadlines."""

    detectors: tuple[Numbered, ...]
    timed: tuple[int, ...]


def layout(detectors: tuple[Numbered, ...]) -> Layout:
    """The layout of these detectors."""
    return Layout(detectors, tuple(place for place, (_, one) in enumerate(detectors) if one.deadline is not never))


class Plan(Struct, frozen=True, eq=False, gc=False):
    """Who hears devices of one kind: `own` lays out the device's row, `steps` are (whose row, place in it, detector) in the
    catalogue's order, the rows counted from 0 for the device's own through zone, site and resident; `timed` are the rows with a
    deadline among them."""

    own: Layout
    steps: tuple[tuple[int, int, Detector[Any]], ...]
    timed: tuple[int, ...]


class Row(Struct, eq=False, gc=False):
    """The states of one scope key, None where there is none yet. `queued` is its entry in the heap of deadlines."""

    name: str
    layout: Layout
    states: list[Any]
    queued: datetime | None

    def __lt__(self, other: "Row") -> bool:
        return self.name < other.name  # in the heap any order will do

    def kept(self) -> Iterator[tuple[Detector[Any], str, Any]]:
        """(detector, scope key, state) of all that there are."""
        named = zip(self.layout.detectors, self.states, strict=True)
        return ((detector, self.name, state) for (_, detector), state in named if state is not None)

    def follow(self, to: Layout) -> None:
        """Take a layout that has this one's places and more."""
        self.layout = to
        self.states += [None] * (len(to.detectors) - len(self.states))


class Speaker(Row, eq=False, gc=False):
    """A device's own row, with those that it shares with others."""

    origin: Origin
    plan: Plan
    zone: Row
    site: Row
    resident: Row


class Draft(Struct, eq=False, gc=False):
    """What a trial makes of a row: its states, and a moment before which none of them wants a Tick."""

    row: Row
    states: list[Any]
    deadline: datetime | None = None

    def look(self) -> None:
        """Ask the states again for their first deadline."""
        self.deadline = first_deadline(self.row.layout, self.states)

    def grow(self) -> None:
        """The row has got more places meanwhile."""
        self.states += [None] * (len(self.row.states) - len(self.states))


def draft(row: Row) -> Draft:
    """A row as it is, to be changed. What is queued for it is never later than what its states ask for."""
    return Draft(row, row.states.copy(), row.queued)


def first_deadline(of: Layout, states: list[Any]) -> datetime | None:
    """The first moment at which one of the states wants a Tick."""
    if len(of.timed) == 1:  # most rows
        state = states[of.timed[0]]
        return None if state is None else of.detectors[of.timed[0]][1].deadline(state)
    first: datetime | None = None
    for place in of.timed:
        state = states[place]
        due = None if state is None else of.detectors[place][1].deadline(state)
        if due is not None and (first is None or due < first):
            first = due
    return first


NOBODY = Row("", layout(()), [], None)  # where a device has no zone, site or resident that anybody listens to
UNDRAWN = Draft(NOBODY, [])
