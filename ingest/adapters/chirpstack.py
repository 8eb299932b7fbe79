"""ChirpStack v4, JSON marshaler: topic `application/<id>/device/<devEui>/event/<up|status|…>`.

A device is enrolled under its DevEUI in small letters. The key is the deduplicationId. A codec must be set in ChirpStack's device
profile: it gives `object`, whose fields are named by whoever wrote the codec, so the table knows the usual synonyms.
"""

from collections.abc import Mapping
from typing import Any

from devices.codec import BadPayload
from ingest.adapters.adapted import Adapted, Meaning, fields, instant_ms, number, number_of, truth, untruth, values

_MARK = "~lora"

_METRICS: Mapping[str, tuple[Meaning, ...]] = {
    "temperature": (("temperature", number),),
    "temp": (("temperature", number),),
    "battery": (("battery", number),),
    "batteryLevel": (("battery", number),),
    "battery_level": (("battery", number),),
    "bat": (("battery", number),),
    "smoke_obscuration": (("smoke_obscuration", number),),
    "co": (("co", number),),
    "co_ppm": (("co", number),),
    "gas_lel": (("gas", number),),
    "motion": (("motion", truth), ("presence", truth)),
    "occupancy": (("motion", truth), ("presence", truth)),
    "pir": (("motion", truth), ("presence", truth)),
    "presence": (("presence", truth),),
    "open": (("open", truth),),
    "door": (("open", truth),),
    "magnet_status": (("open", truth),),
    "contact": (("open", untruth),),
    "occupied": (("occupied", truth),),
    "heart_rate": (("heart_rate", number),),
    "steps": (("steps", number),),
}

_EVENTS: Mapping[str, tuple[str, ...]] = {
    "sos": ("sos", "pull_cord"),
    "sos_event": ("sos", "pull_cord"),
    "emergency": ("sos", "pull_cord"),
    "button": ("sos", "pull_cord"),
    "button_pressed": ("sos", "pull_cord"),
    "pressed": ("sos", "pull_cord"),
    "pull_cord": ("pull_cord", "sos"),
    "fall": ("fall",),
    "fall_detected": ("fall",),
    "smoke": ("smoke",),
    "smoke_alarm": ("smoke",),
    "heat_alarm": ("heat",),
    "co_alarm": ("co",),
    "gas_alarm": ("gas",),
    "tamper": ("tamper",),
    "tamper_status": ("tamper",),
    "low_battery": ("low_battery",),
    "test": ("test",),
}


def chirpstack(rest: str, payload: bytes) -> Adapted | None:
    """One uplink or status of a LoRaWAN device; joins, logs and the like tell nothing of the person. Raises BadPayload."""
    kind = rest.rpartition("/event/")[2]
    if kind not in ("up", "status"):
        return None
    found = fields(payload)
    identity, euid = found.get("deduplicationId"), _euid(found)
    if not isinstance(identity, str) or not identity:
        raise BadPayload("deduplicationId: expected text, got none")
    told, events = _status(found) if kind == "status" else _uplink(found)
    n = number_of(identity.encode(errors="replace"))
    return Adapted((euid,), _MARK, n, instant_ms(found.get("time")), told, events, unique=True)


def _euid(found: Mapping[str, Any]) -> str:
    described = found.get("deviceInfo")
    euid = described.get("devEui") if isinstance(described, dict) else None
    if not isinstance(euid, str):
        raise BadPayload("deviceInfo.devEui: expected text, got none")
    return euid.lower()


def _uplink(found: Mapping[str, Any]) -> tuple[dict[str, float], tuple[str, ...]]:
    told = found.get("object")
    if not isinstance(told, dict):
        raise BadPayload("object: expected decoded values, got none; set a codec in ChirpStack's device profile")
    events = (kind for name, kinds in _EVENTS.items() if name in told and _happened(told[name]) for kind in kinds)
    return values(told, _METRICS) | _signal(found), tuple(dict.fromkeys(events))


def _happened(value: Any) -> bool:
    """Codecs name the way of a press ("short", "double"); whatever is not a plain no has happened."""
    said = truth(value)
    return bool(said) if said is not None else isinstance(value, str)


def _status(found: Mapping[str, Any]) -> tuple[dict[str, float], tuple[str, ...]]:
    level = number(found.get("batteryLevel"))
    return ({} if level is None or found.get("batteryLevelUnavailable") is True else {"battery": level}), ()


def _signal(found: Mapping[str, Any]) -> dict[str, float]:
    heard = found.get("rxInfo")
    strengths = [number(one.get("rssi")) for one in heard if isinstance(one, dict)] if isinstance(heard, list) else []
    best = max((strength for strength in strengths if strength is not None), default=None)
    return {} if best is None else {"signal": best}
