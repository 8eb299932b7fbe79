"""Child processes kept alive: started in order, restarted with back-off, stopped in reverse order, never orphaned.

A child runs in a session of its own, so that Ctrl-C reaches the supervisor alone, and gets SIGTERM from the kernel should the
supervisor itself be killed. What a child prints goes to a log file; the tail is kept for whoever asks why it will not start.
A child of ours that has given signs of life and gives none for `silent_s` is frozen: it is killed and started again.
"""

import asyncio
import contextlib
import ctypes
import os
import signal
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vigil import alive
from vigil.restart import Restarts, ended

_PR_SET_PDEATHSIG = 1
_LARGEST_LOG = 20 * 1024 * 1024
_TAIL_BYTES = 4096
_MOST_BEATS = 65_536
_PRIVATE, _OURS_ALONE, _KEEP_UMASK = 0o700, 0o077, -1


class ChildFailed(RuntimeError):
    """A part did not become ready; the message ends with the last lines that it printed."""


@dataclass(frozen=True, slots=True)
class Child:
    """How one process is run. `ready` returns when it can be relied on; `stop_s` is how long it may take to end.

    `tier`: what a part stands on has a lower one and is stopped after it; parts of one tier stop side by side.
    `silent_s`: after how long without a sign of life (vigil.alive) it counts as frozen; None: it gives none.
    """

    name: str
    argv: Sequence[str]
    environ: Mapping[str, str] = field(default_factory=dict)
    ready: Callable[[], Awaitable[None]] | None = None
    user: str | int | None = None
    signal: int = signal.SIGTERM
    stop_s: float = 15.0
    cwd: Path | None = None
    silent_s: float | None = None
    tier: int = 2


