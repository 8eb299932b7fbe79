"""Every error as Problem JSON: one table from exception to status and key, one handler that reads it.

What is out of someone's scope reads as not found, so that an error never tells what exists.
"""

import logging
from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from api.attempts import TooManyAttempts
from api.database import StoreUnavailable
from api.reads import TooManyReads
from api.shapes import Problem
from dispatch.incident import NotAllowed

log = logging.getLogger(__name__)


class NotLoggedIn(Exception):
    """No session, or it is over."""


class WrongCredentials(Exception):
    """That login and password do not belong together."""


class NotPermitted(Exception):
    """This role may not do that."""


class NotFound(Exception):
    """There is no such thing, or not for you."""


class NobodyAble(Exception):
    """No responder is free, on duty and able; choose by hand or wait."""


OURS: dict[type[Exception], tuple[int, str]] = {
    NotLoggedIn: (401, "not_logged_in"),
    WrongCredentials: (401, "wrong_credentials"),
    NotPermitted: (403, "not_permitted"),
    NotFound: (404, "not_found"),
    NotAllowed: (409, "not_allowed"),
    NobodyAble: (409, "nobody_able"),
    TooManyAttempts: (429, "too_many_attempts"),
    TooManyReads: (429, "too_many_reads"),
    StoreUnavailable: (503, "store_unavailable"),
}

_BY_STATUS = {401: "not_logged_in", 403: "not_permitted", 404: "not_found", 405: "wrong_method", 413: "too_large"}


def problem(status: int, error: str, detail: str, allowed: tuple[str, ...] = (), headers: dict[str, str] | None = None) -> Response:
    """One error as JSON."""
    body = Problem(error=error, detail=detail, allowed=list(allowed)).model_dump_json()
    return Response(body, status, headers, media_type="application/problem+json")


def install(app: FastAPI, table: dict[type[Exception], tuple[int, str]]) -> None:
    """Answer every exception of the table, and all others, with a Problem."""
    for kind, (status, error) in table.items():
        app.add_exception_handler(kind, _handler(status, error))
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)


def _handler(status: int, error: str) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def handle(request: Request, raised: Exception) -> Response:
        later = raised.retry_after if isinstance(raised, TooManyAttempts | TooManyReads) else None
        headers = None if later is None else {"Retry-After": str(int(later.total_seconds()) + 1)}
        return problem(status, error, str(raised) or (raised.__doc__ or ""), tuple(getattr(raised, "allowed", ())), headers)

    return handle


async def _invalid(request: Request, raised: Exception) -> Response:
    """Says where and what was expected; never repeats what came, which may be a password."""
    found = raised.errors() if isinstance(raised, RequestValidationError) else []
    return problem(422, "invalid", "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in found))


async def _http(request: Request, raised: Exception) -> Response:
    status = raised.status_code if isinstance(raised, HTTPException) else 500
    return problem(status, _BY_STATUS.get(status, "refused"), str(getattr(raised, "detail", "")))


async def _unexpected(request: Request, raised: Exception) -> Response:
    log.error("%s %s failed", request.method, request.url.path, exc_info=raised)
    return problem(500, "unexpected", "an error of our own; it has been written down")
