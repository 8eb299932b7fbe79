"""The app: routes, guard, errors, static dashboard; its lifespan owns everything that runs behind them."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from api import live, refusals
from api.context import Context
from api.database import Database, StoreUnavailable
from api.downlink import Downlink
from api.feeds import Feed
from api.figures import FiguresTask
from api.guard import Guard
from api.hub import Hub
from api.login import ended_elsewhere, keep
from api.problems import install
from api.pump import Pump
from api.register import Register
from api.routes import devices, errands, house, incidents, people, places, playbook, safety
from api.settings import ApiSettings
from api.shapes import Failing, Problem
from api.shown import Shown
from api.unending import Ongoing, unending
from store import notify
from store.refusing import Refusal

PROBLEMS: dict[int | str, dict[str, Any]] = {422: {"model": Problem}, "default": {"model": Problem}}
_FIRST_REACH_S = 10.0
_KEEP_EVERY_S = 10.0
_AGAIN_S = 1.0
_STOP_S = 3.0

Works = dict[Failing, Callable[[Ongoing], Awaitable[None]]]


def create_app(settings: ApiSettings) -> FastAPI:
    """The whole api; what runs behind it begins and ends with its lifespan."""

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with running(settings) as here:
            app.state.context = here
            yield

    app = described(lifespan=lifespan)
    app.include_router(live.router)
    install(app, refusals.TABLE)
    app.add_middleware(Guard, secure=settings.secure_cookies)
    if settings.dashboard_dir is not None:
        app.mount("/", Pages(settings.dashboard_dir))
    return app


def described(**more: Any) -> FastAPI:
    """The interface alone; enough for the export."""
    app = FastAPI(title="Vigil", version="1", docs_url=None, redoc_url=None, openapi_url=None, responses=PROBLEMS, **more)
    for noun in (people, incidents, playbook, errands, places, devices, safety, house):
        app.include_router(noun.router)
    return app


@contextlib.asynccontextmanager
async def running(settings: ApiSettings) -> AsyncIterator[Context]:
    """Everything behind the app, begun in order and ended in reverse. Works without the database until that comes."""
    now = datetime.now(UTC)
    hub, register, stop = Hub(settings.version, now), Register(), asyncio.Event()

    def on_database(there: bool) -> None:
        hub.health_is(datetime.now(UTC), database=there)
        if there:
            pump.lost()

    def on_refusal(why: Refusal | None) -> None:
        hub.refusal_is(datetime.now(UTC), why)

    database = Database(settings.dsn, settings.acts, on_database, on_refusal, reads=settings.reads)
    feed = Feed(hub, register, database)
    pump = Pump(database, hub, register, feed)
    here = Context(settings, database, hub, register, Shown(database))

    async with database, feed.session(settings, f"api-{secrets.token_hex(4)}") as session:
        await database.reached(_FIRST_REACH_S)
        works: Works = {
            "notices": partial(_listen, here, pump, stop),
            "board": pump.run,
            "presses": feed.watch,
            "shown": here.shown.run,
            "sirens": Downlink(database, session, here.ordered).run,
            "figures": FiguresTask(here).run,
            "sessions": partial(_keep_sessions, here),
        }
        tasks = [asyncio.create_task(unending(_ongoing(hub, name), work, stop), name=name) for name, work in works.items()]
        if database.up:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_FIRST_REACH_S):
                    await pump.read.wait()
        try:
            yield here
        finally:
            hub.close()
            stop.set()
            for task in tasks[1:]:
                task.cancel()
            await asyncio.wait(tasks, timeout=_STOP_S)  # listening ends by itself, and faster than by force
            tasks[0].cancel()
            here.close()


class Pages(StaticFiles):
    """The built dashboard; every address that is no file is the app's own to route."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory=directory, html=True)

    async def get_response(self, path: str, scope: Scope) -> Response:
        try:
            response = await super().get_response(path, scope)
        except HTTPException as missing:
            if missing.status_code != 404 or path.startswith("api/") or "." in path.rsplit("/", 1)[-1]:
                raise
            response = await super().get_response("index.html", scope)
        lasting = path.startswith("assets/")  # their names carry a hash of their content
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if lasting else "no-cache"
        return response


def _ongoing(hub: Hub, name: Failing) -> Ongoing:
    return Ongoing(name, lambda failing: hub.failing_is(datetime.now(UTC), name, failing))


async def _listen(here: Context, pump: Pump, stop: asyncio.Event, ongoing: Ongoing) -> None:
    def noticed(channel: str, payload: str) -> None:
        if channel == notify.SESSION:
            ended_elsewhere(here, payload)
        else:
            pump.notice(channel, payload)

    def listens() -> None:
        ongoing.well()
        pump.lost()

    await notify.listen(here.settings.dsn, (*notify.CHANNELS, notify.SESSION), noticed, listens, stop)


async def _keep_sessions(here: Context, ongoing: Ongoing) -> None:
    await here.database.reached(_FIRST_REACH_S)
    while True:
        try:
            await keep(here, datetime.now(UTC))
            ongoing.well()
        except StoreUnavailable:
            await asyncio.sleep(_AGAIN_S)
        else:
            await asyncio.sleep(_KEEP_EVERY_S)
