"""The app: routes, guard, errors, static dashboard."""

from fastapi import FastAPI

from api.routes import errands, house, incidents, people, places
from api.shapes import Problem

PROBLEMS: dict[int | str, dict[str, object]] = {422: {"model": Problem}, "default": {"model": Problem}}


def describe() -> FastAPI:
    """The app's interface without anything running behind it, for the export."""
    app = FastAPI(title="Vigil", version="1", docs_url=None, redoc_url=None, openapi_url=None, responses=PROBLEMS)
    for noun in (people, incidents, errands, places, house):
        app.include_router(noun.router)
    return app
