"""Short recordings in `recorded/*.jsonl`, each with its alarms in `*.alarms.txt`, which a person has read and found right.

A change of these files is a change of what Vigil tells people: review the difference line by line.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from analytics.step import Finding
from devices.keys import instant

RECORDED = Path(__file__).parent / "recorded"
T0 = 1_790_000_000_000
NAMES = sorted(path.stem for path in RECORDED.glob("*.jsonl"))


def line(finding: Finding) -> str:
    """Seconds since the recording began, what happened to which condition of which device, and why."""
    seconds = (finding.at - instant(T0)).total_seconds()
    reasons = ", ".join(f"{r.rule} {'' if r.value is None else f'{r.value:g}'}".strip() for r in finding.reasons)
    drill = " drill" if finding.drill else ""
    return f"{seconds:9.1f} {'raised' if finding.raised else 'ended '} {finding.kind:<12} {finding.source:<8}{drill} ({reasons})"


def recording(name: str) -> list[dict[str, Any]]:
    return [json.loads(text) for text in (RECORDED / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("name", NAMES)
def test_the_alarms_are_the_reviewed_ones(player: Any, name: str) -> None:
    reviewed = (RECORDED / f"{name}.alarms.txt").read_text(encoding="utf-8").splitlines()
    assert [line(finding) for finding in player.play(recording(name))] == reviewed


@pytest.mark.parametrize("name", NAMES)
def test_delivered_again_nothing_new_is_told(player: Any, name: str) -> None:
    """The broker redelivers the whole recording: alarm ids are made of (source, kind, key), and none is new."""
    lines = recording(name)
    first = {(f.source, f.kind, f.key) for f in player.play(lines) if f.raised}
    again = {(f.source, f.kind, f.key) for f in player.play([one for one in lines if "tick" not in one]) if f.raised}
    assert again <= first


def test_there_are_recordings() -> None:
    assert len(NAMES) >= 4
    assert {path.stem.removesuffix(".alarms") for path in RECORDED.glob("*.alarms.txt")} == set(NAMES)
