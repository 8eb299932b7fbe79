"""A wearer fell, by the raw signal of what is worn; and then did not get up.

Stage one lays every packet on the grid of `motion` and looks for impacts. Three seconds after one, stage two judges what was
before, during and after it; when the signal stops, with what there is. From then on the wearer is down: not risen after `LONG_LIE`,
it is a long lie; who walks, no longer as he lay, has risen (`walking`), which ends the condition and never the incident. Rising
cannot be seen in a device of which nothing is heard any more, so its long lie is told.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from analytics.candidates import impacts
from analytics.fall_features import AFTER
from analytics.fall_judge import RULE, Judge
from analytics.fall_look import FELL, VERSION, look
from analytics.fall_look import NAME as NAME
from analytics.fall_look import RULE as _RULE
from analytics.in_turn import Turn, given_up_ms, turn
from analytics.motion import CELL_MS, EMPTY, RATE_HZ, Track, extend, in_mg, set_back
from analytics.step import Detector, Finding, Input, Origin, Reason, Reset, Scope, Tick, Waveform
from analytics.walking import UNKNOWN, Posture, enough_s, posture, walks
from devices.keys import Key, instant, milliseconds
from devices.profiles import ANYWHERE, WEARABLES

LONG_LIE = timedelta(minutes=5)
LONGEST_PIECE_S = 1.0  # longer packets are taken piece by piece: a track holds eight seconds
PATIENCE_MS = 3000  # how long after its due time an impact waits for packets that are late
MEMORY = timedelta(seconds=20)
KINDS = (FELL, "long_lie")
_LONG_LIE_MS = LONG_LIE // timedelta(milliseconds=1)


class Phase(StrEnum):
    """Of one wearer."""

    UP = "up"
    DOWN = "down"
    LONG = "long"


class Sign(StrEnum):
    """What can be noticed."""

    FELL = "fell"
    WAITED = "waited"
    WALKED = "walked"
    RESET_FALL = "reset_fall"
    RESET_LIE = "reset_lie"


TABLE: dict[tuple[Phase, Sign], Phase] = {
    (Phase.UP, Sign.FELL): Phase.DOWN,
    (Phase.DOWN, Sign.WAITED): Phase.LONG,
    (Phase.DOWN, Sign.WALKED): Phase.UP,
    (Phase.LONG, Sign.WALKED): Phase.UP,
    (Phase.DOWN, Sign.RESET_FALL): Phase.UP,
    (Phase.LONG, Sign.RESET_FALL): Phase.UP,
    (Phase.LONG, Sign.RESET_LIE): Phase.UP,
}


@dataclass(frozen=True, slots=True)
class FallState:
    """`judged`: impacts before this cell are done with; `pending` the first impact not yet judged; `fell_ms` the impact of a fall
    that lasts, `fell` how the wearer lay and stood; `walked` seconds of walking in a row, `looked` up to which cell walking was
    looked for; `profile` tells where it is worn; `heard` is the last packet's key, `held` one that waits for the one before it."""

    source: str
    track: Track = EMPTY
    judged: int = 0
    pending: int | None = None
    phase: Phase = Phase.UP
    fell_ms: int = 0
    walked: int = 0
    looked: int = 0
    profile: str = ANYWHERE
    fell: Posture = UNKNOWN
    heard: Key | None = None
    held: Waveform | None = None


_Stepped = tuple[FallState, tuple[Finding, ...]]


def fall_motion(judge: Judge = RULE) -> Detector[FallState]:
    """The detector with a stage two; without one the plain rule."""

    def step(state: FallState, item: Input) -> _Stepped:
        match item:
            case Waveform():
                return _hear(state, item, judge)
            case Tick():
                return _wait(state, milliseconds(item.at), judge)
            case Reset():
                return _reset(state, item.kind), ()
            case _:
                return state, ()

    return Detector(NAME, VERSION, Scope.DEVICE, "telemetry", MEMORY, KINDS, _wants, _start, step, _deadline)


