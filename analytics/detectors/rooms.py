"""The detectors that watch rooms and the sensors in them: rows of the catalogue."""

from typing import Any

from analytics.detectors import chatter, room, sensor_fault, spread
from analytics.step import Detector

ROOMS: tuple[Detector[Any], ...] = (*room.DETECTORS, *spread.DETECTORS, *sensor_fault.DETECTORS, *chatter.DETECTORS)
