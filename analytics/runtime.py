"""Runs detectors over inputs: one state a (detector, scope key), deadlines in event time, and nothing kept until the commit is.

A `Trial` is an overlay on the runtime's states: `adopt` it after the commit, or drop it and nothing has happened. One trial at a
time. Inputs may come late, repeated or out of order.
"""

import heapq
from collections.abc import Container, Iterable, Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from analytics.catalogue import EVENT_LANE
from analytics.step import Detector, Event, Finding, Input, Listening, Message, Origin, Reset, Scope, Tick

_Key = tuple[int, str]
_Due = tuple[datetime, int, str]
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


class Runtime:
    """The states of one worker. `active` are the open alarms, (source, kind) -> onset, that the states start with."""

    def __init__(
        self, detectors: Iterable[Detector[Any]], active: Mapping[tuple[str, str], datetime] = MappingProxyType({})
    ) -> None:
        self._detectors = tuple(detectors)
        self._active: dict[str, dict[str, datetime]] = {}
        for (source, kind), onset in active.items():
            self._active.setdefault(source, {})[kind] = onset
        self._states: dict[_Key, Any] = {}
        self._open: dict[tuple[str, str], _Key] = {}
        self._heap: list[_Due] = []
        self._queued: dict[_Key, datetime] = {}
        self._listeners: dict[Origin, tuple[_Key, ...]] = {}

    def trial(self) -> "Trial":
        """An overlay to feed; throw it away when the commit fails."""
        return Trial(self)

    def next_deadline(self) -> datetime | None:
        """The first moment at which some state wants a Tick."""
        while self._heap:
            due, index, name = self._heap[0]
            deadline = self._deadline((index, name))
            if deadline == due:
                return due
            heapq.heappop(self._heap)
            self._forget_queued((index, name), due)
            self._queue((index, name), deadline)
        return None

    def listen(self, origin: Origin, since: datetime, last_seen: datetime | None) -> None:
        """From `since` on this device is heard (again): silence counts from then, and only if it was ever heard.

        Call it for every device at the start and after every time of deafness (broker or database out of reach).
        """
        trial = self.trial()
        trial.listen(Listening(origin, since, last_seen))
        trial.adopt()

    def reconcile(self, active: Container[tuple[str, str]], at: datetime) -> None:
        """Arm again what people have reset: conditions that a state believes raised, but that are no longer among the open alarms.

        Call it every few seconds, outside a trial, with (source, kind) of the open alarms as read after the last commit.
        """
        trial = self.trial()
        for condition, key in [row for row in self._open.items() if row[0] not in active]:
            del self._open[condition]
            if key in self._states:
                trial._step(key, Reset(at, condition[1]), [])
        trial.adopt()

    def forget(self, device: str) -> None:
        """Drop what is kept about one device alone: it was revoked and can no longer fall silent."""
        for index, detector in enumerate(self._detectors):
            if detector.scope is Scope.DEVICE:
                self._states.pop((index, device), None)
        self._active.pop(device, None)

    def states(self) -> Iterator[tuple[Detector[Any], str, Any]]:
        """Every (detector, scope key, state), for inspection."""
        return ((self._detectors[index], name, state) for (index, name), state in self._states.items())

    def _listening(self, origin: Origin) -> tuple[_Key, ...]:
        known = self._listeners.get(origin)
        if known is None:
            rows = ((index, scope_key(d.scope, origin)) for index, d in enumerate(self._detectors) if d.wants(origin))
            known = self._listeners[origin] = tuple(row for row in rows if row[1])
        return known

    def _start(self, key: _Key) -> Any:
        detector = self._detectors[key[0]]
        active = self._active.get(key[1], _NOTHING)
        return detector.start(key[1], {kind: active[kind] for kind in detector.kinds if kind in active})

    def _started_open(self, key: _Key) -> dict[tuple[str, str], _Key | None]:
        active = self._active.get(key[1], _NOTHING)
        return {(key[1], kind): key for kind in self._detectors[key[0]].kinds if kind in active}

    def _deadline(self, key: _Key) -> datetime | None:
        state = self._states.get(key)
        return None if state is None else self._detectors[key[0]].deadline(state)

    def _queue(self, key: _Key, deadline: datetime | None) -> None:
        """Keep one entry a key, never later than its deadline; what comes due too early is queued again then."""
        if deadline is None:
            return
        queued = self._queued.get(key)
        if queued is None or deadline < queued:
            heapq.heappush(self._heap, (deadline, *key))
            self._queued[key] = deadline

    def _forget_queued(self, key: _Key, due: datetime) -> None:
        if self._queued.get(key) == due:
            del self._queued[key]

    def _due(self, until: datetime) -> Iterator[_Key]:
        """Keys that may be due, without touching the heap: an entry's children are never earlier than itself."""
        heap, look = self._heap, [0]
        while look:
            place = look.pop()
            if place < len(heap) and heap[place][0] <= until:
                yield heap[place][1:]
                look += (2 * place + 1, 2 * place + 2)

    def _take(self, changed: Mapping[_Key, Any], told: Mapping[tuple[str, str], _Key | None]) -> None:
        self._states.update(changed)
        for condition, key in told.items():
            if key is None:
                self._open.pop(condition, None)
            else:
                self._open[condition] = key
        for key, state in changed.items():
            self._queue(key, self._detectors[key[0]].deadline(state))
        self.next_deadline()  # drops what has become stale at the head, so that the heap holds about one entry a state


