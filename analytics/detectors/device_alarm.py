"""A smoke, heat, CO or gas detector sounded: always an alarm.

A certified detector's own decision is never second-guessed, also when its readings look calm.
"""

from typing import Any

from analytics.detectors.spoken import spoken
from analytics.step import Detector, Reason

DETECTORS: tuple[Detector[Any], ...] = (
    spoken(
        "device_alarm", 1, ("smoke", "heat", "co", "gas"), Reason("device_sounded", source="the device's own certified decision")
    ),
)
