"""Logging in and out, and who one is."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from api.access import Viewer
from api.context import COOKIE, Context, context, session, viewer
from api.login import log_in, log_out
from api.sessions import Session
from api.shapes import Login, Me

router = APIRouter(prefix="/api", tags=["people"])

_COOKIE_S = 30 * 24 * 3600  # a session slides and the server ends it; the cookie only has to outlast it


@router.post("/login")
async def login(body: Login, request: Request, response: Response, here: Annotated[Context, Depends(context)]) -> Me:
    """Begin a session; the token travels in a cookie that no script can read."""
    address = request.client.host if request.client else ""
    token, who = await log_in(here, body.login, body.password, address, datetime.now(UTC))
    response.set_cookie(
        COOKIE,
        token,
        max_age=_COOKIE_S,
        path="/",
        secure=here.settings.secure_cookies,
        httponly=True,
        samesite="strict",
    )
    return me_shape(who)


@router.post("/logout", status_code=204)
async def logout(
    response: Response, here: Annotated[Context, Depends(context)], found: Annotated[Session, Depends(session)]
) -> None:
    """End this session here and in the database; its websockets are closed."""
    await log_out(here, found)
    response.delete_cookie(COOKIE, path="/", secure=here.settings.secure_cookies, httponly=True, samesite="strict")


@router.get("/me")
async def me(who: Annotated[Viewer, Depends(viewer)]) -> Me:
    """Who is logged in."""
    return me_shape(who)


def me_shape(who: Viewer) -> Me:
    """An account as its owner sees it."""
    return Me(login=who.login, name=who.name, role=who.role, scope=who.scope, responder=who.responder, demo=who.demo)  # type: ignore[arg-type]
