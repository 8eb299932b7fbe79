"""Whom to send: gathers what the assignment needs, lets it judge beside the loop, and stores the choice with everyone who lost."""

from datetime import UTC, datetime
from uuid import UUID

from api.access import Action, Viewer
from api.cards import has_errand
from api.context import Context, actor, demanded
from api.database import Runs
from api.people import candidate
from api.problems import NobodyAble, NotFound
from api.roads import graph_of
from api.shapes import Choice, ChoiceReason
from dispatch.alarm import needed_skills
from dispatch.assignment import Choice as Judged
from dispatch.assignment import Ranking, as_json, rank
from dispatch.incident import OFFER_LASTS
from store import dispatches
from store.board import CardRow, board
from store.connect import Connection
from store.dispatches import ResponderBusy, ResponderRow

_TRIES = 3


class Overtaken(Exception):
    """Someone else sent a responder at the same moment: that errand stands."""


async def ranked(here: Context, row: CardRow, people: list[ResponderRow], now: datetime) -> Ranking:
    """These people judged for this incident."""
    graph, homes, timezone = graph_of(here.register), here.register.homes, here.register.timezone
    skills = sorted({skill for kind in row.kinds for skill in needed_skills(kind)})
    judged = [candidate(one, timezone, now) for one in people]
    place = (row.site_lon, row.site_lat)
    return await here.roads.compute(lambda: rank(place, skills, judged, roads=graph, homes=homes, now=now))


async def offer(here: Context, who: Viewer, incident_id: UUID, responder: str | None) -> None:
    """Offer the errand. Without a responder the default rule chooses, once: where someone has been sent already, nothing happens.

    Raises NotFound, NotPermitted, NotAllowed, NobodyAble, ResponderBusy.
    """
    for attempt in range(1, _TRIES + 1):
        try:
            await _offered(here, who, incident_id, responder)
        except Overtaken:
            return
        except ResponderBusy:
            if responder is not None or attempt == _TRIES:
                raise
        else:
            return


async def facts(by: Runs, who: Viewer, incident_id: UUID, action: Action) -> tuple[CardRow, list[ResponderRow]]:
    """The incident and whom this desk may send, in that order of reading: whoever was sent in between is seen on it."""

    async def work(conn: Connection) -> tuple[CardRow, list[ResponderRow]]:
        people = await dispatches.serving(conn, who.scope)
        return await demanded(who, incident_id, action)(conn), people

    return await by.run(work)


def shapes(ranking: Ranking) -> list[Choice]:
    """A ranking as JSON shows it."""
    return [_shape(choice) for choice in ranking.choices]


async def _offered(here: Context, who: Viewer, incident_id: UUID, responder: str | None) -> None:
    now = datetime.now(UTC)
    row, people = await facts(here.database, who, incident_id, Action.DISPATCH)
    if responder is None and has_errand(row):
        return
    ranking = await ranked(here, row, people, now)
    choice = _choice(ranking, responder)

    async def work(conn: Connection) -> None:
        dispatch_id = await dispatches.offer(
            conn,
            incident_id,
            choice.responder,
            actor(who),
            now,
            travel_s=choice.travel_s,
            distance_m=choice.distance_m,
            route=[list(point) for point in choice.route],
            ranking=as_json(ranking)["choices"],
            deadline=now + OFFER_LASTS,
        )
        after = (await board(conn, None, [incident_id]))[0]
        if responder is None and has_errand(after, besides=dispatch_id):
            raise Overtaken

    await here.database.run(work)


def _choice(ranking: Ranking, responder: str | None) -> Judged:
    if responder is None:
        if ranking.chosen is None:
            raise NobodyAble("nobody is free, on duty and able; choose someone by hand")
        return ranking.chosen
    found = next((choice for choice in ranking.choices if choice.responder == responder), None)
    if found is None:
        raise NotFound("no such responder")
    return found


def _shape(choice: Judged) -> Choice:
    return Choice(
        responder=choice.responder,
        name=choice.name,
        kind=choice.kind,
        vehicle=choice.vehicle,
        skills=list(choice.skills),
        travel_s=choice.travel_s,
        distance_m=choice.distance_m,
        from_station=choice.from_station,
        able=choice.able,
        chosen=choice.chosen,
        reasons=[ChoiceReason(rule=reason.rule, value=reason.value, unit=reason.unit) for reason in choice.reasons],
    )
