"""The fault matrix: each part killed, frozen, restarted under load. Nothing lost, nothing twice, every press seen once, in time."""

import asyncio
import time
from dataclasses import dataclass

import pytest

from tests.faults import harm, proof, waits
from tests.faults.conftest import Stage
from tests.faults.harm import Cell, Fault, Part
from tests.faults.load import Said
from tests.faults.table import Row

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

_CALM_S, _AFTER_S = 1.5, 3.0
_TOLD_WITHIN_S = 5.0
_DUE_S = 1.0


@dataclass(slots=True)
class Span:
    """When the fault began and, for a freeze, ended (seconds since the epoch)."""

    began: float
    ended: float


async def test_under_this_fault_nothing_is_lost_nothing_is_twice_and_every_press_is_seen(stage: Stage, cell: Cell) -> None:
    said = stage.load.begin()
    due = await waits.first_incident(stage, said)
    await asyncio.sleep(_CALM_S)
    await proof.make_due(stage.dsn, due, _DUE_S)
    span = await _inflict(stage, cell)
    await asyncio.sleep(_AFTER_S)
    await waits.end(stage, said)
    row, faults = await _judge(stage, cell, said, span, due)
    stage.rows.append(row)
    await waits.answer_all(stage)
    assert not faults, "\n".join(faults)


async def _inflict(stage: Stage, cell: Cell) -> Span:
    began = time.time()
    match cell.fault:
        case Fault.KILL:
            harm.kill(stage.product, cell.part)
        case Fault.RESTART:
            harm.ask_to_end(stage.product, cell.part)
        case Fault.FREEZE:
            frozen = harm.freeze(stage.product, cell.part)
            try:
                await asyncio.sleep(stage.frozen_s)
            finally:
                harm.thaw(frozen)
    return Span(began, time.time())


async def _judge(stage: Stage, cell: Cell, said: Said, span: Span, due: str) -> tuple[Row, list[str]]:
    """The figures, and what is wrong, a line each."""
    sites = [one.device.site for one in said.presses]
    await waits.all_shown(stage, said)
    readings = await waits.stored(stage, "readings", said.readings)
    events = await waits.stored(stage, "events", said.presses)
    cases = await _escalated(stage, sites, due)
    escalated = next((one.escalated for one in cases if one.incident == due), None) or []
    seen = stage.watcher.seen
    ways = [way for one in said.presses if (way := waits.way_s(stage, one)) is not None]
    told = _told(stage, cell, span)
    row = Row(
        cell=cell,
        frozen_s=stage.frozen_s,
        messages=readings.acknowledged + events.acknowledged,
        lost=readings.lost + events.lost,
        twice=readings.twice + events.twice,
        presses=len(said.presses),
        console_s=max(ways, default=0.0),
        unstored=sum(seen[site].unstored for site in sites if site in seen),
        press_stored_s=events.longest_s,
        reading_stored_s=readings.longest_s,
        caught_up_s=max(0.0, max(readings.last_late_at, events.last_late_at) - span.began),
        told_s=told,
        escalated_late_s=escalated[0].timestamp() - span.began - _DUE_S if escalated else -1.0,
    )
    wrong = [*waits.wrong_in_store(row.lost, row.twice, cases, sites), *waits.wrong_on_console(stage, said, cases)]
    return row, [*wrong, *_wrong(stage, cell, said, row)]


def _wrong(stage: Stage, cell: Cell, said: Said, row: Row) -> list[str]:
    """What this fault must not do, or must."""
    slack, wrong = waits.slack(), []
    if row.escalated_late_s < -_DUE_S / 2:
        wrong.append("the incident that was due was never escalated")
    if cell.part in (Part.DATABASE, Part.EVENTS, Part.TELEMETRY, Part.DESK) and row.console_s > waits.SEEN_WITHIN_S * slack:
        wrong.append(f"a press was on the console after {row.console_s:.2f} s, expected {waits.SEEN_WITHIN_S * slack:g} s")
    if cell.part in (Part.DATABASE, Part.EVENTS) and cell.fault is Fault.FREEZE and not row.unstored:
        wrong.append("no press was shown as not yet stored")
    if cell.part is Part.BROKER and (row.told_s is None or row.told_s > _TOLD_WITHIN_S * slack):
        wrong.append(f"the console was told after {row.told_s} s that presses cannot arrive, expected {_TOLD_WITHIN_S * slack:g} s")
    if cell.part is Part.DATABASE:
        wrong += waits.kept_waiting(said, 2 * slack)
    return wrong


async def _escalated(stage: Stage, sites: list[str], due: str) -> list[proof.Case]:
    """The incidents of these homes, once the one that is due was escalated; at most ten seconds later."""
    end = time.monotonic() + 10
    while True:
        cases = await proof.cases(stage.dsn, sites)
        if any(one.incident == due and one.escalated for one in cases) or time.monotonic() > end:
            return cases
        await asyncio.sleep(0.3)


def _told(stage: Stage, cell: Cell, span: Span) -> float | None:
    """When the console first heard that this server cannot be reached."""
    if cell.part not in (Part.BROKER, Part.DATABASE):
        return None
    away = (
        one.at
        for one in stage.watcher.health
        if one.at > span.began and not (one.broker if cell.part is Part.BROKER else one.database)
    )
    first = next(away, None)
    return None if first is None else first - span.began
