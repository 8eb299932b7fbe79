"""How a worker is doing: for the `workers` table every few seconds, and as figures on /metrics of the loopback."""

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from math import ceil
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

from ingest.said import CLOCK_FIXED, Said, Status

_BATCHES = 1_000
_SAMPLE = 10  # of a batch: to count every message would cost more than to decode it
_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000)
_PUBLISH_S = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10, 60, 600, 3_600)


class Stats:
    """Counts since the start, and the last thousand batches."""

    def __init__(self, lane: str) -> None:
        self.registry = CollectorRegistry()
        self._messages = Counter("vigil_ingest_messages", "messages acknowledged", ["lane"], registry=self.registry).labels(lane)
        self._rejected = Counter("vigil_ingest_rejected", "messages rejected", ["lane"], registry=self.registry).labels(lane)
        self._alarms = Counter("vigil_ingest_findings", "conditions that began or ended", ["lane"], registry=self.registry).labels(
            lane
        )
        self._failures = Counter("vigil_ingest_failures", "transactions that failed", ["lane"], registry=self.registry).labels(lane)
        self._limited = Counter(
            "vigil_ingest_limited", "readings of floods that were not stored", ["lane"], registry=self.registry
        ).labels(lane)
        self._away = Counter(
            "vigil_ingest_database_away", "times the database was lost or out of reach", ["lane"], registry=self.registry
        ).labels(lane)
        self._size = Histogram(
            "vigil_ingest_batch_size", "messages in a transaction", ["lane"], registry=self.registry, buckets=_SIZES
        ).labels(lane)
        self._publish = Histogram(
            "vigil_ingest_publish_seconds", "told time to commit", ["lane"], registry=self.registry, buckets=_PUBLISH_S
        ).labels(lane)
        self._commit = Histogram("vigil_ingest_commit_seconds", "batch to commit", ["lane"], registry=self.registry).labels(lane)
        self._in_flight = Gauge("vigil_ingest_in_flight", "not yet acknowledged", ["lane"], registry=self.registry).labels(lane)
        self._lag = Gauge("vigil_ingest_lag_seconds", "arrival to commit, last batch", ["lane"], registry=self.registry).labels(
            lane
        )
        self._sizes: deque[int] = deque(maxlen=_BATCHES)
        self._commits_ms: deque[float] = deque(maxlen=_BATCHES)
        self._ages_ms: deque[float] = deque(maxlen=_BATCHES)
        self._counts = {"messages": 0, "rejected": 0, "findings": 0, "failures": 0, "database_away": 0, "limited": 0}
        self._lag_s = 0.0
        self._reported: tuple[datetime, int] | None = None

    def batch(self, size: int, commit_s: float, lag_s: float, rejected: int, findings: int) -> None:
        """One transaction committed."""
        self._messages.inc(size)
        self._rejected.inc(rejected)
        self._alarms.inc(findings)
        self._size.observe(size)
        self._commit.observe(commit_s)
        self._lag.set(lag_s)
        self._sizes.append(size)
        self._commits_ms.append(commit_s * 1000)
        self._lag_s = lag_s
        for name, count in (("messages", size), ("rejected", rejected), ("findings", findings)):
            self._counts[name] += count

    def published(self, said: Sequence[Said], committed: datetime) -> None:
        """What the transaction stored, and when it had committed. A sample of it stands for all: its age is shown."""
        for one in said[:: -(-len(said) // _SAMPLE) or 1]:
            if CLOCK_FIXED not in one.flags and not isinstance(one.item, Status):
                age_s = max(0.0, (committed - one.item.at).total_seconds())
                self._publish.observe(age_s)
                self._ages_ms.append(age_s * 1000)

    def failed(self) -> None:
        """One transaction did not."""
        self._failures.inc()
        self._counts["failures"] += 1

    def limited(self, count: int) -> None:
        """So much of a flood was not stored."""
        self._limited.inc(count)
        self._counts["limited"] += count

    def away(self) -> None:
        """The database was lost, or could not be reached again."""
        self._away.inc()
        self._counts["database_away"] += 1

    def report(self, now: datetime, in_flight: int, **more: Any) -> dict[str, Any]:
        """What the `workers` table keeps; `messages_per_s` since the last report."""
        self._in_flight.set(in_flight)
        before, self._reported = self._reported, (now, self._counts["messages"])
        elapsed = (now - before[0]).total_seconds() if before else 0.0
        rate = (self._counts["messages"] - before[1]) / elapsed if before and elapsed > 0 else 0.0
        return {
            **self._counts,
            "messages_per_s": round(rate, 1),
            "batch_size": round(sum(self._sizes) / len(self._sizes), 1) if self._sizes else 0.0,
            "commit_ms_p50": percentile(self._commits_ms, 0.50),
            "commit_ms_p99": percentile(self._commits_ms, 0.99),
            "publish_ms_p50": percentile(self._ages_ms, 0.50),
            "publish_ms_p99": percentile(self._ages_ms, 0.99),
            "lag_s": round(self._lag_s, 3),
            "in_flight": in_flight,
            **more,
        }

    @contextmanager
    def served(self, port: int | None) -> Iterator[int | None]:
        """/metrics on the loopback while the worker runs, if a port is given; gives the port."""
        if port is None:
            yield None
            return
        server, thread = start_http_server(port, addr="127.0.0.1", registry=self.registry)
        try:
            yield int(server.server_port)
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


def percentile(values: deque[float], share: float) -> float | None:
    """The nearest-rank percentile, to a tenth; None of nothing."""
    if not values:
        return None
    ranked = sorted(values)
    return round(ranked[max(0, ceil(share * len(ranked)) - 1)], 1)
