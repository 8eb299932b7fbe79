"""What a message costs the telemetry worker beside its transport, part by part: deliveries through the product's own decode, judge
and write into a real database, in one process. No broker and no other process; arrival times are invented, so that every run does
the same work whatever the machine does.

The parts are sampled (SIGPROF, every two milliseconds of CPU time): the innermost known function on the stack is the part, and
what the detectors take is told for each of them.
"""

import itertools
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from types import CodeType, FrameType
from typing import Any

import psutil

from analytics.catalogue import TELEMETRY_LANE
from bench import publisher, stored
from bench.fleet import Fleet, area_codes
from bench.machine import machine, versions
from bench.place import filled
from bench.servers import running_database, scratch
from broker.session import Arrived
from devices.keys import milliseconds
from ingest.batch import Window
from ingest.decode import decode
from ingest.flood import Flood
from ingest.judged import judged
from ingest.partition import Partition, rebuilt
from ingest.registry import Registry
from ingest.said import TELEMETRY
from ingest.settled import settled
from ingest.telemetry import LARGEST_BATCH
from ingest.trials import Trials
from ingest.written import write
from store import messages
from store.connect import Connection, connect
from store.health import touch_readings
from vigil import heap

_EVERY_S = 0.002
_REST = "transaction, event loop"
_PARTS: dict[str, Any] = {
    "decode": decode,
    "judge": judged,
    "flood": Flood.sift,
    "clock fixes": settled,
    "readings": messages.insert_readings,
    "detectors: feed": Trials.feed,
    "detectors: adopt": Trials.adopt,
    "health": touch_readings,
    "window: add": Window.add,
    "window: done": Window.done,
    "write: order, rows": write,
}
_TABLE: dict[CodeType, str] = {function.__code__: part for part, function in _PARTS.items()}
_DETECTORS: dict[CodeType, str] = {one.step.__code__: f"detector {one.name}" for one in reversed(TELEMETRY_LANE)}


@dataclass(frozen=True, slots=True)
class Parameters:
    """`messages` of `devices` over `areas`, arriving `rate` a second of invented time, `batch` a transaction."""

    devices: int = 5_000
    areas: int = 4
    messages: int = 100_000
    rate: float = 10_000.0
    batch: int = LARGEST_BATCH
    payload: int = 165


class Sampler:
    """Counts which part was at work each time that two more milliseconds of CPU were used."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()
        self._left = _EVERY_S

    @contextmanager
    def sampling(self) -> Iterator[None]:
        """While the block runs."""
        before = signal.signal(signal.SIGPROF, self._sample)
        signal.setitimer(signal.ITIMER_PROF, self._left, _EVERY_S)
        try:
            yield
        finally:
            self._left = signal.setitimer(signal.ITIMER_PROF, 0)[0] or _EVERY_S
            signal.signal(signal.SIGPROF, before)

    def shares(self, cpu_s: float) -> dict[str, float]:
        """Seconds of `cpu_s` by part, the largest first."""
        total = sum(self.seen.values()) or 1
        return {part: round(cpu_s * count / total, 2) for part, count in self.seen.most_common()}

    def _sample(self, _number: int, frame: FrameType | None) -> None:
        detector = None
        while frame is not None:
            detector = _DETECTORS.get(frame.f_code, detector)  # the outermost: a detector may run another's rule
            part = _TABLE.get(frame.f_code)
            if part is not None:
                self.seen[detector or part] += 1
                return
            frame = frame.f_back
        self.seen[_REST] += 1


class _Worker:
    """The telemetry lane's batch, without its broker: what `ingest.telemetry` does from a full window to the acknowledgement."""

    def __init__(self, conn: Connection, registry: Registry, partitions: dict[str, Partition]) -> None:
        self._conn = conn
        self._registry = registry
        self._partitions = partitions
        self._window, self._flood = Window(), Flood()

    def arrive(self, arrived: Arrived) -> None:
        """One delivery, by the session of its area."""
        self._window.add(arrived, arrived.topic.split("/", 3)[2], self._acknowledge)

    async def batch(self, size: int, now: datetime) -> None:
        """One transaction of what has arrived."""
        taken = self._window.take(size)
        found = await judged(self._conn, taken, self._registry, TELEMETRY)
        sifted = self._flood.sift(found.said)
        trials = Trials(self._partitions)
        async with self._conn.transaction():
            await write(self._conn, found.sifted(sifted), sifted.limited, trials, self._registry, now)
        trials.adopt()
        self._flood.adopt(sifted)
        self._window.done(taken, found.refused_entries)

    def _acknowledge(self, _arrived: object) -> None:
        """There is no broker to tell."""


