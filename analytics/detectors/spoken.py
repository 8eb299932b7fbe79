"""What the detectors of the event lane share: an event becomes an alarm of its kind, at once, without memory or judgement."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from analytics.step import Detector, Event, Finding, Input, Origin, Reason, Scope, never

BATTERY_LOW = 20.0


def spoken(name: str, version: int, kinds: tuple[str, ...], reason: Reason) -> Detector[None]:
    """A detector that believes what a device says: every event of these kinds is an alarm of the same name, drills included."""
    rule_version = f"{name}/{version}"

    def step(state: None, item: Input) -> tuple[None, tuple[Finding, ...]]:
        if not isinstance(item, Event) or item.kind not in kinds:
            return state, ()
        finding = Finding(
            raised=True,
            kind=item.kind,
            source=item.origin.device,
            at=item.at,
            key=str(item.key),
            rule_version=rule_version,
            reasons=(reason, *_battery(item)),
            evidence=dict(item.values),
            drill=item.drill,
        )
        return state, (finding,)

    return Detector(name, version, Scope.DEVICE, "event", timedelta(0), kinds, _anyone, _nothing, step, never)


def _battery(event: Event) -> tuple[Reason, ...]:
    """A trigger with a low battery still alarms, and says so in the same breath."""
    battery = event.values.get("battery")
    if battery is None or battery >= BATTERY_LOW:
        return ()
    return (Reason("battery_low", battery, BATTERY_LOW, "%", "ours"),)


def _anyone(origin: Origin) -> bool:
    return True


def _nothing(key: str, active: Mapping[str, datetime]) -> None:
    return None
