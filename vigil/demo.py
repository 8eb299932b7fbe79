"""The demo district in the database: loaded once, its devices' tokens and its people's passwords derived or drawn on this machine.

No secret is in the repository: the device tokens' seed and the passwords are drawn at the first start, in files of 0600.
"""

import hashlib
import json
import secrets
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from argon2 import PasswordHasher
from psycopg import AsyncConnection

from care.district import District, problems
from dispatch.alarm import PROBE
from simulators import tokens
from simulators.district import CREW
from store import devices, people, register
from vigil import demo_safety
from vigil.drawn import PROBE_TOKEN, kept, write

SEED_FILE, PASSWORDS_FILE = "demo_seed", "demo_passwords.json"
_TYPED, _NEVER_TYPED = 10, 25
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


class DistrictDoesNotFit(ValueError):
    """A district whose parts do not fit together."""


def seed(folder: Path) -> bytes:
    """The secret from which the demo devices' tokens are derived; drawn at the first call."""
    return bytes.fromhex(kept(folder / SEED_FILE))


def passwords(folder: Path, logins: list[str]) -> dict[str, str]:
    """A password for each demo login; drawn for those that have none yet."""
    known = drawn_passwords(folder)
    missing = [login for login in logins if login not in known]
    if missing:
        known |= {login: "".join(secrets.choice(_ALPHABET) for _ in range(_length(login))) for login in missing}
        write(folder / PASSWORDS_FILE, json.dumps(known, indent=1))
    return {login: known[login] for login in logins}


def drawn_passwords(folder: Path) -> dict[str, str]:
    """By login, those that were drawn on this machine until now."""
    path = folder / PASSWORDS_FILE
    drawn: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    return drawn


async def load(conn: AsyncConnection, district: District, folder: Path, now: datetime) -> bool:
    """Load the district, its device tokens and passwords, unless a cell is there already; whether it was loaded now."""
    if await register.cell(conn) is not None:
        return False
    if wrong := problems(district):
        raise DistrictDoesNotFit(f"district: expected parts that fit together, got {len(wrong)} faults, first: {wrong[0]}")
    drawn = passwords(folder, [account.login for account in district.accounts])
    secret, hashes = seed(folder), _hashes(drawn)  # seconds of work: before the transaction, whose idle time is limited
    async with conn.transaction():
        await register.load_district(conn, district, now)
        await devices.set_tokens(conn, {one.code: digest(tokens.token(secret, one.code)) for one in district.devices})
        for login, hashed in hashes.items():
            await people.set_password_hash(conn, login, hashed)
        await demo_safety.load(conn, district, now)
    return True


async def enrol_probe(conn: AsyncConnection, folder: Path, now: datetime) -> str | None:
    """The cell's probe, at its first institution, with the token of this machine; None without a district."""
    cell = await register.cell(conn)
    if cell is None:
        return None
    code, token = f"probe-{cell.code}", digest(kept(folder / PROBE_TOKEN))
    async with conn.transaction():
        try:
            await devices.set_tokens(conn, {code: token})
        except devices.UnknownDevice:
            site = min(await register.sites(conn), key=lambda one: (one.kind != "institution", one.code))
            await devices.enrol(conn, code, PROBE, site.code, "", "", "", token, now)
    return code


def digest(token: str) -> bytes:
    """What the register keeps of a device token."""
    return hashlib.sha256(token.encode()).digest()


def _length(login: str) -> int:
    return _NEVER_TYPED if login.startswith(CREW) else _TYPED


def _hashes(drawn: Mapping[str, str]) -> dict[str, str]:
    """What nobody types is 120 random bits, which no guessing finds: slow hashes of fifty of them would only slow the start."""
    slow, quick = PasswordHasher(), PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1)
    return {login: (quick if login.startswith(CREW) else slow).hash(password) for login, password in drawn.items()}
