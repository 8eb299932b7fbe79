"""Plausible readings of every kind of device at an hour of the day: quiet rooms, warm kitchens, people asleep at night.

Chance comes as an argument; the same draw gives the same life. `hour` is local, 0 to 24; what a resident
does then is the routine's.
"""

import math
from collections.abc import Callable, Mapping
from random import Random

from devices.profiles import WEARABLES
from simulators.routine import Routine

Values = dict[str, float]
Habit = Callable[[Random, float, Routine], Values]

_MEALS = (7.0, 11.6, 17.8)


def values(profile: str, rng: Random, hour: float, routine: Routine) -> Values:
    """What this kind of device shows; battery and signal are the caller's. Empty for devices that only report their link."""
    habit = HABITS.get(profile)
    return habit(rng, hour, routine) if habit else {}


def near_meal(hour: float) -> float:
    """1 while meals are cooked, falling to 0 an hour away from them."""
    return max(math.exp(-(((hour - meal) / 0.5) ** 2)) for meal in _MEALS)


def _room(rng: Random, hour: float) -> float:
    return round(21.5 + 1.8 * math.sin((hour - 9) / 24 * 2 * math.pi) + rng.gauss(0, 0.25), 2)


def _smoke(rng: Random, hour: float, routine: Routine) -> Values:
    return {"smoke_obscuration": round(abs(rng.gauss(0.15, 0.08)), 3), "temperature": _room(rng, hour)}


def _heat(rng: Random, hour: float, routine: Routine) -> Values:
    return {"temperature": round(_room(rng, hour) + 9 * near_meal(hour), 2)}


def _co(rng: Random, hour: float, routine: Routine) -> Values:
    return {
        "co": round(abs(rng.gauss(0.8, 0.6)) + 3 * near_meal(hour), 1),
        "temperature": round(_room(rng, hour) + 5 * near_meal(hour), 2),
    }


def _gas(rng: Random, hour: float, routine: Routine) -> Values:
    return {
        "gas": round(abs(rng.gauss(0.2, 0.15)) + 0.6 * near_meal(hour), 2),
        "temperature": round(_room(rng, hour) + 5 * near_meal(hour), 2),
    }


def _bed(rng: Random, hour: float, routine: Routine) -> Values:
    if not routine.in_bed(hour):
        return {"occupied": 0, "movement": 0}
    return {
        "occupied": 1,
        "heart_rate": round(min(max(rng.gauss(63, 4), 45), 90)),
        "breathing_rate": round(min(max(rng.gauss(15, 1.2), 9), 22), 1),
        "movement": round(min(40.0, abs(rng.gauss(4, 5))), 1),
    }


def _radar(rng: Random, hour: float, routine: Routine) -> Values:
    away = routine.in_bed(hour) or routine.out(hour)
    here = routine.up_at_night(hour) or (not away and rng.random() < 0.12)
    height = rng.uniform(0.7, 1.6) if here else 0.0
    return {"presence": float(here), "height": round(height, 2), "motion": round(rng.uniform(5, 60), 1) if here else 0.0}


def _wearable(rng: Random, hour: float, routine: Routine) -> Values:
    lies, walks = routine.in_bed(hour), routine.out(hour)
    steps = 0.0 if lies else float(max(0, round(rng.gauss(1_400 if walks else 90, 70))))
    pulse = 64 if lies else 92 if walks else 78
    return {"heart_rate": float(round(rng.gauss(pulse, 5))), "steps": steps, "worn": float(rng.random() < 0.97)}


def _motion(rng: Random, hour: float, routine: Routine) -> Values:
    moves = routine.up_at_night(hour) or not (routine.in_bed(hour) or routine.out(hour) or rng.random() < 0.3)
    return {"motion": float(moves), "temperature": _room(rng, hour)}


def _door(rng: Random, hour: float, routine: Routine) -> Values:
    return {"open": float(not routine.in_bed(hour) and rng.random() < 0.03)}


def _air(rng: Random, hour: float, routine: Routine) -> Values:
    by_day = max(0.0, math.sin((hour - 6) / 16 * math.pi)) if 6 <= hour <= 22 else 0.0
    return {
        "temperature": _room(rng, hour),
        "humidity": round(45 + 4 * by_day + rng.gauss(0, 0.5), 1),
        "co2": float(round(480 + 260 * by_day + rng.gauss(0, 15))),
    }


def _electrical(rng: Random, hour: float, routine: Routine) -> Values:
    load = near_meal(hour)
    return {
        "residual_current": round(abs(rng.gauss(12, 2)) + 8 * load, 1),
        "cable_temperature": round(_room(rng, hour) + 4 + 14 * load, 1),
    }


def _exit(rng: Random, hour: float, routine: Routine) -> Values:
    return {"blocked": 0.0, "open": float(6 <= hour <= 21 and rng.random() < 0.05)}


def _water(rng: Random, hour: float, routine: Routine) -> Values:
    return {"water_pressure": round(0.24 - 0.02 * near_meal(hour) + rng.gauss(0, 0.003), 3)}


HABITS: Mapping[str, Habit] = {
    "smoke_detector": _smoke,
    "heat_detector": _heat,
    "co_detector": _co,
    "gas_detector": _gas,
    "bed_sensor": _bed,
    "fall_radar": _radar,
    **dict.fromkeys(WEARABLES, _wearable),
    "motion_sensor": _motion,
    "door_contact": _door,
    "air_sensor": _air,
    "electrical_monitor": _electrical,
    "exit_monitor": _exit,
    "water_pressure": _water,
}
