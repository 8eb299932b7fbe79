"""What stands before every request: security headers, the CSRF header on writes, a limit to bodies, a log without query strings."""

import logging
import time
from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import problem

log = logging.getLogger("api.access")

LARGEST_BODY = 64 * 1024
_READS = frozenset({"GET", "HEAD", "OPTIONS"})

# MapLibre runs its workers from blobs; Vue and ECharts set styles; nothing is loaded from elsewhere: a closed network is enough.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "worker-src 'self' blob:",
        "child-src 'self' blob:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "media-src 'self' data: blob:",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(self), camera=(), microphone=()",
}


class Guard:
    """The outermost layer of the app."""

    def __init__(self, app: ASGIApp, secure: bool) -> None:
        self._app = app
        self._headers = _HEADERS | ({"Strict-Transport-Security": "max-age=31536000"} if secure else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.monotonic(), 500

        async def answered(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._dress(scope["path"], MutableHeaders(scope=message))
            await send(message)

        try:
            await self._judged(scope, receive, answered)
        finally:
            who = scope["client"][0] if scope.get("client") else "-"
            spent = time.monotonic() - began
            log.info("%s %s %s %d %.0f ms", who, scope["method"], scope["path"], status, spent * 1000)
            if (here := getattr(getattr(scope.get("app"), "state", None), "context", None)) is not None:
                here.meters.answered(scope["method"], status, spent)

    async def _judged(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        if scope["method"] not in _READS and headers.get("x-vigil") != "1":
            await problem(403, "csrf", "header X-Vigil: expected 1")(scope, receive, send)
        elif "\0" in scope["path"] or b"%00" in scope["query_string"]:  # no text in the database can hold one
            await problem(404, "not_found", "address: expected no NUL")(scope, receive, send)
        elif not _small(headers):
            await problem(413, "too_large", f"body: expected Content-Length of at most {LARGEST_BODY}")(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _dress(self, path: str, headers: MutableHeaders) -> None:
        for name, value in self._headers.items():
            headers[name] = value
        if path.startswith("/api/"):
            headers.setdefault("Cache-Control", "no-store")


def same_origin(headers: Mapping[str, str], allowed: tuple[str, ...]) -> bool:
    """Whether a websocket was opened by our own page. A client without Origin is no browser and cannot be tricked by a page."""
    origin = headers.get("origin")
    if origin is None:
        return True
    return origin in allowed or (urlsplit(origin).netloc != "" and urlsplit(origin).netloc == headers.get("host"))


def _small(headers: Headers) -> bool:
    """Chunked bodies have no length to judge by and nobody of ours sends them."""
    if "transfer-encoding" in headers:
        return False
    length = headers.get("content-length", "0")
    return length.isdigit() and int(length) <= LARGEST_BODY
