"""What is usual for one resident: learned elsewhere, kept as a versioned row, and given to the detectors as a parameter. Pure.

Hours and minutes are local, by the row's fixed offset from UTC. Spans are in seconds, minutes of the day from midnight.
A limit is 1.5 times the longest stillness that was usual around that hour at that place, at least 2.5 h and at most what the hour
allows: ours, judged in docs/detectors.md. Until a week has been learned the population's limit holds where it is longer.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

FACTOR = 1.5
FLOOR = timedelta(hours=2.5)
# after a sign in this hour, whatever was learned: ours
LONGEST_STILL_H = tuple(8.0 if 6 <= hour < 17 else 14.0 for hour in range(24))
LONGEST_OUT, NEVER_LONGER_OUT = timedelta(hours=12), timedelta(hours=24)  # ours
ENOUGH_DAYS = 7
DAY_MIN = 1440
OFFSET_MIN = 480  # Asia/Shanghai, which knows no summer time
ASLEEP_H = (21, 6)  # one may be asleep wherever the last sign was, since a bed does not always say so
_HOUR_S = 3600


class Absence(StrEnum):
    """Why a resident's signs of life mean nothing for a while."""

    AWAY = "away"  # on holiday, in hospital: nothing moves at home
    VISITORS = "visitors"  # what moves may be somebody else


@dataclass(frozen=True, slots=True)
class Away:
    """From `since` to `until` nothing is learned and nothing is raised about the routine; staff enter it.

    Visitors leave `no_movement` on, by the population's limit: who visits moves too, so that silence is the more worrying.
    """

    since: datetime
    until: datetime
    why: Absence


@dataclass(frozen=True, slots=True)
class Routine:
    """A learned row. `version` names it in an alarm; `days` how many it rests on, 0 for the population's.

    `still_s`: by place, then by local hour (24), the longest usual stillness after a sign there; `anywhere_s` for other places.
    `up_from_min`, `up_by_min`, `up_limit_min`: by weekday (7, Monday first) when watching begins, by when the resident is usually
    up, and when it is an alarm; a limit of 0 means not known. `day_places`: a sign there means up. `zones`: where the resident may
    be, empty for anywhere. `night_min`: from, to. `night_door_share`: share of nights on which the door is used.
    """

    version: str
    days: int
    offset_min: int = OFFSET_MIN
    still_s: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    anywhere_s: tuple[float, ...] = ()
    longest_out_s: float = 0.0
    up_from_min: tuple[int, ...] = (0,) * 7
    up_by_min: tuple[int, ...] = (0,) * 7
    up_limit_min: tuple[int, ...] = (0,) * 7
    day_places: tuple[str, ...] = ()
    night_min: tuple[int, int] = (23 * 60, 5 * 60)
    night_door_share: float = 0.0
    zones: tuple[str, ...] = ()
    away: tuple[Away, ...] = ()
    floor_s: float = FLOOR.total_seconds()


Routines = Callable[[str], Routine]

POPULATION = Routine(
    version="population/1",
    days=0,
    anywhere_s=tuple((2.0 if 6 <= hour < 18 else 8.0) * _HOUR_S for hour in range(24)),
)


def local(routine: Routine, at: datetime) -> datetime:
    """The moment on the resident's clock: its fields are local, its zone is not to be used."""
    return at + timedelta(minutes=routine.offset_min)


def minute(routine: Routine, at: datetime) -> int:
    """Minutes since local midnight."""
    there = local(routine, at)
    return there.hour * 60 + there.minute


def usual_s(routine: Routine, place: str, at: datetime) -> float:
    """The longest usual stillness in seconds after a sign at this place and time."""
    hour = local(routine, at).hour
    anywhere = _hourly(routine.anywhere_s, hour)
    here = _hourly(routine.still_s.get(place, routine.anywhere_s), hour)
    learned = max(here, anywhere) if hour >= ASLEEP_H[0] or hour < ASLEEP_H[1] else here
    return learned if routine.days >= ENOUGH_DAYS else max(learned, _hourly(POPULATION.anywhere_s, hour))


def still_limit(routine: Routine, place: str, at: datetime) -> timedelta:
    """How long nothing may move after a sign at this place and time."""
    longest_s = LONGEST_STILL_H[local(routine, at).hour] * _HOUR_S
    return timedelta(seconds=min(longest_s, max(routine.floor_s, FACTOR * usual_s(routine, place, at))))


def out_limit(routine: Routine) -> timedelta:
    """How long a resident who left by the door may stay out."""
    return min(NEVER_LONGER_OUT, max(LONGEST_OUT, timedelta(seconds=FACTOR * routine.longest_out_s)))


def absent(routine: Routine, at: datetime, whys: Collection[Absence] = tuple(Absence)) -> Away | None:
    """The away time, for one of these reasons, that holds at this moment."""
    return next((one for one in routine.away if one.why in whys and one.since <= at < one.until), None)


def moving(routine: Routine, at: datetime) -> Routine:
    """The row that tells how long nothing may move after this moment: the population's while visitors are in the home."""
    if absent(routine, at, (Absence.VISITORS,)) is None:
        return routine
    return replace(POPULATION, offset_min=routine.offset_min)


def by_night(routine: Routine, at: datetime) -> bool:
    """Whether it is the resident's night."""
    start, end = routine.night_min
    now = minute(routine, at)
    return start <= now < end if start <= end else now >= start or now < end


def _hourly(row: tuple[float, ...], hour: int) -> float:
    return row[hour] if row else 0.0
