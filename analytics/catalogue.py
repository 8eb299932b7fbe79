"""Every detector that runs, by lane. What is not in this table does not run."""

from typing import Any

from analytics.detectors import (
    bathroom_stay,
    co,
    device_alarm,
    fall_event,
    fall_motion,
    fixed_thresholds,
    heat,
    on_floor,
    press,
    probe,
    silence,
    vital_signs,
)
from analytics.detectors.bed_return import bed_return
from analytics.detectors.night_door import night_door
from analytics.detectors.not_up import not_up
from analytics.detectors.rooms import ROOMS
from analytics.detectors.stillness import LastSign, stillness
from analytics.fall_judge import Judge
from analytics.routine import Routines
from analytics.step import Detector

EVENT_LANE: tuple[Detector[Any], ...] = (*press.DETECTORS, *fall_event.DETECTORS, *device_alarm.DETECTORS, *probe.DETECTORS)
PERSON: tuple[Detector[Any], ...] = (
    *on_floor.DETECTORS,
    *bathroom_stay.DETECTORS,
    *vital_signs.DETECTORS,
    *fall_motion.DETECTORS,
)
TELEMETRY_LANE: tuple[Detector[Any], ...] = (
    *fixed_thresholds.DETECTORS,
    *heat.DETECTORS,
    *co.DETECTORS,
    *ROOMS,
    *silence.DETECTORS,
    *PERSON,
)


def learned_lane(routines: Routines, last_sign: LastSign = lambda resident: None) -> tuple[Detector[Any], ...]:
    """Detectors of the telemetry lane that need to know what is usual for a resident, given as learned rows."""
    return (stillness(routines, last_sign), not_up(routines), night_door(routines), bed_return(routines))


def judged_by(judge: Judge, lane: tuple[Detector[Any], ...] = TELEMETRY_LANE) -> tuple[Detector[Any], ...]:
    """A lane whose falls are judged by a model instead of the plain rule."""
    return tuple(fall_motion.fall_motion(judge) if one.name == fall_motion.NAME else one for one in lane)
