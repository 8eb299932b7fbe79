"""Every setting in one table: its environment variable, its default, what it means. Nothing is read at import."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

MIB = 1024 * 1024


class BadSetting(ValueError):
    """A setting that cannot be understood: expected a kind of value, got another."""


class MissingSetting(BadSetting):
    """A setting that this command needs is not set."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table. `secret` values are never printed."""

    name: str
    default: str
    meaning: str
    secret: bool = False


TABLE: tuple[Setting, ...] = (
    Setting("VIGIL_DATA", "./var", "where the embedded servers, secrets and logs keep their data"),
    Setting("VIGIL_DATABASE_URL", "", "PostgreSQL or TimescaleDB as postgresql://user:password@host:port/vigil", secret=True),
    Setting("VIGIL_DATABASE_PASSWORD_FILE", "", "file with the password for VIGIL_DATABASE_URL, where it has none"),
    Setting("VIGIL_MQTT_HOST", "127.0.0.1", "host of the broker's MQTT listener"),
    Setting("VIGIL_MQTT_PORT", "1883", "port of the broker's MQTT listener"),
    Setting("VIGIL_MQTT_CA", "", "certificate authority of the broker's TLS listener; empty: no TLS"),
    Setting("VIGIL_MQTT_CERT", "", "certificate of the broker's TLS listener, with its chain; empty: `up --tls` makes one"),
    Setting("VIGIL_MQTT_KEY", "", "private key of that certificate"),
    Setting("VIGIL_BROKER_LOG", "", "log of the broker, from which forged messages are counted; empty: they are not counted"),
    Setting("VIGIL_BROKER_STORE_MB", "10240", "how much the broker may keep on disk, in MiB; full, it acknowledges nothing more"),
    Setting("VIGIL_NATS_URL", "nats://127.0.0.1:4222", "the broker's NATS address, which the auth callout serves"),
    Setting("VIGIL_SECRETS", "", "folder of the broker's and the demo's secrets; empty: VIGIL_DATA/secrets"),
    Setting("VIGIL_MODELS", "", "folder of the models trained here; empty: VIGIL_DATA/models"),
    Setting("VIGIL_HTTP_HOST", "127.0.0.1", "address on which the console listens"),
    Setting("VIGIL_HTTP_PORT", "8400", "port on which the console listens"),
    Setting("VIGIL_HTTPS", "0", "1 where a proxy in front speaks HTTPS: cookies are then marked Secure"),
    Setting("VIGIL_DASHBOARD", "", "folder of the built dashboard; empty: dashboard/dist of this checkout"),
    Setting("VIGIL_CREW_URL", "http://127.0.0.1:8400", "the api at which the demo's played responders answer"),
    Setting("VIGIL_PROBE_URL", "http://127.0.0.1:8400", "the console at which the probe looks whether its press comes out"),
    Setting("VIGIL_METRICS_PORT", "0", "port of a part's /metrics on loopback; 0: none"),
    Setting("VIGIL_LOG", "info", "debug, info, warning or error"),
    Setting("VIGIL_LOG_FORMAT", "human", "human, or json: one object a line"),
)
_BY_NAME = {setting.name: setting for setting in TABLE}


@dataclass(frozen=True, slots=True)
class Settings:
    """The environment, read through the table."""

    environ: Mapping[str, str]

    def text(self, name: str) -> str:
        """The value as given, or the default."""
        return self.environ.get(name, "") or _BY_NAME[name].default

    def number(self, name: str) -> int:
        """A whole number. Raises BadSetting."""
        value = self.text(name)
        try:
            return int(value)
        except ValueError:
            raise BadSetting(f"{name}: expected a whole number, got {value!r}") from None

    def megabytes(self, name: str) -> int:
        """A size in MiB, 1 at least. Raises BadSetting."""
        value = self.number(name)
        if value < 1:
            raise BadSetting(f"{name}: expected 1 MiB or more, got {value}")
        return value

    def needed(self, name: str) -> str:
        """The value, which must be set. Raises MissingSetting."""
        value = self.text(name)
        if not value:
            raise MissingSetting(f"{name}: expected {_BY_NAME[name].meaning}, got nothing")
        return value

    def flag(self, name: str) -> bool:
        """0 or 1. Raises BadSetting."""
        value = self.text(name)
        if value not in ("0", "1"):
            raise BadSetting(f"{name}: expected 0 or 1, got {value!r}")
        return value == "1"

    def path(self, name: str) -> Path | None:
        """A path, None when empty."""
        value = self.text(name)
        return Path(value).expanduser() if value else None

    @property
    def data(self) -> Path:
        """The data folder, absolute."""
        return Path(self.text("VIGIL_DATA")).expanduser().resolve()

    @property
    def secrets(self) -> Path:
        """The folder of secrets."""
        return self.path("VIGIL_SECRETS") or self.data / "secrets"
