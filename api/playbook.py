"""One incident's playbook as a person may see it: a responder his own steps, a regulator stamps without numbers to dial."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from api.access import Action, Mask, Viewer, mask_of, may
from api.cards import thing_of
from api.shapes.places import ZoneBrief
from api.shapes.playbook import CallSheet, CommandShape, PlaybookShape, SirenShape, SirenUse, StampShape, StepShape
from care.evacuation import evacuees, zones_in_order
from care.places import Zone
from dispatch.alarm import BUILDING_HAZARDS
from dispatch.playbook import UNDO_WITHIN, Doer, Planned, StepEvent, allowed, instruction_of, next_step
from dispatch.siren import ANSWER_WITHIN, SOUNDS, sounding
from store import commands, playbook
from store.board import CardRow, board
from store.commands import CommandRow, SirenRow
from store.connect import Connection
from store.errors import NotFound
from store.playbook import Building
from store.register import site_phone

_SITE = "*"  # somebody who lives in a home lives in no zone of it


async def shape(conn: Connection, who: Viewer, incident: UUID, now: datetime) -> PlaybookShape:
    """The playbook as it stands. Raises NotFound of the store."""
    rows = await board(conn, None, [incident])
    if not rows:
        raise NotFound("incident", incident)
    [row], thing, mask = rows, thing_of(rows[0]), mask_of(who.role)
    doer = Doer.RESPONDER if mask is Mask.RESPONDER else None
    planned = [one for one in await playbook.planned(conn, incident) if doer is None or doer in one.step.doers]
    sirens = await commands.sirens(conn, row.site) if mask is Mask.DESK else []
    given = await commands.told(conn, incident, row.site, now) if sirens else []
    people = {one.stamp.by for one in planned if one.stamp} | {one.by for one in given}
    names = {} if mask is Mask.REGULATOR else await playbook.names(conn, sorted(people))
    acts = may(who, Action.STEP, thing)
    return PlaybookShape(
        incident=incident,
        version=row.version,
        instruction=instruction_of(row.kinds),
        next=next_step(planned, doer),
        steps=[_step(one, names, mask, now if acts else None) for one in planned],
        sirens=[_siren(one, incident, [row for row in given if row.device == one.device], names, now) for one in sirens],
        sheet=await _sheet(conn, row) if may(who, Action.SEE_PRIVATE, thing) and mask is Mask.DESK else None,
        may_sound=may(who, Action.SOUND, thing),
        may_cap=may(who, Action.SEE_CAP, thing) and row.hazard in BUILDING_HAZARDS,
    )


async def sheet_facts(conn: Connection, row: CardRow) -> tuple[Building, list[Zone]]:
    """The building, and its zones in the order in which they went."""
    found = await playbook.building(conn, row.id, row.site)
    zones = {zone.code: zone for zone in found.zones}
    order = zones_in_order((one.zone, one.at) for one in found.went)
    return found, [zones[code] for code, _ in order if code in zones]


def counts(found: Building, went: Sequence[Zone]) -> tuple[int, int, int, int]:
    """(residents, those in zones that went, those who cannot leave by themselves, those of them in zones that went)."""
    zones = {zone.code: zone for zone in found.zones}
    everyone = evacuees([*zones, _SITE], found.residents, zones, _SITE)
    near = [one for one in evacuees([zone.code for zone in went], found.residents, zones, _SITE) if one.order > 0]
    return len(found.residents), len(near), sum(one.reduced_mobility for one in everyone), sum(one.reduced_mobility for one in near)


async def _sheet(conn: Connection, row: CardRow) -> CallSheet:
    found, went = await sheet_facts(conn, row)
    residents, near, reduced, reduced_near = counts(found, went)
    hall = min((zone for zone in found.zones if zone.kind == "hall"), key=lambda zone: (zone.floor, zone.code), default=None)
    return CallSheet(
        site_zh=row.site_name_zh,
        site_en=row.site_name_en,
        address=row.site_address,
        callback=await site_phone(conn, row.site),
        kinds=row.kinds,
        zones=[
            ZoneBrief(code=zone.code, kind=zone.kind, name_zh=zone.name_zh, name_en=zone.name_en, floor=zone.floor) for zone in went
        ],
        floors=max((zone.floor for zone in found.zones), default=0),
        residents=residents,
        residents_in_zones=near,
        reduced_mobility=reduced,
        reduced_mobility_in_zones=reduced_near,
        entrance_zh=hall.name_zh if hall else "",
        entrance_en=hall.name_en if hall else "",
        drill=row.drill,
    )


def _step(one: Planned, names: Mapping[str, str], mask: Mask, now: datetime | None) -> StepShape:
    """`now` None: this person may not stamp."""
    return StepShape(
        key=one.step.key,
        doers=[doer.value for doer in one.step.doers],
        by_person=one.step.by_person,
        calls=one.step.calls,
        sounds=one.step.sounds,
        may_skip=one.may_skip,
        wanted=one.wanted,
        stamp=_stamp(one, names, mask, now),
        allowed=[] if now is None else [event.value for event in allowed(one, now)],
    )


def _stamp(one: Planned, names: Mapping[str, str], mask: Mask, now: datetime | None) -> StampShape | None:
    """Free text may name anyone, so a regulator is not shown it: neither a reason nor what somebody calls his telephone."""
    if one.stamp is None:
        return None
    free = mask is not Mask.REGULATOR
    undo = now is not None and StepEvent.UNDO in allowed(one, now)
    return StampShape(
        state=one.stamp.state.value,  # type: ignore[arg-type] # an open step has no stamp
        at=one.stamp.at,
        by=one.stamp.by,
        by_name=names.get(one.stamp.by, one.stamp.by),
        device=one.stamp.device if free else "",
        reason=one.stamp.reason if free else "",
        undo_until=one.stamp.at + UNDO_WITHIN if undo else None,
    )


def _siren(one: SirenRow, incident: UUID, given: Sequence[CommandRow], names: Mapping[str, str], now: datetime) -> SirenShape:
    newest = given[-1] if given else None
    return SirenShape(
        device=one.device,
        zone_zh=one.zone_zh,
        zone_en=one.zone_en,
        online=one.online,
        seen_at=one.seen_at,
        sounds_until=newest.at + SOUNDS if newest and sounding(newest.command, now) else None,
        command=_command(newest, names) if newest else None,
        used_by=[_use(row, names) for row in commands.others_using(given, incident, now)],
    )


def _use(row: CommandRow, names: Mapping[str, str]) -> SirenUse:
    return SirenUse(incident=row.incident, kind=row.kind, drill=row.drill, at=row.at, by=row.by, by_name=names.get(row.by, row.by))


def _command(one: CommandRow, names: Mapping[str, str]) -> CommandShape:
    return CommandShape(
        id=one.id,
        act="siren_on" if one.act == "siren_on" else "siren_off",
        at=one.at,
        by=one.by,
        by_name=names.get(one.by, one.by),
        late_at=one.at + ANSWER_WITHIN,
        expires_at=one.expires_at,
        sent_at=one.sent_at,
        answered_at=one.answered_at,
        done=one.done,
    )
