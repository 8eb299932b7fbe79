"""What stands before every request, over a tiny app of our own."""

import logging

import pytest
from httpx import ASGITransport, AsyncClient, Response
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from api.guard import LARGEST_BODY, Guard, same_origin


async def echo(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"{request.method} {len(await request.body())}")


async def ask(method: str, path: str = "/api/x", secure: bool = False, **more: object) -> Response:
    app = Guard(Starlette(routes=[Route("/{path:path}", echo, methods=["GET", "POST", "PUT", "DELETE", "PATCH"])]), secure)
    async with AsyncClient(transport=ASGITransport(app), base_url="http://here") as client:
        return await client.request(method, path, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("headers", [{}, {"X-Vigil": "0"}, {"X-Vigil": ""}, {"X-Vigil": "1, 1"}])
async def test_a_write_needs_our_header(method: str, headers: dict[str, str]) -> None:
    answer = await ask(method, headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (403, "csrf")
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("method", ["POST", "DELETE"])
async def test_a_write_with_our_header_goes_through(method: str) -> None:
    assert (await ask(method, headers={"X-Vigil": "1"})).status_code == 200


async def test_reading_needs_no_header() -> None:
    assert (await ask("GET")).text == "GET 0"


async def test_a_body_has_a_limit() -> None:
    fits = await ask("POST", headers={"X-Vigil": "1"}, content=b"x" * LARGEST_BODY)
    over = await ask("POST", headers={"X-Vigil": "1"}, content=b"x" * (LARGEST_BODY + 1))
    assert fits.text == f"POST {LARGEST_BODY}"
    assert (over.status_code, over.json()["error"]) == (413, "too_large")


async def test_a_body_without_length_is_refused() -> None:
    async def pieces() -> object:
        yield b"x"

    answer = await ask("POST", headers={"X-Vigil": "1"}, content=pieces())
    assert answer.status_code == 413


@pytest.mark.parametrize("path", ["/", "/api/x"])
async def test_every_answer_wears_the_security_headers(path: str) -> None:
    headers = (await ask("GET", path)).headers
    assert "worker-src 'self' blob:" in headers["content-security-policy"]
    assert "script-src 'self';" in headers["content-security-policy"], "no inline and no foreign script"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert "strict-transport-security" not in headers


async def test_refusals_wear_them_too() -> None:
    assert "content-security-policy" in (await ask("POST")).headers


async def test_over_https_browsers_are_told_to_stay_there() -> None:
    assert "max-age" in (await ask("GET", secure=True)).headers["strict-transport-security"]


async def test_the_api_is_never_cached_but_pages_may_be() -> None:
    assert (await ask("GET", "/api/x")).headers["cache-control"] == "no-store"
    assert "cache-control" not in (await ask("GET", "/map.js")).headers


async def test_the_access_log_has_no_query_and_no_body(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "api.access"):
        await ask("POST", "/api/login?password=hunter2", headers={"X-Vigil": "1"}, content=b"swordfish")
    assert "POST /api/login 200" in caplog.text
    assert "hunter2" not in caplog.text
    assert "swordfish" not in caplog.text


@pytest.mark.parametrize(
    ("origin", "host", "allowed", "ours"),
    [
        (None, "desk:8600", (), True),
        ("http://desk:8600", "desk:8600", (), True),
        ("https://desk", "desk", (), True),
        ("http://desk:8601", "desk:8600", (), False),
        ("http://evil", "desk:8600", (), False),
        ("null", "desk:8600", (), False),
        ("", "", (), False),
        ("http://desk:8600.evil", "desk:8600", (), False),
        ("https://vigil.example", "api:8600", ("https://vigil.example",), True),
    ],
)
def test_whose_page_opened_a_websocket(origin: str | None, host: str, allowed: tuple[str, ...], ours: bool) -> None:
    headers = {"host": host} | ({} if origin is None else {"origin": origin})
    assert same_origin(headers, allowed) is ours


@pytest.mark.parametrize("path", ["/api/layers/%00", "/api/layers/a%00b", "/%00", "/api/devices?site=%00"])
async def test_an_address_with_a_nul_is_nowhere(path: str) -> None:
    answer = await ask("GET", path)
    assert (answer.status_code, answer.json()["error"]) == (404, "not_found")
