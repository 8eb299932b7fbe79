"""What smoke looks like when it is steam, cooking or dust. A pattern lowers the confidence shown and hurries the look; it silences
nothing.

The limits are ours and were never held against recorded nuisance smoke, because no such recording could be had: they are tested on
synthetic curves only.
"""

from collections.abc import Mapping
from datetime import timedelta

LOOK_WITHIN = timedelta(minutes=3)
LOOK_WITHIN_NUISANCE = timedelta(minutes=2)
DOUBT = 0.5  # by which a pattern multiplies the confidence shown

SMOKE_RISE = 2.0
STEAM_HUMIDITY_RISE = 8.0
COOKING_HUMIDITY_RISE = 2.0
COOKING_TEMPERATURE_RISE = (1.0, 8.0)
DUST_SMOKE_GROWTH = 5.0
FIRE_CO_RISE = 10.0


def pattern(signs: Mapping[str, float]) -> str | None:
    """steam, cooking or dust when the smoke of a room looks like it, else None. CO or real heat with the smoke is never one."""
    if signs["smoke_obscuration_rise"] < SMOKE_RISE or signs["co_rise"] >= FIRE_CO_RISE:
        return None
    humidity, temperature = signs["humidity_rise"], signs["temperature_rise"]
    if temperature >= COOKING_TEMPERATURE_RISE[1]:
        return None
    if humidity >= STEAM_HUMIDITY_RISE:
        return "steam"
    if temperature >= COOKING_TEMPERATURE_RISE[0] and humidity >= COOKING_HUMIDITY_RISE:
        return "cooking"
    still = temperature < COOKING_TEMPERATURE_RISE[0] and humidity < COOKING_HUMIDITY_RISE
    return "dust" if still and signs["smoke_obscuration_growth"] >= DUST_SMOKE_GROWTH else None
