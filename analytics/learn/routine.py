"""What is usual for a resident, learned from weeks of signs of life: robust statistics by place, hour and weekday.

One bad day, or one in ten, teaches nothing: an absence that nobody entered, a fall that nobody saw, an outage.

The same signs that the detectors see, as a table with the columns `at` (aware UTC), `place` and `door`. Nothing here is random.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from analytics.routine import DAY_MIN, POPULATION, Away, Routine
from analytics.signs import Sign

NEAR_H = 1.5  # a stillness counts for the hours this near to its beginning
SHORTEST_S = 900.0  # what is stiller for less is movement
UP_FROM_H = 4  # a morning begins
NIGHT_H = (0, 4)  # where one moves now by habit, a sign in the morning says nothing about being up
NIGHT_HABIT_SHARE = 0.2
UP_QUANTILE = 0.9
UP_MARGIN_MIN, UP_SPREADS = 45, 3.0
UP_LATEST_MIN = 12 * 60  # no morning is longer, but for who usually sleeps into the afternoon: ours
MORNINGS = 4  # fewer mornings say nothing
MAD = 1.4826
ASIDE_SHARE = 0.1  # of the days, at least one, are set aside before it is said what the longest usual is: ours
ABOVE_ASIDE = 2.0  # so many times the longest of the others is the most that those set aside still teach: ours, judged with it
_Times = Any  # pandas' types of columns say less than they cost
_Numbers = Any

Span = tuple[datetime, datetime]


def table(signs: Iterable[Sign]) -> pd.DataFrame:
    """Signs as a table in time order."""
    rows = [(sign.at, sign.place, sign.door) for sign in signs]
    frame = pd.DataFrame(rows, columns=["at", "place", "door"])
    frame["at"] = pd.to_datetime(frame["at"], utc=True)
    return frame.sort_values("at", kind="stable", ignore_index=True)


def learn(signs: pd.DataFrame, version: str, offset_min: int, away: Sequence[Away] = (), left_out: Sequence[Span] = ()) -> Routine:
    """The row of one resident. Absence, visits and what else is left out teach nothing; days are those with any sign."""
    spans = [(one.since, one.until) for one in away] + list(left_out)
    signs = _present(signs, spans)
    local = signs["at"] + pd.Timedelta(minutes=offset_min)
    days = int(local.dt.date.nunique())
    if not days:
        return Routine(version, 0, offset_min)
    still, left = _stillness(signs, local, spans)
    inside = still[~still["door"]]
    least = _least(left[~left["door"]], days)
    day_places = _day_places(signs, local, days)
    up_from, up_by, up_limit = _mornings(signs, local, day_places, spans)
    return Routine(
        version=version,
        days=days,
        offset_min=offset_min,
        still_s={str(place): _hourly(rows, days, least) for place, rows in inside.groupby("place")},
        anywhere_s=_hourly(inside, days, least),
        longest_out_s=_longest_out(still[still["door"]], days),
        up_from_min=up_from,
        up_by_min=up_by,
        up_limit_min=up_limit,
        day_places=tuple(day_places),
        night_door_share=_night_door_share(signs, local, days),
        away=tuple(away),
    )


def unheard(heard: Sequence[datetime], silent_after: timedelta) -> list[Span]:
    """Times in which no device of a home said anything, not even that it lives, for longer than it may: Vigil or the home was deaf.

    `heard`: when anything came, in time order.
    """
    return [(before, after) for before, after in pairwise(heard) if after - before > silent_after]


def population(rows: Sequence[Routine], version: str) -> Routine:
    """What a resident is given until a week is known: the median over residents of what is usual anywhere, by hour."""
    known = [row.anywhere_s for row in rows if row.anywhere_s]
    usual = np.median(np.array(known), axis=0) if known else np.zeros(24)
    return Routine(version, 0, rows[0].offset_min if rows else 0, anywhere_s=tuple(float(value) for value in usual))


def _present(signs: pd.DataFrame, spans: Sequence[Span]) -> pd.DataFrame:
    keep = np.ones(len(signs), dtype=bool)
    for since, until in spans:
        keep &= ~((signs["at"] >= since) & (signs["at"] < until)).to_numpy()
    return signs[keep].reset_index(drop=True)


def _stillness(signs: pd.DataFrame, local: _Times, spans: Sequence[Span]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What followed every sign: its place, the local day and hour, the seconds until the next sign. Through a span: apart."""
    still = (signs["at"].shift(-1) - signs["at"]).dt.total_seconds()
    hour = local.dt.hour + local.dt.minute / 60
    door = signs["door"].astype(bool)
    found = pd.DataFrame({"place": signs["place"], "door": door, "day": local.dt.date, "hour": hour, "still_s": still})
    through = np.zeros(len(signs), dtype=bool)
    for since, until in spans:
        through |= ((signs["at"] < until) & (signs["at"].shift(-1) > since)).to_numpy()
    long = found["still_s"] >= SHORTEST_S
    return found[long & ~through], found[long & through]


