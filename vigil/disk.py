"""A broker whose disk was full takes nothing ever after (nats-server 2.15.1): it is started again once there is room.

Until then it runs on: what connected devices say still reaches the console, and all keep and resend what is not acknowledged.
"""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

from vigil.settings import MIB
from vigil.web import WebFailed, call

_LOOK_S = 2.0
_ROOM = 32 * MIB
_CANNOT_WRITE = "write error"


async def watch(monitor: int, folder: Path, again: Callable[[], None]) -> None:
    """Look every other second, for ever; `again` starts the broker again whose monitor listens on that port of loopback."""
    while True:
        await asyncio.sleep(_LOOK_S)
        if await asyncio.to_thread(complaint, monitor) and shutil.disk_usage(folder).free >= _ROOM:
            again()


def complaint(monitor: int) -> str:
    """What keeps the broker from writing, in its own words; "" where nothing does or it does not answer."""
    try:
        answer = call(f"http://127.0.0.1:{monitor}/healthz")
    except (OSError, WebFailed):
        return ""
    said = str(answer.body.get("error", "")) if isinstance(answer.body, dict) else ""
    return said if _CANNOT_WRITE in said else ""
