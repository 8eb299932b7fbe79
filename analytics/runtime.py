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
from analytics.hearing import Hearing
from analytics.hearing import scope_key as scope_key
from analytics.kept import NOBODY, UNDRAWN, Draft, Plan, Row, Speaker, draft, first_deadline
from analytics.step import Detector, Event, Finding, Input, Listening, Message, Origin, Reset, Tick

_NOTHING: Mapping[str, datetime] = MappingProxyType({})


def judge(event: Event) -> list[Finding]:
    """What the event lane makes of one event, at once and without memory."""
    found: list[Finding] = []
    for detector in EVENT_LANE:
        if detector.wants(event.origin):
            found += detector.step(detector.start(scope_key(detector.scope, event.origin), _NOTHING), event)[1]
    return found


_Spot = tuple[Row, int]
_Told = Mapping[tuple[str, str], _Spot | None]


class Runtime:
    """The states of one worker. `active` are the open alarms, (source, kind) -> onset, that the states start with."""

    def __init__(
        self, detectors: Iterable[Detector[Any]], active: Mapping[tuple[str, str], datetime] = MappingProxyType({})
    ) -> None:
        self._hearing = Hearing(detectors)
        self._active: dict[str, dict[str, datetime]] = {}
        for (source, kind), onset in active.items():
            self._active.setdefault(source, {})[kind] = onset
        self._open: dict[tuple[str, str], _Spot] = {}
        self._heap: list[tuple[datetime, Row]] = []

    def trial(self) -> "Trial":
        """An overlay to feed; throw it away when the commit fails."""
        return Trial(self)

    def next_deadline(self) -> datetime | None:
        """The first moment at which some state wants a Tick."""
        while self._heap:
            due, row = self._heap[0]
            deadline = first_deadline(row.layout, row.states)
            if deadline == due:
                return due
            heapq.heappop(self._heap)
            if row.queued == due:
                row.queued = None
            self._queue(row, deadline)
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
        for condition, (row, place) in [one for one in self._open.items() if one[0] not in active]:
            del self._open[condition]
            if row.states[place] is not None:
                trial._arm(row, place, Reset(at, condition[1]))
        trial.adopt()

    def forget(self, device: str) -> None:
        """Drop what is kept about one device alone: it was revoked or is elsewhere, and can no longer fall silent here."""
        self._hearing.forget(device)
        self._active.pop(device, None)

    def devices(self) -> tuple[str, ...]:
        """Those that were heard of."""
        return self._hearing.devices()

    def states(self) -> Iterator[tuple[Detector[Any], str, Any]]:
        """Every (detector, scope key, state), for inspection."""
        return (kept for row in self._hearing.rows() for kept in row.kept())

    def _queue(self, row: Row, deadline: datetime | None) -> None:
        """Keep one entry a row, never later than its deadline; what comes due too early is queued again then."""
        if deadline is not None and (row.queued is None or deadline < row.queued):
            heapq.heappush(self._heap, (deadline, row))
            row.queued = deadline

    def _due(self, until: datetime) -> Iterator[Row]:
        """Rows that may be due, without touching the heap: an entry's children are never earlier than itself."""
        heap, look = self._heap, [0]
        while look:
            place = look.pop()
            if place < len(heap) and heap[place][0] <= until:
                yield heap[place][1]
                look += (2 * place + 1, 2 * place + 2)

    def _take(self, changed: Mapping[Row, Draft], told: _Told) -> None:
        for condition, of in told.items():
            if of is None:
                self._open.pop(condition, None)
            else:
                self._open[condition] = of
        for row, made in changed.items():
            row.states = made.states
            if made.deadline is not row.queued:  # as it is for those that ask for nothing
                self._queue(row, made.deadline)
        self.next_deadline()  # drops what has become stale at the head, so that the heap holds about one entry a row


