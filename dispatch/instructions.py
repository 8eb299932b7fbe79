"""What the desk is told to have done first for each kind of fire and gas alarm: a key; its words and steps belong to the playbook.

Three levels: a pre-alarm asks for a look, an alarm is to be verified on the way, a confirmed fire evacuated before anything else.
"""

from collections.abc import Iterable

from dispatch.alarm import kind_of

INSTRUCTIONS: dict[str, str] = {
    "fire_look": "look",
    "smoke_check": "look_nuisance",
    "spread_look": "look_beside_fire",
    "gas_co_look": "look_and_air",
    "residual_current": "electrician",
    "cable_heat": "electrician",
    "smoke": "verify_fire",
    "heat": "verify_fire",
    "fire_confirmed": "evacuate",
    "co": "air_and_shut_off",
    "gas": "air_and_shut_off",
}
_URGENCY = (
    "evacuate",
    "air_and_shut_off",
    "verify_fire",
    "look_beside_fire",
    "electrician",
    "look_and_air",
    "look",
    "look_nuisance",
)


def instructions(kinds: Iterable[str]) -> str:
    """The key of the most urgent kind among the alarms that stand; "" where there is none. Raises UnknownKind."""
    keys = {INSTRUCTIONS[kind] for kind in kinds if kind_of(kind).name in INSTRUCTIONS}
    return next((key for key in _URGENCY if key in keys), "")
