"""Inputs by the second, and detectors run as the workers run them: one trial a message, adopted at once."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from analytics.catalogue import EVENT_LANE, TELEMETRY_LANE
from analytics.runtime import Runtime
from analytics.step import Detector, Event, Finding, Message, Origin, Reading, Tick
from devices.keys import Key, instant, milliseconds

START = instant(1_790_000_000_000)


def _at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def _origin(profile: str, device: str = "") -> Origin:
    return Origin(device or f"{profile.replace('_', '-')}-1", profile, "120105001", "home-1", "home-1-hall", "sen-1")


def _key(device: str, seconds: float, n: int | None) -> Key:
    t = milliseconds(_at(seconds))
    return Key(device, "b1", t % 10_000_000 if n is None else n, t)


def _reading(profile: str, seconds: float, values: Mapping[str, float], arrives: float | None = None, device: str = "") -> Reading:
    origin = _origin(profile, device)
    return Reading(origin, _at(seconds), _at(seconds if arrives is None else arrives), _key(origin.device, seconds, None), values)


def _event(profile: str, seconds: float, kind: str, values: Mapping[str, float] | None = None, drill: bool = False) -> Event:
    origin = _origin(profile)
    return Event(origin, _at(seconds), _at(seconds), _key(origin.device, seconds, None), kind, values or {}, drill)


def _run(detectors: Iterable[Detector[Any]], items: Iterable[Message | Tick], runtime: Runtime | None = None) -> list[Finding]:
    runtime = runtime or Runtime(detectors)
    found: list[Finding] = []
    for item in items:
        trial = runtime.trial()
        found += trial.tick(item.at) if isinstance(item, Tick) else trial.feed(item)
        trial.adopt()
    return found


def _by_name(name: str) -> Detector[Any]:
    return next(detector for detector in (*EVENT_LANE, *TELEMETRY_LANE) if detector.name == name)


def _sampled(profile: str, metric: str, values: Sequence[float], every: float = 60.0, since: float = 0.0) -> list[Reading]:
    return [_reading(profile, since + place * every, {metric: value}) for place, value in enumerate(values)]


@pytest.fixture(scope="session")
def at() -> Callable[[float], datetime]:
    """Seconds since the start as a time."""
    return _at


@pytest.fixture(scope="session")
def origin() -> Callable[..., Origin]:
    """A device of a profile in one home."""
    return _origin


@pytest.fixture(scope="session")
def reading() -> Callable[..., Reading]:
    """reading(profile, seconds, values, arrives=None, device="")."""
    return _reading


@pytest.fixture(scope="session")
def event() -> Callable[..., Event]:
    """event(profile, seconds, kind, values=None, drill=False)."""
    return _event


@pytest.fixture(scope="session")
def sampled() -> Callable[..., list[Reading]]:
    """sampled(profile, metric, values, every=60, since=0): evenly spaced readings of one metric."""
    return _sampled


@pytest.fixture(scope="session")
def run() -> Callable[..., list[Finding]]:
    """run(detectors, messages and ticks, runtime=None) -> findings."""
    return _run


@pytest.fixture(scope="session")
def by_name() -> Callable[[str], Detector[Any]]:
    """A detector of the catalogue."""
    return _by_name
