"""What a device measured over any span, at a resolution that fits the eye: readings themselves, minutes, hours or days.

The same statements answer on plain PostgreSQL, where the desk folds and expires, and on TimescaleDB, whose policies do.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import starmap

import msgspec

from devices.profiles import PROFILES, Profile
from store.connect import Connection
from store.devices import UnknownDevice
from store.errors import StoreError
from store.rows import as_json, one_row, one_value
from store.statements import statements

_SQL = statements("history")
_MOST_POINTS = 100_000
# Coarser than the readings themselves, finest first; an hour and a day are as long as the wall clock makes them.
STEPS = {"minutes": timedelta(minutes=1), "hours": timedelta(hours=1), "days": timedelta(days=1)}


class UnknownMetric(StoreError):
    """Devices of this profile do not measure that; `known` is what they do."""

    def __init__(self, profile: str, metric: str, known: tuple[str, ...]) -> None:
        super().__init__(f"{profile}: does not measure {metric!r}, only {', '.join(known)}")
        self.profile = profile
        self.metric = metric
        self.known = known


class Point(msgspec.Struct, frozen=True):
    """`count` values from `at` on, for as long as the resolution says; a reading is a point of one value.

    A struct, since an answer is made of up to thousands.
    """

    at: datetime
    count: int
    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Series:
    """Points in time order. `resolution`: readings, minutes, hours or days. A step without values has no point."""

    device: str
    metric: str
    unit: str
    resolution: str
    points: list[Point]


@dataclass(frozen=True, slots=True)
class Kept:
    """How long a class of data is kept; None is for ever. `by_policy`: TimescaleDB drops chunks, else rows are deleted."""

    class_: str
    keep: timedelta | None
    by_policy: bool


@dataclass(frozen=True, slots=True)
class _Source:
    device_id: int
    profile: str
    reaching: list[str]


async def series(
    conn: Connection, device: str, metric: str, since: datetime, until: datetime, max_points: int, now: datetime
) -> Series:
    """One metric in [since, until) at the finest resolution of at most `max_points` steps that is still kept from `since` on.

    The step that holds `since` is given whole, one point more where it began before. Where nothing fits, days are given, however
    many. Raises UnknownDevice, UnknownMetric.
    """
    source = await one_row(conn, _Source, _SQL["source"], {"code": device, "since": since, "now": now})
    if source is None:
        raise UnknownDevice(device)
    profile = PROFILES[source.profile]
    if metric not in profile.order:
        raise UnknownMetric(profile.name, metric, profile.order)
    position = profile.order.index(metric)
    arguments = {"device_id": source.device_id, "position": position + 1, "since": since, "until": until}
    for resolution in resolutions(profile, until - since, max_points, source.reaching):
        most = max_points if resolution == "readings" else _MOST_POINTS
        cursor = await conn.execute(_SQL[resolution], {**arguments, "most": most + 1}, binary=True)
        if cursor.rowcount <= most:
            break  # else it said more readings than its profile promises
    return Series(device, metric, profile.metrics[position].unit, resolution, list(starmap(Point, await cursor.fetchall())))


def resolutions(profile: Profile, span: timedelta, max_points: int, reaching: list[str]) -> list[str]:
    """What to try, finest first: expected to have at most `max_points` steps, and kept for long enough; days always."""
    expected = {"readings": profile.cadence, **STEPS}
    fitting = [name for name, step in expected.items() if name in reaching and span / step <= max_points]
    return fitting if "days" in fitting else [*fitting, "days"]


async def retention(conn: Connection) -> list[Kept]:
    """Every class of data and how long it is kept, the shortest first."""
    rows = await (await conn.execute(_SQL["retention"])).fetchall()
    return [Kept(*row) for row in rows]


async def fold(conn: Connection, now: datetime, slice: timedelta = timedelta(minutes=10)) -> bool:
    """Bring the roll-ups up to date with one slice of what was stored since the last time; whether more waits.

    Nothing is to be done, or somebody else does it: False. What is stored before a call is folded by the call after it.
    """
    return bool(await one_value(conn, _SQL["fold"], {"now": now, "slice": slice}))


async def expire(conn: Connection, now: datetime, most: int = 10_000) -> int:
    """Delete what is over its time, at most `most` rows of each class; how many went."""
    return int(await one_value(conn, _SQL["expire"], {"now": now, "most": most}))


async def roll_ups_in(conn: Connection, timezone: str) -> None:
    """Hours and days follow this timezone. `conn` is the owner's. A schema without roll-ups takes the cell's when it gets them."""
    if await one_value(conn, _SQL["rolled_up"]):
        await conn.execute(_SQL["roll_ups_in"], {"timezone": timezone})


async def name_metrics(conn: Connection) -> None:
    """Write what each place in a reading means, for analysts. `conn` is the owner's."""
    if await one_value(conn, _SQL["named"]):
        rows = [
            {"profile": profile.name, "position": position, "name": metric.name, "unit": metric.unit}
            for profile in PROFILES.values()
            for position, metric in enumerate(profile.metrics, 1)
        ]
        await conn.execute(_SQL["name_metrics"], {"rows": as_json(rows)})
