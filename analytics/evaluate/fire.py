"""How early, and how often too early, Vigil speaks in recorded fires: experiment by experiment through the production step.

Delays are of the first of all nodes. Premature is what is said before half the time at which two real alarms responded; it is
counted for every node, against the node-hours that lie before that time. Each condition counts once a node and episode.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from analytics.evaluate.fire_recording import ROOM_DEVICES, Recording, messages, seconds_of, untenable_s
from analytics.runtime import Runtime
from analytics.step import Detector

# row of the table -> kinds of alarm
METHODS: dict[str, frozenset[str]] = {
    "fixed: rise 8.3 °C/min or 58 °C": frozenset({"heat"}),
    "fixed: smoke 10 %/m": frozenset({"smoke"}),
    "fixed: CO dose": frozenset({"co"}),
    "alarm": frozenset({"heat", "smoke", "co", "gas"}),
    "pre-alarm": frozenset({"fire_look"}),
    "pre-alarm or alarm": frozenset({"fire_look", "heat", "smoke", "co", "gas"}),
    "confirmed": frozenset({"fire_confirmed"}),
}
RECORDED = ("real alarms, recorded", "real photoelectric alarms or their equivalents")


@dataclass(frozen=True, slots=True)
class Said:
    """A finding that was raised: which node's, of which kind, and when."""

    node: str
    kind: str
    t_s: float


@dataclass(frozen=True, slots=True)
class Played:
    """One experiment and everything that was raised in it."""

    recording: Recording
    said: tuple[Said, ...]


def play(recording: Recording, lane: Iterable[Detector[Any]]) -> Played:
    """One experiment through a worker that has just started."""
    runtime = Runtime(lane)
    said: list[Said] = []
    for item in messages(recording):
        trial = runtime.trial()
        found = trial.feed(item)
        trial.adopt()
        said += [Said(item.origin.zone, one.kind, seconds_of(one.at)) for one in found if one.raised]
    return Played(recording, tuple(said))


def report(played: Sequence[Played]) -> dict[str, Any]:
    """The table and what it rests on. What needs truth that is not there is named in `cannot`."""
    known = [one for one in played if one.recording.truth is not None]
    cannot = [] if known else ["missed fires, margins, real alarms and premature alarms: no <stem>_experiments beside the file"]
    if known and not _judged(known):
        cannot.append("premature alarms: no <stem>_stations or <stem>_alarms beside the file")
    rows = {name: _row(played, kinds) for name, kinds in METHODS.items()}
    if known:
        rows |= {name: _recorded(known, name) for name in RECORDED}
    hours = sum(_early_hours(one) for one in _judged(known))
    return {"fires": len(played), "node_hours_before_half": round(hours, 2), "methods": rows, "cannot": cannot}


def first_s(one: Played, kinds: frozenset[str], since_s: float = 0.0) -> float | None:
    """When the first of all nodes said one of these kinds, at or after a second."""
    return min((said.t_s for said in one.said if said.kind in kinds and said.t_s >= since_s), default=None)


def half_s(one: Played) -> float | None:
    """Before this second an alarm is premature."""
    truth = one.recording.truth
    return None if truth is None or truth.two_alarms_s is None else truth.two_alarms_s / 2


def _row(played: Sequence[Played], kinds: frozenset[str]) -> dict[str, Any]:
    fires: dict[str, Any] = {}
    for one in played:
        half = half_s(one)
        first, away = first_s(one, kinds), untenable_s(one.recording)
        in_time = None if half is None else first_s(one, kinds, half)
        margin = None if first is None or away is None else round(away - first)
        fires[one.recording.name] = {"first_s": first, "first_not_premature_s": in_time, "margin_to_untenable_s": margin}
    judged = _judged(played)
    early = sum(_premature(one, kinds) for one in judged)
    hours = sum(_early_hours(one) for one in judged)
    rate = round(early * 24 / hours, 2) if hours else None
    return {**_by_mode(played, fires), "premature": early, "premature_per_24_node_hours": rate, "fires": fires}


def _by_mode(played: Sequence[Played], fires: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    modes = {one.recording.name: one.recording.truth.mode if one.recording.truth else "unknown" for one in played}
    for mode in sorted(set(modes.values())):
        named = [fires[name] for name in modes if modes[name] == mode]
        first = [fire["first_s"] for fire in named if fire["first_s"] is not None]
        later = [fire["first_not_premature_s"] for fire in named if fire.get("first_not_premature_s") is not None]
        found[mode] = {
            "fires": len(named),
            "missed": len(named) - len(first),
            "median_s": median(first) if first else None,
            "median_not_premature_s": median(later) if later else None,
        }
    return found


def _recorded(known: Sequence[Played], name: str) -> dict[str, Any]:
    fires: dict[str, Any] = {}
    for one in known:
        truth = one.recording.truth
        first = None if truth is None else truth.recorded_s if name == RECORDED[0] else truth.first_photo_s
        half, away = half_s(one), untenable_s(one.recording)
        late = first if first is not None and half is not None and first >= half else None
        margin = None if first is None or away is None else round(away - first)
        fires[one.recording.name] = {"first_s": first, "first_not_premature_s": late, "margin_to_untenable_s": margin}
    return {**_by_mode(known, fires), "fires": fires}


def _judged(played: Sequence[Played]) -> list[Played]:
    return [one for one in played if half_s(one) is not None]


def _premature(one: Played, kinds: frozenset[str]) -> int:
    half = half_s(one)
    return 0 if half is None else sum(said.kind in kinds and said.t_s < half for said in one.said)


def _early_hours(one: Played) -> float:
    """Node-hours that were recorded before half the time."""
    half, total = half_s(one) or 0.0, 0.0
    for rows in one.recording.nodes.values():
        times = [row["t_s"] for row in rows if row["t_s"] < half]
        total += times[-1] - times[0] if times else 0.0
    return total / 3600


def calm_rooms(rooms: Sequence[Recording], lane: Sequence[Detector[Any]]) -> dict[str, Any]:
    """What is raised in rooms where nothing burned, by kind, and over how many node-hours."""
    raised: dict[str, int] = {}
    hours = 0.0
    for room in rooms:
        runtime = Runtime(lane)
        for item in messages(room, ROOM_DEVICES):
            trial = runtime.trial()
            for finding in trial.feed(item):
                if finding.raised:
                    raised[finding.kind] = raised.get(finding.kind, 0) + 1
            trial.adopt()
        hours += sum((rows[-1]["t_s"] - rows[0]["t_s"]) / 3600 for rows in room.nodes.values() if rows)
    return {"rooms": len(rooms), "node_hours": round(hours, 1), "raised": dict(sorted(raised.items()))}
