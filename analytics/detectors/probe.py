"""The probe pressed itself: an alarm like any other press, so that what it proves is the path that presses take."""

from typing import Any

from analytics.detectors.spoken import spoken
from analytics.step import Detector, Reason

DETECTORS: tuple[Detector[Any], ...] = (spoken("probe", 1, ("probe",), Reason("probe_pressed", source="ours")),)
