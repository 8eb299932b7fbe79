"""What a request may reach: the parts that the app's lifespan owns, who is asking, and the check that stands before everything."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import Depends
from starlette.requests import HTTPConnection

from api.access import Action, Thing, Viewer, may
from api.attempts import Attempts
from api.cards import thing_of
from api.database import Database, Lane, Work
from api.hub import Hub
from api.meters import Meters
from api.passwords import Passwords
from api.problems import NotFound, NotLoggedIn, NotPermitted
from api.reads import Reads
from api.register import Register
from api.roads import Roads
from api.sessions import Session, Sessions, digest
from api.settings import ApiSettings
from api.shown import Shown
from store import people
from store.board import CardRow, board
from store.connect import Connection
from store.trail import Actor

COOKIE = "vigil_session"
T = TypeVar("T")


@dataclass(slots=True)
class Context:
    """The parts of a running api."""

    settings: ApiSettings
    database: Database
    hub: Hub
    register: Register
    shown: Shown
    ordered: asyncio.Event = field(default_factory=asyncio.Event)  # a siren has been told something
    roads: Roads = field(default_factory=Roads)
    meters: Meters = field(default_factory=Meters)
    sessions: Sessions = field(default_factory=Sessions)
    attempts: Attempts = field(default_factory=Attempts)
    passwords: Passwords = field(default_factory=Passwords)
    reads: Reads = field(init=False)

    def __post_init__(self) -> None:
        self.reads = Reads(self.database)

    def close(self) -> None:
        """End the threads."""
        self.roads.close()
        self.passwords.close()


@dataclass(frozen=True, slots=True)
class Reader:
    """Who asks: a session, and the account that it is of; each has few turns at once."""

    reads: Reads
    session: bytes
    account: int

    async def run(self, work: Work[T]) -> T:
        """One question. Raises TooManyReads, StoreUnavailable, or what the work raises."""
        return await self.reads.run(self.session, self.account, work)


def context(connection: HTTPConnection) -> Context:
    """The running api that this request came to."""
    here: Context = connection.app.state.context
    return here


async def session(connection: HTTPConnection, here: Annotated[Context, Depends(context)]) -> Session:
    """The session of the request's cookie, from memory; asked of the database once when another process may have begun it."""
    token = connection.cookies.get(COOKIE)
    if not token:
        raise NotLoggedIn("no session")
    now = datetime.now(UTC)
    found = here.sessions.find(token, now)
    if found is None and here.database.up:
        found = await _begun_elsewhere(here, token, now)
    if found is None:
        raise NotLoggedIn("the session is over; log in again")
    return found


async def viewer(found: Annotated[Session, Depends(session)]) -> Viewer:
    """Who is asking."""
    return found.viewer


async def reader(found: Annotated[Session, Depends(session)], here: Annotated[Context, Depends(context)]) -> Reader:
    """What asks the database on behalf of the request's session."""
    return Reader(here.reads, found.digest, found.viewer.account_id)


def viewer_of(row: people.AccountRow | people.SessionRow) -> Viewer:
    """The account of a row as a viewer."""
    return Viewer(row.login, row.name, row.account_id, row.role, row.scope, row.responder, row.demo)


def actor(who: Viewer) -> Actor:
    """The viewer as the trail names him."""
    return Actor(login=who.login, account_id=who.account_id, role=who.role, scope=who.scope)


def demand(who: Viewer, action: Action, thing: Thing, *, seen_by: Action = Action.SEE_INCIDENT) -> None:
    """Raises NotFound for what this person may not even see, NotPermitted for what he may see but not do."""
    if not may(who, seen_by, thing):
        raise NotFound("no such thing, or not in your scope")
    if not may(who, action, thing):
        raise NotPermitted(f"{action.value}: not permitted to the role {who.role}")


def everywhere(who: Viewer, action: Action) -> None:
    """Raises NotPermitted unless this person may do it in his own scope, whatever that is."""
    own = frozenset({who.responder}) if who.responder else frozenset[str]()
    area, site = ("", who.scope.removeprefix("site:")) if who.scope.startswith("site:") else (who.scope, "")
    if not may(who, action, Thing(area, site, own)):
        raise NotPermitted(f"{action.value}: not permitted to the role {who.role}")


def demanded(who: Viewer, incident_id: UUID, action: Action) -> Callable[[Connection], Awaitable[CardRow]]:
    """Work that reads an incident on behalf of someone who wants to do this to it. Raises NotFound, NotPermitted."""

    async def work(conn: Connection) -> CardRow:
        rows = await board(conn, None, [incident_id])
        if not rows:
            raise NotFound("no such incident, or not in your scope")
        demand(who, action, thing_of(rows[0]))
        return rows[0]

    return work


async def _begun_elsewhere(here: Context, token: str, now: datetime) -> Session | None:
    row = await here.database.run(lambda conn: people.session_account(conn, digest(token), now), lane=Lane.READS)
    return None if row is None else here.sessions.start(token, viewer_of(row), now)
