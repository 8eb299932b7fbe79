"""What an ingest worker is told at start: where the database and the broker are, and who it is."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from broker.lanes import SessionSpec
from broker.session import Arrived, Session


@dataclass(frozen=True, slots=True)
class IngestSettings:
    """`worker_name` is unique among running workers. `metrics_port` opens /metrics on loopback; 0 lets the system choose."""

    dsn: str
    mqtt_host: str
    mqtt_port: int
    mqtt_username: str
    mqtt_password: str
    tls_ca: Path | None
    worker_name: str
    metrics_port: int | None = None

    def session(
        self, spec: SessionSpec, on_message: Callable[[Arrived], None], on_link: Callable[[bool], None] | None = None
    ) -> Session:
        """The persistent session of a lane, not yet opened."""
        return Session(
            host=self.mqtt_host,
            port=self.mqtt_port,
            client_id=spec.client_id,
            username=self.mqtt_username,
            password=self.mqtt_password,
            filters=spec.filters,
            qos=spec.qos,
            on_message=on_message,
            on_link=on_link,
            tls_ca=self.tls_ca,
        )