async def run(parameters: Parameters) -> dict[str, Any]:
    """The benchmark's JSON object."""
    before, fleet = machine(), Fleet(parameters.devices, parameters.areas)
    with scratch() as folder:
        async with (
            running_database(folder / "postgres") as base,
            await connect(base.dsn("vigil_owner"), autocommit=True) as owner,
        ):
            await filled(owner, fleet)
            async with await connect(base.dsn("vigil_worker"), autocommit=True) as conn:
                figures = await _measured(conn, parameters)
            found = await stored.summary(owner, parameters.devices, parameters.messages)
    figures["lost"], figures["duplicates"] = parameters.messages - found.distinct, found.rows - found.distinct
    return {"benchmark": "parts", "versions": versions(), "machine": before, "parameters": asdict(parameters), "figures": figures}


async def _measured(conn: Connection, parameters: Parameters) -> dict[str, Any]:
    began, server, sampler = datetime.now(UTC), psutil.Process(conn.info.backend_pid), Sampler()
    worker = await _worker(conn, parameters, began)
    arriving = _deliveries(parameters, began)
    await _worked_off(worker, itertools.islice(arriving, parameters.devices), parameters.batch, Sampler())  # each spoke once
    heap.settle()  # as every process of the product does
    before, wall = _used(server), time.perf_counter()
    own = await _worked_off(worker, arriving, parameters.batch, sampler)
    share = 100_000 / parameters.messages
    return {
        "cpu_s_per_100k": round(own * share, 2),
        "postgres_cpu_s_per_100k": round((_used(server) - before) * share, 2),
        "messages_per_second": round(parameters.messages / (time.perf_counter() - wall)),
        "parts": sampler.shares(own * share),
    }


async def _worked_off(worker: _Worker, arriving: Iterator[Arrived], size: int, sampler: Sampler) -> float:
    """Feed and commit everything in batches; the CPU seconds of it, without those of making the deliveries."""
    spent = 0.0
    while batch := list(itertools.islice(arriving, size)):
        began = time.process_time()
        with sampler.sampling():
            for arrived in batch:
                worker.arrive(arrived)
            await worker.batch(size, batch[-1].at)
        spent += time.process_time() - began
    return spent


async def _worker(conn: Connection, parameters: Parameters, now: datetime) -> _Worker:
    """A worker that holds every area and listens to every device."""
    registry = Registry()
    await registry.load(conn)
    areas = area_codes(Fleet(parameters.devices, parameters.areas))
    partitions = {area: await rebuilt(conn, area, registry.known, now) for area in areas}
    for known in registry.known.values():
        partitions[known.origin.area].runtime.listen(known.origin, now, None)
    return _Worker(conn, registry, partitions)


def _deliveries(parameters: Parameters, began: datetime) -> Iterator[Arrived]:
    """Every device once, then as many messages as are ordered, in steps of invented time."""
    order = publisher.Order("", 0, "", "", parameters.devices, parameters.areas, parameters.messages, 0.0, 0, parameters.payload)
    start, count = milliseconds(began), parameters.devices + parameters.messages
    clock = (start + int(number * 1000 / parameters.rate) for number in itertools.count())
    for number, (topic, payload) in enumerate(itertools.islice(publisher.messages(order, clock.__next__), count)):
        at = began + timedelta(seconds=number / parameters.rate)
        yield Arrived(topic, payload, False, False, 1, number % 65_535 + 1, 1, at)


def _used(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
