"""Child processes of a benchmark: started, watched, measured and ended; none outlives it."""

import asyncio
import contextlib
import json
import os
import re
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parent.parent
_STOP_S = 20.0
_LOG_LINES = 15


class Died(RuntimeError):
    """A process of the benchmark ended too early; the message ends with the last lines of its log."""

    def __init__(self, status: int | None, log: str) -> None:
        super().__init__(f"ended with status {status} before it was ready\n{log}")
        self.status = status


@asynccontextmanager
async def stopped(process: Process) -> AsyncIterator[Process]:
    """The process is asked to end when the block does, then made to."""
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), _STOP_S)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


@asynccontextmanager
async def running(name: str, argv: list[str], log: Path, environ: Mapping[str, str]) -> AsyncIterator[Process]:
    """A Python module of this checkout as a process (`argv` after `python -m`), its words in `log`/`name`.log."""
    with (log / f"{name}.log").open("ab") as out:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", *argv, cwd=ROOT, env={**os.environ, **environ}, stdin=DEVNULL, stdout=out, stderr=out
        )
    async with stopped(process):
        yield process


@asynccontextmanager
async def job(module: str, order: Mapping[str, Any]) -> AsyncIterator[Process]:
    """A module of this room that takes its orders as JSON on standard input and answers with a line of JSON."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", module, cwd=ROOT, stdin=PIPE, stdout=PIPE)
    async with stopped(process):
        if process.stdin is None:
            raise Died(process.returncode, "")
        process.stdin.write(json.dumps(order).encode() + b"\n")
        await process.stdin.drain()
        yield process


async def answer(process: Process) -> dict[str, Any]:
    """The next line of JSON from a job. Raises Died."""
    line = await process.stdout.readline() if process.stdout is not None else b""
    if not line:
        raise Died(await process.wait(), "")
    found: dict[str, Any] = json.loads(line)
    return found


async def ended(process: Process, ready: Coroutine[Any, Any, None], log: Path) -> None:
    """Wait until it is ready. Raises Died when it ends first, and what `ready` raises."""
    waits = [asyncio.ensure_future(ready), asyncio.ensure_future(process.wait())]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        if not waits[0].done():
            raise Died(process.returncode, tail(log))
        waits[0].result()
    finally:
        for one in waits:
            one.cancel()
        await asyncio.gather(*waits, return_exceptions=True)


def tail(log: Path) -> str:
    """The last lines of a log."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-_LOG_LINES:]) if log.exists() else ""


def ours() -> dict[str, int]:
    """Process ids of the parts of the product that this benchmark runs (`python -m vigil NAME …`), ingest by its lane."""
    found = {}
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.Error):
            words = child.cmdline()
            if words[1:3] == ["-m", "vigil"]:
                found[f"ingest_{words[words.index('--lane') + 1]}" if "--lane" in words else words[3]] = child.pid
    return found


def cpu_s(pid: int) -> float:
    """CPU seconds (user and system) of a process, of its living children and of those it has waited for."""
    process = psutil.Process(pid)
    own = process.cpu_times()
    total = own.user + own.system + own.children_user + own.children_system
    for child in process.children(recursive=True):
        with contextlib.suppress(psutil.Error):
            times = child.cpu_times()
            total += times.user + times.system
    return float(total)


def peak_rss_mb(pid: int) -> float:
    """The most memory that the process has had resident so far."""
    found = re.search(r"^VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return round(int(found.group(1)) / 1024, 1) if found else 0.0
