"""What a running `vigil up` has told about itself: where it is reached and which processes it consists of.

Only the account that runs it may read that.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import msgspec

from store.server import EmbeddedDatabase

_FILE = "run.json"


class NotRunning(RuntimeError):
    """No `vigil up` runs on this data folder."""


@dataclass(frozen=True, slots=True)
class State:
    """Written when everything is up, removed when it stops. `tls_ca`: what proves the broker, "" where MQTT is plain."""

    pid: int
    url: str
    mqtt_port: int
    database_port: int
    seed: int
    children: dict[str, int]
    tls_ca: str = ""


def write(data: Path, state: State) -> None:
    """Tell; whoever reads sees all of it or nothing."""
    draft = data / f"{_FILE}.new"
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(msgspec.json.format(msgspec.json.encode(state), indent=1))
    draft.replace(data / _FILE)


def forget(data: Path) -> None:
    """It has stopped."""
    (data / _FILE).unlink(missing_ok=True)


def read(data: Path) -> State:
    """What runs here. Raises NotRunning."""
    try:
        return msgspec.json.decode((data / _FILE).read_bytes(), type=State)
    except (FileNotFoundError, msgspec.DecodeError):
        raise NotRunning(f"{data}: expected a running Vigil, got none; start it with make run") from None


def database(data: Path) -> EmbeddedDatabase:
    """The embedded database of the Vigil that runs here. Raises NotRunning."""
    return EmbeddedDatabase(data / "postgres", read(data).database_port)