def _start(key: str, active: Mapping[str, datetime]) -> FallState:
    onset = active.get("fall_motion") or active.get("long_lie")
    if onset is None:
        return FallState(key)
    fell_ms = milliseconds(onset)
    phase = Phase.LONG if "long_lie" in active else Phase.DOWN
    return FallState(key, phase=phase, fell_ms=fell_ms, looked=fell_ms // CELL_MS + AFTER)


def _deadline(state: FallState) -> datetime | None:
    due = [] if state.pending is None else [_patient_ms(state.pending)]
    if state.held is not None:
        due.append(given_up_ms(state.held))
    if state.phase is Phase.DOWN:
        due.append(state.fell_ms + _LONG_LIE_MS)
    return instant(min(due)) if due else None


def _patient_ms(pending: int) -> int:
    return (pending + AFTER) * CELL_MS + PATIENCE_MS


def _hear(state: FallState, item: Waveform, judge: Judge) -> _Stepped:
    place, held = turn(state.heard, state.track.last_ms, item), state.held
    if place is Turn.OLD or (held is not None and item.key == held.key):
        return state, ()
    if held is None:
        return (replace(state, held=item), ()) if place is Turn.EARLY else _take(state, item, place, judge)
    later = item.key.b != held.key.b or item.key.n > held.key.n
    first, second, place = (held, item, Turn.NEXT) if later else (item, held, place)
    state, found = _take(replace(state, held=None), first, place, judge)
    state, more = _hear(state, second, judge)
    return state, found + more


def _take(state: FallState, item: Waveform, place: Turn, judge: Judge) -> _Stepped:
    """The packet is the next."""
    found: tuple[Finding, ...] = ()
    start_ms, length = milliseconds(item.at), max(1, int(item.fs * LONGEST_PIECE_S))
    samples = in_mg(item.xyz, item.unit)
    if samples is None:
        return state, ()
    if place is Turn.BACK:
        state, found = _set_back(state, item, judge)
    if item.origin.profile != state.profile:
        state = replace(state, profile=item.origin.profile)
    for first in range(0, len(samples), length):
        track = extend(state.track, start_ms + first * 1000.0 / item.fs, item.fs, samples[first : first + length])
        state, more = _follow(state, track, judge)
        found += more
    return replace(state, heard=item.key), found


def _set_back(state: FallState, item: Waveform, judge: Judge) -> _Stepped:
    """What is known, by the clock as it is now. A boot begins anew, so that what was before it is judged with what there is."""
    found: tuple[Finding, ...] = ()
    track, by = set_back(state.track, milliseconds(item.at), item.fs)
    if state.heard is None or item.key.b != state.heard.b:
        state, found = _judge(state, state.track.end, judge)
        track = EMPTY
    pending = None if state.pending is None else state.pending - by
    judged, looked, fell_ms = state.judged - by, state.looked - by, state.fell_ms - by * CELL_MS
    return replace(state, track=track, judged=judged, pending=pending, looked=looked, fell_ms=fell_ms), found


def _follow(state: FallState, track: Track, judge: Judge) -> _Stepped:
    if track is state.track:
        return state, ()
    found: tuple[Finding, ...] = ()
    if track.first > state.track.end and state.pending is not None:  # a gap: nothing more will come of what was before
        state, found = _judge(state, state.track.end, judge)
    state, more = _judge(replace(state, track=track), track.end - AFTER, judge)
    if state.phase is Phase.UP:
        return state, found + more
    state, risen = _rise(state)
    return state, (*found, *more, *risen)


def _wait(state: FallState, now_ms: int, judge: Judge) -> _Stepped:
    found: tuple[Finding, ...] = ()
    impatient = state.pending is not None and _patient_ms(state.pending) <= now_ms
    if state.held is not None and (impatient or given_up_ms(state.held) <= now_ms):
        state, found = _take(replace(state, held=None), state.held, Turn.NEXT, judge)
    if state.pending is not None and _patient_ms(state.pending) <= now_ms:
        state, more = _judge(state, state.pending + 1, judge)
        found += more
    due = state.fell_ms + _LONG_LIE_MS
    if state.phase is Phase.DOWN and due <= now_ms:
        reason = Reason("long_lie", (due - state.fell_ms) / 1000.0, LONG_LIE.total_seconds(), "s", "ours")
        evidence = {"lain_s": (due - state.fell_ms) / 1000.0}
        found = (*found, Finding(True, "long_lie", state.source, instant(due), str(due), _RULE, (reason,), evidence))
        state = _moved(state, Sign.WAITED)
    return state, found


def _reset(state: FallState, kind: str) -> FallState:
    return _moved(state, {"fall_motion": Sign.RESET_FALL, "long_lie": Sign.RESET_LIE}.get(kind))


def _moved(state: FallState, sign: Sign | None) -> FallState:
    after = None if sign is None else TABLE.get((state.phase, sign))
    return state if after is None else replace(state, phase=after, walked=0)


def _judge(state: FallState, until: int, judge: Judge) -> _Stepped:
    """Judge the impacts before cell `until`, and note the first one after it."""
    track, judge = state.track, judge.of(state.profile)
    found: list[Finding] = []
    low, cells = max(state.judged, track.first), track.grid()
    places = [place + track.first for place in impacts(cells, low - track.first, len(cells))]
    for peak in places:
        if peak >= until:
            return replace(state, judged=max(low, until), pending=peak), tuple(found)
        finding = look(state.source, cells, peak, peak - track.first, judge)
        if finding is not None and state.phase is Phase.UP:
            found.append(finding)
            if finding.raised:
                state = replace(_moved(state, Sign.FELL), fell_ms=peak * CELL_MS, looked=peak + AFTER)
        if state.phase is not Phase.UP and state.fell_ms == peak * CELL_MS:  # it may have been told before a restart
            state = replace(state, fell=posture(cells, peak - track.first))
    return replace(state, judged=max(low, until), pending=None), tuple(found)


def _rise(state: FallState) -> _Stepped:
    """Look for walking at every full second of the grid since the fall."""
    track, cells = state.track, state.track.grid()
    walked = state.walked
    first = state.looked - state.looked % RATE_HZ + RATE_HZ
    for end in range(max(first, track.first), track.end + 1, RATE_HZ):
        seen = cells[: end - track.first]
        enough = enough_s(seen, state.fell, state.profile) if walks(seen) else None
        walked = 0 if enough is None else walked + 1
        if enough is not None and walked >= enough:
            kinds = KINDS if state.phase is Phase.LONG else KINDS[:1]
            reason = Reason("fall_walks", float(walked), float(enough), "s", "ours")
            at = end * CELL_MS
            found = tuple(Finding(False, kind, state.source, instant(at), str(at), _RULE, (reason,)) for kind in kinds)
            return _moved(state, Sign.WALKED), found
    return replace(state, walked=walked, looked=max(state.looked, track.end)), ()


def _wants(origin: Origin) -> bool:
    return origin.profile in WEARABLES


DETECTORS: tuple[Detector[Any], ...] = (fall_motion(),)
