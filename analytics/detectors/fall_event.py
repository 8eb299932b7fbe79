"""A wearable or a radar decided by itself that its wearer, or someone in its room, fell."""

from typing import Any

from analytics.detectors.spoken import spoken
from analytics.step import Detector, Reason

DETECTORS: tuple[Detector[Any], ...] = (spoken("fall_event", 1, ("fall",), Reason("device_detected_fall", source="ours")),)
