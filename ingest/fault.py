"""A fault on demand, for the tests that kill: inert unless `VIGIL_FAULT=<point>:<N>` is in the environment.

At the N-th time that the named point is passed the process ends by SIGKILL, as if the power had gone.
"""

import os
import signal

BEFORE_COMMIT, AFTER_COMMIT = "ingest.before_commit", "ingest.after_commit"

_passed: dict[str, int] = {}


def point(name: str) -> None:
    """Die here, if this is the time that was asked for."""
    wanted, _, count = os.environ.get("VIGIL_FAULT", "").partition(":")
    if wanted != name:
        return
    _passed[name] = _passed.get(name, 0) + 1
    if _passed[name] == int(count or 1):
        os.kill(os.getpid(), signal.SIGKILL)
