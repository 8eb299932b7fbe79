"""What `vigil up` decides before anything starts: where things are, which ports they take, what the MQTT listener shows."""

import argparse
import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vigil import certificates, ports
from vigil.settings import Settings

_TLS_PORT = 8883


@dataclass(frozen=True, slots=True)
class Plan:
    """What was decided before anything started: where things are and which ports they take."""

    data: Path
    http: int
    mqtt: int
    nats: int
    monitor: int
    database: int
    simulator: bool
    speed: float
    seed: int
    workers: int
    store_mb: int
    tls: certificates.Certificate | None

    @property
    def secrets(self) -> Path:
        return self.data / "secrets"

    @property
    def broker_log(self) -> Path:
        return self.data / "log" / "broker.log"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http}"


def make_plan(arguments: argparse.Namespace, settings: Settings, tell: Callable[[str], None]) -> Plan:
    """Settle every port: last time's where it is free, the wanted one, else the next free one, said plainly."""
    last = _last_ports(settings.data)
    listener = "mqtts" if arguments.tls else "mqtt"
    wanted = {
        "http": arguments.port or last.get("http") or settings.number("VIGIL_HTTP_PORT"),
        "mqtt": arguments.mqtt_port or last.get(listener) or (_TLS_PORT if arguments.tls else settings.number("VIGIL_MQTT_PORT")),
        "nats": last.get("nats", 4222),
        "monitor": last.get("monitor", 8222),
        "database": last.get("database", 5433),
    }
    given: dict[str, int] = {}
    for name, port in wanted.items():
        given[name] = ports.next_free(port, frozenset(given.values()))
        if given[name] != port:
            tell(f"port {port} ({name}) is taken; using {given[name]}")
    kept = {listener if name == "mqtt" else name: port for name, port in given.items()}
    (settings.data / "ports.json").write_text(json.dumps({**last, **kept}) + "\n")
    numbers = given | {
        "seed": arguments.seed,
        "workers": arguments.workers,
        "store_mb": settings.megabytes("VIGIL_BROKER_STORE_MB"),
    }
    return Plan(settings.data, simulator=not arguments.no_simulator, speed=arguments.speed, tls=None, **numbers)


async def certificate(plan: Plan, arguments: argparse.Namespace, settings: Settings) -> certificates.Certificate | None:
    """What the MQTT listener shows: nothing without --tls, else the given certificate or one of our own."""
    if not arguments.tls:
        return None
    given = certificates.given(settings.path("VIGIL_MQTT_CERT"), settings.path("VIGIL_MQTT_KEY"), settings.path("VIGIL_MQTT_CA"))
    if given:
        return given
    names = certificates.names_of_this_machine(arguments.tls_name)
    return await asyncio.to_thread(certificates.own, plan.secrets / "tls", names)


def _last_ports(data: Path) -> dict[str, int]:
    path = data / "ports.json"
    try:
        found: dict[str, int] = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found
