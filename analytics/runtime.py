"""Runs detectors over inputs: one state a (detector, scope key), deadlines in event time, and nothing kept until the commit is.

A `Trial` is an overlay on the runtime's states: `adopt` it after the commit, or drop it and nothing has happened. One trial at a
time. Inputs may come late, repeated or out of order.
"""

import heapq
from collections.abc import Container, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from analytics.catalogue import EVENT_LANE
from analytics.step import Detector, Event, Finding, Input, Listening, Message, Origin, Reset, Scope, Tick

_NOTHING: Mapping[str, datetime] = MappingProxyType({})


def judge(event: Event) -> list[Finding]:
    """What the event lane makes of one event, at once and without memory."""
    found: list[Finding] = []
    for detector in EVENT_LANE:
        if detector.wants(event.origin):
            found += detector.step(detector.start(scope_key(detector.scope, event.origin), _NOTHING), event)[1]
    return found


def scope_key(scope: Scope, origin: Origin) -> str:
    """The code whose inputs meet in one state; "" when this device has no such thing."""
    match scope:
        case Scope.DEVICE:
            return origin.device
        case Scope.ZONE:
            return origin.zone
        case Scope.SITE:
            return origin.site
        case Scope.RESIDENT:
            return origin.senior


class Cell:
    """One detector's state for one scope key, and the deadline that it asks for; `queued` is its entry in the heap."""

    __slots__ = ("deadline", "detector", "index", "name", "queued", "state")

    def __init__(self, index: int, detector: Detector[Any], name: str) -> None:
        self.index = index
        self.detector = detector
        self.name = name
        self.state: Any = None
        self.deadline: datetime | None = None
        self.queued: datetime | None = None


_Due = tuple[datetime, int, str, Cell]
_Draft = tuple[Any, datetime | None]


class Runtime:
    """The states of one worker. `active` are the open alarms, (source, kind) -> onset, that the states start with."""

    def __init__(
        self, detectors: Iterable[Detector[Any]], active: Mapping[tuple[str, str], datetime] = MappingProxyType({})
    ) -> None:
        self._detectors = tuple(detectors)
        self._active: dict[str, dict[str, datetime]] = {}
        for (source, kind), onset in active.items():
            self._active.setdefault(source, {})[kind] = onset
        self._cells: dict[tuple[int, str], Cell] = {}
        self._open: dict[tuple[str, str], Cell] = {}
        self._heap: list[_Due] = []
        self._listeners: dict[str, tuple[Origin, tuple[Cell, ...]]] = {}

    def trial(self) -> "Trial":
        """An overlay to feed; throw it away when the commit fails."""
        return Trial(self)

    def next_deadline(self) -> datetime | None:
        """The first moment at which some state wants a Tick."""
        while self._heap:
            due, _, _, cell = self._heap[0]
            if cell.deadline == due:
                return due
            heapq.heappop(self._heap)
            if cell.queued == due:
                cell.queued = None
            self._queue(cell)
        return None

    def listen(self, origin: Origin, since: datetime, last_seen: datetime | None, deaf: timedelta = timedelta(0)) -> None:
        """From `since` on this device is heard (again), after `deaf`: silence counts from then, and only if it was ever heard.

        Call it for every device at the start and after every time of deafness (broker or database out of reach).
        """
        trial = self.trial()
        trial.listen(Listening(origin, since, last_seen, deaf))
        trial.adopt()

    def reconcile(self, active: Container[tuple[str, str]], at: datetime) -> None:
        """Arm again what people have reset: conditions that a state believes raised, but that are no longer among the open alarms.

        Call it every few seconds, outside a trial, with (source, kind) of the open alarms as read after the last commit.
        """
        trial = self.trial()
        for condition, cell in [row for row in self._open.items() if row[0] not in active]:
            del self._open[condition]
            if cell.state is not None:
                trial._step(cell, Reset(at, condition[1]), [])
        trial.adopt()

    def forget(self, device: str) -> None:
        """Drop what is kept about one device alone: it was revoked and can no longer fall silent."""
        for index, detector in enumerate(self._detectors):
            cell = self._cells.get((index, device)) if detector.scope is Scope.DEVICE else None
            if cell is not None:
                cell.state = cell.deadline = None
        self._active.pop(device, None)

    def states(self) -> Iterator[tuple[Detector[Any], str, Any]]:
        """Every (detector, scope key, state), for inspection."""
        return ((cell.detector, cell.name, cell.state) for cell in self._cells.values() if cell.state is not None)

    def _listening(self, origin: Origin) -> tuple[Cell, ...]:
        """Who hears this device. Looked up by its code, since hashing a whole origin would cost more than what follows."""
        known = self._listeners.get(origin.device)
        if known is not None and known[0] is origin:
            return known[1]
        if known is None or known[0] != origin:
            rows = ((index, scope_key(d.scope, origin)) for index, d in enumerate(self._detectors) if d.wants(origin))
            known = (origin, tuple(self._cell(index, name) for index, name in rows if name))
        self._listeners[origin.device] = (origin, known[1])
        return known[1]

    def _cell(self, index: int, name: str) -> Cell:
        cell = self._cells.get((index, name))
        if cell is None:
            cell = self._cells[index, name] = Cell(index, self._detectors[index], name)
        return cell

    def _start(self, cell: Cell) -> Any:
        active = self._active.get(cell.name, _NOTHING)
        return cell.detector.start(cell.name, {kind: active[kind] for kind in cell.detector.kinds if kind in active})

    def _started_open(self, cell: Cell) -> dict[tuple[str, str], Cell | None]:
        active = self._active.get(cell.name, _NOTHING)
        return {(cell.name, kind): cell for kind in cell.detector.kinds if kind in active}

    def _queue(self, cell: Cell) -> None:
        """Keep one entry a cell, never later than its deadline; what comes due too early is queued again then."""
        deadline = cell.deadline
        if deadline is not None and (cell.queued is None or deadline < cell.queued):
            heapq.heappush(self._heap, (deadline, cell.index, cell.name, cell))
            cell.queued = deadline

    def _due(self, until: datetime) -> Iterator[Cell]:
        """Cells that may be due, without touching the heap: an entry's children are never earlier than itself."""
        heap, look = self._heap, [0]
        while look:
            place = look.pop()
            if place < len(heap) and heap[place][0] <= until:
                yield heap[place][3]
                look += (2 * place + 1, 2 * place + 2)

    def _take(self, changed: Mapping[Cell, _Draft], told: Mapping[tuple[str, str], Cell | None]) -> None:
        for condition, of in told.items():
            if of is None:
                self._open.pop(condition, None)
            else:
                self._open[condition] = of
        for cell, (state, deadline) in changed.items():
            cell.state, cell.deadline = state, deadline
            if deadline is not None:
                self._queue(cell)
        self.next_deadline()  # drops what has become stale at the head, so that the heap holds about one entry a state