class Trial:
    """What the inputs of one batch would change, and what they found."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._changed: dict[_Key, Any] = {}
        self._told: dict[tuple[str, str], _Key | None] = {}

    def feed(self, item: Message) -> list[Finding]:
        """Everything that the detectors of this device find, after the deadlines of its scopes that lie before it."""
        found: list[Finding] = []
        keys = self._runtime._listening(item.origin)
        self._ticks(keys, item.at, found)
        for key in keys:
            self._step(key, item, found)
        return found

    def tick(self, until: datetime) -> list[Finding]:
        """Deliver every deadline up to and including `until`, in time order."""
        found: list[Finding] = []
        self._ticks({*self._runtime._due(until), *self._changed}, until, found)
        return found

    def listen(self, item: Listening) -> list[Finding]:
        """Tell the detectors of a device that it is heard from now on."""
        found: list[Finding] = []
        for key in self._runtime._listening(item.origin):
            self._step(key, item, found)
        return found

    def adopt(self) -> None:
        """The commit holds: these are the states from now on."""
        changed, self._changed = self._changed, {}
        told, self._told = self._told, {}
        self._runtime._take(changed, told)

    def _ticks(self, keys: Iterable[_Key], until: datetime, found: list[Finding]) -> None:
        """Deadlines of these states up to `until`, in time order. One that a tick does not move forward is left alone."""
        waiting = [(due, *key) for key in keys if (due := self._deadline(key)) is not None and due <= until]
        if not waiting:
            return
        heapq.heapify(waiting)
        while waiting:
            due, index, name = heapq.heappop(waiting)
            again = self._step((index, name), Tick(due), found)
            if again is not None and due < again <= until:
                heapq.heappush(waiting, (again, index, name))

    def _step(self, key: _Key, item: Input, found: list[Finding]) -> datetime | None:
        """One step of one detector; answers the state's next deadline."""
        detector = self._runtime._detectors[key[0]]
        state = self._state(key)
        if state is None:
            state = self._changed[key] = self._runtime._start(key)
            self._told.update(self._runtime._started_open(key))
        after, findings = detector.step(state, item)
        if after is not state:
            self._changed[key] = after
        if findings:
            found += findings
            self._told.update({(finding.source, finding.kind): key if finding.raised else None for finding in findings})
        return detector.deadline(after)

    def _state(self, key: _Key) -> Any:
        state = self._changed.get(key)
        return state if state is not None else self._runtime._states.get(key)

    def _deadline(self, key: _Key) -> datetime | None:
        state = self._state(key)
        return None if state is None else self._runtime._detectors[key[0]].deadline(state)
