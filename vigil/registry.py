"""`vigil devices` and `vigil users`: the register's own door, for whoever may read the owner's secrets on this machine."""

import argparse
import getpass
import json
import secrets
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import UTC, datetime

from argon2 import PasswordHasher

from devices.profiles import PROFILES, WORN
from simulators import tokens
from store import administration, devices, people
from store.administration import Clerk, Enrolment
from store.connect import Connection, connect
from vigil import demo, state
from vigil.database import database_url
from vigil.settings import BadSetting, Settings

_SHORTEST_PASSWORD = 10


@asynccontextmanager
async def owner(settings: Settings) -> AsyncIterator[Connection]:
    """A connection as the owner: to VIGIL_DATABASE_URL, else to the embedded database of a running `vigil up`."""
    async with await connect(owner_url(settings), autocommit=True, application="vigil-cli") as conn:
        yield conn


def owner_url(settings: Settings) -> str:
    """Where `owner` connects: VIGIL_DATABASE_URL with its password, else the embedded database. Raises NotRunning."""
    if settings.text("VIGIL_DATABASE_URL"):
        return database_url(settings)
    return state.database(settings.data).dsn("vigil_owner")


async def devices_command(arguments: argparse.Namespace, settings: Settings) -> int:
    """Enrol, rotate, revoke, list; a token is printed once and kept only as its hash."""
    if arguments.action == "token":
        show(arguments, await _demo_token(arguments.code, settings))
        return 0
    async with owner(settings) as conn:
        show(arguments, await _on_devices(conn, arguments))
    return 0


async def _demo_token(code: str, settings: Settings) -> dict[str, str]:
    """A demo device's token, derived anew, if it is still the one that lets it in."""
    async with owner(settings) as conn:
        credential = (await devices.credentials(conn)).get(code)
    token = tokens.token(demo.seed(settings.secrets), code)
    if credential is None:
        raise BadSetting(f"device: expected one that may connect, got {code!r}")
    if credential.token_sha256 != demo.digest(token):
        raise BadSetting(f"{code}: its token is not the demo's any more; `vigil devices rotate {code}` prints a new one")
    return {"device": code, "token": token}


async def users_command(arguments: argparse.Namespace, settings: Settings) -> int:
    """Add, change a password, list."""
    async with owner(settings) as conn:
        show(arguments, await _on_users(conn, arguments))
    return 0


async def _on_devices(conn: Connection, arguments: argparse.Namespace) -> object:
    now, clerk = datetime.now(UTC), Clerk(f"cli:{getpass.getuser()}", None)
    if arguments.action == "list":
        known = await devices.register(conn)
        return [asdict(one) for one in known.values() if arguments.site in ("", one.site)]
    token = secrets.token_urlsafe(32)
    async with conn.transaction():  # the act and its line in the log, or neither
        if arguments.action == "revoke":
            return {"device": arguments.code, "revoked_at": await administration.revoke(conn, clerk, arguments.code, now)}
        if arguments.action == "worn":
            profile = WORN[arguments.place]
            await administration.worn(conn, clerk, arguments.code, profile, now)
            return {"device": arguments.code, "profile": profile}
        if arguments.action == "rotate":
            await administration.rotate(conn, clerk, arguments.code, token, now)
        else:
            await administration.enrol(conn, clerk, _enrolment(arguments), token, now)
    return {"device": arguments.code, "token": token}


def _enrolment(arguments: argparse.Namespace) -> Enrolment:
    if arguments.profile not in PROFILES:
        raise BadSetting(f"--profile: expected one of {', '.join(PROFILES)}, got {arguments.profile!r}")
    return Enrolment(arguments.code, arguments.profile, arguments.site, arguments.zone, arguments.senior, arguments.gateway)


async def _on_users(conn: Connection, arguments: argparse.Namespace) -> object:
    if arguments.action == "list":
        return [
            {"login": one.login, "name": one.name, "role": one.role, "scope": one.scope} for one in await people.list_accounts(conn)
        ]
    password = _asked()
    hashed = PasswordHasher().hash(password)
    async with conn.transaction():  # whoever knew the old password is out once there is a new one
        if arguments.action == "add":
            await people.add_account(conn, arguments.login, arguments.name, arguments.role, arguments.scope, arguments.responder)
        await people.set_password_hash(conn, arguments.login, hashed)
        await people.end_sessions(conn, arguments.login)
    return {"login": arguments.login, "password": "set"}


def _asked() -> str:
    password = getpass.getpass("new password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    if len(password) < _SHORTEST_PASSWORD:
        raise BadSetting(f"password: expected at least {_SHORTEST_PASSWORD} characters, got {len(password)}")
    return password


def show(arguments: argparse.Namespace, found: object) -> None:
    """One JSON object, or a line a row."""
    if arguments.json:
        print(json.dumps(found, default=str, ensure_ascii=False))
        return
    rows: Sequence[object] = found if isinstance(found, list) else [found]
    for row in rows:
        print("  ".join(f"{name}={value}" for name, value in row.items()) if isinstance(row, dict) else row)
