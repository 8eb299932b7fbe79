"""Playbook steps: a person stamps one while the incident's row is held, so that two clicks at once make one stamp.

Each stamp, skip and undo is a line of the trail; the table holds what stands now.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from care.places import Zone
from dispatch.incident import ON_BOARD, IncidentState, NotAllowed
from dispatch.playbook import Doer, Planned, Stamp, StepEvent, StepState, UnknownStep, plan, pressed
from store import incidents, trail
from store.connect import Connection
from store.errors import OutOfScope
from store.incidents import Held
from store.rows import all_rows, one_value, values_of
from store.statements import statements
from store.trail import Actor

_SQL = statements("playbook")
_RESPONDER = "responder"
_LINE = {StepState.DONE: "step_done", StepState.SKIPPED: "step_skipped", StepState.OPEN: "step_undone"}


@dataclass(frozen=True, slots=True)
class StampRow:
    """A step that stands as done or skipped."""

    step: str
    state: str
    at: datetime
    by: str
    device: str
    reason: str

    @property
    def stamp(self) -> Stamp:
        """As the rules see it."""
        return Stamp(StepState(self.state), self.at, self.by, self.device, self.reason)


@dataclass(frozen=True, slots=True)
class WentRow:
    """A zone where an alarm of the incident was raised, and when the first."""

    zone: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ResidentRow:
    """A resident as far as a telephone call needs: where, and how well on foot."""

    code: str
    zone: str
    tags: list[str]
    ability_level: int


@dataclass(frozen=True, slots=True)
class Building:
    """What a fire service asks about a site."""

    went: list[WentRow]
    zones: list[Zone]
    residents: list[ResidentRow]


async def planned(conn: Connection, incident: UUID) -> tuple[Planned, ...]:
    """The incident's playbook as it stands."""
    rows = await all_rows(conn, StampRow, _SQL["stamps"], {"incident": incident})
    kinds: list[str] = await values_of(conn, _SQL["kinds"], {"incident": incident})
    return plan(kinds, {row.step: row.stamp for row in rows})


async def press(
    conn: Connection,
    incident: UUID,
    step: str,
    event: StepEvent,
    actor: Actor,
    now: datetime,
    *,
    device: str = "",
    reason: str = "",
) -> tuple[int, bool]:
    """Stamp, skip or take back a step; the incident's version after it, and whether anything changed.

    Raises NotFound, OutOfScope, UnknownStep, NotAllowed, NotTheirs, ReasonNeeded, PersonNeeded.
    """
    held = await incidents.lock(conn, incident)
    responder = actor.role == _RESPONDER
    if not responder:
        incidents.demand_scope(held, actor)
    elif not await one_value(conn, _SQL["on_errand"], {"incident": incident, "account": actor.account_id}):
        # his errand gives him the right, wherever it is, and he may have lost it while he waited
        raise OutOfScope("incident", incident)
    one = await _on_playbook(conn, held, step)
    doer = Doer.RESPONDER if responder else Doer.DESK
    state = pressed(one, event, now, machine=actor.account_id is None, doer=doer, reason=reason)
    if state is None:
        return held.version, False
    demand_open(held, f"{step}: {event.value}")
    row = {"incident": incident, "step": step, "state": state.value, "at": now, "by": actor.login, "device": device, "reason": ""}
    if state is StepState.OPEN:
        await conn.execute(_SQL["take_back"], row)
    else:
        await conn.execute(_SQL["put"], row | {"reason": reason.strip() if state is StepState.SKIPPED else ""})
    said = {"step": step, "device": device, "note": reason.strip() if state is StepState.SKIPPED else ""}
    await trail.add(conn, incident, _LINE[state], actor.login, now, {name: value for name, value in said.items() if value})
    return await incidents.move(conn, held, None, actor, now, aside=True), True


def demand_open(held: Held, what: str) -> None:
    """Raises NotAllowed when the incident is over: what was done about it is written."""
    if held.state not in ON_BOARD:
        raise NotAllowed(what, IncidentState(held.state).value, ())


async def names(conn: Connection, logins: list[str]) -> dict[str, str]:
    """How the people behind these logins are called."""
    return dict(await (await conn.execute(_SQL["names"], {"logins": logins})).fetchall())


async def building(conn: Connection, incident: UUID, site: str) -> Building:
    """The zones that went, all zones of the site, and who lives there."""
    return Building(
        await all_rows(conn, WentRow, _SQL["went"], {"incident": incident}),
        await all_rows(conn, Zone, _SQL["zones"], {"site": site}),
        await all_rows(conn, ResidentRow, _SQL["residents"], {"site": site}),
    )


async def _on_playbook(conn: Connection, held: Held, step: str) -> Planned:
    steps = {one.step.key: one for one in await planned(conn, held.id)}
    if step not in steps:
        raise UnknownStep(step, steps)
    return steps[step]
