"""Who hears a device: its row, those of its zone, site and resident, and the plan by which its words go through them."""

from collections.abc import Iterable, Iterator
from typing import Any

from analytics.kept import NOBODY, Numbered, Plan, Row, Speaker, layout
from analytics.step import Detector, Origin, Scope, never

_SHARED = (Scope.ZONE, Scope.SITE, Scope.RESIDENT)
_WHOSE = {Scope.DEVICE: 0, Scope.ZONE: 1, Scope.SITE: 2, Scope.RESIDENT: 3}  # as the rows of a plan


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


class Hearing:
    """The rows of one worker, made when a device is first heard of. `moves` counts those whose places have become more."""

    def __init__(self, detectors: Iterable[Detector[Any]]) -> None:
        self._detectors: tuple[Numbered, ...] = tuple(enumerate(detectors))
        self.moves = 0
        self._speakers: dict[str, Speaker] = {}
        self._shared: dict[Scope, dict[str, Row]] = {scope: {} for scope in _SHARED}
        self._layouts = {scope: layout(tuple(one for one in self._detectors if one[1].scope is scope)) for scope in _SHARED}
        self._plans: dict[tuple[tuple[int, ...], tuple[int, ...]], Plan] = {}

    def rows(self) -> Iterator[Row]:
        """All of them."""
        yield from self._speakers.values()
        for rows in self._shared.values():
            yield from rows.values()

    def devices(self) -> tuple[str, ...]:
        """The codes of those that have a row."""
        return tuple(self._speakers)

    def forget(self, device: str) -> None:
        """Drop a device's own row; what it shares stays."""
        speaker = self._speakers.pop(device, None)
        if speaker is not None:
            speaker.states = [None] * len(speaker.states)

    def speaker(self, origin: Origin) -> Speaker:
        """The row of a device. Looked up by its code, since hashing a whole origin would cost more than what follows."""
        speaker = self._speakers.get(origin.device)
        if speaker is None or speaker.origin is not origin:
            if speaker is None or speaker.origin != origin:
                speaker = self._speakers[origin.device] = self._met(origin, speaker)
            speaker.origin = origin
        return speaker

    def _met(self, origin: Origin, before: Speaker | None) -> Speaker:
        """A device that is new, or is now somewhere else: what its own detectors know of it stays."""
        heard = tuple((index, one) for index, one in self._detectors if one.wants(origin) and scope_key(one.scope, origin))
        plan = self._plan(() if before is None else before.layout.detectors, heard)
        scopes = {one.scope for _, one in heard}
        zone, site, resident = (self._row(scope, scope_key(scope, origin)) if scope in scopes else NOBODY for scope in _SHARED)
        if before is None:
            return Speaker(origin.device, plan.own, [None] * len(plan.own.detectors), None, origin, plan, zone, site, resident)
        before.follow(plan.own)
        self.moves += 1
        before.plan, before.zone, before.site, before.resident = plan, zone, site, resident
        return before

    def _plan(self, kept: tuple[Numbered, ...], heard: tuple[Numbered, ...]) -> Plan:
        """The plan of devices that these detectors hear and whose row has places for those that are `kept`."""
        name = tuple(index for index, _ in kept), tuple(index for index, _ in heard)
        if name not in self._plans:
            own = layout(kept + tuple(one for one in heard if one[1].scope is Scope.DEVICE and one not in kept))
            places = {scope: of.detectors for scope, of in ((Scope.DEVICE, own), *self._layouts.items())}
            steps = tuple((_WHOSE[one[1].scope], places[one[1].scope].index(one), one[1]) for one in heard)
            timed = sorted({whose for whose, _, detector in steps if detector.deadline is not never})
            self._plans[name] = Plan(own, steps, tuple(timed))
        return self._plans[name]

    def _row(self, scope: Scope, name: str) -> Row:
        row = self._shared[scope].get(name)
        if row is None:
            of = self._layouts[scope]
            row = self._shared[scope][name] = Row(name, of, [None] * len(of.detectors), None)
        return row
