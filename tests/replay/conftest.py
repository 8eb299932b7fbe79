"""Recorded messages through the production path of the pure rooms: topic, payload, clock, both lanes of detectors.

A recording is a list of lines: `{"received": ms, "topic": …, "payload": …}` for a message, `{"tick": ms}` where only time went by.
"""

import csv
import gzip
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from analytics.catalogue import TELEMETRY_LANE
from analytics.runtime import Runtime, judge
from analytics.step import Event, Finding, Origin, Reading
from devices import clock, codec
from devices.keys import Key, instant
from devices.profiles import BY_CODE
from devices.topics import parse

DATA = Path(__file__).parents[1] / "data"


@dataclass
class Player:
    """One worker's worth of state; a device's profile is the first word of its code."""

    runtime: Runtime = field(default_factory=lambda: Runtime(TELEMETRY_LANE))
    found: list[Finding] = field(default_factory=list)

    def play(self, lines: Iterable[dict[str, Any]]) -> list[Finding]:
        """The findings of these lines, in the order in which they were made."""
        before = len(self.found)
        for line in lines:
            trial = self.runtime.trial()
            if "tick" in line:
                self.found += trial.tick(instant(line["tick"]))
            else:
                for message in self._decode(line):
                    self.found += [*(judge(message) if isinstance(message, Event) else ()), *trial.feed(message)]
            trial.adopt()
        return self.found[before:]

    def _decode(self, line: dict[str, Any]) -> list[Reading | Event]:
        topic, now = parse(line["topic"]), instant(line["received"])
        profile = BY_CODE[topic.device.split("-")[0]]
        origin = Origin(topic.device, profile.name, topic.area, topic.site)
        payload = json.dumps(line["payload"]).encode()
        if topic.channel == "event":
            said = codec.event(payload)
            codec.check_event(profile, said.e)
            key = Key(topic.device, said.b, said.n, said.t)
            return [Event(origin, clock.fix(said.t, now).at, now, key, said.e, said.v, said.drill)]
        readings: list[Reading | Event] = []
        for reading in codec.telemetry(payload):
            codec.check_values(profile, reading.v)
            key = Key(topic.device, reading.b, reading.n, reading.t)
            readings.append(Reading(origin, clock.fix(reading.t, now).at, now, key, reading.v))
        return readings


@pytest.fixture
def player() -> Player:
    """A worker that has just started."""
    return Player()


@pytest.fixture(scope="session")
def fire() -> Callable[[str], list[dict[str, float]]]:
    """Rows of one NIST fire: t_s, temp_ceiling_c, obsc_ceiling_pct_per_m, co_ppm (left out where not measured)."""
    with gzip.open(DATA / "nist_sdc07_sdc11.csv.gz", "rt", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))

    def of(experiment: str) -> list[dict[str, float]]:
        measured = ("t_s", "temp_ceiling_c", "obsc_ceiling_pct_per_m", "co_ppm")
        return [{name: float(row[name]) for name in measured if row[name]} for row in rows if row["experiment"] == experiment]

    return of
