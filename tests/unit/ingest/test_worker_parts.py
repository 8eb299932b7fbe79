"""The register in memory, the figures, the fault on demand."""

import os
import signal
import subprocess
import sys
import urllib.request
from collections import deque
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from analytics.step import Reading
from devices.keys import Key
from ingest import fault
from ingest.registry import Registry
from ingest.said import CLOCK_FIXED, Register, Said, Status
from ingest.stats import Stats, percentile

ROOT = Path(__file__).parents[3]


def test_a_notice_makes_the_register_stale() -> None:
    registry = Registry()
    registry.stale = False
    registry.changed("vigil_register", "sos-1")
    assert registry.stale


@pytest.mark.parametrize(
    ("values", "share", "expected"), [([], 0.5, None), ([3.0], 0.99, 3.0), ([1, 2, 3, 4], 0.5, 2.0), (range(100), 0.99, 98.0)]
)
def test_percentile(values: list[float], share: float, expected: float | None) -> None:
    assert percentile(deque(values), share) == expected


def test_report(now: datetime) -> None:
    stats = Stats("events")
    assert stats.report(now, 0)["commit_ms_p99"] is None
    stats.batch(10, 0.004, 0.02, rejected=1, findings=2)
    stats.batch(30, 0.008, 0.03, rejected=0, findings=0)
    stats.failed()
    stats.away()
    stats.limited(5)
    told = stats.report(now + timedelta(seconds=5), 7, areas=["a"])
    assert told == {
        "messages": 40,
        "rejected": 1,
        "findings": 2,
        "failures": 1,
        "database_away": 1,
        "limited": 5,
        "messages_per_s": 8.0,
        "batch_size": 20.0,
        "commit_ms_p50": 4.0,
        "commit_ms_p99": 8.0,
        "publish_ms_p50": None,
        "publish_ms_p99": None,
        "lag_s": 0.03,
        "in_flight": 7,
        "areas": ["a"],
    }
    assert stats.report(now + timedelta(seconds=5), 7)["messages_per_s"] == 0.0


def test_the_way_from_publish_to_commit_is_sampled(register: Register, now: datetime) -> None:
    """At most ten of a batch, evenly; a clock that was wrong, or a status that the broker retained, says nothing about it."""
    known, stats = register["smoke-1"], Stats("telemetry")

    def said(seconds: float, flags: tuple[str, ...] = ()) -> Said:
        at = now - timedelta(seconds=seconds)
        return Said(known, Reading(known.origin, at, now, Key("smoke-1", "", 1, 1), {}), flags=flags)

    retained = Said(known, Status(now - timedelta(days=1), now, True, False, None, None, None, True))
    stats.published([], now)
    stats.published([said(0.01), said(0.02), said(9.0, (CLOCK_FIXED,)), retained, said(-1.0)], now)
    told = stats.report(now, 0)
    assert (told["publish_ms_p50"], told["publish_ms_p99"]) == (10.0, 20.0)
    assert stats.registry.get_sample_value("vigil_ingest_publish_seconds_count", {"lane": "telemetry"}) == 3
    stats.published([said(0.1)] * 1_999, now)
    assert stats.registry.get_sample_value("vigil_ingest_publish_seconds_count", {"lane": "telemetry"}) == 13
    stats.batch(1_999, 0.1, 0.1, 0, 0)
    sizes = {
        le: stats.registry.get_sample_value("vigil_ingest_batch_size_bucket", {"lane": "telemetry", "le": le})
        for le in ("1000.0", "2000.0")
    }
    assert sizes == {"1000.0": 0, "2000.0": 1}


def test_figures_are_served_on_the_loopback_only_while_it_runs() -> None:
    stats = Stats("telemetry")
    stats.batch(3, 0.001, 0.1, 0, 0)
    with stats.served(0) as port, urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        assert b'vigil_ingest_messages_total{lane="telemetry"} 3.0' in answer.read()
    with pytest.raises(OSError):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=1)
    with stats.served(None) as nothing:
        assert nothing is None


def test_two_workers_in_one_process_count_apart() -> None:
    one, other = Stats("events"), Stats("events")
    one.batch(1, 0, 0, 0, 0)
    assert one.registry is not other.registry


def test_fault_is_inert_unless_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    for wanted in ("", "ingest.after_commit:1", "nonsense"):
        monkeypatch.setenv("VIGIL_FAULT", wanted)
        fault.point(fault.BEFORE_COMMIT)


@pytest.mark.parametrize(("wanted", "survived"), [("ingest.before_commit:3", 2), ("ingest.before_commit", 0)])
def test_fault_kills_at_the_nth_time(wanted: str, survived: int) -> None:
    program = "from ingest import fault\nfor n in range(9):\n    fault.point(fault.BEFORE_COMMIT)\n    print(n, flush=True)"
    environment = {**os.environ, "VIGIL_FAULT": wanted}
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL
    assert done.stdout.split() == [str(n) for n in range(survived)]
