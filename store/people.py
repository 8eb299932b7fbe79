"""Accounts and sessions. Only hashes are kept: argon2 of passwords, SHA-256 of session tokens."""

from dataclasses import dataclass
from datetime import datetime

from care.people import ROLES
from store import notify
from store.connect import Connection
from store.errors import NotFound, StoreError
from store.responders import responder as responder_of
from store.rows import all_rows, one_row, one_value
from store.statements import statements

_SQL = statements("people")


class AccountExists(StoreError):
    """An account with this login exists already."""

    def __init__(self, login: str) -> None:
        super().__init__(f"account {login}: exists already")
        self.login = login


class BadAccount(StoreError):
    """An account that could never be used; `reason` says what was expected."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"account: {reason}")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class AccountRow:
    """Someone who may log in, unless disabled or without a password. `responder` is a code."""

    account_id: int
    login: str
    name: str
    role: str
    scope: str
    responder: str | None
    password_argon2: str | None
    disabled_at: datetime | None
    demo: bool


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session that has not ended, and whose it is."""

    token_sha256: bytes
    account_id: int
    login: str
    name: str
    role: str
    scope: str
    responder: str | None
    demo: bool
    created_at: datetime
    expires_at: datetime


async def account_by_login(conn: Connection, login: str) -> AccountRow | None:
    """The account of a login, disabled ones too; None when there is none."""
    return await one_row(conn, AccountRow, _SQL["account_by_login"], {"login": login})


async def list_accounts(conn: Connection) -> list[AccountRow]:
    """Every account, by login."""
    return await all_rows(conn, AccountRow, _SQL["list_accounts"])


async def add_account(conn: Connection, login: str, name: str, role: str, scope: str, responder: str | None = None) -> int:
    """Add an account without a password; its id. Raises AccountExists, BadAccount, NotFound (no such responder)."""
    if role not in ROLES:
        raise BadAccount(f"role: expected one of {', '.join(ROLES)}, got {role!r}")
    if not login or not scope:
        raise BadAccount("expected a login and a scope (an area-code prefix or site:<code>)")
    if (role == "responder") != bool(responder):
        raise BadAccount("a responder's account, and no other, names a responder")
    if responder:
        await responder_of(conn, responder)
    account = {"login": login, "name": name, "role": role, "scope": scope, "responder": responder}
    account_id: int | None = await one_value(conn, _SQL["add_account"], account)
    if account_id is None:
        raise AccountExists(login)
    return account_id


async def set_password_hash(conn: Connection, login: str, password_argon2: str) -> None:
    """From now on this password. Raises NotFound."""
    if await one_value(conn, _SQL["set_password_hash"], {"login": login, "password_argon2": password_argon2}) is None:
        raise NotFound("account", login)


async def create_session(conn: Connection, token_sha256: bytes, account_id: int, now: datetime, expires: datetime) -> None:
    """Begin a session, or prolong it; those that are over are forgotten."""
    await conn.execute(_SQL["delete_expired"], {"now": now})
    session = {"token_sha256": token_sha256, "account_id": account_id, "now": now, "expires": expires}
    await conn.execute(_SQL["create_session"], session)


async def renew_session(conn: Connection, token_sha256: bytes, expires: datetime) -> None:
    """Prolong a session, unless it has ended."""
    await conn.execute(_SQL["renew_session"], {"token_sha256": token_sha256, "expires": expires})


async def end_sessions(conn: Connection, login: str) -> int:
    """End every session of an account and tell all who hold one in memory; how many there were."""
    ended = await (await conn.execute(_SQL["end_sessions"], {"login": login})).fetchall()
    for (token_sha256,) in ended:
        await notify.session(conn, token_sha256)
    return len(ended)


async def session_account(conn: Connection, token_sha256: bytes, now: datetime) -> SessionRow | None:
    """The session of a token; None when there is none, it is over, or the account is disabled."""
    return await one_row(conn, SessionRow, _SQL["sessions"], {"token_sha256": token_sha256, "now": now})


async def all_sessions(conn: Connection, now: datetime) -> list[SessionRow]:
    """Every session that has not ended, oldest first."""
    return await all_rows(conn, SessionRow, _SQL["sessions"], {"token_sha256": None, "now": now})


async def delete_session(conn: Connection, token_sha256: bytes) -> None:
    """End a session; twice is once."""
    await conn.execute(_SQL["delete_session"], {"token_sha256": token_sha256})
