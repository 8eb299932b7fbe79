"""`vigil train routine --store`: what is usual for each resident, learned from the database's own readings and kept in it."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from analytics.evaluate.homes import signs
from analytics.learn.routine import learn, table, unheard
from analytics.routine import ENOUGH_DAYS, OFFSET_MIN, POPULATION, Routine
from analytics.step import Event, Message, Origin, Reading
from devices.keys import Key
from devices.profiles import PROFILES
from ingest.usual import offset_min
from store import register, routines
from store.connect import Connection
from store.routines import LeftOut, SaidEvent, SaidReading
from vigil.registry import owner
from vigil.settings import Settings

UNHEARD = timedelta(hours=2)  # the longest that any device of a home may be silent (devices.profiles)


def train(weeks: float, version: str, senior: str | None) -> dict[str, Any]:
    """Learn of one resident or of all and keep it; what was kept, and how many have too few days for it."""
    return asyncio.run(_train(Settings(dict(os.environ)), timedelta(weeks=weeks), version, senior))


async def _train(settings: Settings, span: timedelta, version: str, senior: str | None) -> dict[str, Any]:
    now = datetime.now(UTC)
    async with owner(settings) as conn:
        cell = await register.cell(conn)
        known = await routines.routines(conn)
        minutes = offset_min(cell.timezone, now) if cell is not None else OFFSET_MIN
        asked = await routines.learnable(conn, senior)
        stood = await routines.left_out(conn, now - span, senior)
        rows: dict[str, Routine] = {}
        for code in asked:
            row = await learned(conn, code, now - span, version, minutes, known, stood)
            if row.days >= ENOUGH_DAYS:
                await routines.keep(conn, code, row, now)
                rows[code] = row
    return {
        "stored": len(rows),
        "too_few_days": len(asked) - len(rows),
        "routines": {code: asdict(row) for code, row in rows.items()},
    }


async def learned(
    conn: Connection,
    senior: str,
    since: datetime,
    version: str,
    offset_min: int,
    known: Mapping[str, Routine],
    stood: Sequence[LeftOut] = (),
) -> Routine:
    """The row of one resident from what is stored since then. What staff once set by hand, the zones one may be in, stays.

    Left out is when nothing at all came from the home (so Vigil's own deafness), and what stood of this resident.
    """
    before = known.get(senior, POPULATION)
    messages = _messages(senior, *await routines.said(conn, senior, since))
    spans = unheard([item.at for item in messages], UNHEARD) + [(one.since, one.until) for one in stood if one.senior == senior]
    row = learn(table(signs(messages)), version, offset_min, before.away, spans)
    return replace(row, zones=before.zones)


def _messages(senior: str, readings: Sequence[SaidReading], events: Sequence[SaidEvent]) -> list[Message]:
    """As the detectors heard them, in time order."""
    heard: list[Message] = [_reading(senior, one) for one in readings]
    heard += [Event(_origin(senior, one), one.at, one.at, Key(one.device, "", 0, 0), one.kind) for one in events]
    return sorted(heard, key=lambda item: item.at)


def _reading(senior: str, one: SaidReading) -> Reading:
    names = PROFILES[one.profile].order
    values = {name: value for name, value in zip(names, one.values, strict=False) if value is not None}
    return Reading(_origin(senior, one), one.at, one.at, Key(one.device, "", 0, 0), values)


def _origin(senior: str, one: SaidReading | SaidEvent) -> Origin:
    return Origin(one.device, one.profile, "", "", one.zone, senior)
