"""The fault matrix: each part killed, frozen, restarted under load. Nothing lost, nothing twice, every press seen once, in time."""

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import dataclass

import psycopg
import pytest

from tests.faults import harm, proof
from tests.faults.conftest import Stage
from tests.faults.harm import Cell, Fault, Part
from tests.faults.load import Said, Sent
from tests.faults.table import Row

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

_CALM_S, _AFTER_S = 1.5, 5.0
_SETTLED_S = 60.0
_SEEN_WITHIN_S, _TOLD_WITHIN_S = 2.0, 5.0
_BUSY, _PATIENCE = 2.0, 3.0  # a machine with more than so many processes waiting a core gets so many times as long
_DUE_S = 1.0


@dataclass(slots=True)
class Span:
    """When the fault began and, for a freeze, ended (seconds since the epoch)."""

    began: float
    ended: float


async def test_under_this_fault_nothing_is_lost_nothing_is_twice_and_every_press_is_seen(stage: Stage, cell: Cell) -> None:
    said = stage.load.begin()
    due = await _first_incident(stage, said)
    await asyncio.sleep(_CALM_S)
    await proof.make_due(stage.dsn, due, _DUE_S)
    span = await _inflict(stage, cell)
    await asyncio.sleep(_AFTER_S)
    assert await stage.load.end(_SETTLED_S), f"{_missing(said)} messages without PUBACK {_SETTLED_S:g} s after the end"
    row, faults = await _judge(stage, cell, said, span, due)
    stage.rows.append(row)
    await _close(stage, said)
    assert not faults, "\n".join(faults)


async def _first_incident(stage: Stage, said: Said) -> str:
    await _until(lambda: bool(said.presses) and stage.watcher.shows(said.presses[0].device.site), 20)
    return next(iter(stage.watcher.seen[said.presses[0].device.site].ids))


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
    await _until(lambda: all(stage.watcher.shows(site) for site in sites) and not stage.watcher.presses, _SETTLED_S, strict=False)
    readings = await _stored(stage, "readings", said.readings)
    events = await _stored(stage, "events", said.presses)
    cases = await _escalated(stage, sites, due)
    escalated = next((one.escalated for one in cases if one.incident == due), None) or []
    seen = stage.watcher.seen
    ways = {one.n: seen[one.device.site].first_at - one.said_at for one in said.presses if one.device.site in seen}
    told = _told(stage, cell, span)
    row = Row(
        cell=cell,
        frozen_s=stage.frozen_s,
        messages=readings.acknowledged + events.acknowledged,
        lost=readings.lost + events.lost,
        twice=readings.twice + events.twice,
        presses=len(said.presses),
        console_s=max(ways.values(), default=0.0),
        unstored=sum(seen[site].unstored for site in sites if site in seen),
        press_stored_s=events.longest_s,
        reading_stored_s=readings.longest_s,
        caught_up_s=max(0.0, max(readings.last_late_at, events.last_late_at) - span.began),
        told_s=told,
        escalated_late_s=escalated[0].timestamp() - span.began - _DUE_S if escalated else -1.0,
    )
    return row, [*_wrong_in_store(row, cases, sites), *_wrong_on_console(stage, cell, said, cases, row)]


def _wrong_in_store(row: Row, cases: list[proof.Case], sites: list[str]) -> list[str]:
    by_site = {site: [one for one in cases if one.site == site] for site in sites}
    return [
        *([f"{row.lost} acknowledged messages are not stored"] if row.lost else ()),
        *([f"{row.twice} messages are stored twice"] if row.twice else ()),
        *(f"{site}: expected 1 incident, got {len(found)}" for site, found in by_site.items() if len(found) != 1),
        *(f"{one.site}: expected 1 alarm, got {one.alarms}" for one in cases if one.alarms != 1),
        *(f"{one.site}: rang {one.rings} times, {one.rang_again} presses again" for one in cases if not one.rang_once),
        *(["the incident that was due was never escalated"] if row.escalated_late_s < -_DUE_S / 2 else ()),
    ]


def _wrong_on_console(stage: Stage, cell: Cell, said: Said, cases: list[proof.Case], row: Row) -> list[str]:
    slack = _slack()
    seen, held = stage.watcher.seen, {one.site: one.incident for one in cases}
    wrong = [
        f"{site}: stored as {held.get(site)}, on the console as {seen[site].ids if site in seen else None}"
        for site in (one.device.site for one in said.presses)
        if site not in seen or seen[site].ids != {held.get(site)}
    ]
    if stage.watcher.presses:
        wrong.append(f"{len(stage.watcher.presses)} presses are still shown as not yet stored")
    if stage.watcher.gaps:
        wrong.append(f"{stage.watcher.gaps} gaps in the sequence of the websocket")
    if cell.part in (Part.DATABASE, Part.EVENTS, Part.TELEMETRY, Part.DESK) and row.console_s > _SEEN_WITHIN_S * slack:
        wrong.append(f"a press was on the console after {row.console_s:.2f} s, expected {_SEEN_WITHIN_S * slack:g} s")
    if cell.part in (Part.DATABASE, Part.EVENTS) and cell.fault is Fault.FREEZE and not row.unstored:
        wrong.append("no press was shown as not yet stored")
    if cell.part is Part.BROKER and (row.told_s is None or row.told_s > _TOLD_WITHIN_S * slack):
        wrong.append(f"the console was told after {row.told_s} s that presses cannot arrive, expected {_TOLD_WITHIN_S * slack:g} s")
    if cell.part is Part.DATABASE:
        wrong += [
            f"{one.device.code} waited {_waited(one):.1f} s for the broker" for one in said.presses if _waited(one) > 2 * slack
        ]
    return wrong


def _slack() -> float:
    """How much more time than promised is given on a machine that has more to do than it can."""
    return _PATIENCE if os.getloadavg()[0] / (os.cpu_count() or 1) > _BUSY else 1.0


async def _stored(stage: Stage, table: str, said: list[Sent]) -> proof.Tally:
    """Wait until everything is stored, at most a minute."""
    end = time.monotonic() + _SETTLED_S
    while True:
        try:
            found = proof.tally(said, await proof.kept(stage.dsn, table, stage.load.boot))
        except psycopg.OperationalError:
            found = None
        if found is not None and (not found.lost or time.monotonic() > end):
            return found
        assert time.monotonic() < end, "the database does not answer"
        await asyncio.sleep(0.3)


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


def _waited(sent: Sent) -> float:
    return (sent.acknowledged_at or time.time()) - sent.said_at


def _missing(said: Said) -> int:
    return sum(one.acknowledged_at is None for one in (*said.readings, *said.presses))


async def _close(stage: Stage, said: Said) -> None:
    """Answer everything, so that the next cell has a board of its own."""
    for card in list(stage.watcher.board.values()):
        address = f"/api/incidents/{card['id']}"
        for step, body in (("acknowledge", {}), ("resolve", {"note": "试验"}), ("close", {"cause": "help_needed", "note": ""})):
            answer = await stage.client.post(f"{address}/{step}", json=body)
            assert answer.status_code in (200, 409), answer.text
    await _until(lambda: not stage.watcher.board, 20)


async def _until(condition: Callable[[], bool], seconds: float, *, strict: bool = True) -> None:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            assert not strict, f"not within {seconds:g} s"
            return
        await asyncio.sleep(0.02)