def _by_day(rows: pd.DataFrame) -> _Numbers:
    """Days by 24: the longest stillness near each local hour, to the quarter hour of a limit's use: its middle is half past."""
    hours, still = rows["hour"].to_numpy(), rows["still_s"].to_numpy()
    away = np.abs((hours[None, :] - (np.arange(24)[:, None] + 0.5) + 12) % 24 - 12)
    near = pd.DataFrame(np.where(away <= NEAR_H + 0.5, still[None, :], 0.0).T)
    return near.groupby(rows["day"].to_numpy()).max().to_numpy()


def _least(left: pd.DataFrame, days: int) -> _Numbers:
    """The population's at hours of which most days were left out, since who taught nothing there was not always moving; else 0."""
    return np.where((_by_day(left) > 0).sum(axis=0) > days / 2, POPULATION.anywhere_s, 0.0)


def _hourly(rows: pd.DataFrame, days: int, least: _Numbers) -> tuple[float, ...]:
    return tuple(float(value) for value in np.maximum(_longest(_by_day(rows), days), least))


def _longest_out(rows: pd.DataFrame, days: int) -> float:
    return float(_longest(rows.groupby("day")["still_s"].max().to_numpy()[:, None], days)[0])


def _longest(by_day: _Numbers, days: int) -> _Numbers:
    """Of each column of days the greatest, at most twice the greatest of those days that are not set aside.

    What follows a day set aside by more is rather a bad day than a habit; a day without a row counts as none.
    """
    ordered = np.sort(by_day, axis=0)[::-1]
    aside = _aside(days)
    if len(ordered) <= aside:
        return np.zeros(by_day.shape[1])
    return np.minimum(ordered[0], ABOVE_ASIDE * ordered[aside])


def _aside(days: int) -> int:
    return max(1, int(days * ASIDE_SHARE))


def _day_places(signs: pd.DataFrame, local: _Times, days: int) -> list[str]:
    """Places where one moves by day, and on few nights."""
    night = local.dt.hour.between(NIGHT_H[0], NIGHT_H[1] - 1)
    nights = local[night].dt.date.groupby(signs.loc[night, "place"]).nunique()
    inside = signs.loc[~signs["door"].astype(bool), "place"]
    return [str(place) for place in sorted(inside.unique()) if nights.get(place, 0) / days < NIGHT_HABIT_SHARE]


def _mornings(
    signs: pd.DataFrame, local: _Times, day_places: Sequence[str], spans: Sequence[Span]
) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """From when, usually by when, and by when at the latest the resident is up: by weekday, working days and weekends apart."""
    up = (signs["place"].isin(day_places) | signs["door"].astype(bool)) & (local.dt.hour >= UP_FROM_H)
    rows = signs.loc[up, "at"].groupby(local[up].dt.date).idxmin()
    first = local.loc[rows]
    minutes = first.dt.hour * 60 + first.dt.minute
    at = signs.loc[rows, "at"]
    began = at - pd.to_timedelta(minutes - UP_FROM_H * 60, unit="min")
    whole = np.ones(len(first), dtype=bool)
    for since, until in spans:
        whole &= ~((began < until) & (at > since)).to_numpy()
    first, minutes = first[whole], minutes[whole]
    weekend = first.dt.day_of_week >= 5
    kinds = [_morning(minutes[weekend == flag], minutes) for flag in (False, True)]
    by_day = [kinds[weekday >= 5] for weekday in range(7)]
    return tuple(one[0] for one in by_day), tuple(one[1] for one in by_day), tuple(one[2] for one in by_day)


def _morning(own: _Numbers, every: _Numbers) -> tuple[int, int, int]:
    """Of one kind of day; of all days where it has too few. (0, 0, 0) where nothing is known."""
    minutes = own if len(own) >= MORNINGS else every
    if len(minutes) < MORNINGS:
        return 0, 0, 0
    by = float(minutes.quantile(UP_QUANTILE, interpolation="lower"))
    spread = MAD * float((minutes - minutes.median()).abs().median())
    latest = float(minutes.sort_values(ascending=False).iloc[_aside(len(minutes))])
    limit = max(latest, by) + max(UP_MARGIN_MIN, UP_SPREADS * spread / 2)
    return UP_FROM_H * 60, round(by), round(min(limit, max(UP_LATEST_MIN, by + UP_MARGIN_MIN), DAY_MIN - 1))


def _night_door_share(signs: pd.DataFrame, local: _Times, days: int) -> float:
    used = signs["door"].astype(bool) & ((local.dt.hour >= 23) | (local.dt.hour < 5))
    nights = (local[used] - pd.Timedelta(hours=12)).dt.date.nunique()
    return round(min(1.0, float(nights) / days), 3)
