"""What a fire or gas incident adds to its detail: what to do, zones in the order in which they went, whom to bring out. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from api.cards import senior_brief, zone_brief
from api.shapes import EvacueeShape, FireShape, FireZone, ReasonShape
from care.evacuation import Evacuee, evacuees, zones_in_order
from dispatch.alarm import BUILDING_HAZARDS
from dispatch.instructions import instructions
from store.board import CardRow
from store.details import AlarmRow
from store.evacuation import marked_out
from store.register import SeniorRow, ZoneRow
from store.trail import TrailRow

# A look or an electrician moves nobody.
_PEOPLE_MOVE = frozenset({"evacuate", "verify_fire", "air_and_shut_off"})


@dataclass(frozen=True, slots=True)
class People:
    """Of the register what is asked here: residents and zones by code."""

    seniors: Mapping[str, SeniorRow]
    zones: Mapping[str, ZoneRow]


def fire(
    card: CardRow, alarms: list[AlarmRow], trail: Iterable[TrailRow], people: People, whole: bool, now: datetime
) -> FireShape | None:
    """Of a fire or gas incident; None of any other. `whole`: this viewer may read names as they are."""
    if card.hazard not in BUILDING_HAZARDS:
        return None
    alarms = [alarm for alarm in alarms if not alarm.drill or card.drill]
    went = order_of(alarms, card.site)
    moved = _told(alarms, (alarm.kind for alarm in alarms)) in _PEOPLE_MOVE
    return FireShape(
        instruction=_told(alarms, _standing(alarms)),
        zones=[_zone(place, zone, at, alarms, card.site, people) for place, (zone, at) in enumerate(went, 1)],
        evacuees=_evacuees([zone for zone, _ in went], card.site, trail, people, whole, now) if moved else [],
    )


def order_of(alarms: Iterable[AlarmRow], site: str) -> tuple[tuple[str, datetime], ...]:
    """Zones by when each went first. What hangs in no zone is at the site itself."""
    return zones_in_order((alarm.zone or site, alarm.at) for alarm in alarms)


def reasons_of(rows: Iterable[dict[str, Any]]) -> list[ReasonShape]:
    """Reasons as they were stored; one of another version of ours is shown as far as it goes."""
    return [
        ReasonShape(
            rule=str(one.get("rule", "")),
            value=one.get("value"),
            limit=one.get("limit"),
            unit=str(one.get("unit") or ""),
            source=str(one.get("source") or ""),
        )
        for one in rows
    ]


def _told(alarms: Iterable[AlarmRow], kinds: Iterable[str]) -> str:
    """By what stands; where nothing does but nobody has dealt with it, by what stood."""
    return instructions(kinds) or instructions(alarm.kind for alarm in alarms)


def _standing(alarms: Iterable[AlarmRow]) -> list[str]:
    return [alarm.kind for alarm in alarms if alarm.state == "active"]


def _zone(place: int, zone: str, at: datetime, alarms: list[AlarmRow], site: str, people: People) -> FireZone:
    of = sorted((alarm for alarm in alarms if (alarm.zone or site) == zone), key=lambda alarm: (alarm.at, alarm.stored_at))
    first = {alarm.kind: alarm for alarm in reversed(of)}
    known = people.zones.get(zone)
    return FireZone(
        order=place,
        zone=zone_brief(known) if known else None,
        at=at,
        kinds=list(dict.fromkeys(alarm.kind for alarm in of)),
        devices=sorted({alarm.device for alarm in of if alarm.device}),
        stands=any(alarm.state == "active" and alarm.ended_at is None for alarm in of),
        reasons=[reason for kind in dict.fromkeys(alarm.kind for alarm in of) for reason in reasons_of(first[kind].reasons[:1])],
    )


def _evacuees(
    went: list[str], site: str, trail: Iterable[TrailRow], people: People, whole: bool, now: datetime
) -> list[EvacueeShape]:
    residents = {one.code: one for one in people.seniors.values() if one.site == site}
    marks = marked_out(trail)
    found = evacuees(went, residents.values(), people.zones, site)
    return [_evacuee(one, residents[one.senior], marks, people, whole, now) for one in found]


def _evacuee(
    one: Evacuee,
    row: SeniorRow,
    marks: Mapping[str, tuple[datetime, str]],
    people: People,
    whole: bool,
    now: datetime,
) -> EvacueeShape:
    brief, bed = senior_brief(row, now), people.zones.get(one.bed)
    out_at, out_by = marks.get(one.senior, (None, ""))
    return EvacueeShape(
        senior=brief,
        name=row.name if whole else brief.name,
        bed=zone_brief(bed) if bed else None,
        order=one.order,
        reduced_mobility=one.reduced_mobility,
        aids=list(one.aids),
        out_at=out_at,
        out_by=out_by,
    )
