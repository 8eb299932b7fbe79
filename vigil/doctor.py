"""`vigil doctor`: what is missing or broken, each with the one thing that mends it."""

import argparse
import asyncio
import json
import os
import shutil
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from store import cluster
from store.connect import connect
from store.migrate import status
from store.refusing import Refusal, refusal
from vigil import adoption, console_build, disk, state
from vigil.settings import Settings
from vigil.web import call

_ENOUGH_DISK = 2 * 1024**3
_REFUSES = {
    Refusal.READ_ONLY: (
        "answers, but is read-only and stores nothing",
        "ALTER SYSTEM RESET default_transaction_read_only; SELECT pg_reload_conf()",
    ),
    Refusal.DISK_FULL: ("answers, but its disk is full and it stores nothing", "free space there; it goes on by itself"),
}


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. `remedy` says what to do where it is not `ok`."""

    name: str
    ok: bool
    found: str
    remedy: str = ""


async def command(arguments: argparse.Namespace, settings: Settings) -> int:
    """Print every check; the status is 1 when one failed."""
    checks = [*machine(settings), *await running(settings)]
    if arguments.json:
        print(json.dumps({"ok": all(one.ok for one in checks), "checks": [asdict(one) for one in checks]}, ensure_ascii=False))
    else:
        for one in checks:
            print(f"  {'ok     ' if one.ok else 'BROKEN '} {one.name}: {one.found}{'' if one.ok else f'  →  {one.remedy}'}")
    return 0 if all(one.ok for one in checks) else 1


def machine(settings: Settings) -> Iterator[Check]:
    """What this machine must have before anything starts."""
    version = sys.version.split()[0]
    yield Check("Python", sys.version_info >= (3, 11), version, "install Python 3.11 or newer")
    broker = Path(sysconfig.get_path("scripts")) / "nats-server"
    there = broker.exists() or bool(shutil.which("nats-server"))
    yield Check("broker program", there, "nats-server" if there else "none", "run make prepare")
    yield _database_program()
    if os.geteuid() == 0:
        setpriv = shutil.which("setpriv")
        yield Check("setpriv (PostgreSQL does not run as root)", bool(setpriv), setpriv or "none", "apt-get install util-linux")
    wrong = console_build.fault(*console_build.place(settings.path("VIGIL_DASHBOARD")))
    yield Check("console build", not wrong, wrong or "there", "run make run, which builds it")
    yield _falls(adoption.folder(settings))
    yield from _folder(settings.data)


async def running(settings: Settings) -> list[Check]:
    """How a Vigil on this data folder is doing; nothing where none was started."""
    try:
        now = state.read(settings.data)
    except state.NotRunning:
        return [Check("running", True, "no `vigil up` on this data folder now")]
    checks = [Check("supervisor", _alive(now.pid), f"process {now.pid}", "start it again with make run")]
    log = settings.data / "log"
    checks += [Check(f"part {name}", _alive(pid), f"process {pid}", f"see {log / name}.log") for name, pid in now.children.items()]
    return [*checks, await _console(now.url), await _broker(settings), *await _database(settings)]


def _database_program() -> Check:
    try:
        return Check("database program", True, f"PostgreSQL {cluster.major_version()}")
    except (cluster.DatabaseFailed, OSError) as error:
        return Check("database program", False, str(error), "run make prepare")


def _falls(home: Path) -> Check:
    name, fault = "model of falls", adoption.fault(home)
    if fault:
        remedy = "put it back from a backup, or run vigil models rollback; then restart the telemetry workers"
        return Check(name, False, f"the one that ships judges, since the adopted one cannot be used: {fault}", remedy)
    try:
        return Check(name, True, adoption.choose(home).model.version)
    except adoption.UNREADABLE as error:
        return Check(name, False, f"falls are judged by the plain rule: {error}", "install Vigil again")


def _folder(data: Path) -> Iterator[Check]:
    home = next(place for place in (data, *data.parents) if place.exists())
    free = shutil.disk_usage(home).free
    yield Check("data folder", os.access(home, os.W_OK), str(data), "give --data a folder that you may write to")
    yield Check("disk", free >= _ENOUGH_DISK, f"{free / 1024**3:.1f} GiB free", "free at least 2 GiB")
    secrets = data / "secrets"
    if secrets.exists():
        private = not secrets.stat().st_mode & 0o077
        yield Check("secrets", private, "private" if private else "readable by others", f"chmod 700 {secrets}")


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


async def _console(url: str) -> Check:
    try:
        answer = await asyncio.to_thread(call, f"{url}/api/health")
    except OSError as error:
        return Check("console", False, f"{url}: {error}", "see the log of api")
    health = answer.body if isinstance(answer.body, dict) else {}
    broken = [name for name in ("broker", "database") if not health.get(name)]
    found = f"{url} answers" + (f"; it cannot reach: {', '.join(broken)}" if broken else "")
    return Check("console", not broken, found, "see the logs of those parts")


async def _broker(settings: Settings) -> Check:
    port = json.loads((settings.data / "ports.json").read_text())["monitor"]
    found = await asyncio.to_thread(disk.complaint, port)
    return Check("broker", not found, found or "takes messages", "free space there; it is started again by itself")


async def _database(settings: Settings) -> list[Check]:
    try:
        async with await connect(state.database(settings.data).dsn("vigil_owner"), autocommit=True) as conn:
            refuses, pending = await refusal(conn), (await status(conn)).pending
    except Exception as error:  # whatever it is, it is what the doctor was asked for
        return [Check("database", False, str(error).partition("\n")[0], "see the log of database")]
    found, remedy = ("stores", "") if refuses is None else _REFUSES[refuses]
    waiting = "up to date" if not pending else f"waiting: {', '.join(pending)}"
    return [Check("database", refuses is None, found, remedy), Check("schema", not pending, waiting, "restart `vigil up`")]
