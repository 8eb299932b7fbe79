"""A recorded home as the messages that its devices would have sent. Pure.

Rows are (time, sensor, value). The name says what a sensor is: an outside, main, entrance or front door is a door contact, a
pressure mat an occupied bed or seat, everything else a motion sensor; ON, OPEN and 1 are on.
"""

import re
from collections.abc import Iterable
from datetime import datetime

from analytics.signs import Sign, observe
from analytics.step import Event, Message, Origin, Reading
from devices.keys import Key, milliseconds

_ON = frozenset({"ON", "OPEN", "1", "TRUE", "PRESENT"})
_EXIT = re.compile(r"(outside|main|entrance|front).*door|door.*(outside|main|entrance|front)", re.IGNORECASE)

Row = tuple[datetime, str, str]


def messages(home: str, rows: Iterable[Row]) -> list[Message]:
    """Rows in time order, times aware, as messages of one resident's devices."""
    origins: dict[str, Origin] = {}
    found: list[Message] = []
    for n, (at, sensor, value) in enumerate(rows):
        if sensor not in origins:
            origins[sensor] = _origin(home, sensor)
        origin, on = origins[sensor], value.upper() in _ON
        key = Key(origin.device, "", n, milliseconds(at))
        if origin.profile == "door_contact":
            found.append(Event(origin, at, at, key, "opened" if on else "closed"))
        else:
            metric = "occupied" if origin.profile == "bed_sensor" else "motion"
            found.append(Reading(origin, at, at, key, {metric: float(on)}))
    return found


def signs(heard: Iterable[Message]) -> list[Sign]:
    """The signs of life among messages, as the detectors see them."""
    levels: tuple[tuple[str, float], ...] = ()
    found: list[Sign] = []
    for item in heard:
        levels, sign = observe(levels, item)
        if sign is not None:
            found.append(sign)
    return found


def _origin(home: str, sensor: str) -> Origin:
    code = re.sub(r"[^a-z0-9]+", "-", sensor.lower()).strip("-")[:40]
    profile = "door_contact" if _EXIT.search(sensor) else "bed_sensor" if "pressure" in sensor.lower() else "motion_sensor"
    return Origin(code, profile, "recorded", home, "", home)
