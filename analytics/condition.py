"""One condition of one source: it begins once, lasts through every repeat, and ends only after staying calm for a while.

Late and repeated readings neither end nor repeat it; a late reading over the limit still begins it, unless an episode that is
already over reaches past that reading; and a late one that is not calm interrupts the calm into which it falls. So more is never
less alarm, also where two readings of one instant disagree.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache

from msgspec import Struct


class Change(StrEnum):
    """What a reading did to a condition."""

    NONE = "none"
    RAISED = "raised"
    ENDED = "ended"


_INSTANT = timedelta(milliseconds=1)  # what the times of readings are told in


class Condition(Struct, frozen=True, gc=False):
    """`last` newest reading; `onset` set while the condition lasts; `calm_since` first calm reading of now; `ended` last end.

    What is told late from before `ended` is over.
    """

    last: datetime | None = None
    onset: datetime | None = None
    calm_since: datetime | None = None
    ended: datetime | None = None


def is_late(condition: Condition, at: datetime) -> bool:
    """Whether a reading is not newer than what was already judged: late, or a repeat."""
    return condition.last is not None and at <= condition.last


def advance(condition: Condition, at: datetime, over: bool, calm: bool, hold: timedelta) -> tuple[Condition, Change]:
    """Judge one reading: `over` the limit begins, `calm` (well below it) for at least `hold` ends."""
    if condition.onset is None:
        return _idle(condition, at, over)
    if is_late(condition, at):
        interrupted = not calm and condition.calm_since is not None and at >= condition.calm_since
        return Condition(condition.last, condition.onset, None, condition.ended) if interrupted else condition, Change.NONE
    if over or not calm or at <= condition.onset:
        return Condition(at, condition.onset, None, condition.ended), Change.NONE
    calm_since = condition.calm_since or at
    if at - calm_since >= hold:
        return Condition(at, None, None, at), Change.ENDED
    return Condition(at, condition.onset, calm_since, condition.ended), Change.NONE


def reset(condition: Condition) -> Condition:
    """Armed again while the condition may still stand: the next newer reading over the limit begins it anew."""
    return Condition(condition.last, None, None, None if condition.last is None else condition.last + _INSTANT)


@lru_cache(maxsize=1)
def resting(at: datetime, ended: datetime | None) -> Condition:
    """The condition that has not begun at `at`. Several detectors of a device keep it after the same reading: one for all."""
    return Condition(at, None, None, ended)


def _idle(condition: Condition, at: datetime, over: bool) -> tuple[Condition, Change]:
    if condition.last is not None and at <= condition.last:
        known = condition.ended is not None and at < condition.ended
        if known or not over:
            return condition, Change.NONE
        return Condition(condition.last, at, None, condition.ended), Change.RAISED
    if over:
        return Condition(at, at, None, condition.ended), Change.RAISED
    return resting(at, condition.ended), Change.NONE
