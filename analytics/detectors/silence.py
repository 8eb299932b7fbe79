"""A device from which nothing has come for longer than its profile allows. Silence is never good news.

It counts on arrival, not on the device's clock: a clock that is slow is not a silent device. It counts from when we began to
listen, so neither a restart nor a time when the broker was out of reach makes a storm; what was never heard is not yet in
service. The key is the limit after the last message, so the same silence is the same alarm through every restart.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from analytics.step import Detector, Event, Finding, Input, Listening, Message, Origin, Reading, Reason, Scope, Tick, Waveform
from devices.keys import milliseconds
from devices.profiles import PROFILES

LIFE = frozenset({"sos_button", "pull_cord", "smoke_detector", "heat_detector", "co_detector", "gas_detector", "gateway"})
KINDS = ("silence_life", "silence")

NAME, VERSION = "silence", 1
_RULE = f"{NAME}/{VERSION}"
_RULES = {name: (KINDS[0] if name in LIFE else KINDS[1], profile.silent_after) for name, profile in PROFILES.items()}
_SOURCE = "GB 50440, BS 5839-1: at most 2 h [F2]"


class SilenceState(Struct, frozen=True, gc=False):
    """`heard` last arrival; `since` when we began to listen; `limit` and `kind` by the profile; `silent` onset while it lasts."""

    source: str
    kind: str = ""
    limit: timedelta | None = None
    heard: datetime | None = None
    since: datetime | None = None
    silent: datetime | None = None


def _deadline(state: SilenceState) -> datetime | None:
    if state.silent is not None or state.heard is None or state.limit is None:
        return None
    heard = state.heard if state.since is None or state.since < state.heard else state.since
    return heard + state.limit


def _start(key: str, active: Mapping[str, datetime]) -> SilenceState:
    for kind in KINDS:
        if kind in active:
            return SilenceState(key, kind, silent=active[kind])
    return SilenceState(key)


def _step(state: SilenceState, item: Input) -> tuple[SilenceState, tuple[Finding, ...]]:
    match item:
        case Reading() | Event() | Waveform():
            return _hear(state, item)
        case Tick():
            return _fall_silent(state, item.at)
        case Listening():
            return _listen(state, item), ()
        case _:  # whoever reset it knows that the device is silent; its next message arms it again
            return state, ()


def _fall_silent(state: SilenceState, at: datetime) -> tuple[SilenceState, tuple[Finding, ...]]:
    deadline = _deadline(state)
    if deadline is None or deadline > at or state.heard is None or state.limit is None:
        return state, ()
    silent = SilenceState(state.source, state.kind, state.limit, state.heard, state.since, deadline)
    key = str(milliseconds(state.heard + state.limit))
    reason = Reason("silent", (deadline - state.heard).total_seconds(), state.limit.total_seconds(), "s", _SOURCE)
    return silent, (Finding(True, state.kind, state.source, deadline, key, _RULE, (reason,)),)


def _listen(state: SilenceState, item: Listening) -> SilenceState:
    kind, limit = _rule(state, item.origin)
    since = max(item.at, state.since or item.at)
    heard = max((t for t in (state.heard, item.last_seen) if t is not None), default=None)
    return SilenceState(state.source, kind, limit, heard, since, state.silent)


def _hear(state: SilenceState, item: Message) -> tuple[SilenceState, tuple[Finding, ...]]:
    if state.heard is not None and item.now <= state.heard:
        return state, ()
    found: tuple[Finding, ...] = ()
    if state.limit is None or state.heard is None or item.now - state.heard >= state.limit:  # else it has not been silent
        state, found = _fall_silent(state, item.now)
    if state.silent is not None and item.now >= state.silent:
        reason = Reason("heard_again", (item.now - (state.heard or state.silent)).total_seconds(), None, "s", "ours")
        found = (*found, Finding(False, state.kind, state.source, item.now, str(item.key), _RULE, (reason,)))
        state = SilenceState(state.source)
    kind, limit = _rule(state, item.origin)
    return SilenceState(state.source, kind, limit, item.now, state.since, state.silent), found


def _rule(state: SilenceState, origin: Origin) -> tuple[str, timedelta]:
    """Kind and limit of the profile; a silence that is standing keeps the kind under which it was raised."""
    kind, limit = _RULES[origin.profile]
    return kind if state.silent is None else state.kind, limit


def _wants(origin: Origin) -> bool:
    return origin.profile in PROFILES


DETECTORS: tuple[Detector[Any], ...] = (
    Detector(NAME, VERSION, Scope.DEVICE, "telemetry", timedelta(hours=2), KINDS, _wants, _start, _step, _deadline),
)
