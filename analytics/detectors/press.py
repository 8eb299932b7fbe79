"""A person pressed a button or pulled a cord: always an alarm, whatever the device, the battery or the hour."""

from typing import Any

from analytics.detectors.spoken import spoken
from analytics.step import Detector, Reason

DETECTORS: tuple[Detector[Any], ...] = (spoken("press", 1, ("sos", "pull_cord"), Reason("pressed", source="ours")),)