class Pulse:
    """The reading end of a child's pipe of signs of life. Silence is counted in looks, not on a clock: a supervisor that was itself
    frozen, or a machine that slept, has not looked and kills nobody."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._silent: int | None = None
        os.set_blocking(descriptor, False)

    def silent(self) -> int:
        """Look: for how many looks there has been nothing; 0 before the first sign."""
        try:
            heard = bool(os.read(self._descriptor, _MOST_BEATS))
        except BlockingIOError:
            heard = False
        if heard:
            self._silent = 0
        elif self._silent is not None:
            self._silent += 1
        return self._silent or 0

    def close(self) -> None:
        os.close(self._descriptor)


@dataclass(slots=True)
class Running:
    """A child and how it has fared."""

    child: Child
    process: asyncio.subprocess.Process | None = None
    restarts: Restarts = field(default_factory=Restarts)
    keeper: asyncio.Task[None] | None = None
    pulse: Pulse | None = None


class Supervisor:
    """Owns the children. `say` is told in one line whatever a person should know; `on_restart` runs when one was started again."""

    def __init__(self, logs: Path, say: Callable[[str], None]) -> None:
        self.on_restart: Callable[[], None] = lambda: None
        self._logs = logs
        self._say = say
        self._running: list[Running] = []
        self._stopping = False

    @property
    def pids(self) -> dict[str, int]:
        """Process ids of the children that run now, by name."""
        return {one.child.name: one.process.pid for one in self._running if one.process and one.process.returncode is None}

    def log(self, name: str) -> Path:
        """Where a child's output goes."""
        return self._logs / f"{name}.log"

    async def start(self, child: Child) -> None:
        """Start a child and wait until it is ready. Raises ChildFailed."""
        running = Running(child)
        self._running.append(running)
        await self._spawn(running)
        await self._until_ready(running)
        running.keeper = asyncio.create_task(self._keep(running), name=f"keep {child.name}")

    def again(self, name: str) -> None:
        """Ask a child to end; it is started again as when it ends by itself."""
        for one in self._running:
            if one.child.name == name and one.process is not None and one.process.returncode is None:
                one.process.send_signal(one.child.signal)

    async def stop(self) -> None:
        """End all children, those that others stand on last."""
        self._stopping = True
        for tier in sorted({one.child.tier for one in self._running}, reverse=True):
            await asyncio.gather(*(_put_down(one) for one in self._running if one.child.tier == tier))
        self._running.clear()

    async def _spawn(self, running: Running) -> None:
        child = running.child
        self._logs.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
        self._logs.chmod(_PRIVATE)  # what is printed may name people, and the folder may be older than this rule
        path = self.log(child.name)
        if path.exists() and path.stat().st_size > _LARGEST_LOG:
            path.replace(path.with_suffix(".log.1"))
        _forget_pulse(running)
        with path.open("ab") as out, contextlib.ExitStack() as ours:
            environ, passed = _signs_of_life(running, ours)
            running.process = await asyncio.create_subprocess_exec(
                *child.argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env={**os.environ, **child.environ, **environ},
                cwd=child.cwd,
                user=child.user,
                umask=_OURS_ALONE if child.user is None else _KEEP_UMASK,  # PostgreSQL sees to its own files
                start_new_session=True,
                pass_fds=passed,
                preexec_fn=_die_with_parent,
            )

    async def _until_ready(self, running: Running) -> None:
        process, child = running.process, running.child
        if child.ready is None or process is None:
            return
        ready, gone = asyncio.ensure_future(child.ready()), asyncio.ensure_future(process.wait())
        try:
            await asyncio.wait({ready, gone}, return_when=asyncio.FIRST_COMPLETED)
            if ready.done() and ready.exception() is None:
                return
            why = f"ended with status {process.returncode}" if gone.done() else "did not get ready in time"
            raise ChildFailed(f"{child.name}: {why}\n{self.tail(child.name)}")
        finally:
            for waiting in (ready, gone):
                waiting.cancel()
            await asyncio.gather(ready, gone, return_exceptions=True)

    def tail(self, name: str) -> str:
        """The last lines that a child printed."""
        path = self.log(name)
        if not path.exists():
            return ""
        with path.open("rb") as log:
            log.seek(max(0, path.stat().st_size - _TAIL_BYTES))
            return "\n".join(log.read().decode(errors="replace").splitlines()[-15:])

    async def _keep(self, running: Running) -> None:
        while not self._stopping:
            started = time.monotonic()
            if running.process is None:
                return
            status = await self._ended(running, running.process)
            running.restarts, pause = ended(running.restarts, time.monotonic() - started)
            self._say(f"{running.child.name} ended (status {status}); starting it again in {pause:.1f} s")
            await asyncio.sleep(pause)
            try:
                await self._spawn(running)
                self.on_restart()
            except OSError as error:  # a full disk takes neither its log nor our word of it
                self._say(f"{running.child.name}: {error}")

    async def _ended(self, running: Running, process: asyncio.subprocess.Process) -> int:
        """Its status once it has ended, by itself or because it gave no sign of life."""
        waiting = asyncio.ensure_future(process.wait())
        try:
            while not (await asyncio.wait({waiting}, timeout=alive.BEAT_S))[0]:
                limit, pulse = running.child.silent_s, running.pulse
                if limit is not None and pulse is not None and pulse.silent() * alive.BEAT_S >= limit:
                    self._say(f"{running.child.name} has given no sign of life for {limit:g} s; killing it")
                    process.kill()
                    return await waiting
            return waiting.result()
        finally:
            waiting.cancel()


def _signs_of_life(running: Running, ours: contextlib.ExitStack) -> tuple[dict[str, str], tuple[int, ...]]:
    """A pipe for a child that gives them: what it must be told, and what it inherits."""
    if running.child.silent_s is None:
        return {}, ()
    reading, writing = os.pipe()
    ours.callback(os.close, writing)
    running.pulse = Pulse(reading)
    return {alive.VARIABLE: str(writing)}, (writing,)


def _forget_pulse(running: Running) -> None:
    if running.pulse is not None:
        running.pulse.close()
        running.pulse = None


async def _put_down(running: Running) -> None:
    if running.keeper:
        running.keeper.cancel()
        await asyncio.gather(running.keeper, return_exceptions=True)
    await _end(running)
    _forget_pulse(running)


async def _end(running: Running) -> None:
    process = running.process
    if process is None or process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(running.child.signal)
    try:
        await asyncio.wait_for(process.wait(), running.child.stop_s)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _die_with_parent() -> None:
    with contextlib.suppress(OSError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
