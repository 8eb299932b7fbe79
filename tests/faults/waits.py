"""What every test under fault waits for and asks afterwards: everything said is stored, seen once, answered. Times in s."""

import asyncio
import os
import time
from collections.abc import Callable, Sequence

import psycopg

from tests.faults import proof
from tests.faults.conftest import Stage
from tests.faults.load import Said, Sent

SETTLED_S = 60.0
SEEN_WITHIN_S = 2.0
_BUSY, _PATIENCE = 2.0, 3.0  # a machine with more than so many processes waiting a core gets so many times as long


def slack() -> float:
    """How much more time than promised is given on a machine that has more to do than it can."""
    return _PATIENCE if os.getloadavg()[0] / (os.cpu_count() or 1) > _BUSY else 1.0


async def until(condition: Callable[[], bool], seconds: float, *, strict: bool = True) -> None:
    """Wait for it; where it is not `strict`, no longer than that."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            assert not strict, f"not within {seconds:g} s"
            return
        await asyncio.sleep(0.02)


async def first_incident(stage: Stage, said: Said) -> str:
    """The incident of the first press, once the console shows it stored."""
    await until(lambda: bool(said.presses) and stage.watcher.shows(said.presses[0].device.site), 20)
    return next(iter(stage.watcher.seen[said.presses[0].device.site].ids))


async def stored(stage: Stage, table: str, said: list[Sent]) -> proof.Tally:
    """Wait until everything is stored, at most a minute."""
    end = time.monotonic() + SETTLED_S
    while True:
        try:
            found = proof.tally(said, await proof.kept(stage.dsn, table, stage.load.boot))
        except psycopg.OperationalError:
            found = None
        if found is not None and (not found.lost or time.monotonic() > end):
            return found
        assert time.monotonic() < end, "the database does not answer"
        await asyncio.sleep(0.3)


async def all_shown(stage: Stage, said: Said) -> None:
    """Wait until the console shows the stored incident of every press, at most a minute."""
    sites = [one.device.site for one in said.presses]
    await until(lambda: all(stage.watcher.shows(site) for site in sites) and not stage.watcher.presses, SETTLED_S, strict=False)


async def answer_all(stage: Stage) -> None:
    """Answer everything on the board, so that the next test has a board of its own."""
    for card in list(stage.watcher.board.values()):
        address = f"/api/incidents/{card['id']}"
        for step, body in (("acknowledge", {}), ("resolve", {"note": "试验"}), ("close", {"cause": "help_needed", "note": ""})):
            answer = await stage.client.post(f"{address}/{step}", json=body)
            assert answer.status_code in (200, 409), answer.text
    await until(lambda: not stage.watcher.board, 20)


async def end(stage: Stage, said: Said) -> None:
    """Stop talking; the broker must have everything within a minute."""
    settled = await stage.load.end(SETTLED_S)
    missing = sum(one.acknowledged_at is None for one in (*said.readings, *said.presses))
    assert settled, f"{missing} messages without PUBACK {SETTLED_S:g} s after the end"


def kept_waiting(said: Said, within_s: float) -> list[str]:
    """Buttons whose press the broker acknowledged later than that; a line each."""
    waits = ((one.device.code, (one.acknowledged_at or time.time()) - one.said_at) for one in said.presses)
    return [f"{code} waited {waited_s:.1f} s for the broker" for code, waited_s in waits if waited_s > within_s]


def way_s(stage: Stage, sent: Sent) -> float | None:
    """From the press to the first sight of it on the console; None where it never was there."""
    seen = stage.watcher.seen.get(sent.device.site)
    return seen.first_at - sent.said_at if seen else None


def wrong_in_store(lost: int, twice: int, cases: Sequence[proof.Case], sites: Sequence[str]) -> list[str]:
    """What the store holds that it should not, or lacks; a line each."""
    by_site = {site: [one for one in cases if one.site == site] for site in sites}
    return [
        *([f"{lost} acknowledged messages are not stored"] if lost else ()),
        *([f"{twice} messages are stored twice"] if twice else ()),
        *(f"{site}: expected 1 incident, got {len(found)}" for site, found in by_site.items() if len(found) != 1),
        *(f"{one.site}: expected 1 alarm, got {one.alarms}" for one in cases if one.alarms != 1),
        *(f"{one.site}: rang {one.rings} times, {one.rang_again} presses again" for one in cases if not one.rang_once),
    ]


def wrong_on_console(stage: Stage, said: Said, cases: Sequence[proof.Case]) -> list[str]:
    """Presses that the console shows otherwise than they are stored; a line each."""
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
    return wrong
