"""One incident with everything: why, the trail with its costs, errands with who lost and why, curves around the onset."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from api.access import Action, Mask, Viewer, mask_of, may
from api.cards import brief, card, thing_of
from api.curves import WIDEST, Wanted, in_milliseconds, wanted, window
from api.register import Register
from api.shapes import (
    AlarmShape,
    Choice,
    ContactShape,
    Curve,
    DispatchDetail,
    IncidentDetail,
    ReasonShape,
    SeniorPrivate,
    TrailLine,
)
from api.trail import costs
from store.board import CardRow, DispatchRow
from store.connect import Connection
from store.details import AlarmRow, detail_rows
from store.messages import series
from store.register import responder_phones, senior_private, site_phone
from store.trail import TrailRow

_HALF = WIDEST / 2
_MOST_READINGS = 2_000
_choices = TypeAdapter(list[Choice])


async def detail(conn: Connection, register: Register, who: Viewer, incident: UUID, now: datetime) -> IncidentDetail:
    """Everything about one incident as this person may see it. Raises NotFound of the store."""
    rows = await detail_rows(conn, incident)
    mask = mask_of(who.role)
    return IncidentDetail(
        card=card(rows.card, mask),
        private=await _private(conn, who, rows.card),
        site_phone=await _site_phone(conn, who, rows.card),
        phones=await _phones(conn, who, rows.card),
        alarm_list=[alarm_shape(row) for row in rows.alarms],
        trail=trail_lines(rows.trail, mask),
        dispatch_list=[dispatch_shape(row, mask) for row in rows.card.dispatches],
        curves=await _curves(conn, register, rows.card, rows.alarms, now),
    )


def alarm_shape(row: AlarmRow) -> AlarmShape:
    """An alarm with its reasons; evidence that is no number stays in the database."""
    return AlarmShape(
        id=row.id,
        source=row.source,
        device=row.device,
        profile=row.profile,
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
        reasons=[_reason(one) for one in row.reasons],
        evidence={name: float(value) for name, value in row.evidence.items() if isinstance(value, int | float)},
    )


def trail_lines(rows: list[TrailRow], mask: Mask) -> list[TrailLine]:
    """The trail with what each stamp cost. Free text may name anyone, so a regulator is not shown it."""
    hidden = {"note"} if mask is Mask.REGULATOR else set()
    return [
        TrailLine(
            id=row.id,
            at=row.at,
            kind=row.kind,
            actor=row.actor,
            data={name: value for name, value in row.data.items() if name not in hidden},
            cost_s=cost.cost_s,
            target_s=cost.target_s,
        )
        for row, cost in zip(rows, costs((row.kind, row.at) for row in rows), strict=True)
    ]


def dispatch_shape(row: DispatchRow, mask: Mask) -> DispatchDetail:
    """An errand with its way and the candidates; a responder is not told why others were not sent, a regulator not the way."""
    return DispatchDetail(
        **brief(row, mask).model_dump(),
        route=[] if mask is Mask.REGULATOR else [(lon, lat) for lon, lat in row.route],
        distance_m=row.distance_m,
        accepted_at=row.accepted_at,
        en_route_at=row.en_route_at,
        arrived_at=row.arrived_at,
        entered_at=row.entered_at,
        ended_at=row.ended_at,
        ranking=[] if mask is Mask.RESPONDER else ranking_shapes(row.ranking),
    )


def ranking_shapes(stored: list[dict[str, Any]]) -> list[Choice]:
    """The ranking as it was stored; one of another version of ours is left out rather than breaking the page."""
    try:
        return _choices.validate_python(stored)
    except ValidationError:
        return []


def _reason(one: dict[str, Any]) -> ReasonShape:
    return ReasonShape(
        rule=str(one.get("rule", "")),
        value=one.get("value"),
        limit=one.get("limit"),
        unit=str(one.get("unit") or ""),
        source=str(one.get("source") or ""),
    )


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
    return await responder_phones(conn, [one.responder for one in row.dispatches])


async def _curves(conn: Connection, register: Register, row: CardRow, alarms: list[AlarmRow], now: datetime) -> list[Curve]:
    raisers = [alarm.device for alarm in alarms if alarm.device]
    curves = wanted(raisers, row.zone, row.site, row.hazard, register.devices)
    found = [await _curve(conn, one, row.raised_at, now) for one in curves]
    return [curve for curve in found if curve.points]


async def _curve(conn: Connection, one: Wanted, onset: datetime, now: datetime) -> Curve:
    points = await series(conn, one.device_id, one.index, onset - _HALF, onset + _HALF, _MOST_READINGS)
    shown = window(points, onset)
    age: timedelta | None = now - shown[-1][0] if shown else None
    return Curve(
        device=one.device,
        metric=one.metric,
        unit=one.unit,
        points=in_milliseconds(shown),
        age_s=age.total_seconds() if age is not None else None,
    )
