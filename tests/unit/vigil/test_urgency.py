"""Telemetry yields the core, also where the system weighs sessions and not processes."""

import os
import subprocess
import sys
from pathlib import Path

GROUP = Path("/proc/self/autogroup")


def weighed() -> bool:
    """Whether the system weighs a new session by itself; ours may be in no group at all, and its file is then empty."""
    return GROUP.exists() and bool(subprocess.check_output(["cat", GROUP], start_new_session=True).strip())


PROGRAM = f"""
import os, pathlib
from vigil.parts.ingest import let_presses_go_first
let_presses_go_first()
group = pathlib.Path({str(GROUP)!r})
print(os.nice(0), *(group.read_text().split()[-1:] if group.exists() else []))
"""


def test_a_part_with_a_session_of_its_own() -> None:
    said = subprocess.run([sys.executable, "-c", PROGRAM], start_new_session=True, capture_output=True, text=True, check=True)
    assert said.stdout.split() == [str(min(19, os.nice(0) + 5)), *(["5"] if weighed() else [])]


def test_who_shares_a_session_leaves_the_others_alone() -> None:
    before = GROUP.read_text() if GROUP.exists() else ""
    said = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert said.stdout.split()[0] == str(min(19, os.nice(0) + 5))
    assert (GROUP.read_text() if GROUP.exists() else "") == before
