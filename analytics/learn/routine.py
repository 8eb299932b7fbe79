"""What is usual for a resident, learned from weeks of signs of life: robust statistics by place, hour and weekday.

The same signs that the detectors see, as a table with the columns `at` (aware UTC), `place` and `door`. Nothing here is random.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from analytics.routine import Away, Routine
from analytics.signs import Sign

NEAR_H = 1.5  # a stillness counts for the hours this near to its beginning
SHORTEST_S = 900.0  # what is stiller for less is movement
UP_FROM_H = 4  # a morning begins
NIGHT_H = (0, 4)  # where one moves now by habit, a sign in the morning says nothing about being up
NIGHT_HABIT_SHARE = 0.2
UP_QUANTILE = 0.9
UP_MARGIN_MIN, UP_SPREADS = 45, 3.0
MORNINGS = 4  # fewer mornings say nothing
MAD = 1.4826
_Times = Any  # pandas' types of columns say less than they cost
_Numbers = Any


def table(signs: Iterable[Sign]) -> pd.DataFrame:
    """Signs as a table in time order."""
    rows = [(sign.at, sign.place, sign.door) for sign in signs]
    frame = pd.DataFrame(rows, columns=["at", "place", "door"])
    frame["at"] = pd.to_datetime(frame["at"], utc=True)
    return frame.sort_values("at", kind="stable", ignore_index=True)


def learn(signs: pd.DataFrame, version: str, offset_min: int, away: Sequence[Away] = ()) -> Routine:
    """The row of one resident. Times of absence and visits are left out; days are those with any sign."""
    signs = _present(signs, away)
    local = signs["at"] + pd.Timedelta(minutes=offset_min)
    days = int(local.dt.date.nunique())
    if not days:
        return Routine(version, 0, offset_min)
    still = _stillness(signs, local, away)
    inside = still[~still["door"]]
    day_places = _day_places(signs, local, days)
    up_from, up_by, up_limit = _mornings(signs, local, day_places)
    return Routine(
        version=version,
        days=days,
        offset_min=offset_min,
        still_s={str(place): _hourly(rows) for place, rows in inside.groupby("place")},
        anywhere_s=_hourly(inside),
        longest_out_s=float(still.loc[still["door"], "still_s"].max()) if still["door"].any() else 0.0,
        up_from_min=up_from,
        up_by_min=up_by,
        up_limit_min=up_limit,
        day_places=tuple(day_places),
        night_door_share=_night_door_share(signs, local, days),
        away=tuple(away),
    )


def population(rows: Sequence[Routine], version: str) -> Routine:
    """What a resident is given until a week is known: the median over residents of what is usual anywhere, by hour."""
    known = [row.anywhere_s for row in rows if row.anywhere_s]
    usual = np.median(np.array(known), axis=0) if known else np.zeros(24)
    return Routine(version, 0, rows[0].offset_min if rows else 0, anywhere_s=tuple(float(value) for value in usual))


def _present(signs: pd.DataFrame, away: Sequence[Away]) -> pd.DataFrame:
    keep = np.ones(len(signs), dtype=bool)
    for one in away:
        keep &= ~((signs["at"] >= one.since) & (signs["at"] < one.until)).to_numpy()
    return signs[keep].reset_index(drop=True)


def _stillness(signs: pd.DataFrame, local: _Times, away: Sequence[Away]) -> pd.DataFrame:
    """What followed every sign: its place, the local hour and the seconds until the next sign. None lasts through an away time."""
    still = (signs["at"].shift(-1) - signs["at"]).dt.total_seconds()
    hour = local.dt.hour + local.dt.minute / 60
    found = pd.DataFrame({"place": signs["place"], "door": signs["door"].astype(bool), "hour": hour, "still_s": still})
    usual = found["still_s"] >= SHORTEST_S
    for one in away:
        usual &= ~((signs["at"] < one.until) & (signs["at"].shift(-1) > one.since))
    return found[usual]


def _hourly(rows: pd.DataFrame) -> tuple[float, ...]:
    """The longest stillness near each local hour, to the quarter hour of a limit's use: its middle is half past."""
    hours, still = rows["hour"].to_numpy(), rows["still_s"].to_numpy()
    away = np.abs((hours[None, :] - (np.arange(24)[:, None] + 0.5) + 12) % 24 - 12)
    near = np.where(away <= NEAR_H + 0.5, still[None, :], 0.0)
    return tuple(float(value) for value in near.max(axis=1, initial=0.0))


def _day_places(signs: pd.DataFrame, local: _Times, days: int) -> list[str]:
    """Places where one moves by day, and on few nights."""
    night = local.dt.hour.between(NIGHT_H[0], NIGHT_H[1] - 1)
    nights = local[night].dt.date.groupby(signs.loc[night, "place"]).nunique()
    inside = signs.loc[~signs["door"].astype(bool), "place"]
    return [str(place) for place in sorted(inside.unique()) if nights.get(place, 0) / days < NIGHT_HABIT_SHARE]


def _mornings(
    signs: pd.DataFrame, local: _Times, day_places: Sequence[str]
) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """From when, usually by when, and by when at the latest the resident is up: by weekday, working days and weekends apart."""
    up = (signs["place"].isin(day_places) | signs["door"].astype(bool)) & (local.dt.hour >= UP_FROM_H)
    first = local[up].groupby(local[up].dt.date).min()
    minutes = first.dt.hour * 60 + first.dt.minute
    weekend = first.dt.day_of_week >= 5
    kinds = [_morning(minutes[weekend == flag], minutes) for flag in (False, True)]
    by_day = [kinds[weekday >= 5] for weekday in range(7)]
    return tuple(one[0] for one in by_day), tuple(one[1] for one in by_day), tuple(one[2] for one in by_day)


def _morning(own: _Numbers, every: _Numbers) -> tuple[int, int, int]:
    """Of one kind of day; of all days where it has too few. (0, 0, 0) where nothing is known."""
    minutes = own if len(own) >= MORNINGS else every
    if len(minutes) < MORNINGS:
        return 0, 0, 0
    by = float(minutes.quantile(UP_QUANTILE))
    spread = MAD * float((minutes - minutes.median()).abs().median())
    limit = max(float(minutes.max()), by) + max(UP_MARGIN_MIN, UP_SPREADS * spread / 2)
    return UP_FROM_H * 60, round(by), min(round(limit), 24 * 60 - 1)


def _night_door_share(signs: pd.DataFrame, local: _Times, days: int) -> float:
    used = signs["door"].astype(bool) & ((local.dt.hour >= 23) | (local.dt.hour < 5))
    nights = (local[used] - pd.Timedelta(hours=12)).dt.date.nunique()
    return round(min(1.0, float(nights) / days), 3)
