"""One area in one worker's hands: its lock, its session, and what its detectors remember.

The memory is rebuilt from what is stored, so it can be dropped at any time; the broker keeps what is not acknowledged. Silence
counts from when we began to listen, so every time the link comes (back) the detectors are told.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from heapq import merge
from typing import Any

from analytics.catalogue import TELEMETRY_LANE
from analytics.detectors import fall_motion
from analytics.runtime import Runtime
from analytics.step import Detector, Message, Reading, Waveform
from broker.session import Session
from devices.keys import Key, milliseconds
from ingest.said import Known, Register
from ingest.usual import Usual
from store import alarms, messages, waveforms
from store.connect import Connection
from store.messages import ReplayRow
from store.waveforms import StoredWaveform

MEMORY = max((detector.memory for detector in TELEMETRY_LANE), default=timedelta(0))
SIGNAL_WITHIN = timedelta(minutes=1)  # of the last that is stored; raw signal is dear to feed: who fell silent before begins anew
_BREATH = 1_000  # rows fed before the loop serves others


def lock_name(area: str) -> str:
    """The advisory lock that makes an area one worker's."""
    return f"vigil-partition:{area}"


class Partition:
    """An area that this worker holds. `deaf` while the link is down, and until the detectors were told that it is back.

    `heard`: when anything of the area was last heard, before this worker held it.
    """

    def __init__(
        self, area: str, runtime: Runtime, last_seen: Mapping[str, datetime | None], heard: datetime | None = None
    ) -> None:
        self.area = area
        self.runtime = runtime
        self.session: Session | None = None
        self.deaf = True
        self._last_seen = last_seen
        self._deaf_since = heard

    @property
    def link(self) -> bool:
        """Whether devices of this area can be heard now."""
        return self.session is not None and self.session.link

    def link_is(self, up: bool) -> None:
        """The session came up or went down; either way nothing can be said of silence until the detectors are told."""
        self.deaf = True

    def listen(self, register: Register, now: datetime) -> None:
        """Tell the detectors that every device of the area is heard from now on. Only between trials."""
        self._deaf_since = self._deaf_since or now
        if not self.link:
            return
        deaf, self._deaf_since, self.deaf = now - min(now, self._deaf_since), None, False
        for known in register.values():
            if known.origin.area == self.area and known.revoked_at is None:
                self.runtime.listen(known.origin, now, self._last_seen.get(known.code), deaf)
        self._last_seen = {}

    def forget(self, register: Register) -> None:
        """What was revoked, or is in another area now, can no longer fall silent here."""
        for known in register.values():
            if known.origin.area == self.area and known.revoked_at is not None:
                self.runtime.forget(known.code)
        for code in self.runtime.devices():
            if code in register and register[code].area != self.area:
                self.runtime.forget(code)

    async def leave(self) -> None:
        """Close the session: what was acknowledged is flushed, the rest stays with the broker."""
        session, self.session = self.session, None
        if session is not None:
            await session.__aexit__(None, None, None)


async def rebuilt(
    conn: Connection,
    area: str,
    register: Register,
    now: datetime,
    detectors: Sequence[Detector[Any]] = TELEMETRY_LANE,
    usual: Usual | None = None,
) -> Partition:
    """A partition that remembers what its detectors would, had they run all the time, those that know what is usual too. The lock
    is held."""
    active = {(one.source, one.kind): one.at for one in await alarms.active(conn, [area]) if not one.drill}
    learned = await usual.detectors(conn, area, now) if usual is not None else ()
    runtime = Runtime((*detectors, *learned), active)
    rows = await messages.replay(conn, [area], now - MEMORY)
    signal = await waveforms.replay(conn, [area], now, SIGNAL_WITHIN, fall_motion.MEMORY)
    items: Iterable[Message] = merge(_items(rows, register), _windows(signal, register), key=_at)
    trial = runtime.trial()
    for number, item in enumerate(items, 1):
        trial.feed(item)  # what it finds was found, and stored, when it came
        if number % _BREATH == 0:
            await asyncio.sleep(0)
    trial.adopt()
    last_seen = await messages.last_seen(conn, area)
    return Partition(area, runtime, last_seen, max((seen for seen in last_seen.values() if seen is not None), default=None))


def _at(item: Message) -> datetime:
    return item.at


def _windows(rows: Iterable[StoredWaveform], register: Register) -> Iterable[Waveform]:
    for row in rows:
        known = register.get(row.device)
        if known is not None:
            key = Key(row.device, row.b, row.n, milliseconds(row.at))
            yield Waveform(known.origin, row.at, row.received_at, key, row.fs, row.unit, row.samples)


def _items(rows: Iterable[ReplayRow], register: Register) -> Iterable[Reading]:
    for row in rows:
        known = register.get(row.device)
        if known is not None:
            yield _reading(row, known)


def _reading(row: ReplayRow, known: Known) -> Reading:
    values = {name: value for name, value in zip(known.profile.order, row.values, strict=False) if value is not None}
    return Reading(known.origin, row.at, row.received_at, Key(row.device, row.b, row.n, row.t), values)
