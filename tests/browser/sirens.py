"""The sirens of a site, played beside a product whose devices are all off: each does as it is told, and answers."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from care.district import DeviceEntry
from simulators import tokens
from simulators.district import demo_district
from simulators.messages import Message, deliver
from simulators.sirens import PROFILE, Siren
from simulators.wire import Endpoint, Line, line
from tests.conftest import Product
from vigil import demo, state


@asynccontextmanager
async def powered(product: Product, site: str) -> AsyncIterator[int]:
    """While this lasts the sirens of the site have power; how many there are."""
    district = await asyncio.to_thread(demo_district, state.read(product.data).seed)
    secret, where = demo.seed(product.data / "secrets"), Endpoint("127.0.0.1", product.mqtt_port)
    found = [one for one in district.devices if one.site == site and one.profile == PROFILE]
    async with AsyncExitStack() as stack:
        for one in found:
            orders: asyncio.Queue[bytes] = asyncio.Queue()
            own = await stack.enter_async_context(
                line(where, one.code, tokens.token(secret, one.code), on_command=orders.put_nowait)
            )
            await own.listen(_topic(one, "cmd"))
            stack.callback(asyncio.create_task(_obey(own, one, orders)).cancel)
        yield len(found)


async def _obey(own: Line, device: DeviceEntry, orders: "asyncio.Queue[bytes]") -> None:
    siren, boot, n = Siren(), f"b{int(time.time() * 1000):x}", 0
    while True:
        order = await orders.get()
        n, now_ms = n + 1, int(time.time() * 1000)
        answer = siren.hear(order, now_ms) or {}
        await deliver(own, Message(_topic(device, "ack"), {"t": now_ms, "b": boot, "n": n, **answer}))


def _topic(device: DeviceEntry, channel: str) -> str:
    return f"care/v1/{device.area}/{device.site}/{device.code}/{channel}"
