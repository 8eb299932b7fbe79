"""What the telemetry worker keeps of one more device, counted by the interpreter: the register, its row and what detectors know.

The limit of 2 KB a device is measured on the worker's process by `python -m bench scale`; this holds what makes it up.
"""

import gc
import sys
import tracemalloc
from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest

from analytics.catalogue import TELEMETRY_LANE, learned_lane
from analytics.routine import POPULATION
from analytics.runtime import Runtime
from analytics.step import Reading
from bench.fleet import SHAPES, Fleet, talkers
from devices.codec import float32
from devices.keys import Key, milliseconds
from ingest.flood import Flood
from ingest.said import Known, Said, known
from store.devices import RegisteredDevice

FEW, MANY = 60, 300
LIMIT = 2_048


def register(count: int, now: datetime) -> dict[str, Known]:
    """As the store gives it: a code of its own for each, and one name for one place."""
    rows = {}
    for number, one in enumerate(talkers(Fleet(count, 4)), 1_000):
        code, site, zone = one.code.encode().decode(), sys.intern(one.site), sys.intern(one.zone)
        rows[code] = RegisteredDevice(number, code, one.profile, 1, 7, site, one.area, 8, zone, None, "", "", "bench", now, None)
    return known(rows)


def quiet(profile: str, device: int, turn: int) -> Mapping[str, float]:
    """Values that move a little, as a quiet sensor's do."""
    return {name: float32(low + (high - low) * ((7 * turn + device) % 16) / 16, name) for name, low, high in SHAPES[profile]}


def kept(count: int, turns: int, every_s: float, now: datetime) -> int:
    """Bytes that are there after so many devices have spoken so many times."""
    gc.collect()
    tracemalloc.start()
    devices = register(count, now)
    runtime, flood = Runtime((*TELEMETRY_LANE, *learned_lane(lambda _: POPULATION))), Flood()
    for one in devices.values():
        runtime.listen(one.origin, now, None)
    for turn in range(turns):
        trial = runtime.trial()
        for number, (code, one) in enumerate(devices.items()):
            at = now + timedelta(seconds=turn * every_s + number / count)
            key = Key(code, "b", turn, milliseconds(at))
            item = Reading(one.origin, at, at + timedelta(milliseconds=80), key, quiet(one.profile.name, number, turn))
            assert trial.feed(item) == []
            flood.adopt(flood.sift([Said(one, item)]))
        trial.adopt()
    del trial, item
    gc.collect()
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return held


@pytest.mark.parametrize(("turns", "every_s"), [(2, 50.0), (10, 60.0)])
def test_one_more_device_takes_less_than_the_limit(turns: int, every_s: float, now: datetime) -> None:
    each = (kept(MANY, turns, every_s, now) - kept(FEW, turns, every_s, now)) / (MANY - FEW)
    print(f"{each:.0f} bytes a device after {turns} readings")
    assert each <= LIMIT
