"""Where a figure was taken: versions of everything on the path, and the machine. Without these a figure says nothing."""

import os
import platform
import subprocess
import sysconfig
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil

from store.cluster import program

_HERE = Path(__file__).resolve().parent


def versions() -> dict[str, str]:
    """Versions by name; `commit` only inside a git checkout, with `+` when the tree had changes."""
    found = {
        "python": platform.python_version(),
        "postgres": _said(program("postgres"), "--version"),
        "nats": _said(str(Path(sysconfig.get_path("scripts")) / "nats-server"), "--version") or _said("nats-server", "--version"),
        "paho": version("paho-mqtt"),
        "psycopg": version("psycopg"),
    }
    commit = _said("git", "-C", str(_HERE), "rev-parse", "--short=12", "HEAD")
    changed = _said("git", "-C", str(_HERE), "status", "--porcelain", "--untracked-files=no")
    return {**found, "commit": commit + ("+" if changed else "")} if commit else found


def machine() -> dict[str, str | int | float]:
    """What it ran on, and how busy that was before: `load_1m` well above 0 means that others shared it."""
    return {
        "cpu": _cpu_model(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "load_1m": round(os.getloadavg()[0], 1),
        "taken_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _cpu_model() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _said(*argv: str) -> str:
    """The one line that a program prints; "" when it cannot be run."""
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=10, check=False)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
