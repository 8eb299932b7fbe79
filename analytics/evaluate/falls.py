"""How well falls are seen in recorded trials: streamed in one-second packets through the production step, counted by trial.

A trial counts as alarmed when at least one fall is found in it. False alarms are counted per hour of scripted activity and say
nothing about days: the activities are chosen to provoke.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from analytics.detectors.fall_motion import FallState
from analytics.evaluate.recording import Packet, Signal, Trial, packets
from analytics.evaluate.shares import confusion, share
from analytics.runtime import Runtime
from analytics.step import Detector, Finding, Origin, Waveform
from devices.keys import Key, instant
from devices.profiles import ANYWHERE

START = instant(1_790_000_000_000)
CAUTION = "scripted recordings, falls mostly acted: no sensitivity in life, no rate a day (docs/models/falls.md)"
SILENT_AFTER = timedelta(seconds=30)  # so long after the last packet the detector's own deadlines are let pass

_DEVICE = "wear-1"


@dataclass(frozen=True, slots=True)
class Alarm:
    """`impact_s` of the trial; `delay_s` from the impact to when the detector told it; with its `probability`."""

    impact_s: float
    delay_s: float
    probability: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was found in a trial."""

    trial: str
    subject: str
    activity: str
    is_fall: bool | None
    elderly: bool | None
    seconds: float
    alarms: tuple[Alarm, ...]
    cpu_s: float = 0.0


def stream(detector: Detector[FallState], signal: Signal, profile: str = ANYWHERE) -> tuple[Alarm, ...]:
    """The falls that production would find in this signal of a device of this profile."""
    runtime, found = Runtime([detector]), list[Alarm]()
    now = START
    for number, packet in enumerate(packets(signal)):
        item = waveform(packet, number, profile)
        now = item.now
        trial = runtime.trial()
        found += [_alarm(one, now) for one in trial.feed(item) if one.raised and one.kind == "fall_motion"]
        trial.adopt()
    return (*found, *_silence(runtime, now + SILENT_AFTER))


def waveform(packet: Packet, number: int, profile: str = ANYWHERE) -> Waveform:
    """The message of a packet; it arrives when its last sample was taken."""
    at = START + timedelta(milliseconds=round(packet.start_ms))
    now = at + timedelta(seconds=len(packet.xyz_mg) / packet.rate_hz)
    xyz = tuple((x, y, z) for x, y, z in packet.xyz_mg.tolist())
    origin = Origin(_DEVICE, profile, "1", "home-1", "", "resident-1")
    return Waveform(origin, at, now, Key(_DEVICE, "b", number, 0), packet.rate_hz, "mg", xyz)


def outcomes(detector: Detector[FallState], trials: Iterable[Trial], cpu: Callable[[], float]) -> list[Outcome]:
    """Stream every trial; `cpu` reads the CPU seconds used so far."""
    found = []
    for one in trials:
        began = cpu()
        alarms = stream(detector, one.signal, one.profile)
        used = cpu() - began
        found.append(Outcome(one.trial, one.subject, one.activity, one.is_fall, one.elderly, one.signal.seconds, alarms, used))
    return found


def report(found: Sequence[Outcome]) -> dict[str, Any]:
    """The figures, in % with 95 % intervals (Wilson). What the recordings do not allow is listed under `not_computed`."""
    told = [one for one in found if one.is_fall is not None]
    hours, cpu_s = sum(one.seconds for one in found) / 3600, sum(one.cpu_s for one in found)
    figures: dict[str, Any] = {
        "trials": len(found),
        "falls": sum(one.is_fall is True for one in told),
        "hours": round(hours, 3),
        "alarmed_trials": sum(bool(one.alarms) for one in found),
        "cpu_s_per_hour_of_signal": round(cpu_s / hours, 3) if hours else None,
        "not_computed": _not_computed(found),
        "caution": CAUTION,
    }
    if told:
        figures |= counted(told) | _details(told)
    return figures


def counted(told: Iterable[Outcome]) -> dict[str, Any]:
    """Sensitivity, specificity, precision and F1 of trials whose truth is known."""
    count = {(fall, alarmed): 0 for fall in (True, False) for alarmed in (True, False)}
    for one in told:
        count[bool(one.is_fall), bool(one.alarms)] += 1
    return dict(confusion(count[True, True], count[True, False], count[False, True], count[False, False]))


def _alarm(finding: Finding, now: datetime) -> Alarm:
    impact, delay = (finding.at - START).total_seconds(), (now - finding.at).total_seconds()
    return Alarm(round(impact, 3), round(delay, 3), finding.evidence.get("probability", 1.0))


def _silence(runtime: Runtime, until: datetime) -> Iterable[Alarm]:
    """What the detector's deadlines find once nothing more comes."""
    due = runtime.next_deadline()
    while due is not None and due <= until:
        trial = runtime.trial()
        yield from (_alarm(one, due) for one in trial.tick(due) if one.raised and one.kind == "fall_motion")
        trial.adopt()
        due = runtime.next_deadline()


def _details(told: Sequence[Outcome]) -> dict[str, Any]:
    calm = [one for one in told if not one.is_fall]
    hours, false = sum(one.seconds for one in calm) / 3600, sum(len(one.alarms) for one in calm)
    delays = sorted(one.alarms[0].delay_s for one in told if one.is_fall and one.alarms)
    return {
        "false_alarms": false,
        "false_alarms_per_scripted_hour": round(false / hours, 2) if hours else None,
        "delay_from_impact_s": {"median": round(median(delays), 2), "max": round(delays[-1], 2)} if delays else None,
        "elderly": counted([one for one in told if one.elderly]) if any(one.elderly for one in told) else None,
        "activities": _activities(told),
        "subjects": _subjects(told),
    }


def _activities(told: Iterable[Outcome]) -> dict[str, Any]:
    """Per activity: whether it is a fall, its trials, and the share that was alarmed."""
    groups = _by(told, lambda one: one.activity)
    return {
        name: {"is_fall": bool(rows[0].is_fall), "alarmed": share(sum(bool(one.alarms) for one in rows), len(rows))}
        for name, rows in sorted(groups.items())
    }


def _subjects(told: Iterable[Outcome]) -> dict[str, Any]:
    """The spread between people: worst, median and best sensitivity and specificity."""
    each = [counted(rows) for rows in _by(told, lambda one: one.subject).values()]
    spread: dict[str, Any] = {"people": len(each)}
    for figure in ("sensitivity", "specificity"):
        values = sorted(one[figure]["value"] for one in each if one[figure]["value"] is not None)
        spread[figure] = {"worst": values[0], "median": median(values), "best": values[-1]} if values else None
    return spread


def _by(told: Iterable[Outcome], name: Callable[[Outcome], str]) -> Mapping[str, list[Outcome]]:
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for one in told:
        groups[name(one)].append(one)
    return groups


def _not_computed(found: Sequence[Outcome]) -> list[str]:
    missing = []
    if not any(one.is_fall is not None for one in found):
        missing.append("sensitivity, specificity, precision, F1, false alarms, delay: the file has no is_fall")
    if not any(one.elderly is not None for one in found):
        missing.append("figures of the elderly: the trials do not say who is old")
    return missing
