"""One incident with everything: why, the trail with its costs, errands with who lost and why, curves around the onset; of a fire
its zones, and whom to bring out."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from api.access import Action, Mask, Viewer, mask_of, may
from api.cards import brief, card, thing_of
from api.curves import (
    BEFORE_FIRE,
    MOST_POINTS,
    WIDEST,
    Wanted,
    about_person,
    in_milliseconds,
    thinned,
    wanted,
    wanted_of_fire,
    window,
)
from api.fire import People, fire, order_of, reasons_of
from api.register import Register
from api.shapes import (
    AlarmShape,
    Choice,
    ContactShape,
    Curve,
    DispatchDetail,
    FireShape,
    IncidentDetail,
    SeniorPrivate,
    TrailLine,
)
from api.trail import costs
from care.places import is_house
from care.privacy import VITAL_SIGNS
from dispatch.alarm import BUILDING_HAZARDS
from store.board import CardRow, DispatchRow
from store.connect import Connection
from store.details import AlarmRow, Detail, detail_rows
from store.devices import RegisteredDevice
from store.doubts import Doubt, doubts
from store.history import series as history
from store.messages import series
from store.register import senior_private, site_phone
from store.responders import phones, serving
from store.trail import TrailRow

_HALF = WIDEST / 2
_MOST_READINGS = 2_000
_MOST_FIRE_READINGS = 4_000
_AFTER_FIRE = timedelta(minutes=1)
_choices = TypeAdapter(list[Choice])


async def detail(
    conn: Connection, register: Register, who: Viewer, incident: UUID, now: datetime, *, curves: bool = True
) -> IncidentDetail:
    """Everything about one incident as this person may see it; `curves` where somebody looks at them: they are the dear part.

    Raises NotFound of the store.
    """
    rows, mask = await detail_rows(conn, incident), mask_of(who.role)
    known = await _known(conn, who)
    return IncidentDetail(
        card=card(rows.card, mask),
        private=await _private(conn, who, rows.card),
        site_phone=await _site_phone(conn, who, rows.card),
        phones=await _phones(conn, who, rows.card),
        alarm_list=[alarm_shape(row, mask) for row in rows.alarms],
        trail=trail_lines(rows.trail, mask),
        dispatch_list=[dispatch_shape(row, mask, known) for row in rows.card.dispatches],
        curves=await _curves(conn, register, mask, rows, now) if curves else [],
        fire=_fire(rows, register, who, now),
    )


async def on_list(conn: Connection, register: Register, who: Viewer, incident: UUID, now: datetime) -> frozenset[str]:
    """Whom to bring out of an incident, by code. Raises NotFound of the store."""
    found = _fire(await detail_rows(conn, incident), register, who, now)
    return frozenset(one.senior.code for one in found.evacuees) if found else frozenset()


def alarm_shape(row: AlarmRow, mask: Mask) -> AlarmShape:
    """An alarm with its reasons; evidence that is no number stays in the database. A regulator reads which vital sign it was and by
    what standard, not its value."""
    hidden = VITAL_SIGNS if mask is Mask.REGULATOR else frozenset[str]()
    return AlarmShape(
        id=row.id,
        source=row.source,
        device=row.device,
        profile=row.profile,
        zone=row.zone,
        kind=row.kind,
        priority=row.priority,
        state=row.state,
        at=row.at,
        received_at=row.received_at,
        stored_at=row.stored_at,
        cleared_at=row.cleared_at,
        ended_at=row.ended_at,
        late_s=row.late_s,
        rule_version=row.rule_version,
        reasons=reasons_of([{**one, "value": None} if one.get("rule") in hidden else one for one in row.reasons]),
        evidence={
            name: float(value) for name, value in row.evidence.items() if isinstance(value, int | float) and name not in hidden
        },
    )


def trail_lines(rows: list[TrailRow], mask: Mask) -> list[TrailLine]:
    """The trail with what each stamp cost. Free text may name anyone, so a regulator is not shown it: neither a note nor what
    somebody calls what he clicked a step on."""
    return [
        TrailLine(
            id=row.id,
            at=row.at,
            kind=row.kind,
            actor=row.actor,
            data={name: value for name, value in row.data.items() if mask is not Mask.REGULATOR or not _free(row.kind, name)},
            cost_s=cost.cost_s,
            target_s=cost.target_s,
        )
        for row, cost in zip(rows, costs((row.kind, row.at) for row in rows), strict=True)
    ]


def dispatch_shape(row: DispatchRow, mask: Mask, known: frozenset[str] | None = None) -> DispatchDetail:
    """An errand with its way and the candidates; a responder is not told why others were not sent, a regulator not the way;
    with `known` only these and who was sent are named: those whom a house could send itself."""
    ranking = [] if mask is Mask.RESPONDER else ranking_shapes(row.ranking)
    return DispatchDetail(
        **brief(row, mask).model_dump(),
        route=[] if mask is Mask.REGULATOR else [(lon, lat) for lon, lat in row.route],
        distance_m=row.distance_m,
        accepted_at=row.accepted_at,
        en_route_at=row.en_route_at,
        arrived_at=row.arrived_at,
        entered_at=row.entered_at,
        ended_at=row.ended_at,
        ranking=[one for one in ranking if known is None or one.responder in known or one.responder == row.responder],
    )


def ranking_shapes(stored: list[dict[str, Any]]) -> list[Choice]:
    """The ranking as it was stored; one of another version of ours is left out rather than breaking the page."""
    try:
        return _choices.validate_python(stored)
    except ValidationError:
        return []


def _free(kind: str, name: str) -> bool:
    return name == "note" or (name == "device" and kind.startswith("step_"))


def _fire(rows: Detail, register: Register, who: Viewer, now: datetime) -> FireShape | None:
    whole = mask_of(who.role) is not Mask.REGULATOR and may(who, Action.SEE_PRIVATE, thing_of(rows.card))
    return fire(rows.card, rows.alarms, rows.trail, People(register.seniors, register.zones), whole, now)


async def _private(conn: Connection, who: Viewer, row: CardRow) -> SeniorPrivate | None:
    if not row.senior or not may(who, Action.SEE_PRIVATE, thing_of(row)):
        return None
    found = await senior_private(conn, row.senior)
    if found is None:
        return None
    return SeniorPrivate(
        name=found.name,
        phone=found.phone,
        key_holder=found.key_holder,
        key_note=found.key_note,
        contacts=[ContactShape(name=one.name, relation=one.relation, phone=one.phone) for one in found.contacts],
    )


async def _site_phone(conn: Connection, who: Viewer, row: CardRow) -> str:
    return await site_phone(conn, row.site) if may(who, Action.SEE_PRIVATE, thing_of(row)) else ""


async def _phones(conn: Connection, who: Viewer, row: CardRow) -> dict[str, str]:
    """How the desk reaches those it has sent: one of them may not have heard his own phone."""
    if mask_of(who.role) is not Mask.DESK or not may(who, Action.SEE_PRIVATE, thing_of(row)):
        return {}
    return await phones(conn, row.id, who.scope)


async def _known(conn: Connection, who: Viewer) -> frozenset[str] | None:
    if not is_house(who.scope) or mask_of(who.role) is Mask.RESPONDER:
        return None
    return frozenset(one.code for one in await serving(conn, who.scope))


async def _curves(conn: Connection, register: Register, mask: Mask, rows: Detail, now: datetime) -> list[Curve]:
    row, alarms = rows.card, rows.alarms
    seen: Mapping[str, RegisteredDevice] = register.devices
    if mask is Mask.REGULATOR:
        seen = {code: one for code, one in seen.items() if not about_person(one)}
    raisers = [alarm.device for alarm in alarms if alarm.device]
    if row.hazard in BUILDING_HAZARDS:
        asked = wanted_of_fire(raisers, [zone for zone, _ in order_of(alarms, row.site)], row.site, seen)
        found = [(one, await _since(conn, one, row, now)) for one in asked]
    else:
        asked = wanted(raisers, row.zone, row.site, row.hazard, seen)
        found = [(one, await _around(conn, one, row.raised_at)) for one in asked]
    doubted = await doubts(conn, {one.device for one in asked}) if asked else {}
    return [_curve(one, shown, doubted, now) for one, shown in found if shown]


async def _around(conn: Connection, one: Wanted, onset: datetime) -> list[tuple[datetime, float]]:
    points = await series(conn, one.device_id, one.index, onset - _HALF, onset + _HALF, _MOST_READINGS)
    return window(points, onset)


async def _since(conn: Connection, one: Wanted, row: CardRow, now: datetime) -> list[tuple[datetime, float]]:
    """From before the fire until now, or until it was over. More than can be read at once comes by the minute, at its highest."""
    over = row.resolved_at or row.closed_at
    since, until = row.raised_at - BEFORE_FIRE, min(now, over + _AFTER_FIRE) if over else now
    points = await series(conn, one.device_id, one.index, since, until, _MOST_FIRE_READINGS)
    if len(points) == _MOST_FIRE_READINGS:
        rolled = await history(conn, one.device, one.metric, since, until, MOST_POINTS, now)
        points = [(point.at, point.high) for point in rolled.points]
    return thinned(points)


def _curve(one: Wanted, shown: list[tuple[datetime, float]], doubted: Mapping[str, Doubt], now: datetime) -> Curve:
    doubt = doubted.get(one.device)
    return Curve(
        device=one.device,
        zone=one.zone,
        metric=one.metric,
        unit=one.unit,
        points=in_milliseconds(shown),
        age_s=(now - shown[-1][0]).total_seconds(),
        limit=one.limit,
        limit_source=one.limit_source,
        doubtful=reasons_of(doubt.reasons) if doubt and doubt.covers(one.metric) else [],
    )
