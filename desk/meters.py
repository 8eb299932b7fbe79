"""The desk's own figures for Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_ACTIONS = ("Escalate", "ExpireAcknowledgement", "TimeOut", "Remind", "Retire")


class Meters:
    """A registry of its own, so that two desks in one process do not meet."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        actions = Counter("vigil_desk_actions", "what the clock demanded and was done", ["action"], registry=self.registry)
        self.actions = {name: actions.labels(name) for name in _ACTIONS}
        self.failures = Counter("vigil_desk_failures", "what was due and could not be done", registry=self.registry)
        self.sweep = Histogram("vigil_desk_sweep_seconds", "one look at the clocks", registry=self.registry)
        self.swept = Gauge("vigil_desk_last_sweep_timestamp_seconds", "when it last looked", registry=self.registry)
        self.chores = Gauge("vigil_desk_chores_failing", "chores of the house that could not be done", registry=self.registry)
        self.lost = Gauge("vigil_desk_probes_lost", "probes whose presses do not come out", registry=self.registry)
