"""Commands to sirens: ordered while the incident's row is held, sent by whoever finds them waiting, answered by the device itself.

Order and answer are lines of the trail. A command that has run out, or that another has followed, is never sent, and never sent
again; nor is a siren told to sound that is at another site by now, and the trail says so. A siren knows nothing of incidents, so
what counts is the newest that it was told, about whichever incident. Where that was another open one of the site, its trail says
so too, and what came of it; and a siren that sounds for it is silenced by somebody who knows that.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from dispatch.playbook import PersonNeeded
from dispatch.siren import SOUNDS, WORTH, Act, Command, command_id, given_up, sounds_for, standing
from store import incidents, trail
from store.connect import Connection
from store.devices import UnknownDevice
from store.errors import StoreError
from store.playbook import demand_open
from store.rows import all_rows, one_value, values_of
from store.statements import statements
from store.trail import SYSTEM, Actor

_SQL = statements("commands")
_LOOK_BACK = timedelta(hours=1)
_NEXT = timedelta(milliseconds=1)  # as devices count


class SirenInUse(StoreError):
    """Other open incidents have that siren sounding."""

    allowed = ("confirm",)

    def __init__(self, device: str, incidents: Sequence[UUID]) -> None:
        super().__init__(f"{device}: sounds for {', '.join(map(str, incidents))} too; to silence it all the same, confirm")
        self.device = device
        self.incidents = tuple(incidents)


@dataclass(frozen=True, slots=True)
class SirenRow:
    """A siren of a site. `online` None is unknown."""

    device_id: int
    device: str
    zone_zh: str
    zone_en: str
    area: str
    site: str
    online: bool | None
    seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class CommandRow:
    """A command, and the incident that it was given about: its kind, and whether it is on the board and the siren at its site."""

    id: UUID
    incident: UUID
    device: str
    act: str
    seconds: int
    by: str
    at: datetime
    expires_at: datetime
    sent_at: datetime | None
    answered_at: datetime | None
    done: str | None
    unanswered_at: datetime | None
    kind: str
    drill: bool
    open: bool

    @property
    def command(self) -> Command:
        """As the rules see it. A device that refused has not done it."""
        did = self.answered_at if self.done == "siren" else None
        return Command(self.id, Act(self.act), self.at, self.expires_at, did)


@dataclass(frozen=True, slots=True)
class PendingRow:
    """The newest that a siren was told, while nobody has answered it. `moved`: it is at another site now than the incident."""

    id: UUID
    incident: UUID
    device: str
    area: str
    site: str
    act: str
    seconds: int
    at: datetime
    expires_at: datetime
    sent_at: datetime | None
    unanswered_at: datetime | None
    moved: bool

    @property
    def command(self) -> Command:
        """As the rules see it."""
        return Command(self.id, Act(self.act), self.at, self.expires_at)

    @property
    def given_up(self) -> bool:
        """Whether nobody sends it any more."""
        return given_up(Act(self.act), moved=self.moved)


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """The first answer of the device that was told."""

    id: UUID
    incident: UUID
    device: str
    act: str
    done: str
    at: datetime


async def sirens(conn: Connection, site: str) -> list[SirenRow]:
    """The sirens of a site that are enrolled, by code."""
    return await all_rows(conn, SirenRow, _SQL["sirens"], {"site": site})


async def told(conn: Connection, incident: UUID, site: str, now: datetime) -> list[CommandRow]:
    """What the sirens of a site were told, oldest first: all about this incident, and about others what may sound still."""
    return await all_rows(conn, CommandRow, _SQL["told"], {"incident": incident, "site": site, "since": now - SOUNDS})


def others_using(rows: Iterable[CommandRow], incident: UUID, now: datetime) -> list[CommandRow]:
    """Of what one siren was told, oldest first: the order of each other open incident for which it sounds."""
    heard = [row for row in rows if row.done in (None, "siren")]
    newest = {row.incident: row for row in heard if row.act == Act.ON}
    found = sounds_for(((row.incident, row.command) for row in heard), now)
    return [newest[one] for one in found if one != incident and newest[one].open]


async def hold(conn: Connection, incident: UUID, now: datetime) -> None:
    """Until the transaction ends nobody else tells a siren of that site anything, and what such an order may change is held."""
    await conn.execute(_SQL["hold_orders"], {"incident": incident})
    await conn.execute(_SQL["hold_incidents"], {"incident": incident, "since": now - SOUNDS})


async def order(
    conn: Connection, incident: UUID, device: str, act: Act, actor: Actor, now: datetime, *, confirm: bool = False
) -> UUID:
    """A person tells a siren of the incident's site to sound or to be silent; the command. The same again is the same command.

    What was told about another incident is no repeat: this one's trail says who pressed, and the other's while it is open. Silenced
    it can be when all is over, too, and while it sounds for others: `confirm` says that the person knows of them.
    Raises NotFound, OutOfScope, NotAllowed, UnknownDevice, PersonNeeded, SirenInUse.
    """
    if actor.account_id is None:
        raise PersonNeeded(f"{act.value}: is done by a person, never by a machine")
    await hold(conn, incident, now)
    held = await incidents.lock(conn, incident)
    incidents.demand_scope(held, actor)
    if act is Act.ON:
        demand_open(held, act.value)
    siren = next((one for one in await sirens(conn, held.site) if one.device == device), None)
    if siren is None:
        raise UnknownDevice(device)
    await conn.execute(_SQL["hold"], {"device": device})
    before = [row for row in await told(conn, incident, held.site, now) if row.device == device]
    own = [row.id for row in before if row.incident == incident]
    same = standing([row.command for row in before], act, now)
    if same is not None and same.id in own:
        return same.id
    using = others_using(before, incident, now)
    if act is Act.OFF and using and not confirm:
        raise SirenInUse(device, [row.incident for row in using])
    new = command_id(incident, device, len(own) + 1)
    at = max([now, *(row.at + _NEXT for row in before)])  # whatever the clock says, what is told last is the newest
    seconds = int(SOUNDS.total_seconds()) if act is Act.ON else 0
    row = {"id": new, "incident": incident, "device_id": siren.device_id, "act": act.value, "seconds": seconds, "by": actor.login}
    await conn.execute(_SQL["order"], row | {"at": at, "expires_at": at + WORTH})
    await trail.add(conn, incident, act.value, actor.login, now, {"device": device, "command": new})
    await incidents.move(conn, held, None, actor, now, aside=True)
    said = {
        "device": device,
        "command": new,
        "incident": incident,
        "kind": await one_value(conn, _SQL["kind"], {"incident": incident}),
    }
    await _tell_others(conn, f"{act.value}_elsewhere", actor.login, now, said)
    return new


async def pending(conn: Connection, now: datetime) -> list[PendingRow]:
    """Of each siren the newest command of the last hour, where nobody has answered it; those that have run out with them."""
    return await all_rows(conn, PendingRow, _SQL["pending"], {"since": now - _LOOK_BACK})


async def sending(conn: Connection, command: PendingRow, now: datetime) -> bool:
    """Whether this is to be sent now. Until the transaction ends nobody tells that siren anything else."""
    await conn.execute(_SQL["hold"], {"device": command.device})
    return await one_value(conn, _SQL["stands"], {"id": command.id, "now": now}) is not None


async def sent(conn: Connection, command: UUID, now: datetime) -> None:
    """The broker has it."""
    await conn.execute(_SQL["sent"], {"id": command, "now": now})


async def answers(conn: Connection, now: datetime) -> list[AnswerRow]:
    """Answers that have been stored and not yet been written down here."""
    return await all_rows(conn, AnswerRow, _SQL["answers"], {"since": now - _LOOK_BACK})


async def answered(conn: Connection, answer: AnswerRow, now: datetime) -> bool:
    """Write an answer down, once, however many processes find it."""
    await hold(conn, answer.incident, now - _LOOK_BACK)
    held = await incidents.lock(conn, answer.incident)
    if await one_value(conn, _SQL["answered"], {"id": answer.id, "at": answer.at, "done": answer.done}) is None:
        return False
    kind = f"{answer.act}_answered" if answer.done == "siren" else "siren_refused"
    said = {"device": answer.device, "command": answer.id, "note": "" if answer.done == "siren" else answer.done}
    await trail.add(conn, answer.incident, kind, f"device:{answer.device}", answer.at, said)
    await incidents.move(conn, held, None, SYSTEM, now, aside=True)
    await _tell_others(conn, kind, f"device:{answer.device}", answer.at, said)
    return True


async def unanswered(conn: Connection, command: PendingRow, now: datetime) -> bool:
    """Nothing has come back, or it was given up: the desk is told, once."""
    await hold(conn, command.incident, now - _LOOK_BACK)
    held = await incidents.lock(conn, command.incident)
    if await one_value(conn, _SQL["unanswered"], {"id": command.id, "now": now}) is None:
        return False
    kind = "siren_moved" if command.given_up else "siren_silent"
    said = {"device": command.device, "command": command.id}
    await trail.add(conn, command.incident, kind, SYSTEM.login, now, said)
    await incidents.move(conn, held, None, SYSTEM, now, aside=True)
    await _tell_others(conn, kind, SYSTEM.login, now, said)
    return True


async def _tell_others(conn: Connection, line: str, by: str, at: datetime, said: dict[str, Any]) -> None:
    """What becomes of a command is in the trails of the site's other open incidents too that had told its siren something."""
    for other in await values_of(conn, _SQL["others"], {"command": said["command"], "sounds": SOUNDS}):
        await trail.add(conn, other, line, by, at, said)
        await incidents.move(conn, await incidents.lock(conn, other), None, SYSTEM, at, aside=True)
