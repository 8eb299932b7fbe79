"""How often stillness alarms are false, and how long true stillness stays unseen, on recorded homes. Pure; chance is a seed.

The first part of each home teaches, the later part is streamed through the production steps: whatever no movement and not up find
there is false, since everybody lived. True stillness is made by cutting the stream at random moments of the later part: from then
on only time goes by. While somebody is out by the door, stillness at home cannot be seen: such moments are counted, not judged.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from analytics.detectors.night_door import night_door
from analytics.detectors.not_up import not_up
from analytics.detectors.stillness import StillState, stillness
from analytics.routine import Routine, local
from analytics.runtime import Runtime
from analytics.signs import Sign
from analytics.step import Detector, Finding, Message, Tick

DAY_H = (7, 22)
LONGEST = timedelta(hours=36)
ALARMS = frozenset({"no_movement", "not_up"})


@dataclass(frozen=True, slots=True)
class Judged:
    """One home. Delays in hours, of cuts by day and by night; `out` and `alarmed` are cuts that could not be judged."""

    days: float
    raised: Mapping[str, int]
    false_alarms: int
    day_h: tuple[float, ...] = ()
    night_h: tuple[float, ...] = ()
    unseen: int = 0
    out: int = 0
    alarmed: int = 0
    when: tuple[str, ...] = field(default=())


def judge(
    heard: Sequence[Message], since: datetime, until: datetime, row: Routine, before: Sign | None, cuts: int, seed: int
) -> Judged:
    """Stream the messages of one resident with what was learned; `before`: the last sign of the part that taught."""
    detectors: tuple[Detector[Any], ...] = (
        stillness(lambda _: row, lambda _: before),
        not_up(lambda _: row),
        night_door(lambda _: row),
    )
    found, moments = _stream(detectors, heard, until)
    raised = {kind: sum(one.raised and one.kind == kind for one in found) for detector in detectors for kind in detector.kinds}
    false = [one for one in found if one.raised and one.kind in ALARMS]
    delays = _cut(detectors[:2], moments, since, until, cuts, seed)
    days = (until - since) / timedelta(days=1)
    told = tuple(f"{local(row, one.at):%m-%d %H:%M} {one.kind}" for one in false)
    by_day = [DAY_H[0] <= local(row, at).hour < DAY_H[1] for at, _ in delays.seen]
    hours = [delay / timedelta(hours=1) for _, delay in delays.seen]
    day = tuple(hour for hour, flag in zip(hours, by_day, strict=True) if flag)
    night = tuple(hour for hour, flag in zip(hours, by_day, strict=True) if not flag)
    return Judged(days, raised, len(false), day, night, delays.unseen, delays.out, delays.alarmed, told)


@dataclass(slots=True)
class _Delays:
    seen: list[tuple[datetime, timedelta]] = field(default_factory=list)
    unseen: int = 0
    out: int = 0
    alarmed: int = 0


_Moment = tuple[datetime, tuple[Any, ...]]


def _stream(detectors: Sequence[Detector[Any]], heard: Sequence[Message], until: datetime) -> tuple[list[Finding], list[_Moment]]:
    """What is found, and the states after every message."""
    runtime = Runtime(detectors)
    found: list[Finding] = []
    moments: list[_Moment] = []
    for item in heard:
        trial = runtime.trial()
        found += trial.feed(item)
        trial.adopt()
        moments.append((item.at, tuple(state for _, _, state in runtime.states())))
    trial = runtime.trial()
    found += trial.tick(until)
    trial.adopt()
    return found, moments


def _cut(
    detectors: Sequence[Detector[Any]], moments: Sequence[_Moment], since: datetime, until: datetime, cuts: int, seed: int
) -> _Delays:
    chance = np.random.default_rng(seed)
    times = np.array([at.timestamp() for at, _ in moments])
    found = _Delays()
    for share in np.sort(chance.random(cuts)):
        at = since + (until - since) * float(share)
        place = int(np.searchsorted(times, at.timestamp(), side="right")) - 1
        if place < 0:
            continue
        states = moments[place][1]
        still: StillState = states[0]
        if still.door:
            found.out += 1
            continue
        first = min((seen for pair in zip(detectors, states, strict=False) if (seen := _first(*pair)) is not None), default=None)
        if first is None or first - at > LONGEST:
            found.unseen += 1
        elif first <= at:
            found.alarmed += 1
        else:
            found.seen.append((at, first - at))
    return found


def _first(detector: Detector[Any], state: Any) -> datetime | None:
    """When a detector alarms if nothing more is ever heard."""
    due, tries = detector.deadline(state), 0
    while due is not None and tries < 4:
        state, found = detector.step(state, Tick(due))
        if any(one.raised for one in found):
            return due
        due, tries = detector.deadline(state), tries + 1
    return None
