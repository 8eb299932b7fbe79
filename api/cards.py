"""From the store's rows to the JSON of a card, as each class of people may see it. Pure.

Everybody sees a senior's name masked; a regulator the address too, and nothing to press. What is allowed is the present state's.
"""

from datetime import datetime, timedelta
from typing import cast
from uuid import UUID
from zoneinfo import ZoneInfo

from api.access import Mask, Thing
from api.shapes import (
    DispatchAction,
    DispatchBrief,
    DispatchStateName,
    Hazard,
    IncidentCard,
    SeniorBrief,
    SiteBrief,
    SiteKind,
    State,
    ZoneBrief,
)
from care.privacy import mask_address, mask_name
from dispatch.alarm import PROBE, Subject
from dispatch.incident import TARGETS, About, IncidentEvent, IncidentState, allowed
from dispatch.offer import ACTIVE, DISPATCH_TABLE, DispatchEvent, DispatchState
from store.board import CardRow, DispatchRow
from store.register import SeniorRow, SiteRow, ZoneRow

# What a desk itself may do to an incident; the rest are consequences of errands and clocks.
_DESK_EVENTS = (IncidentEvent.ACKNOWLEDGE, IncidentEvent.DISPATCH, IncidentEvent.RESOLVE, IncidentEvent.CLOSE, IncidentEvent.CANCEL)
_AGE_BY = ZoneInfo("Asia/Shanghai")


def thing_of(row: CardRow) -> Thing:
    """What access judges: where the incident is and who has an errand there."""
    active = frozenset(one.responder for one in row.dispatches if DispatchState(one.state) in ACTIVE)
    return Thing(row.area, row.site, active, probe=row.kind == PROBE)


def about_of(row: CardRow) -> About:
    """The incident's subject."""
    return About(row.hazard, Subject(row.subject_kind), row.subject, row.drill)


def has_errand(row: CardRow, besides: UUID | None = None) -> bool:
    """Whether anyone is on an errand there, this dispatch aside."""
    return any(DispatchState(one.state) in ACTIVE and one.id != besides for one in row.dispatches)


def card(row: CardRow, mask: Mask) -> IncidentCard:
    """The card of an incident."""
    state = IncidentState(row.state)
    target = TARGETS.get(state)
    return IncidentCard(
        id=row.id,
        version=row.version,
        hazard=cast(Hazard, row.hazard),
        kind=row.kind,
        kinds=row.kinds,
        priority=row.priority,
        state=cast(State, row.state),
        state_at=row.state_at,
        target_s=target.total_seconds() if target else None,
        drill=row.drill,
        rings=row.rings,
        level=row.level,
        late_s=row.late_s,
        alarms=row.alarms,
        active_alarms=row.active_alarms,
        area=row.area,
        site=_site(row, mask),
        zone=_zone(row),
        senior=_senior(row),
        device=row.device,
        acknowledged_by=row.acknowledged_by,
        dispatches=[brief(one, mask) for one in row.dispatches],
        stamps=row.stamps,
        cause=row.cause,
        allowed=[event.value for event in _allowed(row, state, mask)],
    )


def brief(row: DispatchRow, mask: Mask) -> DispatchBrief:
    """One errand on a card."""
    return DispatchBrief(
        id=row.id,
        responder=row.responder,
        responder_name=row.responder_name,
        responder_kind=row.responder_kind,
        vehicle=row.vehicle,
        state=cast(DispatchStateName, row.state),
        offered_at=row.offered_at,
        deadline_at=row.deadline_at,
        travel_s=row.travel_s,
        eta_at=eta(row),
        allowed=[cast(DispatchAction, event.value) for event in errand_events(DispatchState(row.state), mask)],
    )


def eta(row: DispatchRow) -> datetime | None:
    """When the responder should be at the door: from departure, else from acceptance. None before and after."""
    if row.travel_s is None or DispatchState(row.state) not in (DispatchState.ACCEPTED, DispatchState.EN_ROUTE):
        return None
    begun = row.en_route_at or row.accepted_at
    return None if begun is None else begun + timedelta(seconds=row.travel_s)


def errand_events(state: DispatchState, mask: Mask) -> list[DispatchEvent]:
    """What this class of people may do to an errand now: a responder never recalls himself, time-outs are the clock's."""
    if mask is Mask.REGULATOR:
        return []
    never = {DispatchEvent.TIME_OUT} | ({DispatchEvent.RECALL} if mask is Mask.RESPONDER else set())
    return [event for (at, event) in DISPATCH_TABLE if at is state and event not in never]


def site_brief(site: SiteRow, mask: Mask) -> SiteBrief:
    """A site of the register."""
    return SiteBrief(
        code=site.code,
        kind=cast(SiteKind, site.kind),
        name_zh=site_name(site.kind, site.name_zh, mask),
        name_en=site_name(site.kind, site.name_en, mask),
        area=site.area,
        address=mask_address(site.address) if mask is Mask.REGULATOR else site.address,
        lon=coordinate(site.kind, site.lon, mask),
        lat=coordinate(site.kind, site.lat, mask),
    )


def site_name(kind: str, name: str, mask: Mask) -> str:
    """A home's name is its door: a regulator sees it as far as an address."""
    return mask_address(name) if mask is Mask.REGULATOR and kind == "home" else name


def coordinate(kind: str, degrees: float, mask: Mask) -> float:
    """A home's coordinates are its door too: a regulator sees them to about a hundred metres."""
    return round(degrees, 3) if mask is Mask.REGULATOR and kind == "home" else degrees


def zone_brief(zone: ZoneRow) -> ZoneBrief:
    """A zone of the register."""
    return ZoneBrief(code=zone.code, kind=zone.kind, name_zh=zone.name_zh, name_en=zone.name_en, floor=zone.floor)


def senior_brief(senior: SeniorRow, now: datetime) -> SeniorBrief:
    """A senior of the register, the name masked."""
    return SeniorBrief(
        code=senior.code,
        name=mask_name(senior.name),
        sex=senior.sex,
        age=now.astimezone(_AGE_BY).year - senior.birth_year,
        tags=senior.tags,
        ability_level=senior.ability_level,
    )


def _site(row: CardRow, mask: Mask) -> SiteBrief:
    return SiteBrief(
        code=row.site,
        kind=cast(SiteKind, row.site_kind),
        name_zh=site_name(row.site_kind, row.site_name_zh, mask),
        name_en=site_name(row.site_kind, row.site_name_en, mask),
        area=row.area,
        address=mask_address(row.site_address) if mask is Mask.REGULATOR else row.site_address,
        lon=coordinate(row.site_kind, row.site_lon, mask),
        lat=coordinate(row.site_kind, row.site_lat, mask),
    )


def _zone(row: CardRow) -> ZoneBrief | None:
    if not row.zone:
        return None
    return ZoneBrief(code=row.zone, kind=row.zone_kind, name_zh=row.zone_name_zh, name_en=row.zone_name_en, floor=row.zone_floor)


def _senior(row: CardRow) -> SeniorBrief | None:
    if not row.senior:
        return None
    return SeniorBrief(
        code=row.senior,
        name=mask_name(row.senior_name),
        sex=row.senior_sex,
        age=row.raised_at.astimezone(_AGE_BY).year - row.senior_birth_year,
        tags=row.senior_tags,
        ability_level=row.senior_ability_level,
    )


def _allowed(row: CardRow, state: IncidentState, mask: Mask) -> list[IncidentEvent]:
    if mask is not Mask.DESK:
        return []
    possible = allowed(state, pressed_or_fire=row.pressed_or_fire)
    return [event for event in _DESK_EVENTS if event in possible]
