"""Our own figures for Prometheus."""

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, generate_latest

from api.hub import Hub


class Meters:
    """A registry of its own, so that two apps in one process do not meet."""

    media_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.cut = Counter("vigil_api_consoles_cut", "Consoles cut because they were too slow", registry=self._registry)
        self._consoles = Gauge("vigil_api_consoles", "Consoles on the line", registry=self._registry)
        self._unstored = Gauge("vigil_api_presses_unstored", "Presses shown that are not yet stored", registry=self._registry)
        self._board = Gauge("vigil_api_incidents_on_board", "Incidents on the board", registry=self._registry)
        self._broker = Gauge("vigil_api_broker_up", "1 while the api hears the broker", registry=self._registry)
        self._database = Gauge("vigil_api_database_up", "1 while the api reaches the database", registry=self._registry)

    def text(self, hub: Hub) -> bytes:
        """The figures as of now."""
        self._consoles.set(len(hub.clients))
        self._unstored.set(hub.unstored)
        self._board.set(len(hub.board.rows))
        self._broker.set(hub.health.broker)
        self._database.set(hub.health.database)
        return generate_latest(self._registry)
