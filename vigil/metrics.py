"""Figures for Prometheus of the parts that have none of their own."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from types import MappingProxyType

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from broker.callout import Counts
from dispatch.probe import STAGES

_PATH_S = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10)


class CalloutMeters(Collector):
    """What a callout counts, and what all of them have kept (`totals` by kind), read when it is asked for."""

    def __init__(self, counts: Counts, totals: Mapping[str, int] = MappingProxyType({})) -> None:
        self._counts = counts
        self._totals = totals
        self.registry = CollectorRegistry()
        self.registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """Prometheus asks."""
        counts = self._counts
        yield GaugeMetricFamily("vigil_callout_listening", "1 while it judges", value=float(counts.listening))
        yield GaugeMetricFamily("vigil_callout_devices", "devices it would let in", value=counts.devices)
        yield CounterMetricFamily("vigil_callout_granted", "connections let in", value=counts.granted)
        refused = CounterMetricFamily("vigil_callout_refused", "connections refused, by reason", labels=["reason"])
        for reason, times in sorted(counts.refused.items()):
            refused.add_metric([reason], times)
        yield refused
        kept = CounterMetricFamily("vigil_refusals", "logins, forged publishes and foreign subscriptions", labels=["kind"])
        for kind, times in sorted(self._totals.items()):
            kept.add_metric([kind], times)
        yield kept
        yield CounterMetricFamily("vigil_callout_disconnected", "connections ended after a revocation", value=counts.disconnected)
        yield CounterMetricFamily("vigil_callout_failed_loads", "failed readings of the register", value=counts.failed_loads)


class ProbeMeters:
    """The probe's presses."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        presses = Counter("vigil_probe_presses", "presses, by where they were last seen", ["stage"], registry=self.registry)
        self._stages = {stage: presses.labels(stage) for stage in ("shown", *STAGES)}
        self._path = Histogram("vigil_probe_seconds", "publish to websocket", registry=self.registry, buckets=_PATH_S)
        self._success = Gauge("vigil_probe_last_success_timestamp_seconds", "last press that came out", registry=self.registry)

    def pressed(self, ms: float | None, stage: str, at: datetime) -> None:
        """One press and what became of it."""
        self._stages[stage or "shown"].inc()
        if ms is not None:
            self._path.observe(ms / 1000)
            self._success.set(at.timestamp())
