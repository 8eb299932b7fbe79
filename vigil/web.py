"""The product's own HTTP side, as commands use it: wait until it answers, log in, call. Loopback only, standard library only."""

import asyncio
import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from http.cookies import SimpleCookie

_READY_S = 60.0


class WebFailed(ConnectionError):
    """The console's server did not answer as expected."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, parsed body, and the session cookie if one was set."""

    status: int
    body: object
    cookie: str


async def wait_for_http(url: str, timeout: float = _READY_S) -> None:
    """Wait until the address answers at all. Raises TimeoutError."""
    async with asyncio.timeout(timeout):
        while True:
            try:
                await asyncio.to_thread(call, url)
            except (OSError, WebFailed):
                await asyncio.sleep(0.1)
            else:
                return


async def login(url: str, name: str, password: str) -> str:
    """The session cookie `vigil_session=…`. Raises WebFailed."""
    answer = await asyncio.to_thread(call, f"{url}/api/login", {"login": name, "password": password})
    if answer.status != 200 or not answer.cookie:
        raise WebFailed(f"login as {name}: expected 200, got {answer.status}")
    return answer.cookie


def call(url: str, body: object = None, cookie: str = "") -> Answer:
    """GET, or POST where there is a body. Raises OSError where nobody answers."""
    headers = {"X-Vigil": "1", "Content-Type": "application/json", **({"Cookie": cookie} if cookie else {})}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers)  # noqa: S310 - our own address on loopback
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            return Answer(answer.status, _parsed(answer.read()), _session(answer.headers.get("Set-Cookie", "")))
    except urllib.error.HTTPError as refused:
        with refused:
            return Answer(refused.code, _parsed(refused.read()), "")


def _parsed(data: bytes) -> object:
    try:
        found: object = json.loads(data)
    except ValueError:
        return None
    return found


def _session(header: str) -> str:
    cookie = SimpleCookie(header).get("vigil_session")
    return f"vigil_session={cookie.value}" if cookie else ""
