"""Which demo devices are being played by a scenario now, so that the simulated life does not speak over them.

A small file in the data folder, device code → until when (seconds since the epoch): the two are separate processes.
"""

import json
import time
from collections.abc import Iterable
from pathlib import Path

_FILE = "playing.json"


def hold(data: Path, devices: Iterable[str], seconds: float) -> None:
    """From now on, for so many seconds, only the scenario speaks for these devices."""
    now = time.time()
    held = {code: until for code, until in _read(data).items() if until > now} | dict.fromkeys(devices, now + seconds)
    draft = data / f"{_FILE}.new"
    draft.write_text(json.dumps(held))
    draft.replace(data / _FILE)


class Held:
    """Whether a device is being played; looks at the file at most once a second."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._looked = 0.0
        self._held: dict[str, float] = {}

    def __call__(self, device: str) -> bool:
        now = time.time()
        if now - self._looked > 1:
            self._looked, self._held = now, _read(self._data)
        return self._held.get(device, 0.0) > now


def _read(data: Path) -> dict[str, float]:
    try:
        found: dict[str, float] = json.loads((data / _FILE).read_text())
    except (OSError, ValueError):
        return {}
    return found
