"""Labelled scenarios: what a device says when something happens. Pure: a table of who speaks and what follows when.

A scenario says what happened (`truth`), so that an end-to-end test can hold the platform's answer against it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from care.district import DeviceEntry
from devices.profiles import ANYWHERE, WAIST, WEARABLES
from simulators import motion

Body = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Said:
    """One message of a scenario: after `after_s` seconds, on a channel, with these fields beside t, b and n. What it tells began
    `lasts_s` before."""

    after_s: float
    channel: str
    body: Body
    lasts_s: float = 0.0

    def told(self, began_ms: int) -> Body:
        """What is said of a scenario that began then, by the device's clock."""
        return {"t": began_ms + round((self.after_s - self.lasts_s) * 1000), **self.body}


@dataclass(frozen=True, slots=True)
class Scenario:
    """`profiles`: devices that can say it, the best first. `kind`: the alarm that must follow. `truth`: what really happened."""

    name: str
    profiles: tuple[str, ...]
    kind: str
    hazard: str
    truth: str
    script: tuple[Said, ...]


class NobodyToSayIt(LookupError):
    """No device at this site that could say this."""


def _event(kind: str, **values: float) -> tuple[Said, ...]:
    return (Said(0, "event", {"e": kind, "v": values}),)


def _ramp(steps: int, every_s: float, value: Callable[[int], Body]) -> tuple[Said, ...]:
    return tuple(Said(index * every_s, "telemetry", {"v": value(index)}) for index in range(steps))


def _fall_of(seed: int) -> tuple[Said, ...]:
    seconds = motion.packets(motion.fall(Random(seed)))
    return tuple(
        Said(number, "waveform", {"fs": motion.RATE_HZ, "unit": "mg", "xyz": xyz}, 1.0) for number, xyz in enumerate(seconds)
    )


_ALL = (
    Scenario("sos", ("sos_button", *WEARABLES), "sos", "person", "a senior presses the button", _event("sos", battery=71)),
    Scenario("pull_cord", ("pull_cord",), "pull_cord", "person", "a cord is pulled", _event("pull_cord", battery=64)),
    Scenario("fall", (*WEARABLES, "fall_radar"), "fall", "person", "a senior falls", _event("fall")),
    Scenario("fall_motion", (ANYWHERE, WAIST), "fall_motion", "person", "a senior walks, falls and lies", _fall_of(seed=7)),
    Scenario(
        "smoke",
        ("smoke_detector",),
        "smoke",
        "fire",
        "a smouldering fire",
        _ramp(8, 0.5, lambda i: {"smoke_obscuration": round(1.5 + 2.1 * i, 2), "temperature": 22 + 0.4 * i}),
    ),
    Scenario("heat", ("heat_detector",), "heat", "fire", "a kitchen fire", _ramp(8, 0.5, lambda i: {"temperature": 30 + 5.0 * i})),
    Scenario("co", ("co_detector",), "co", "gas_co", "carbon monoxide from a stove", _event("co", co=320)),
    Scenario("gas", ("gas_detector",), "gas", "gas_co", "a gas leak", _ramp(6, 0.5, lambda i: {"gas": 2.5 * (i + 1)})),
)
SCENARIOS: Mapping[str, Scenario] = {one.name: one for one in _ALL}


def speaker(scenario: Scenario, devices: Iterable[DeviceEntry], site: str) -> DeviceEntry:
    """The device that says it: at the site, or at the first site that has one where `site` is empty. Raises NobodyToSayIt."""
    able: Sequence[DeviceEntry] = sorted(
        (one for one in devices if one.profile in scenario.profiles and site in ("", one.site)),
        key=lambda one: (scenario.profiles.index(one.profile), one.code),
    )
    if not able:
        where = f"at {site}" if site else "in this district"
        named = [one for one in scenario.profiles if one == ANYWHERE or one not in WEARABLES]
        raise NobodyToSayIt(f"{scenario.name}: expected a {' or '.join(named)} {where}, got none")
    return able[0]
