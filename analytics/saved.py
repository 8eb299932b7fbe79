"""A detector's state as JSON and back, so that it can be kept, sent and compared."""

from datetime import datetime
from typing import Any

import msgspec

from analytics.step import Detector

_NONE: dict[str, datetime] = {}


def save(state: Any) -> bytes:
    """The state as JSON."""
    return msgspec.json.encode(state)


def restore(detector: Detector[Any], saved: bytes) -> Any:
    """The state that `save` was given. Raises msgspec.ValidationError when it belongs to another version of the detector."""
    return msgspec.json.decode(saved, type=type(detector.start("", _NONE)))
