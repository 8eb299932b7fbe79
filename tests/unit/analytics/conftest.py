"""Inputs by the second, and detectors run as the workers run them: one trial a message, adopted at once."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from analytics.catalogue import EVENT_LANE, TELEMETRY_LANE, learned_lane
from analytics.routine import Routine
from analytics.runtime import Runtime
from analytics.step import Detector, Event, Finding, Message, Origin, Reading, Tick
from devices.keys import Key, instant, milliseconds

START = instant(1_790_000_000_000)  # a Monday, 14:13:20 UTC, 22:13:20 in Tianjin
# A row whose limits lie within the two hours that a replay gives: still for an hour, up by 15:14 UTC, and it is always night.
ROUTINE = Routine(
    version="taught/1",
    days=30,
    offset_min=0,
    anywhere_s=(2400.0,) * 24,
    up_from_min=(854,) * 7,
    up_by_min=(890,) * 7,
    up_limit_min=(914,) * 7,
    day_places=("home-1-hall",),
    night_min=(0, 1440),
    night_door_share=0.05,
    floor_s=3600.0,
)
LEARNED_LANE = learned_lane(lambda _: ROUTINE)


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
    return next(detector for detector in (*EVENT_LANE, *TELEMETRY_LANE, *LEARNED_LANE) if detector.name == name)


def _sampled(profile: str, metric: str, values: Sequence[float], every: float = 60.0, since: float = 0.0) -> list[Reading]:
    return [_reading(profile, since + place * every, {metric: value}) for place, value in enumerate(values)]


def _runs(
    profile: str, every: float, *runs: tuple[int, Mapping[str, float]], device: str = "", since: float = 0.0
) -> list[Reading]:
    values = [value for count, value in runs for _ in range(count)]
    return [_reading(profile, since + every * place, value, device=device) for place, value in enumerate(values)]


def _person_script(name: str) -> list[Message | Tick] | None:
    """Two episodes of what concerns a person, with calm between."""
    still, moves = {"motion": 0.0}, {"motion": 1.0}
    up, down, nobody = ({"presence": 1.0, "height": 1.4}, {"presence": 1.0, "height": 0.2}, {"presence": 0.0, "height": 0.0})
    well = {"occupied": 1.0, "heart_rate": 64.0, "breathing_rate": 15.0}
    ill = {"occupied": 1.0, "heart_rate": 134.0, "breathing_rate": 26.0}
    match name:
        case "on_floor":
            return [*_runs("fall_radar", 20, (3, up), (20, down), (6, up), (3, nobody), (20, down))]
        case "bathroom_stay":
            runs = ((3, nobody), (40, up), (5, nobody), (35, up))
            return [*_runs("fall_radar", 60, *runs, device="radar-w")]
        case "vital_signs":
            return [*_runs("bed_sensor", 60, (20, well), (20, ill), (60, well), (20, ill))]
        case "bed_return":
            night = 8 * 3600  # 22:13 on the row's clock
            said = [(night, 1.0), (night + 60, 0.0), (night + 1800, 1.0), (night + 2400, 0.0)]
            one, two, three, four = (_reading("bed_sensor", when, {"occupied": value}) for when, value in said)
            return [one, two, Tick(_at(night + 1360)), three, four, Tick(_at(night + 3700))]
        case "stillness":
            one, two, three = (_reading("motion_sensor", when, moves) for when in (0, 3000, 7000))
            return [one, two, Tick(_at(6700)), three, Tick(_at(10700))]
        case "not_up":
            said_up = [
                (0, still),
                (1800, still),
                (3660, still),
                (4000, moves),
                (4060, still),
                (4120, still),
                (86_400, still),
                (88_200, still),
            ]
            return [*(_reading("motion_sensor", when, value) for when, value in said_up), Tick(_at(90_100))]
        case "night_door":
            inside = _reading("motion_sensor", 120, moves)
            return [_event("door_contact", 60, "opened"), inside, _event("door_contact", 1000, "opened")]
        case _:
            return None


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


@pytest.fixture(scope="session")
def runs() -> Callable[..., list[Reading]]:
    """runs(profile, every, (count, values) …, device="", since=0): readings that stay the same for a while."""
    return _runs


@pytest.fixture(scope="session")
def person_script() -> Callable[[str], list[Message | Tick] | None]:
    """The script of a detector about a person; None for the others."""
    return _person_script


@pytest.fixture(scope="session")
def routine() -> Routine:
    """The learned row of the tests."""
    return ROUTINE
