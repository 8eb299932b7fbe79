"""Device profiles as tables: what a kind of device measures, in which unit and range, how often, and when its silence is a fault.

The order of `metrics` is the order of the stored array, so a profile only ever appends metrics and then raises its `version`.
Silence limits: mains devices three missed heartbeats, battery devices at most 2 h (BS 5839-1 radio clauses; GB 50440: 2 h).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

STATUS_METRICS = ("battery", "signal")


@dataclass(frozen=True, slots=True)
class Metric:
    """One measured quantity. `low`/`high` bound what is physically possible; outside them the value is rejected as nonsense."""

    name: str
    unit: str
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Profile:
    """A kind of device. `silent_after` is counted on any message; `code` prefixes demo device codes.

    `order`: names of the metrics in stored order; `ranges`: what of each is possible. Both are read for every message.
    """

    name: str
    code: str
    version: int
    metrics: tuple[Metric, ...]
    events: tuple[str, ...]
    cadence: timedelta
    silent_after: timedelta
    mains: bool
    hazard: str
    order: tuple[str, ...] = field(init=False, compare=False)
    ranges: Mapping[str, tuple[float, float]] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "order", tuple(metric.name for metric in self.metrics))
        object.__setattr__(self, "ranges", {metric.name: (metric.low, metric.high) for metric in self.metrics})


_BATTERY = Metric("battery", "%", 0, 100)
_SIGNAL = Metric("signal", "dBm", -140, 0)
_LINK = (_BATTERY, _SIGNAL)
# A fire must never be rejected as nonsense: full-scale tests reach 460 °C and 10,000 ppm at the ceiling.
_TEMPERATURE = Metric("temperature", "°C", -40, 1_200)
_COMMON = ("test", "tamper", "low_battery", "mains_loss")

_MINUTE = timedelta(minutes=1)
_BATTERY_CADENCE = timedelta(minutes=30)
_BATTERY_LIMIT = timedelta(hours=2)

ANYWHERE, WRIST, WAIST, POCKET = "wearable", "wearable_wrist", "wearable_waist", "wearable_pocket"
WORN = {"anywhere": ANYWHERE, "wrist": WRIST, "waist": WAIST, "pocket": POCKET}  # by place; anywhere where nobody says
WEARABLES = {ANYWHERE: "wear", WRIST: "wrist", WAIST: "waist", POCKET: "pocket"}
_WORN = (Metric("heart_rate", "1/min", 0, 250), Metric("steps", "1", 0, 200_000), Metric("worn", "bool", 0, 1))


def _battery(name: str, code: str, metrics: tuple[Metric, ...], events: tuple[str, ...], hazard: str) -> Profile:
    return Profile(name, code, 1, (*metrics, *_LINK), (*events, *_COMMON), _BATTERY_CADENCE, _BATTERY_LIMIT, False, hazard)


def _mains(
    name: str,
    code: str,
    metrics: tuple[Metric, ...],
    events: tuple[str, ...],
    hazard: str,
    cadence: timedelta = _MINUTE,
) -> Profile:
    return Profile(name, code, 1, (*metrics, _SIGNAL), (*events, *_COMMON), cadence, 3 * cadence, True, hazard)


_ALL = (
    _battery("sos_button", "sos", (), ("sos",), "person"),
    _battery("pull_cord", "cord", (), ("pull_cord",), "person"),
    *(_battery(name, code, _WORN, ("sos", "fall"), "person") for name, code in WEARABLES.items()),
    _mains(
        "fall_radar",
        "radar",
        (Metric("presence", "bool", 0, 1), Metric("height", "m", 0, 3), Metric("motion", "%", 0, 100)),
        ("fall",),
        "person",
    ),
    _mains("smoke_detector", "smoke", (Metric("smoke_obscuration", "%/m", 0, 100), _TEMPERATURE), ("smoke",), "fire"),
    _mains("heat_detector", "heat", (_TEMPERATURE,), ("heat",), "fire"),
    _mains("co_detector", "co", (Metric("co", "ppm", 0, 100_000), _TEMPERATURE), ("co",), "gas_co"),
    _mains("gas_detector", "gas", (Metric("gas", "%LEL", 0, 100), _TEMPERATURE), ("gas",), "gas_co"),
    _mains(
        "bed_sensor",
        "bed",
        (
            Metric("occupied", "bool", 0, 1),
            Metric("heart_rate", "1/min", 0, 250),
            Metric("breathing_rate", "1/min", 0, 80),
            Metric("movement", "%", 0, 100),
        ),
        ("bed_exit", "bed_return"),
        "person",
    ),
    _battery("motion_sensor", "motion", (Metric("motion", "bool", 0, 1), _TEMPERATURE), ("motion",), "person"),
    _battery("door_contact", "door", (Metric("open", "bool", 0, 1),), ("opened", "closed"), "security"),
    _mains(
        "gateway",
        "gw",
        (Metric("children_online", "1", 0, 10_000), Metric("uptime", "h", 0, 1_000_000)),
        (),
        "technical",
    ),
    _mains("air_sensor", "air", (_TEMPERATURE, Metric("humidity", "%", 0, 100), Metric("co2", "ppm", 0, 400_000)), (), "fire"),
    _mains(
        "electrical_monitor",
        "elec",
        (Metric("residual_current", "mA", 0, 30_000), Metric("cable_temperature", "°C", -40, 400)),
        (),
        "fire",
    ),
    # a door or corridor that people flee through: blocked by things or locked; and how hard water stands at a hydrant
    _mains("exit_monitor", "exit", (Metric("blocked", "bool", 0, 1), Metric("open", "bool", 0, 1)), ("blocked", "freed"), "fire"),
    _mains("water_pressure", "water", (Metric("water_pressure", "MPa", 0, 4),), (), "fire"),
    _mains("siren", "siren", (Metric("sounding", "bool", 0, 1),), (), "fire"),  # does as it is told: see devices.commands
    _mains("probe", "probe", (), ("probe",), "technical"),  # our own: it presses itself through the whole path
)

PROFILES: dict[str, Profile] = {profile.name: profile for profile in _ALL}
BY_CODE: dict[str, Profile] = {profile.code: profile for profile in _ALL}
