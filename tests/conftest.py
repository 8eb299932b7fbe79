"""The whole product, started once for the tests that walk through it: `vigil up` on free ports and a data folder of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import examples

__all__ = ["examples"]  # every test is drawn as its profiles say

ROOT = Path(__file__).resolve().parent.parent
START_S = 120.0


@dataclass(slots=True)
class Product:
    """A running `vigil up` and how to reach it."""

    data: Path
    url: str
    mqtt_port: int
    passwords: dict[str, str]
    process: "subprocess.Popen[bytes]"

    def vigil(self, *arguments: str, timeout: float = 60.0) -> "subprocess.CompletedProcess[str]":
        """Run one command on this data folder."""
        command = [sys.executable, "-m", "vigil", *arguments, "--data", str(self.data)]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=timeout, check=False)

    def ask(self, *arguments: str, timeout: float = 60.0) -> dict[str, str]:
        """The JSON that a command prints; it must succeed."""
        done = self.vigil(*arguments, "--json", timeout=timeout)
        assert done.returncode == 0, done.stdout + done.stderr
        answer: dict[str, str] = json.loads(done.stdout)
        return answer

    def pids(self) -> dict[str, int]:
        """Process ids of the parts as they were at the start."""
        children: dict[str, int] = json.loads((self.data / "run.json").read_text())["children"]
        return children


def start_product(data: Path, *arguments: str) -> Product:
    """Start `vigil up` and wait until it says that it is up."""
    data.mkdir(parents=True, exist_ok=True)
    log = data / "up.log"
    command = [sys.executable, "-m", "vigil", "up", "--data", str(data), *arguments]
    with log.open("ab") as out:
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    end = time.monotonic() + START_S
    while not (data / "run.json").exists():
        if process.poll() is not None or time.monotonic() > end:
            process.kill()
            raise AssertionError(f"vigil up did not start:\n{log.read_text()}\n{_logs(data)}")
        time.sleep(0.1)
    state = json.loads((data / "run.json").read_text())
    passwords = json.loads((data / "secrets" / "demo_passwords.json").read_text())
    return Product(data, state["url"], state["mqtt_port"], passwords, process)


def free_port() -> int:
    """One that the system says is free."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def stop_product(product: Product) -> int:
    """Ask it to stop, as a service manager would; its status."""
    product.process.send_signal(signal.SIGTERM)
    return product.process.wait(60)


def _logs(data: Path) -> str:
    return "\n".join(f"--- {log.name}\n{log.read_text(errors='replace')[-1500:]}" for log in sorted((data / "log").glob("*.log")))


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """Everything up, without simulated life: what happens is what a test makes happen."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    arguments = ("--port", str(free_port()), "--mqtt-port", str(free_port()), "--no-simulator")
    started = start_product(tmp_path_factory.mktemp("product"), *arguments)
    yield started
    assert stop_product(started) == 0
