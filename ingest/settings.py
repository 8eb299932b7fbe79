"""What an ingest worker is told at start: where the database and the broker are, and who it is."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from analytics.catalogue import TELEMETRY_LANE
from analytics.step import Detector
from broker.lanes import SessionSpec
from broker.session import Arrived, Session


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class IngestSettings:
    """`worker_name` is unique among running workers. `metrics_port` opens /metrics on loopback; 0 lets the system choose.

    `most_in_flight`: what comes beyond so many unacknowledged messages is left to the broker, which hands it over again.
    `detectors` are what the telemetry lane runs, this worker's models in them.
    """

    dsn: str
    mqtt_host: str
    mqtt_port: int
    mqtt_username: str
    mqtt_password: str
    tls_ca: Path | None
    worker_name: str
    metrics_port: int | None = None
    most_in_flight: int = 65_536
    detectors: tuple[Detector[Any], ...] = TELEMETRY_LANE
    clock: Callable[[], datetime] = _utc_now

    def session(
        self, spec: SessionSpec, on_message: Callable[[Arrived], None], on_link: Callable[[bool], None] | None = None
    ) -> Session:
        """The persistent session of a lane, not yet opened. What arrives is dated by the worker's own clock."""

        def dated(arrived: Arrived) -> None:
            on_message(arrived._replace(at=self.clock()))

        return Session(
            host=self.mqtt_host,
            port=self.mqtt_port,
            client_id=spec.client_id,
            username=self.mqtt_username,
            password=self.mqtt_password,
            filters=spec.filters,
            qos=spec.qos,
            on_message=on_message if self.clock is _utc_now else dated,
            on_link=on_link,
            tls_ca=self.tls_ca,
        )
