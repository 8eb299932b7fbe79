"""The supervisor with real processes: restart after kill -9, back-off, order of stopping, nothing left behind."""

import asyncio
import os
import signal
import stat
import sys
from pathlib import Path

import pytest

from vigil.supervisor import Child, ChildFailed, Supervisor

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[2]
SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]


def _gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


async def _until(condition: object, timeout: float = 10.0) -> None:
    assert callable(condition)
    async with asyncio.timeout(timeout):
        while not condition():  # noqa: ASYNC110 - another process is what is waited for
            await asyncio.sleep(0.02)


async def test_a_killed_child_is_started_again_and_said(tmp_path: Path) -> None:
    said: list[str] = []
    supervisor = Supervisor(tmp_path, said.append)
    try:
        await supervisor.start(Child("sleeper", SLEEPER))
        first = supervisor.pids["sleeper"]
        os.kill(first, signal.SIGKILL)
        await _until(lambda: supervisor.pids.get("sleeper") not in (None, first))
        assert said == ["sleeper ended (status -9); starting it again in 0.2 s"]
    finally:
        await supervisor.stop()


async def test_what_children_print_and_write_is_for_nobody_else(tmp_path: Path) -> None:
    logs, written = tmp_path / "logs", tmp_path / "written"
    logs.mkdir(mode=0o755)
    supervisor = Supervisor(logs, lambda line: None)
    await supervisor.start(
        Child("scribe", [sys.executable, "-c", f"open({str(written)!r}, 'w').close(); import time; time.sleep(60)"])
    )
    await _until(written.exists)
    await supervisor.stop()
    assert [stat.S_IMODE(path.stat().st_mode) for path in (logs, written)] == [0o700, 0o600]


async def test_stop_ends_what_others_stand_on_last_and_leaves_nothing(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path, lambda line: None)
    note = (
        "import signal,sys,time\n"
        f"def leave(*_):\n    open({str(tmp_path / 'order')!r}, 'a').write(sys.argv[1])\n    sys.exit()\n"
        "signal.signal(signal.SIGTERM, leave)\nprint('ready', flush=True)\ntime.sleep(60)"
    )
    for tier, name in enumerate("abc"):
        await supervisor.start(Child(name, [sys.executable, "-c", note, name], tier=tier))
    await _until(lambda: all("ready" in supervisor.tail(name) for name in "abc"))
    pids = list(supervisor.pids.values())
    await supervisor.stop()
    assert (tmp_path / "order").read_text() == "cba"
    assert all(_gone(pid) for pid in pids)


async def test_a_child_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    deaf = "import signal,time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)"
    supervisor = Supervisor(tmp_path, lambda line: None)
    await supervisor.start(Child("deaf", [sys.executable, "-c", deaf], stop_s=0.3))
    await _until(lambda: "ready" in supervisor.tail("deaf"))
    pid = supervisor.pids["deaf"]
    await supervisor.stop()
    assert _gone(pid)


async def test_a_child_that_ends_before_it_is_ready_is_an_error_with_its_last_words(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path, lambda line: None)

    async def never() -> None:
        await asyncio.sleep(60)

    with pytest.raises(ChildFailed, match=r"(?s)broken: ended with status 3.*no such file of mine"):
        await supervisor.start(
            Child("broken", [sys.executable, "-c", "import sys; print('no such file of mine'); sys.exit(3)"], ready=never)
        )
    await supervisor.stop()


async def test_a_child_that_never_gets_ready_is_an_error(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path, lambda line: None)

    async def late() -> None:
        raise TimeoutError

    with pytest.raises(ChildFailed, match="slow: did not get ready in time"):
        await supervisor.start(Child("slow", SLEEPER, ready=late))
    pid = supervisor.pids["slow"]
    await supervisor.stop()
    assert _gone(pid)


async def test_children_do_not_outlive_a_killed_supervisor(tmp_path: Path) -> None:
    script = (
        "import asyncio,sys\nfrom pathlib import Path\nfrom vigil.supervisor import Child, Supervisor\n"
        "async def main():\n"
        f"    s = Supervisor(Path({str(tmp_path)!r}), print)\n"
        f"    await s.start(Child('sleeper', {SLEEPER!r}))\n"
        "    print(s.pids['sleeper'], flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", script, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    child = int(await process.stdout.readline())
    process.kill()
    await process.wait()
    await _until(lambda: _gone(child))


BEATING = [
    sys.executable,
    "-c",
    "import asyncio,os\nfrom vigil import alive\n"
    "async def main():\n    alive.beat(os.environ)\n    print('ready', flush=True)\n    await asyncio.sleep(60)\n"
    "asyncio.run(main())",
]


async def test_a_frozen_child_is_killed_and_started_again_and_said(tmp_path: Path) -> None:
    said: list[str] = []
    supervisor = Supervisor(tmp_path, said.append)
    restarted = asyncio.Event()
    supervisor.on_restart = restarted.set
    try:
        await supervisor.start(Child("frozen", BEATING, cwd=ROOT, silent_s=3))
        await _until(lambda: "ready" in supervisor.tail("frozen"))
        await asyncio.sleep(1.5)  # the first sign has been heard
        first = supervisor.pids["frozen"]
        os.kill(first, signal.SIGSTOP)
        async with asyncio.timeout(10):
            await restarted.wait()
        assert supervisor.pids["frozen"] != first
        assert said[0] == "frozen has given no sign of life for 3 s; killing it"
        assert _gone(first)
    finally:
        await supervisor.stop()


async def test_a_child_that_gives_signs_of_life_lives_longer_than_the_silence_allowed(tmp_path: Path) -> None:
    said: list[str] = []
    supervisor = Supervisor(tmp_path, said.append)
    try:
        await supervisor.start(Child("well", BEATING, cwd=ROOT, silent_s=3))
        await asyncio.sleep(5)
        assert "ready" in supervisor.tail("well")
        assert said == []
    finally:
        await supervisor.stop()


async def test_silence_before_the_first_sign_and_of_those_who_give_none_is_no_fault(tmp_path: Path) -> None:
    said: list[str] = []
    supervisor = Supervisor(tmp_path, said.append)
    try:
        await supervisor.start(Child("starting", SLEEPER, silent_s=1))
        await supervisor.start(Child("server", SLEEPER))
        await asyncio.sleep(3)
        assert said == []
        assert set(supervisor.pids) == {"starting", "server"}
    finally:
        await supervisor.stop()


async def test_a_stopped_supervisor_leaves_no_pipe_open(tmp_path: Path) -> None:
    before = _descriptors()
    supervisor = Supervisor(tmp_path, lambda line: None)
    await supervisor.start(Child("well", BEATING, cwd=ROOT, silent_s=3))
    await supervisor.stop()
    assert not _descriptors() - before


def _descriptors() -> set[str]:
    return {one.name for one in Path("/proc/self/fd").iterdir()}
