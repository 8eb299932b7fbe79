"""Every detector that runs, by lane. What is not in this table does not run."""

from typing import Any

from analytics.detectors import co, device_alarm, fall_event, fixed_thresholds, heat, press, probe, silence
from analytics.detectors.rooms import ROOMS
from analytics.step import Detector

EVENT_LANE: tuple[Detector[Any], ...] = (*press.DETECTORS, *fall_event.DETECTORS, *device_alarm.DETECTORS, *probe.DETECTORS)
TELEMETRY_LANE: tuple[Detector[Any], ...] = (
    *fixed_thresholds.DETECTORS,
    *heat.DETECTORS,
    *co.DETECTORS,
    *ROOMS,
    *silence.DETECTORS,
)
