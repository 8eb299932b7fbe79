"""Every figure that a part shows to Prometheus is documented, and no other; each port answers on the loopback alone."""

import re
import socket
import urllib.request
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from api import meters as api
from broker.callout import Counts
from desk import meters as desk
from ingest.stats import Stats
from vigil.metrics import CalloutMeters, ProbeMeters
from vigil.shown import served

OPERATIONS = (Path(__file__).resolve().parent.parent / "docs" / "operations.md").read_text()
DOCUMENTED = {(name, part) for name, part in re.findall(r"^\| `(vigil_\w+)` \| (\w+) \|", OPERATIONS, re.M)}


def registries() -> dict[str, CollectorRegistry]:
    return {
        "ingest": Stats("events").registry,
        "api": api.Meters()._registry,
        "desk": desk.Meters().registry,
        "callout": CalloutMeters(Counts()).registry,
        "probe": ProbeMeters().registry,
    }


def test_every_figure_is_documented_and_no_other() -> None:
    shown = {(family.name, part) for part, registry in registries().items() for family in registry.collect()}
    assert shown == DOCUMENTED


def test_a_callout_shows_its_counts_as_they_are_now() -> None:
    counts, totals = Counts(), {"publish": 2}
    registry = CalloutMeters(counts, totals).registry
    totals["publish"] += 1
    assert registry.get_sample_value("vigil_refusals_total", {"kind": "publish"}) == 3
    assert registry.get_sample_value("vigil_callout_granted_total") == 0
    counts.granted, counts.listening = 7, True
    counts.refused["wrong_token"] += 2
    assert registry.get_sample_value("vigil_callout_granted_total") == 7
    assert registry.get_sample_value("vigil_callout_listening") == 1
    assert registry.get_sample_value("vigil_callout_refused_total", {"reason": "wrong_token"}) == 2


def test_a_port_answers_with_the_figures_and_closes() -> None:
    registry = ProbeMeters().registry
    with served(registry, _free()) as port, urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        assert b"vigil_probe_presses_total" in answer.read()
    with pytest.raises(OSError):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5)


def test_without_a_port_there_is_none() -> None:
    with served(ProbeMeters().registry, 0) as port:
        assert port == 0


def _free() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
