"""The page for installers names every field that an adapter knows, and what becomes of it."""

import importlib
import re
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[3] / "docs" / "foreign.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("adapter", "title"), [("zigbee2mqtt", "## Zigbee2MQTT"), ("chirpstack", "## ChirpStack")])
def test_every_field_is_named_with_its_meaning(adapter: str, title: str) -> None:
    module = importlib.import_module(f"ingest.adapters.{adapter}")
    section = PAGE.split(f"\n{title}", 1)[1].split("\n## ", 1)[0]
    rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", section, re.M)
    named = {field: set(re.findall(r"`(\w+)`", meaning)) for field, meaning in rows}
    named.pop("action", None)
    known: dict[str, set[str]] = {field: {metric for metric, _ in meanings} for field, meanings in module._METRICS.items()}
    for field, events in module._EVENTS.items():
        known.setdefault(field, set()).update(events)
    assert named == known