class Trial:
    """What the inputs of one batch would change, and what they found."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._changed: dict[Row, Draft] = {}
        self._told: dict[tuple[str, str], _Spot | None] = {}
        self._moves = runtime._hearing.moves

    def feed(self, item: Message) -> list[Finding]:
        """Everything that the detectors of this device find, after the deadlines of its scopes that lie before it."""
        found: list[Finding] = []
        speaker = self._runtime._hearing.speaker(item.origin)
        drafts = self._drafts(speaker)
        for whose in speaker.plan.timed:
            due = drafts[whose].deadline
            if due is not None and due <= item.at:
                self._ticks([drafts[each] for each in speaker.plan.timed], item.at, found)
                break
        self._tell(speaker.plan, drafts, item, found)
        return found

    def tick(self, until: datetime) -> list[Finding]:
        """Deliver every deadline up to and including `until`, in time order."""
        found: list[Finding] = []
        for row in self._runtime._due(until):
            self._draft(row)
        self._ticks(list(self._changed.values()), until, found)
        return found

    def listen(self, item: Listening) -> list[Finding]:
        """Tell the detectors of a device that it is heard from now on."""
        found: list[Finding] = []
        speaker = self._runtime._hearing.speaker(item.origin)
        self._tell(speaker.plan, self._drafts(speaker), item, found)
        return found

    def adopt(self) -> None:
        """The commit holds: these are the states from now on."""
        changed, self._changed = self._changed, {}
        told, self._told = self._told, {}
        self._runtime._take(changed, told)

    def _drafts(self, speaker: Speaker) -> list[Draft]:
        """As the rows of a plan."""
        if self._moves != self._runtime._hearing.moves:
            self._moves = self._runtime._hearing.moves
            for made in self._changed.values():
                made.grow()
        get, draw = self._changed.get, self._drawn
        zone, site, resident = speaker.zone, speaker.site, speaker.resident
        return [
            get(speaker) or draw(speaker),
            UNDRAWN if zone is NOBODY else get(zone) or draw(zone),
            UNDRAWN if site is NOBODY else get(site) or draw(site),
            UNDRAWN if resident is NOBODY else get(resident) or draw(resident),
        ]

    def _draft(self, row: Row) -> Draft:
        return self._changed.get(row) or self._drawn(row)

    def _drawn(self, row: Row) -> Draft:
        made = self._changed[row] = draft(row)
        return made

    def _ticks(self, drafts: Iterable[Draft], until: datetime, found: list[Finding]) -> None:
        """Deadlines of these rows up to `until`, in time order. One that a tick does not move forward is left alone."""
        late = [one for one in drafts if one.deadline is not None and one.deadline <= until]
        if not late:
            return
        waiting = [entry for one in late for entry in _waiting(one, until)]
        heapq.heapify(waiting)
        while waiting:
            due, index, name, place, one = heapq.heappop(waiting)
            again = self._step(one, place, Tick(due), found)
            if again is not None and due < again <= until:
                heapq.heappush(waiting, (again, index, name, place, one))
        for one in late:
            one.look()

    def _tell(self, plan: Plan, drafts: list[Draft], item: Input, found: list[Finding]) -> None:
        """One step of everybody who hears it; deadlines are asked for once a row."""
        for whose, place, detector in plan.steps:
            states = drafts[whose].states
            state = states[place]
            if state is None:
                state = self._start(drafts[whose], place)
            states[place], findings = detector.step(state, item)
            if findings:
                self._note(drafts[whose].row, place, findings, found)
        for whose in plan.timed:
            drafts[whose].look()

    def _step(self, made: Draft, place: int, item: Input, found: list[Finding]) -> datetime | None:
        """One step of one detector; answers the state's next deadline."""
        detector = made.row.layout.detectors[place][1]
        after, findings = detector.step(made.states[place], item)
        made.states[place] = after
        self._note(made.row, place, findings, found)
        return detector.deadline(after)

    def _arm(self, row: Row, place: int, item: Reset) -> None:
        made = self._draft(row)
        self._step(made, place, item, [])
        made.look()

    def _start(self, made: Draft, place: int) -> Any:
        """A first state, told what is open of its kinds."""
        name, detector = made.row.name, made.row.layout.detectors[place][1]
        known = self._runtime._active.get(name, _NOTHING)
        active = {kind: known[kind] for kind in detector.kinds if kind in known}
        self._told.update({(name, kind): (made.row, place) for kind in active})
        return detector.start(name, active)

    def _note(self, row: Row, place: int, findings: Iterable[Finding], found: list[Finding]) -> None:
        for finding in findings:
            found.append(finding)
            self._told[finding.source, finding.kind] = (row, place) if finding.raised else None


def _waiting(made: Draft, until: datetime) -> Iterator[tuple[datetime, int, str, int, Draft]]:
    """The states of a row that are due."""
    of = made.row.layout
    for place in of.timed:
        index, detector = of.detectors[place]
        due = None if made.states[place] is None else detector.deadline(made.states[place])
        if due is not None and due <= until:
            yield due, index, made.row.name, place, made
