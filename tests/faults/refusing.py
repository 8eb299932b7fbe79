"""A database that is there and stores nothing: its disk full, set read-only; or one that is not there and cannot come back.

A disk is filled for real, by a file on a small file system in memory, which only root may mount.
"""

import os
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from enum import StrEnum
from pathlib import Path

from store.connect import connect
from tests.conftest import Product
from vigil import state

_DATABASE_MB, _ALL_MB = 320, 160
_FILLER = "filler"


class Refusal(StrEnum):
    """What keeps the database from storing."""

    STOPPED = "stopped"
    READ_ONLY = "read-only"
    FULL = "its disk full"
    ALL_FULL = "the whole disk full"


OFTEN = (Refusal.STOPPED, Refusal.READ_ONLY, Refusal.FULL)


@contextmanager
def small_disks(data: Path) -> Iterator[bool]:
    """A small disk for the data folder and one for the database in it; False where we may not mount any."""
    places = ((data, _ALL_MB), (data / "postgres", _DATABASE_MB))
    mounted: list[Path] = []
    try:
        for place, size_mb in places:
            place.mkdir(parents=True, exist_ok=True)
            if _run("mount", "-t", "tmpfs", "-o", f"size={size_mb}m,mode=0755", "vigil-test", str(place)):
                mounted.append(place)
        yield len(mounted) == len(places)
    finally:
        for place in reversed(mounted):
            _run("umount", "--lazy", str(place))


@asynccontextmanager
async def refusing(product: Product, refusal: Refusal) -> AsyncIterator[None]:
    """The database stores nothing meanwhile."""
    base = product.data / "postgres"
    match refusal:
        case Refusal.STOPPED:
            with _stopped(product, base / "pg"):
                yield
        case Refusal.READ_ONLY:
            async with _read_only(product):
                yield
        case Refusal.FULL:
            with _full(base):
                yield
        case Refusal.ALL_FULL:
            with _full(base), _full(product.data):
                yield


@contextmanager
def _stopped(product: Product, data: Path) -> Iterator[None]:
    """Ended, and its data out of sight, so that it cannot be started again."""
    aside = data.with_name("pg.aside")
    pid = product.pids()["database"]
    data.rename(aside)
    os.kill(pid, signal.SIGQUIT)
    try:
        yield
    finally:
        aside.rename(data)


@asynccontextmanager
async def _read_only(product: Product) -> AsyncIterator[None]:
    await _everybody_reads_only(product, "on")
    try:
        yield
    finally:
        await _everybody_reads_only(product, "off")


async def _everybody_reads_only(product: Product, value: str) -> None:
    dsn = state.database(product.data).dsn("postgres")
    async with await connect(dsn, autocommit=True, application="faults") as conn:
        await conn.execute("SET default_transaction_read_only = off")
        await conn.execute(f"ALTER SYSTEM SET default_transaction_read_only = {value}".encode())
        await conn.execute("SELECT pg_reload_conf()")


@contextmanager
def _full(place: Path) -> Iterator[None]:
    """Not a byte is left."""
    filler = place / _FILLER
    with filler.open("wb") as out:
        step = 1 << 20
        while step:
            try:
                os.posix_fallocate(out.fileno(), out.seek(0, os.SEEK_END), step)
            except OSError:
                step >>= 1
    try:
        yield
    finally:
        filler.unlink()


def _run(*argv: str) -> bool:
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0
