"""Evidence of what hangs in a facility: one function a criterion, each fact with its verdict, its reason and what it points to.

Nothing here weighs; `care.safety` does. The functions never guess: what was not heard or tested is `unknown`, and what could not
have been heard yet is not silence. What was bad when it was last heard stays bad until it is heard to be well: whoever unplugs the
monitor of a blocked exit has not freed it. Incidents and the register of checks: `care.safety_records`.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from care.safety import Counted, Verdict, share
from care.safety_facts import SafetyDevice, SafetyFacts, SafetyZone
from care.standing import BATTERY_LOW_PCT, heard

WATCHED_ZONES = frozenset({"room", "corridor", "hall", "kitchen"})
FIRE_DETECTORS = frozenset({"smoke_detector", "heat_detector"})
TESTED = FIRE_DETECTORS | {"co_detector", "gas_detector"}
TEST_EVERY = timedelta(days=365)
WINDOW = timedelta(days=90)
BLOCKED_S, BLOCKED_WITHIN = 600.0, timedelta(days=7)  # less is somebody carrying something through: ours
LEAST_MPA = 0.07
_SPEAKS = ("fine", "battery_low")
_GOOD, _BAD, _UNKNOWN = Verdict.GOOD, Verdict.BAD, Verdict.UNKNOWN


@dataclass(frozen=True, slots=True)
class Evidence:
    """One fact with what it says. `kind`: zone, device, incident, check or site, and `ref` its code or id.

    `why`: i18n key safety.why.<why>; `value` and `limit` in `unit` are for its sentence.
    """

    kind: str
    ref: str
    verdict: Verdict
    why: str
    at: datetime | date | None = None
    value: float | None = None
    limit: float | None = None
    unit: str = ""
    what: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """The evidence of a criterion and how it counts."""

    evidence: tuple[Evidence, ...]
    counted: Counted


def standing(device: SafetyDevice, now: datetime, listening: datetime | None) -> str:
    """How a device is by the rule of the devices page; or faulty, if it speaks and an alarm of its sensor stands."""
    state = heard(
        device.seen_at,
        device.enrolled_at,
        device.silent_after,
        now,
        listening,
        online=device.online,
        battery=device.battery,
    )
    return "faulty" if device.faulty_since is not None and state in _SPEAKS else state


def coverage(facts: SafetyFacts) -> Found:
    """Every room, corridor, hall and kitchen has a smoke or heat detector in service."""
    have = zones_with(facts, lambda device: device.profile in FIRE_DETECTORS)
    return shared(
        (_zone(zone, *((_GOOD, "detector") if zone.code in have else (_BAD, "no_detector"))) for zone in watched(facts)),
        facts,
        "no_zones",
    )


def health(facts: SafetyFacts) -> Found:
    """Every device that bears on fire is heard, whole and charged."""
    return shared((_device_health(device, facts) for device in facts.devices), facts, "no_devices")


def self_tests(facts: SafetyFacts) -> Found:
    """Every detector has said within a year that it was tested."""
    return shared((_tested(one, facts.now) for one in facts.devices if one.profile in TESTED), facts, "no_devices")


def exits(facts: SafetyFacts) -> Found:
    """Every monitored exit is free, and was but for moments in the last 7 days."""
    return shared((_exit(one, facts) for one in facts.devices if one.profile == "exit_monitor"), facts, "no_exit_monitor")


def water(facts: SafetyFacts) -> Found:
    """Every pressure sensor shows enough, now and in every hour of the last 7 days."""
    return shared((_pressure(one, facts) for one in facts.devices if one.profile == "water_pressure"), facts, "no_water_sensor")


def electrical(facts: SafetyFacts) -> Found:
    """No warning of the wiring stands open."""
    return shared((_wiring(one, facts) for one in facts.devices if one.profile == "electrical_monitor"), facts, "no_wiring_monitor")


def watched(facts: SafetyFacts) -> list[SafetyZone]:
    """Zones that need a detector."""
    return [zone for zone in facts.zones if zone.kind in WATCHED_ZONES]


def zones_with(facts: SafetyFacts, wanted: Callable[[SafetyDevice], bool]) -> set[str]:
    """Zones that have such a device; what hangs over a bed is in its room."""
    parents = {zone.code: zone.parent for zone in facts.zones if zone.kind == "bed"}
    return {parents.get(device.zone, device.zone) for device in facts.devices if wanted(device)}


def ears(facts: SafetyFacts) -> Iterator[Evidence]:
    """Where a fire would have been heard of: zones with a detector that has spoken in the window."""
    if not watched(facts):
        yield site(facts, "no_zones")
    since = facts.now - WINDOW
    heard = zones_with(facts, lambda one: one.profile in FIRE_DETECTORS and one.seen_at is not None and one.seen_at >= since)
    for zone in watched(facts):
        yield _zone(zone, *((_GOOD, "heard") if zone.code in heard else (_UNKNOWN, "not_heard")))


def ear_count(ears: Iterable[Evidence]) -> tuple[int, int]:
    """In how many places a fire would have been heard of, and in how many not."""
    verdicts = [one.verdict for one in ears]
    return verdicts.count(_GOOD), verdicts.count(_UNKNOWN)


def shared(items: Iterable[Evidence | None], facts: SafetyFacts, nothing: str) -> Found:
    """Harm as the share of bad items; where there are none, that nothing is there to know it by."""
    found = tuple(one for one in items if one is not None) or (site(facts, nothing),)
    return Found(found, share(one.verdict for one in found))


def site(facts: SafetyFacts, why: str) -> Evidence:
    """That something about the whole facility is not known."""
    return Evidence("site", facts.site, _UNKNOWN, why)


def _zone(zone: SafetyZone, verdict: Verdict, why: str) -> Evidence:
    return Evidence("zone", zone.code, verdict, why, what=zone.kind)


def _device(one: SafetyDevice, verdict: Verdict, why: str, at: datetime | None = None, **more: float | str | None) -> Evidence:
    return Evidence("device", one.code, verdict, why, at, what=one.profile, **more)  # type: ignore[arg-type]


def _device_health(one: SafetyDevice, facts: SafetyFacts) -> Evidence:
    state = standing(one, facts.now, facts.listening)
    verdict = _GOOD if state == "fine" else _UNKNOWN if state == "not_yet_known" else _BAD
    if state == "battery_low":
        return _device(one, verdict, state, one.seen_at, value=one.battery, limit=BATTERY_LOW_PCT, unit="%")
    return _device(one, verdict, state, one.faulty_since if state == "faulty" else one.seen_at)


def _tested(one: SafetyDevice, now: datetime) -> Evidence:
    limit = float(TEST_EVERY.days)
    if one.test_at is not None:
        late = now - one.test_at > TEST_EVERY
        age = (now - one.test_at) / timedelta(days=1)
        return _device(
            one, _BAD if late else _GOOD, "test_overdue" if late else "tested", one.test_at, value=age, limit=limit, unit="d"
        )
    if now - one.enrolled_at > TEST_EVERY:
        return _device(one, _BAD, "never_tested", one.enrolled_at, limit=limit, unit="d")
    return _device(one, _UNKNOWN, "no_test_yet", one.enrolled_at, limit=limit, unit="d")


def _speaks(one: SafetyDevice, facts: SafetyFacts) -> bool:
    return standing(one, facts.now, facts.listening) in _SPEAKS


def _exit(one: SafetyDevice, facts: SafetyFacts) -> Evidence:
    if one.blocked_s > BLOCKED_S:
        return _device(one, _BAD, "blocked_before", one.worst_at, value=one.blocked_s, limit=BLOCKED_S, unit="s")
    if one.value is not None and one.value >= 0.5:
        return _device(one, _BAD, "blocked" if _speaks(one, facts) else "blocked_last", one.value_at)
    if not _speaks(one, facts) or one.value is None:
        return _device(one, _UNKNOWN, "no_value", one.value_at)
    return _device(one, _GOOD, "free", one.value_at)


def _pressure(one: SafetyDevice, facts: SafetyFacts) -> Evidence:
    if one.worst is not None and one.worst < LEAST_MPA:
        return _device(one, _BAD, "pressure_was_low", one.worst_at, value=one.worst, limit=LEAST_MPA, unit="MPa")
    if one.value is not None and one.value < LEAST_MPA:
        why = "pressure_low" if _speaks(one, facts) else "pressure_last_low"
        return _device(one, _BAD, why, one.value_at, value=one.value, limit=LEAST_MPA, unit="MPa")
    if not _speaks(one, facts) or one.value is None:
        return _device(one, _UNKNOWN, "no_value", one.value_at)
    return _device(one, _GOOD, "pressure_enough", one.value_at, value=one.value, limit=LEAST_MPA, unit="MPa")


def _wiring(one: SafetyDevice, facts: SafetyFacts) -> Evidence:
    if one.warning_since is not None:
        return _device(one, _BAD, "warning", one.warning_since)
    if not _speaks(one, facts):
        return _device(one, _UNKNOWN, "no_value", one.seen_at)
    return _device(one, _GOOD, "no_warning", one.seen_at)
