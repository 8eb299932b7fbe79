"""Our own figures for Prometheus."""

from collections.abc import Iterable
from datetime import datetime

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from api.hub import Hub
from store.board import CardRow

_LIVE_S = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)
_SHOWN_S = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60)


class Meters:
    """A registry of its own, so that two apps in one process do not meet."""

    media_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self._registry = own = CollectorRegistry()
        self.cut = Counter("vigil_api_consoles_cut", "Consoles cut because they were too slow", registry=own)
        self.requests = Counter("vigil_api_requests", "Requests answered", ["method", "status"], registry=own)
        self.seconds = Histogram("vigil_api_request_seconds", "From request to answer", registry=own)
        self.live = Histogram("vigil_api_live_seconds", "Notice of a commit to frame sent", registry=own, buckets=_LIVE_S)
        self.shown = Histogram("vigil_api_shown_seconds", "Press received to first console", registry=own, buckets=_SHOWN_S)
        self._consoles = Gauge("vigil_api_consoles", "Consoles on the line", registry=own)
        self._unstored = Gauge("vigil_api_presses_unstored", "Presses shown that are not yet stored", registry=own)
        self._board = Gauge("vigil_api_incidents_on_board", "Incidents on the board", registry=own)
        self._broker = Gauge("vigil_api_broker_up", "1 while the api hears the broker", registry=own)
        self._database = Gauge("vigil_api_database_up", "1 while the api reaches the database", registry=own)
        self._refuses = Gauge("vigil_api_database_refuses", "1 while the database is there and stores nothing", registry=own)
        self._failing = Gauge("vigil_api_failing", "What the api fails to do and tries again", registry=own)

    def answered(self, method: str, status: int, seconds: float) -> None:
        """A request; what is no method of ours counts as one."""
        known = method if method in ("GET", "POST", "HEAD", "OPTIONS") else "other"
        self.requests.labels(known, f"{status // 100}xx").inc()
        self.seconds.observe(seconds)

    def first_shown(self, rows: Iterable[CardRow], now: datetime) -> None:
        """A console has rendered these, the first to do so. Counted from arrival: what a device buffered is not our delay."""
        for row in rows:
            if row.received_at is not None:
                self.shown.observe(max(0.0, (now - row.received_at).total_seconds()))

    def text(self, hub: Hub) -> bytes:
        """The figures as of now."""
        self._consoles.set(len(hub.clients))
        self._unstored.set(hub.unstored)
        self._board.set(len(hub.board.rows))
        self._broker.set(hub.health.broker)
        self._database.set(hub.health.database)
        self._refuses.set(hub.health.database_refuses is not None)
        self._failing.set(len(hub.health.failing))
        return generate_latest(self._registry)
