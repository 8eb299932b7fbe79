"""How a session begins and ends. An unknown login answers like a wrong password, after the same time."""

import logging
from datetime import datetime, timedelta

from api.access import PROBE, Viewer
from api.attempts import TooManyAttempts
from api.client import GOING_AWAY, NOT_LOGGED_IN
from api.context import Context, viewer_of
from api.database import Lane
from api.problems import WrongCredentials
from api.sessions import LASTS, Session, digest, new_token
from store import people
from store.connect import Connection

log = logging.getLogger(__name__)


async def log_in(here: Context, login: str, password: str, address: str, now: datetime) -> tuple[str, Viewer]:
    """A new session's token and whose it is. Raises TooManyAttempts, WrongCredentials, StoreUnavailable."""
    here.attempts.take(login, address, now)
    account = await here.database.run(lambda conn: people.account_by_login(conn, login))
    stored = account.password_argon2 if account and account.disabled_at is None else None
    try:
        right = await here.passwords.right(stored, password)
    except TooManyAttempts:
        here.attempts.unheard(login, address)
        raise
    if not right or account is None or stored is None:
        log.warning("login refused from %s", address)
        raise WrongCredentials("login and password do not belong together")
    here.attempts.succeeded(login, address)
    token, who = new_token(), viewer_of(account)
    fresh = await here.passwords.hashed(password) if here.passwords.outdated(stored) else None

    async def begun(conn: Connection) -> None:
        await people.create_session(conn, digest(token), who.account_id, now, now + LASTS)
        if fresh is not None:
            await people.set_password_hash(conn, who.login, fresh)

    await here.database.run(begun)
    here.sessions.start(token, who, now)
    return token, who


async def log_out(here: Context, found: Session) -> None:
    """End a session: here at once, in the database too. Raises StoreUnavailable when that could not be told; then it goes on."""
    await here.database.run(lambda conn: people.delete_session(conn, found.digest))
    here.sessions.end(found.digest)
    here.hub.end_session(found.digest, "logged out")


def ended_elsewhere(here: Context, payload: str) -> None:
    """A notice of the database that a session is over."""
    key = bytes.fromhex(payload)
    here.sessions.end(key)
    here.hub.end_session(key, "the session is over")


async def keep(here: Context, now: datetime) -> None:
    """Write renewals down, take over what other processes know, and let go consoles whose session is over."""
    consoles = {client.session for client in here.hub.clients}
    for key in consoles:
        here.sessions.alive(key, now, renew=True)  # an open console is in use
    renewed = here.sessions.take_renewed()

    async def transaction(conn: Connection) -> list[people.SessionRow]:
        for one in renewed:
            await people.renew_session(conn, one.digest, one.expires_at)
        return await people.all_sessions(conn, now)

    rows = await here.database.run(transaction, lane=Lane.OWN)
    here.sessions.adopt(
        (Session(bytes(r.token_sha256), viewer_of(r), r.expires_at, now) for r in rows), now - timedelta(seconds=10)
    )
    for client in [one for one in here.hub.clients if one.viewer.role != PROBE]:
        session = here.sessions.alive(client.session, now)
        if session is None:
            client.end(NOT_LOGGED_IN, "the session is over")
        elif session.viewer != client.viewer:
            client.end(GOING_AWAY, "the account has changed")  # it comes back as what it is now
