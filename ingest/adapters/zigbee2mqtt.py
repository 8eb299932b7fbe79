"""Zigbee2MQTT: topic `<friendly name>[/availability]`, one flat JSON object, all of the state each time.

A device is enrolled under its friendly name or its IEEE address (`0x00158d0001234567`), in small letters. Set `last_seen` in
Zigbee2MQTT: with it a message has a time and a key; without it equal messages within 60 s are one.
"""

from collections.abc import Mapping
from typing import Any

from ingest.adapters.adapted import Adapted, Meaning, fields, instant_ms, number, number_of, truth, untruth, values

_MARK = "~z2m"
_BRIDGE = frozenset({"bridge"})
_ORDERS = ("/set", "/get")

_METRICS: Mapping[str, tuple[Meaning, ...]] = {
    "temperature": (("temperature", number),),
    "device_temperature": (("temperature", number),),
    "battery": (("battery", number),),
    "occupancy": (("motion", truth), ("presence", truth)),
    "presence": (("presence", truth), ("motion", truth)),
    "contact": (("open", untruth),),
    "co": (("co", number),),
    "gas_value": (("gas", number),),
    "smoke_obscuration": (("smoke_obscuration", number),),
    "heart_rate": (("heart_rate", number),),
}

_EVENTS: Mapping[str, tuple[str, ...]] = {
    "sos": ("sos", "pull_cord"),
    "emergency": ("sos", "pull_cord"),
    "smoke": ("smoke",),
    "heat": ("heat",),
    "carbon_monoxide": ("co",),
    "gas": ("gas",),
    "fall": ("fall",),
    "tamper": ("tamper",),
    "battery_low": ("low_battery",),
    "test": ("test",),
}

# An action is a press in whatever way it was made; these alone are not.
_NO_PRESS = frozenset({"", "none", "release", "released", "hold_release", "off", "idle", "disarm", "brightness_stop"})


def zigbee2mqtt(rest: str, payload: bytes) -> Adapted | None:
    """One message of a Zigbee device. Raises BadPayload."""
    name, _, channel = rest.rpartition("/")
    if rest.split("/", 1)[0] in _BRIDGE or rest.endswith(_ORDERS) or not payload:
        return None
    if name and channel == "availability":
        return _availability(name, payload)
    found = fields(payload)
    seen = instant_ms(found.get("last_seen"))
    return Adapted(
        codes=_codes(rest, found),
        mark=_MARK,
        n=number_of(payload),
        t=seen,
        values=values(found, _METRICS),
        events=_events(found),
    )


def _availability(name: str, payload: bytes) -> Adapted | None:
    plain = payload.strip()
    state = plain.decode() if plain in (b"online", b"offline") else fields(payload).get("state")
    if state not in ("online", "offline"):
        return None
    return Adapted(codes=_codes(name, {}), mark=_MARK, n=number_of(payload), t=None, online=state == "online")


def _codes(name: str, found: Mapping[str, Any]) -> tuple[str, ...]:
    described = found.get("device")
    address = described.get("ieeeAddr") if isinstance(described, dict) else None
    return (name.lower(), address.lower()) if isinstance(address, str) else (name.lower(),)


def _events(found: Mapping[str, Any]) -> tuple[str, ...]:
    told = [kind for name, kinds in _EVENTS.items() if name in found and truth(found[name]) == 1.0 for kind in kinds]
    action = found.get("action")
    if isinstance(action, str) and action.strip().lower() not in _NO_PRESS:
        told += _EVENTS["sos"]
    return tuple(dict.fromkeys(told))
