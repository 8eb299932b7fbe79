"""What the api must be told to run. Secrets never show in a repr, so they cannot reach a log by accident."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """`port` 0 lets the system choose. `allowed_origins`: what a browser may call us besides its own host (behind a proxy).
    `probe_key` opens the probe's console; without one there is none. `acts`, `reads`: connections for what people do and ask.
    """

    dsn: str = field(repr=False)
    mqtt_port: int
    mqtt_password: str = field(repr=False)
    probe_key: str = field(default="", repr=False)
    mqtt_host: str = "127.0.0.1"
    mqtt_username: str = "api"
    mqtt_tls_ca: Path | None = None
    host: str = "127.0.0.1"
    port: int = 0
    dashboard_dir: Path | None = None
    secure_cookies: bool = False
    allowed_origins: tuple[str, ...] = ()
    acts: int = 4
    reads: int = 4
    version: str = "0.1.0"
