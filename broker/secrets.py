"""What the services prove themselves with: generated once, kept in a directory of 0700 with files of 0600, read ever after.

Two processes that start at the same moment agree: a secret is linked into place whole, and whoever comes second reads that one.
"""

import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import nkeys

USERS = ("ingest", "api", "desk", "probe", "callout", "warden")
_SEED = "callout.nkey"


@dataclass(frozen=True, slots=True)
class BrokerSecrets:
    """Passwords of the service users by name, and the account seed (nkey) the callout signs with."""

    passwords: Mapping[str, str]
    callout_seed: str

    @property
    def issuer(self) -> str:
        """The public half of the callout's key; the server trusts what it signed."""
        return public_key(self.callout_seed)


def load_or_create(path: Path) -> BrokerSecrets:
    """Read the secrets kept in `path`; what is missing is generated there first."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)
    passwords = {user: _kept(path / f"{user}.password", new_password) for user in USERS}
    return BrokerSecrets(passwords, _kept(path / _SEED, new_account_seed))


def new_password() -> str:
    """256 random bits, in letters that need no quoting anywhere."""
    return secrets.token_urlsafe(32)


def new_account_seed() -> str:
    """The seed of a fresh NATS account key."""
    return str(nkeys.encode_seed(secrets.token_bytes(32), nkeys.PREFIX_BYTE_ACCOUNT).decode())


def public_key(seed: str) -> str:
    """The public key that belongs to a seed."""
    return str(nkeys.from_seed(bytearray(seed, "ascii")).public_key.decode())


def _kept(file: Path, make: Callable[[], str]) -> str:
    if not file.exists():
        _link_into_place(file, make())
    file.chmod(0o600)
    return file.read_text().strip()


def _link_into_place(file: Path, text: str) -> None:
    draft = file.with_name(f".{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(text + "\n")
        out.flush()
        os.fsync(out.fileno())
    try:
        os.link(draft, file)
    except FileExistsError:
        pass  # another process was first; its secret counts
    finally:
        draft.unlink()
