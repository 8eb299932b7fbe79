"""What was decoded ahead is used as it is, unless the register has changed since."""

from collections.abc import Callable
from typing import cast

from analytics.step import Reading
from broker.session import Arrived
from ingest.batch import Window
from ingest.judged import judged, look_ahead
from ingest.registry import Registry
from ingest.said import TELEMETRY, Register
from store.connect import Connection

NOBODY = cast("Connection", None)  # a register that is fresh and knows every device asks nobody
OTHER = "0x00158d0001234567"
TOPIC = "care/v1/tst001/home-1/{}/telemetry"


def _waiting(deliver: Callable[..., Arrived], *codes: str) -> Window:
    window = Window()
    for mid, code in enumerate(codes):
        window.add(deliver(TOPIC.format(code), {"t": 1, "n": mid, "v": {"temperature": 20}}, mid=mid), "tst001", lambda _: None)
    return window


def _registry(register: Register) -> Registry:
    registry = Registry()
    registry.known, registry.stale, registry.loads = dict(register), False, 1
    return registry


async def test_decoded_ahead_and_used(register: Register, deliver: Callable[..., Arrived]) -> None:
    window, registry = _waiting(deliver, *["smoke-1"] * 120), _registry(register)
    await look_ahead(window.next(110), registry, TELEMETRY)
    taken = window.take(120)
    ahead = [entry.decoded for entry in taken]
    assert [one is not None for one in ahead] == [True] * 110 + [False] * 10
    found = await judged(NOBODY, taken, registry, TELEMETRY)
    assert [one.item.key.n for one in found.said if isinstance(one.item, Reading)] == list(range(120))
    assert all(said is one[1][0] for said, one in zip(found.said, ahead, strict=False) if one)


async def test_the_newest_register_decides(register: Register, deliver: Callable[..., Arrived]) -> None:
    window, registry = _waiting(deliver, "smoke-1"), _registry(register)
    await look_ahead(window.next(9), registry, TELEMETRY)
    registry.known["smoke-1"] = register[OTHER]
    registry.loads += 1
    found = await judged(NOBODY, window.take(9), registry, TELEMETRY)
    assert [one.known for one in found.said] == [register[OTHER]]
