"""A building in which one zone is on fire: its other zones are watched with half the limits.

A zone is alight for an hour after a device of it sounded, reached 10 %/m or 58 °C, or rose by 8.3 °C within about three minutes;
from then on 5 %/m or a rise of 4 °C in another zone of the site asks for a look there, and says which zone it is in the order in
which they went. All zones of a site count as neighbours: a detector does not know the floor plan. The halves are ours.
"""

from bisect import bisect_left
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from analytics.condition import Change, Condition, advance, reset
from analytics.detectors.fixed_thresholds import SMOKE_PCT_PER_M
from analytics.detectors.heat import RISE_C_PER_MIN, STATIC_C
from analytics.detectors.room_signs import TEMPERATURE, Channels, growth, heard_one
from analytics.step import Detector, Event, Finding, Input, Origin, Reading, Reason, Reset, Scope, never
from devices.keys import milliseconds

KIND = "spread_look"
NEAR_SMOKE_PCT_PER_M = SMOKE_PCT_PER_M / 2
NEAR_RISE_C = 4.0
WATCHED_FOR = timedelta(hours=1)
HOLD = timedelta(minutes=5)
MEMORY = timedelta(hours=2)
PROFILES = frozenset({"smoke_detector", "heat_detector"})
NAME, VERSION = "spread", 1
_RULE = f"{NAME}/{VERSION}"


class SpreadState(Struct, frozen=True, gc=False):
    """`zones` in order, and the `temperatures` of each; `alight` those that went, with when first and last; `looks` a condition
    a zone. A reading looks through its own zone, so that it costs the same in a house of ten zones and of a thousand;
    a device that is moved to another zone begins anew there.
    """

    source: str
    zones: tuple[str, ...] = ()
    temperatures: tuple[Channels, ...] = ()
    alight: tuple[tuple[str, datetime, datetime], ...] = ()
    looks: tuple[tuple[str, Condition], ...] = ()


def _start(key: str, active: Mapping[str, datetime]) -> SpreadState:
    return SpreadState(key)


def _step(state: SpreadState, item: Input) -> tuple[SpreadState, tuple[Finding, ...]]:
    if isinstance(item, Reset) and item.kind == KIND:
        looks = tuple((zone, reset(look)) for zone, look in state.looks)
        return SpreadState(state.source, state.zones, state.temperatures, state.alight, looks), ()
    if isinstance(item, Event) and not item.drill and item.kind in ("smoke", "heat"):
        return _lit(state, item.origin.zone, item.at), ()
    if not isinstance(item, Reading):
        return state, ()
    after, rise = _risen(state, item)
    smoke = item.values.get("smoke_obscuration", 0.0)
    if smoke >= SMOKE_PCT_PER_M or item.values.get("temperature", 0.0) >= STATIC_C or rise >= RISE_C_PER_MIN:
        return _lit(after, item.origin.zone, item.at), ()
    return _near(after, item, smoke, rise) if state.alight else (after, ())


def _risen(state: SpreadState, item: Reading) -> tuple[SpreadState, float]:
    """The state with this temperature, and how far this device's is above the last three minutes."""
    value = item.values.get("temperature")
    if value is None:
        return state, 0.0
    zones, temperatures, zone, device = state.zones, state.temperatures, item.origin.zone, item.origin.device
    place = bisect_left(zones, zone)
    if place == len(zones) or zones[place] != zone:
        zones = (*zones[:place], zone, *zones[place:])
        temperatures = (*temperatures[:place], Channels(), *temperatures[place:])
    before = temperatures[place]
    after, channel = heard_one(before, device, TEMPERATURE, milliseconds(item.at), value)
    if after is not before:
        temperatures = (*temperatures[:place], after, *temperatures[place + 1 :])
        state = SpreadState(state.source, zones, temperatures, state.alight, state.looks)
    return state, growth(channel)


def _lit(state: SpreadState, zone: str, at: datetime) -> SpreadState:
    known = {name: (since, until) for name, since, until in state.alight if at - until <= WATCHED_FOR}
    since, until = known.get(zone, (at, at))
    known[zone] = (min(since, at), max(until, at))
    alight = tuple(sorted(((name, *times) for name, times in known.items()), key=lambda row: (row[1], row[0])))
    return state if alight == state.alight else SpreadState(state.source, state.zones, state.temperatures, alight, state.looks)


def _near(state: SpreadState, item: Reading, smoke: float, rise: float) -> tuple[SpreadState, tuple[Finding, ...]]:
    zone, at = item.origin.zone, item.at
    burning = [name for name, since, until in state.alight if since <= at <= until + WATCHED_FOR]
    looks = dict(state.looks)
    before = looks.get(zone, Condition())
    over = bool(burning) and zone not in burning and (smoke >= NEAR_SMOKE_PCT_PER_M or rise >= NEAR_RISE_C)
    calm = smoke < NEAR_SMOKE_PCT_PER_M / 2 and rise < NEAR_RISE_C / 2
    look, change = advance(before, at, over, calm, HOLD)
    if look is before:
        return state, ()
    looks[zone] = look
    after = SpreadState(
        state.source, state.zones, state.temperatures, state.alight, tuple(sorted(looks.items(), key=lambda row: row[0]))
    )
    if change is Change.NONE:
        return after, ()
    if change is Change.ENDED:
        return after, (Finding(False, KIND, zone, at, str(item.key), _RULE, (Reason("room_calm", source="ours"),), {}),)
    others = sum(one.onset is not None for name, one in after.looks if name not in burning)
    order = float(len(burning) + others)
    reasons = _near_reasons(order, smoke, rise)
    return after, (Finding(True, KIND, zone, at, str(item.key), _RULE, reasons, {**item.values, "order": order}),)


def _near_reasons(order: float, smoke: float, rise: float) -> tuple[Reason, ...]:
    reasons = [Reason("spread_order", order, None, "", "ours")]
    if smoke >= NEAR_SMOKE_PCT_PER_M:
        reasons.append(Reason("spread_smoke", smoke, NEAR_SMOKE_PCT_PER_M, "%/m", "ours: half the limit"))
    if rise >= NEAR_RISE_C:
        reasons.append(Reason("spread_rise", round(rise, 1), NEAR_RISE_C, "°C", "ours: half the limit"))
    return tuple(reasons)


def _wants(origin: Origin) -> bool:
    return origin.profile in PROFILES and bool(origin.zone)


DETECTORS: tuple[Detector[Any], ...] = (
    Detector(NAME, VERSION, Scope.SITE, "telemetry", MEMORY, (KIND,), _wants, _start, _step, never),
)
