"""The fire-safety index: the ranking, one institution down to its evidence, and the register of inspections and drills."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from api import safety
from api.access import Action, Thing, Viewer
from api.context import Context, Reader, context, demand, everywhere, reader, viewer
from api.problems import NotFound, NotPermitted
from api.safety_csv import written
from api.shapes.safety import CheckForm, SafetyChecks, SafetyDetail, SafetyRanking, Withdrawal
from care.safety_facts import SafetyFacts
from care.safety_index import assess
from store import safety as store
from store.connect import Connection

router = APIRouter(prefix="/api", tags=["safety"])

Here = Annotated[Context, Depends(context)]
Who = Annotated[Viewer, Depends(viewer)]
Read = Annotated[Reader, Depends(reader)]
_TREND = timedelta(days=60)
_Known = tuple[list[SafetyFacts], safety.Days, dict[str, float], bool]


@router.get("/safety")
async def ranked(who: Who, read: Read) -> SafetyRanking:
    """Every institution of one's scope with its index of this moment and its trend, the best first."""
    everywhere(who, Action.SEE_SAFETY)
    now = datetime.now(UTC)

    async def work(conn: Connection) -> tuple[list[SafetyFacts], safety.Days]:
        facts = await store.facts(conn, now, who.scope)
        return facts, await store.days(conn, [one.site for one in facts], (now - _TREND).date())

    facts, days = await read.run(work)
    # some milliseconds each; a press that arrives meanwhile does not wait for all of them
    return await asyncio.to_thread(lambda: safety.ranking([assess(one) for one in facts], days, now))


@router.get("/safety.csv", response_class=Response, responses={200: {"content": {"text/csv": {}}}})
async def exported(here: Here, who: Who, read: Read, lang: Literal["zh", "en"] = "zh") -> Response:
    """The ranking as a file for spreadsheets."""
    found = await ranked(who, read)
    name = f"fire-safety-{found.at.astimezone(here.register.timezone):%Y-%m-%d}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(written(found, lang == "en"), media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/safety/{site}")
async def one(site: str, here: Here, who: Who, read: Read) -> SafetyDetail:
    """One institution: its points, the evidence of each, its register of checks."""
    _demand(here, who, site, Action.SEE_SAFETY)
    now = datetime.now(UTC)
    return await _detail(who, site, await read.run(lambda conn: _known(conn, who, site, now)))


@router.get("/safety/{site}/checks")
async def register(site: str, here: Here, who: Who, read: Read, before: UUID | date | None = None) -> SafetyChecks:
    """A page of the register, withdrawn lines too: what comes after a line, or before a day; without either, the newest."""
    _demand(here, who, site, Action.SEE_SAFETY)
    return safety.page(await read.run(lambda conn: store.older(conn, site, before, safety.PAGE + 1)), who)


@router.post("/safety/{site}/checks", status_code=201)
async def enter(site: str, form: CheckForm, here: Here, who: Who) -> SafetyDetail:
    """Enter an inspection, a test, a recheck or a drill; the institution as it then is. Twice is once."""
    _demand(here, who, site, Action.RECORD_CHECK)
    if form.kind not in safety.ENTERS.get(who.role, ()):
        raise NotPermitted(f"{form.kind}: not entered by the role {who.role}")
    now = datetime.now(UTC)

    async def work(conn: Connection) -> _Known:
        check = safety.entered(form, await _facts(conn, site, now), who, now)
        if not await store.enter(conn, [check]) and (await store.check(conn, check.id)).site != site:
            raise store.UnknownCheck("check", check.id)
        return await _known(conn, who, site, now)

    return await _detail(who, site, await here.database.run(work))


@router.post("/safety/checks/{check_id}/withdraw")
async def withdraw(check_id: UUID, form: Withdrawal, here: Here, who: Who) -> SafetyDetail:
    """Take a mistake out of what counts: whoever entered it, or an administrator. It stays on record."""
    now = datetime.now(UTC)

    async def work(conn: Connection) -> tuple[str, _Known]:
        found = await store.check(conn, check_id)
        demand(who, Action.RECORD_CHECK, Thing(found.area, found.site), seen_by=Action.SEE_SAFETY)
        if not safety.may_withdraw(found.entered_by, who):
            raise NotPermitted("withdraw: only whoever entered it, or an administrator")
        await store.withdraw(conn, check_id, form.why, who.login, now)
        return found.site, await _known(conn, who, found.site, now)

    return await _detail(who, *await here.database.run(work))


def _demand(here: Context, who: Viewer, code: str, action: Action) -> None:
    site = here.register.sites.get(code)
    if site is None or site.kind != "institution":
        raise NotFound("no such institution, or not in your scope")
    demand(who, action, Thing(site.area, site.code), seen_by=Action.SEE_SAFETY)


async def _facts(conn: Connection, site: str, now: datetime) -> SafetyFacts:
    found = await store.facts(conn, now, None, site)
    if not found:
        raise NotFound("no such institution, or not in your scope")
    return found[0]


async def _known(conn: Connection, who: Viewer, site: str, now: datetime) -> _Known:
    since = (now - _TREND).date()
    facts, days = await store.facts(conn, now, who.scope), await store.days(conn, [site], since)
    older = await store.older(conn, site, store.whole_since(now), 1)
    return facts, days, await store.moved(conn, site, since), bool(older)


async def _detail(who: Viewer, site: str, known: _Known) -> SafetyDetail:
    """The institution among all of one's scope: it has the rank that the ranking gives it."""
    facts, days, moved, older = known
    found = await asyncio.to_thread(lambda: safety.detail_among([assess(one) for one in facts], site, who, days, moved, older))
    if found is None:
        raise NotFound("no such institution, or not in your scope")
    return found