class Trial:
    """What the inputs of one batch would change, and what they found."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._changed: dict[Cell, _Draft] = {}
        self._told: dict[tuple[str, str], Cell | None] = {}

    def feed(self, item: Message) -> list[Finding]:
        """Everything that the detectors of this device find, after the deadlines of its scopes that lie before it."""
        found: list[Finding] = []
        cells = self._runtime._listening(item.origin)
        self._ticks(cells, item.at, found)
        for cell in cells:
            self._step(cell, item, found)
        return found

    def tick(self, until: datetime) -> list[Finding]:
        """Deliver every deadline up to and including `until`, in time order."""
        found: list[Finding] = []
        self._ticks({*self._runtime._due(until), *self._changed}, until, found)
        return found

    def listen(self, item: Listening) -> list[Finding]:
        """Tell the detectors of a device that it is heard from now on."""
        found: list[Finding] = []
        for cell in self._runtime._listening(item.origin):
            self._step(cell, item, found)
        return found

    def adopt(self) -> None:
        """The commit holds: these are the states from now on."""
        changed, self._changed = self._changed, {}
        told, self._told = self._told, {}
        self._runtime._take(changed, told)

    def _ticks(self, cells: Iterable[Cell], until: datetime, found: list[Finding]) -> None:
        """Deadlines of these states up to `until`, in time order. One that a tick does not move forward is left alone."""
        changed, waiting = self._changed, []
        for cell in cells:
            due = changed[cell][1] if cell in changed else cell.deadline
            if due is not None and due <= until:
                waiting.append((due, cell.index, cell.name, cell))
        if not waiting:
            return
        heapq.heapify(waiting)
        while waiting:
            due, index, name, cell = heapq.heappop(waiting)
            again = self._step(cell, Tick(due), found)
            if again is not None and due < again <= until:
                heapq.heappush(waiting, (again, index, name, cell))

    def _step(self, cell: Cell, item: Input, found: list[Finding]) -> datetime | None:
        """One step of one detector; answers the state's next deadline, which is asked for once a state."""
        detector, changed = cell.detector, self._changed
        state, deadline = changed.get(cell) or (cell.state, cell.deadline)
        if state is None:
            state = self._runtime._start(cell)
            deadline = detector.deadline(state)
            changed[cell] = state, deadline
            self._told.update(self._runtime._started_open(cell))
        after, findings = detector.step(state, item)
        if after is not state:
            deadline = detector.deadline(after)
            changed[cell] = after, deadline
        if findings:
            found += findings
            self._told.update({(finding.source, finding.kind): cell if finding.raised else None for finding in findings})
        return deadline
