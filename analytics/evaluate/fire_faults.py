"""Whether the fault detector finds the faulty meters and analysers of a recording: each column as a device of its own."""

from collections.abc import Mapping, Sequence
from typing import Any

from analytics.detectors import sensor_fault
from analytics.evaluate.fire_recording import Recording, messages
from analytics.runtime import Runtime

# flag of the recording -> the metric it is about, and the faults that name it
FLAGS: dict[str, tuple[str, frozenset[str]]] = {
    "od_offset": ("smoke_obscuration", frozenset({"fault_dirty", "fault_saturated"})),
    "od_saturated": ("smoke_obscuration", frozenset({"fault_saturated"})),
    "od_jump": ("smoke_obscuration", frozenset({"fault_jumping"})),
    "co_noisy": ("co", frozenset({"fault_noisy"})),
    "co2_offset": ("co2", frozenset({"fault_drifting", "fault_saturated"})),
}
_METERS: dict[str, dict[str, tuple[str, ...]]] = {
    "smoke_detector": {"smoke_obscuration": ("obsc_ceiling_pct_per_m",)},
    "co_detector": {"co": ("co_ppm",)},
    "air_sensor": {"co2": ("co2_ppm",)},
}
_PROFILE = {"smoke_obscuration": "smoke_detector", "co": "co_detector", "co2": "air_sensor"}


def faults(recordings: Sequence[Recording]) -> dict[str, Any]:
    """For each flag: meters that have it, found among them, and meters that measured without it but were called faulty so."""
    seen = {recording.name: _seen(recording) for recording in recordings}
    return {flag: _row(recordings, seen, flag) for flag in FLAGS}


def _seen(recording: Recording) -> dict[str, frozenset[str]]:
    """Faults by device."""
    runtime = Runtime(sensor_fault.DETECTORS)
    found: dict[str, frozenset[str]] = {}
    for item in messages(recording, _METERS):
        trial = runtime.trial()
        for finding in trial.feed(item):
            if finding.raised:
                rules = frozenset(reason.rule for reason in finding.reasons)
                found[finding.source] = found.get(finding.source, frozenset()) | rules
        trial.adopt()
        found.setdefault(item.origin.device, frozenset())
    return found


def _row(recordings: Sequence[Recording], seen: Mapping[str, Mapping[str, frozenset[str]]], flag: str) -> dict[str, int]:
    metric, names = FLAGS[flag]
    flagged = found = clean = wrong = 0
    for recording in recordings:
        for node in recording.nodes:
            rules = seen[recording.name].get(f"{_PROFILE[metric]}-{node}")
            if rules is None:
                continue
            has = flag in (recording.flags or {}).get(node, ())
            said = bool(rules & names)
            flagged, found = flagged + has, found + (has and said)
            clean, wrong = clean + (not has), wrong + (said and not has)
    return {"flagged": flagged, "found": found, "not_flagged": clean, "called_faulty": wrong}
